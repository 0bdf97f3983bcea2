/**
 * Ops of the p2msim CSV that are not plain accesses: what each reads from its row, and the event it
 * makes. Architectural ops first, then logical ones, then host ops (model: see docs/formats.md).
 *
 * Events are written out, without `...base`: a spread that is followed by other fields took 2.6 us, two thirds of all that
 * a row costs.
 */
import { PAGE_BYTES } from '../../arch/address.js';
import { MAX_ACCESS_BYTES } from '../bytes.js';
import type { MapKind, Perm, TraceEvent, Word64 } from '../event.js';
import { HOST_OPS } from '../event.js';
import { quoted } from '../bad-records.js';
import type { Cells } from './csv-cells.js';

/** What every event has. */
export interface EventBase {
  readonly vcpu: number;
  readonly line: number;
}

/** Reads an event from a row. */
export interface OpReader {
  /** True if the op acts in the address space of its `as` cell, which is switched to first. */
  readonly inAddressSpace: boolean;
  read(cells: Cells, base: EventBase): TraceEvent;
}

type Read = OpReader['read'];

/** Longest range of a logical op: the user half of a 5-level address space. */
const MAX_RANGE_BYTES = 2 ** 52;
const READ_WRITE: Perm = { read: true, write: true, exec: false };

const ARCHITECTURAL: Readonly<Record<string, Read>> = {
  PTW: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'ptw',
    gfn: cells.frame('gfn'),
    level: cells.decimal('level', 1, 5, null),
    va: cells.address('va'),
    value: cells.word('value', 'the new entry'),
  }),
  INVLPG: (cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'invlpg', va: cells.address('va') }),
  INVPCID: (cells, base) => {
    const type = cells.decimal('order', 0, 3, null);
    const pcid = cells.decimal('pcid', 0, 4095, type < 2 ? null : 0);
    const va = type === 0 ? cells.address('va') : optionalAddress(cells);
    return { vcpu: base.vcpu, line: base.line, kind: 'invpcid', type, pcid, va: va ?? { hi: 0, lo: 0 } };
  },
  FLUSHALL: (_cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'flushall' }),
  CR0WP: (cells, base) => {
    const { hi, lo } = cells.word('value', '0 or 1');
    if (hi !== 0 || lo > 1)
      throw cells.error('value', `${quoted(cells.text('value'))} is not 0 or 1 (column value)`);
    return { vcpu: base.vcpu, line: base.line, kind: 'cr0wp', on: lo === 1 };
  },
  PGMODE: (cells, base) => {
    const levels = cells.decimal('level', 0, 5, null);
    if (levels !== 1) return { vcpu: base.vcpu, line: base.line, kind: 'pgmode', levels };
    throw cells.error('level', '"1" is not a paging mode: 0 (off), 2, 3, 4 or 5 (column level)');
  },
  FAULT: (cells, base) => {
    const { hi, lo } = cells.word('value', 'the error code');
    if (hi !== 0)
      throw cells.error('value', `${quoted(cells.text('value'))} is not a 32-bit error code (column value)`);
    return { vcpu: base.vcpu, line: base.line, kind: 'fault', va: cells.address('va'), error: lo };
  },
  MMIO: (cells, base) => {
    const va = cells.address('va');
    const size = cells.decimal('size', 1, MAX_ACCESS_BYTES, 1);
    cells.extent('va', va, size);
    const write = cells.oneOf('perm', ['r', 'w'], 'r') === 'w';
    return {
      vcpu: base.vcpu,
      line: base.line,
      kind: 'mmio',
      va,
      size,
      write,
      device: cells.oneOf('note', ['dm', 'int', 'direct'], 'dm'),
    };
  },
  CPUID: (_cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'cpuid' }),
  IPIFLUSH: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'ipiflush',
    va: optionalAddress(cells),
  }),
};

/** Architectural ops that select an address space themselves, or need none. */
const ELSEWHERE: Readonly<Record<string, Read>> = {
  CR3: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'cr3',
    as: cells.required('as', 'the address space to load'),
    pcid: cells.text('pcid') === '' ? null : cells.decimal('pcid', 0, 4095, null),
    noflush: cells.flag('note', 'noflush'),
  }),
  PTDYING: (cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'ptdying', gfn: cells.frame('gfn') }),
  VCPU: (cells, base) => {
    const note = cells.required('note', 'a physical CPU number, or off');
    if (note === 'off') return { vcpu: base.vcpu, line: base.line, kind: 'sched', pcpu: null };
    if (/^\d{1,5}$/.test(note))
      return { vcpu: base.vcpu, line: base.line, kind: 'sched', pcpu: Number(note) };
    throw cells.error('note', `${quoted(note)} is not a physical CPU number, or off (column note)`);
  },
  SWITCH: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'switch',
    as: cells.required('as', 'the address space to switch to'),
    noflush: cells.flag('note', 'noflush'),
  }),
  EXIT: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'exit',
    as: cells.text('as') === '' ? null : cells.text('as'),
  }),
  MARK: (cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'mark', name: cells.text('note') }),
  ROI: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'roi',
    on: cells.oneOf('note', ['on', 'off'], null) === 'on',
  }),
};

const LOGICAL: Readonly<Record<string, Read>> = {
  MAP: (cells, base) => {
    const { how, pageSize } = mapNote(cells);
    const gfn = cells.optionalFrame('gfn');
    return {
      vcpu: base.vcpu,
      line: base.line,
      kind: 'map',
      ...range(cells),
      gfn,
      perm: cells.perm(READ_WRITE),
      how,
      pageSize,
    };
  },
  UNMAP: (cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'unmap', ...range(cells) }),
  PROTECT: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'protect',
    ...range(cells),
    perm: cells.perm(null),
  }),
  CLEARA: (cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'clear', bit: 'A', ...range(cells) }),
  CLEARD: (cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'clear', bit: 'D', ...range(cells) }),
  DEMAND: (cells, base) => {
    const write = cells.oneOf('perm', ['r', 'w'], 'r') === 'w';
    return { vcpu: base.vcpu, line: base.line, kind: 'demand', va: cells.address('va'), write };
  },
  COW: (cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'cow', va: cells.address('va') }),
  FORK: (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'fork',
    child: cells.required('note', "the child's address space"),
  }),
  EXEC: (_cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'exec' }),
  SYSCALL: (_cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'syscall' }),
  IRQ: (_cells, base) => ({ vcpu: base.vcpu, line: base.line, kind: 'syscall' }),
};

/** Every op that makes an event, by its name in the `op` column. */
export const EVENT_OPS: ReadonlyMap<string, OpReader> = new Map([
  ...readers(ARCHITECTURAL, true),
  ...readers(ELSEWHERE, false),
  ...readers(LOGICAL, true),
  ...HOST_OPS.map((op): [string, OpReader] => [op, { inAddressSpace: false, read: hostReader(op) }]),
]);

function readers(table: Readonly<Record<string, Read>>, inAddressSpace: boolean): [string, OpReader][] {
  return Object.entries(table).map(([op, read]) => [op, { inAddressSpace, read }]);
}

function hostReader(op: (typeof HOST_OPS)[number]): Read {
  return (cells, base) => ({
    vcpu: base.vcpu,
    line: base.line,
    kind: 'host',
    op,
    gfn: cells.optionalFrame('gfn'),
    order: cells.decimal('order', 0, 40, 0),
    note: cells.text('note'),
  });
}

function optionalAddress(cells: Cells): Word64 | null {
  return cells.text('va') === '' ? null : cells.address('va');
}

/** `va` on a page border and `size` bytes, rounded up to whole pages as the kernel does. */
function range(cells: Cells): { va: Word64; bytes: number } {
  const va = cells.pageAddress('va');
  const size = cells.decimal('size', 1, MAX_RANGE_BYTES, null);
  const bytes = Math.ceil(size / PAGE_BYTES) * PAGE_BYTES;
  cells.extent('va', va, bytes);
  return { va, bytes };
}

const MAP_KINDS: readonly MapKind[] = ['populate', 'lazy', 'file'];
const PAGE_SIZES = ['4k', '2m', '1g'] as const;

/** `populate`, `lazy` or `file`, and `4k`, `2m` or `1g`: each at most once, joined by blanks or `+`. */
function mapNote(cells: Cells): { how: MapKind; pageSize: (typeof PAGE_SIZES)[number] | null } {
  let how: MapKind | null = null;
  let pageSize: (typeof PAGE_SIZES)[number] | null = null;
  for (const word of cells.text('note').split(/[\s+]+/)) {
    if (word === '') continue;
    const kind = MAP_KINDS.find((known) => known === word);
    const size = PAGE_SIZES.find((known) => known === word);
    if ((kind !== undefined && how !== null) || (size !== undefined && pageSize !== null)) {
      throw cells.error('note', `${quoted(cells.text('note'))} says two things at once (column note)`);
    }
    if (kind === undefined && size === undefined) {
      const words = [...MAP_KINDS, ...PAGE_SIZES].join(', ');
      throw cells.error('note', `${quoted(word)} is not one of ${words} (column note)`);
    }
    how = kind ?? how;
    pageSize = size ?? pageSize;
  }
  return { how: how ?? 'populate', pageSize };
}
