/**
 * A scripted guest: its kernel is not modelled, what it does is in the trace (or comes from a scenario).
 *
 * Its address spaces are named by the guest-physical address of their root. Its page-fault handler does
 * nothing here: the trace has the handler's loads and stores, and repeats the access that faulted.
 */
import { MAX_FRAMES, PAGE_BYTES, parseHex } from '../arch/address.js';
import { ENTRIES } from '../arch/paging.js';
import { PTE_P, PTE_PS } from '../arch/pte.js';
import type { ScriptedGuest, TraceEvent } from '../trace/event.js';
import type { AddressSpace } from './address-space.js';
import type { Guest } from './guest.js';
import type { GuestLayout } from './port.js';

export function scriptedLayout({ directMapHi, root }: ScriptedGuest): GuestLayout {
  return { directMapHi, mapsKernel: false, bootRoot: root };
}

/** Counts the fault and drops the access. */
export function passOverFault(guest: Guest): boolean {
  guest.counters.guestFaults += 1;
  return false;
}

/** Events that ask a kernel to do something. */
const KERNEL_WORK: ReadonlySet<TraceEvent['kind']> = new Set([
  'map',
  'unmap',
  'protect',
  'clear',
  'demand',
  'cow',
  'fork',
  'exec',
  'exit',
  'switch',
] as const);

/** Refuses what only a modelled kernel could carry out. */
export function refuseKernelWork(guest: Guest, event: TraceEvent): void {
  if (!KERNEL_WORK.has(event.kind)) return;
  guest.fail(
    event.line,
    `${event.kind.toUpperCase()} in the trace of a scripted guest, which has no modelled kernel to do it`,
    'write what the kernel does as PTW, CR3 and INVLPG rows, or leave `# guest: scripted` out',
  );
}

/** The address space whose root is at the address that `name` spells, tagged with `pcid`. */
export function spaceOfRoot(guest: Guest, line: number, name: string, pcid: number | null): AddressSpace {
  const tagged = pcid === null ? name : `${name} ${pcid}`;
  if (guest.knows(tagged)) return guest.space(tagged);
  const address = parseHex(name);
  const root = address === null ? NaN : (address.hi * 2 ** 32 + address.lo) / PAGE_BYTES;
  if (!Number.isInteger(root) || root >= Math.min(guest.allocator.ram, MAX_FRAMES)) {
    guest.fail(
      line,
      `CR3 names address space '${name}', expected the address of a table page in the guest's RAM`,
      'a scripted guest names address spaces by their roots, such as 0x800000',
    );
  }
  return guest.register(tagged, root);
}

/** Tables that the guest's address spaces consist of; one that several share counts once. */
export function countTables(guest: Guest): number {
  const { tables } = guest;
  const seen = new Set<number>();
  const visit = (table: number, level: number): void => {
    if (seen.has(table)) return;
    seen.add(table);
    for (let i = 0; level > 1 && i < ENTRIES; i++) {
      if ((tables.flags(table, i) & (PTE_P | PTE_PS)) === PTE_P) visit(tables.frame(table, i), level - 1);
    }
  };
  for (const { root } of guest.spaces()) visit(root, guest.levels);
  return seen.size;
}
