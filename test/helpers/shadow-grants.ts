/**
 * What shadow tables grant against what the guest's tables grant, entry by entry: a table that is in sync grants
 * nothing that the guest's does not, and nobody can store to it behind the hypervisor's back.
 */
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW } from '../../src/arch/pte.js';
import type { ShadowDomain } from '../../src/hypervisor/shadow/domain.js';
import { FL1, isLink, L1, L2, RIGHT_W, SH_P, SH_RW } from '../../src/hypervisor/shadow/pages.js';
import { shadow } from '../../src/mmu/shadow.js';
import type { Machine } from '../../src/sim/machine.js';
import { createMachine, type MachineOptions } from '../../src/sim/machine.js';
import type { MachineConfig } from '../../src/config/schema.js';
import type { TraceHeader } from '../../src/trace/event.js';

/** A machine under shadow paging, and the hypervisor's state that is otherwise its own business. */
export function openMachine(
  config: MachineConfig,
  header: TraceHeader,
  options?: MachineOptions,
): { readonly machine: Machine; readonly domain: ShadowDomain } {
  const made: ShadowDomain[] = [];
  const backend: typeof shadow = {
    ...shadow,
    create: (parts) => {
      const open = shadow.create(parts);
      made.push(open.domain);
      return open;
    },
  };
  const machine = createMachine({ mode: 'shadow', config, backend }, header, options);
  return { machine, domain: made[0]! };
}

/** How many entries were looked at, and what is wrong with some of them. */
export interface Findings {
  entries: number;
  readonly wrong: string[];
}

export function checkGrants(d: ShadowDomain, findings: Findings): void {
  const { pages } = d;
  for (let page = 0; page < pages.count; page++) {
    const type = pages.type[page]!;
    if (type < FL1 || isStale(d, page)) continue;
    if (type >= L1 && isWritable(d, pages.back[page]!)) {
      findings.wrong.push(`the table in 0x${pages.back[page]!.toString(16)} is in sync and mapped writable`);
    }
    for (let index = 0; index < 512; index++) {
      const entry = pages.entries[page]![index]!;
      if ((entry & SH_P) === 0) continue;
      findings.entries += 1;
      const what = type === FL1 ? pieceFault(d, page, index, entry) : entryFault(d, page, index, entry);
      if (what !== null)
        findings.wrong.push(`l${type} of 0x${pages.back[page]!.toString(16)} [${index}]: ${what}`);
    }
  }
}

/** A leaf table out of sync may say what it said before. */
function isStale(d: ShadowDomain, page: number): boolean {
  if (d.pages.type[page] !== L1) return false;
  return d.unsynced.has(page) || d.frames.isOutOfSync(d.pages.back[page]!);
}

/** True if some shadow entry maps `gfn`, a table, writable. */
function isWritable(d: ShadowDomain, gfn: number): boolean {
  const { pages } = d;
  const large = pages.reverse?.largeEntriesOf(gfn) ?? [];
  return (
    pages.writable(gfn) > 0 ||
    large.some((at) => (pages.entries[Math.floor(at / 512)]![at % 512]! & SH_RW) !== 0)
  );
}

function pieceFault(d: ShadowDomain, page: number, index: number, entry: number): string | null {
  if (entry >> 3 !== d.pages.back[page]! + index) return 'another frame of the superpage';
  return (entry & SH_RW) !== 0 && (d.pages.rights[page]! & RIGHT_W) === 0
    ? 'writable beyond its rights'
    : null;
}

function entryFault(d: ShadowDomain, page: number, index: number, entry: number): string | null {
  const { tables } = d.guest;
  const { pages, policy } = d;
  const [gfn, type] = [pages.back[page]!, pages.type[page]!];
  const [flags, frame] = [tables.flags(gfn, index), tables.frame(gfn, index)];
  if ((flags & PTE_P) === 0) return 'the guest has nothing there';
  if ((flags & PTE_A) === 0) return 'the guest has A clear';
  const isLeaf = type === L1 || (type === L2 && (flags & PTE_PS) !== 0);
  const grantsWrite = (flags & PTE_RW) !== 0 && (!isLeaf || (flags & PTE_D) !== 0);
  if (isLink(entry) && type > L1) {
    const child = entry >> 3;
    if (pages.back[child] !== frame) return `links the shadow of 0x${pages.back[child]!.toString(16)}`;
    if (isLeaf !== (pages.type[child] === FL1)) return 'links a shadow of the wrong type';
    const may =
      policy.splinterKey === 'gfn+rights' ? (pages.rights[child]! & RIGHT_W) !== 0 : (entry & SH_RW) !== 0;
    return may && !grantsWrite ? 'links more rights than the guest gives' : null;
  }
  if (entry >> 3 !== frame) return `maps 0x${(entry >> 3).toString(16)}, the guest 0x${frame.toString(16)}`;
  if ((entry & SH_RW) === 0) return null;
  if ((pages.rights[page]! & RIGHT_W) === 0) return 'writable beyond its rights';
  return grantsWrite ? null : 'writable, and in the guest not so or clean';
}
