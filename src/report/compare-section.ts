/**
 * Several modes side by side: one row per number, one column per mode.
 *
 * A dash stands where a mode has no such thing (native has no VMEXITs and no p2m). Rows that are
 * zero in every mode are left out.
 */
import { COST_GROUPS, type CostGroup } from '../cost/types.js';
import { labelWithNames, PAGE_FAULT_KINDS, VMEXIT_REASONS } from '../hypervisor/vmexit.js';
import type { TableMemory } from '../counters.js';
import { grouped, pageSize, per } from './numbers.js';
import type { RunResult } from './result.js';
import { counter } from './run-sections.js';
import { labelled, type RowLabel } from './row-labels.js';
import { row, section, type Section, type SectionRow } from './section.js';

const GROUP_LABELS: Readonly<Record<CostGroup, RowLabel>> = {
  tlb: 'second-level TLB hits',
  walk: 'page walks',
  exit: 'VMEXITs',
  hypervisor: 'other hypervisor work',
};

/** All rows of a comparison; the column heads are the modes. */
export function compareSection(runs: readonly RunResult[]): Section {
  return section(
    '',
    runs.map((run) => run.mode),
    [...translationRows(runs), ...exitRows(runs), ...guestRows(runs), ...memoryRows(runs), ...costRows(runs)],
  );
}

type Value = (run: RunResult) => number;

const key =
  (name: string): Value =>
  (run) =>
    counter(run, name);

function line(runs: readonly RunResult[], depth: number, label: RowLabel, value: Value): SectionRow {
  return labelled(depth, label, ...runs.map((run) => grouped(value(run))));
}

/** The row, unless it is zero everywhere. */
function seen(runs: readonly RunResult[], depth: number, label: RowLabel, value: Value): SectionRow[] {
  return runs.some((run) => value(run) > 0) ? [line(runs, depth, label, value)] : [];
}

function pwcHits(prefix: string): Value {
  return (run) => [5, 4, 3, 2].reduce((sum, level) => sum + counter(run, `${prefix}.l${level}.hit`), 0);
}

function translationRows(runs: readonly RunResult[]): SectionRow[] {
  const perWalk = (run: RunResult): string => per(counter(run, 'walk.refs'), counter(run, 'walk.count'));
  return [
    line(runs, 0, 'L1 TLB hits', (run) => counter(run, 'tlb.l1d.hit') + counter(run, 'tlb.l1i.hit')),
    ...seen(runs, 0, 'STLB hits', key('tlb.stlb.hit')),
    line(runs, 0, 'TLB misses', key('tlb.stlb.miss')),
    line(runs, 0, 'page walks', key('walk.count')),
    line(runs, 0, 'walk references', key('walk.refs')),
    labelled(1, 'per walk', ...runs.map(perWalk)),
    ...seen(runs, 1, 'guest tables', key('walk.refs.guest')),
    ...seen(runs, 1, 'nested (EPT/NPT)', key('walk.refs.nested')),
    ...seen(runs, 1, 'shadow tables', key('walk.refs.shadow')),
    ...seen(runs, 1, 'from memory', key('pte.mem')),
    ...seen(runs, 0, 'page-walk cache hits', pwcHits('pwc.guest')),
    ...seen(runs, 1, 'of the host dimension', pwcHits('pwc.nested')),
    ...seen(runs, 0, 'nested TLB hits', key('ntlb.hit')),
    ...seen(runs, 0, "guest kernel's own accesses", key('kernel.accesses')),
    ...seen(runs, 1, 'page walks', key('kernel.walk.count')),
    ...seen(runs, 1, 'walk references', key('kernel.walk.refs')),
  ];
}

/** Only virtualized modes have exits. */
function exitCells(runs: readonly RunResult[], name: string): string[] {
  return runs.map((run) => (run.mode === 'native' ? '-' : grouped(counter(run, name))));
}

function exitRows(runs: readonly RunResult[]): SectionRow[] {
  const seenAs = (depth: number, label: string, name: string): SectionRow[] =>
    runs.some((run) => counter(run, name) > 0) ? [row(depth, label, ...exitCells(runs, name))] : [];
  const kinds = PAGE_FAULT_KINDS.flatMap((kind) => seenAs(2, kind.label, `vmexit.pf.${kind.key}`));
  return [
    labelled(0, 'VMEXITs', ...exitCells(runs, 'vmexit.total')),
    ...VMEXIT_REASONS.flatMap((reason) => [
      ...seenAs(1, labelWithNames(reason), `vmexit.${reason.key}`),
      ...(reason.key === 'pf' ? kinds : []),
    ]),
  ];
}

function guestRows(runs: readonly RunResult[]): SectionRow[] {
  return [
    line(runs, 0, 'guest page faults', key('guest.faults')),
    ...seen(runs, 1, 'demand', key('guest.faults.demand')),
    ...seen(runs, 1, 'copy on write', key('guest.faults.cow')),
    ...seen(runs, 1, 'file', key('guest.faults.file')),
    ...seen(runs, 1, 'forbidden', key('guest.faults.bad')),
  ];
}

function memoryRows(runs: readonly RunResult[]): SectionRow[] {
  const size = (depth: number, label: RowLabel, value: Value, host: boolean): SectionRow[] => {
    const cell = (run: RunResult): string =>
      host && (run.mode === 'native' || value(run) === 0) ? '-' : pageSize(value(run));
    return runs.some((run) => value(run) > 0) ? [labelled(depth, label, ...runs.map(cell))] : [];
  };
  const pages =
    (name: keyof TableMemory): Value =>
    (run) =>
      run.memory[name];
  const all = (run: RunResult): number => run.memory['p2m.pages'] + run.memory['shadow.pages'];
  return [
    ...size(0, 'table memory, guest', pages('guest.pages'), false),
    ...size(0, 'table memory, hypervisor', all, true),
    ...size(1, 'p2m', pages('p2m.pages'), true),
    ...size(1, 'shadow', pages('shadow.pages'), true),
    ...size(2, 'peak', pages('shadow.pages.peak'), true),
    ...size(1, 'pool reserved', pages('pool.pages'), true),
  ];
}

function costRows(runs: readonly RunResult[]): SectionRow[] {
  const native = runs.find((run) => run.mode === 'native')?.cost.cycles ?? 0;
  const factor = (run: RunResult): string => `${(run.cost.cycles / native).toFixed(2)}x`;
  return [
    line(runs, 0, 'estimated cycles', (run) => run.cost.cycles),
    ...COST_GROUPS.flatMap((group) => seen(runs, 1, GROUP_LABELS[group], (run) => run.cost.byGroup[group])),
    ...(runs.some(({ cost }) => cost.low !== cost.high)
      ? [
          line(runs, 1, 'assumed figures halved', (run) => run.cost.low),
          line(runs, 1, 'assumed figures doubled', (run) => run.cost.high),
        ]
      : []),
    labelled(1, 'per record', ...runs.map((run) => per(run.cost.cycles, run.manifest.trace.accesses))),
    ...(native > 0 ? [labelled(1, 'vs native', ...runs.map(factor))] : []),
  ];
}
