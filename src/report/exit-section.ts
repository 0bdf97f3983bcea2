/**
 * VMEXITs of one run by reason, with both vendors' names, and page faults by kind with Xen's or KVM's.
 * Reasons that did not occur are left out.
 */
import { findPolicy } from '../hypervisor/shadow/policies/load.js';
import { PAGE_FAULT_KINDS, type PageFaultKind, vendorNames, VMEXIT_REASONS } from '../hypervisor/vmexit.js';
import { grouped, per, percent } from './numbers.js';
import type { RunResult } from './result.js';
import { counter } from './run-sections.js';
import { labelled, type RowLabel } from './row-labels.js';
import { row, type Section, type SectionRow } from './section.js';

export function exitSection(run: RunResult): Section {
  const total = counter(run, 'vmexit.total');
  const cells = (n: number): string[] => [
    grouped(n),
    percent(n, total),
    per(n * 1000, run.manifest.trace.accesses),
  ];
  const rows = VMEXIT_REASONS.filter((reason) => counter(run, `vmexit.${reason.key}`) > 0).flatMap(
    (reason) => [
      row(1, reason.label, vendorNames(reason), ...cells(counter(run, `vmexit.${reason.key}`))),
      ...(reason.key === 'pf' ? kindRows(run, cells) : []),
    ],
  );
  const last = rows.length === 0 ? labelled(1, '(none)', '', '0') : labelled(1, 'total', '', ...cells(total));
  const title: RowLabel = 'VMEXITs';
  const heads: RowLabel[] = ['Intel / AMD name', 'count', 'share', '/1K rec.'];
  return {
    title,
    heads,
    aligns: ['left', 'right', 'right', 'right'],
    rows: [...rows, last],
  };
}

function kindRows(run: RunResult, cells: (n: number) => string[]): SectionRow[] {
  // The policies that keep no p2m are KVM's and what users make of them.
  const { keepsP2m } = findPolicy(run.manifest.config.effective.shadow.policy);
  const name = (kind: PageFaultKind): string => (keepsP2m ? `Xen: ${kind.xen}` : `KVM: ${kind.kvm}`);
  return PAGE_FAULT_KINDS.filter((kind) => counter(run, `vmexit.pf.${kind.key}`) > 0).map((kind) =>
    row(2, kind.label, name(kind), ...cells(counter(run, `vmexit.pf.${kind.key}`))),
  );
}
