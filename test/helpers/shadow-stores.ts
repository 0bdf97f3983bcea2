/** Shadow machines with L1 tables to store into, and what a store sets off: for tests of the shadow pager. */
import { MFN_OFFSET } from '../../src/hypervisor/p2m.js';
import type { MachineConfig } from '../../src/config/schema.js';
import type { Machine } from '../../src/sim/machine.js';
import type { Word64 } from '../../src/trace/event.js';
import { counted, entryOf, machineOf, map, read, va } from './machine.js';

export const at = (l2: number, l1 = 0): Word64 => va({ l2, l1 });
/** Present, not present: frame 0x5000 with P RW US A D, and without P. */
export const PRESENT: Word64 = { hi: 0, lo: 0x5000067 };
export const ABSENT: Word64 = { hi: 0, lo: 0x5000066 };
export const ZERO: Word64 = { hi: 0, lo: 0 };

/** A PTW: the guest kernel stores `value` into the entry for `place` of the table in `gfn`. */
export function store(m: Machine, gfn: number, place: Word64, value = PRESENT, level = 1, vcpu = 0): void {
  m.event({ kind: 'ptw', vcpu, line: 0, gfn, level, va: place, value });
}

export function loadCr3(m: Machine, as = '0', vcpu = 0): void {
  m.event({ kind: 'cr3', vcpu, line: 0, as, pcid: null, noflush: false });
}

/** Exits and what the stores did. */
export function effects(m: Machine, act: () => void): Record<string, number> {
  const c = counted(m, act);
  const keys = [
    'unsync',
    'unsync_evict',
    'resync',
    'resync_entries',
    'emulate',
    'emulate_fast',
    'fixed',
    'unshadow',
  ];
  const shown = keys.map((key): [string, number] => [key, c[`shadow.${key}`]!]).filter(([, n]) => n > 0);
  return { exits: c['vmexit.total']!, ...Object.fromEntries(shown) };
}

export interface L1Table {
  readonly gfn: number;
  /** Level-2 index of its region. */
  readonly l2: number;
  /** Home slot: mfn mod 3. */
  readonly home: number;
}

/** A machine with `n` L1 tables that are shadowed, one page mapped in each at index 0. */
export function withTables(
  n: number,
  change: (config: MachineConfig) => void = () => {},
): { m: Machine; tables: L1Table[] } {
  const m = machineOf('shadow', { change });
  for (let l2 = 1; l2 <= n; l2++) map(m, at(l2), 1);
  for (let l2 = 1; l2 <= n; l2++) read(m, at(l2));
  const tables = Array.from({ length: n }, (_, i) => {
    const gfn = entryOf(m, at(i + 1)).table;
    return { gfn, l2: i + 1, home: (gfn + MFN_OFFSET) % 3 };
  });
  return { m, tables };
}

/** Three tables of one home slot: every third, since each takes two frames. */
export function sameHome(): { m: Machine; a: L1Table; b: L1Table; c: L1Table } {
  const { m, tables } = withTables(7);
  const [a, b, c] = tables.filter((table) => table.home === tables[0]!.home);
  return { m, a: a!, b: b!, c: c! };
}

/** A store that changes nothing else: entry 100 of the table becomes present. */
export const edit = (m: Machine, table: L1Table, l1 = 100, value = PRESENT): void =>
  store(m, table.gfn, at(table.l2, l1), value);
