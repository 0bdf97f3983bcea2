/**
 * ChampSim traces: one record of 64 bytes an instruction (`input_instr`), or of 96 for the traces of CloudSuite on SPARC
 * (`cloudsuite_instr`); no header. Source: inc/trace_instruction.h of ChampSim; docs/formats.md has both byte by byte.
 *
 * An instruction becomes a fetch, a load for each source address and a store for each destination address that is not
 * zero, in this order. Registers and branches are for cores, and not used. In a CloudSuite record the address-space
 * number is followed: the first one is the space that every trace begins in, a change is a context switch.
 * Not in the format: sizes of instructions and accesses, threads, page tables.
 */
import { formatAddress } from '../../arch/address.js';
import { OP_FETCH, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import type { ByteSource, TraceFormat } from '../format.js';
import { SNIFF_BYTES } from '../format.js';
import { ProcessSpaces } from '../process-spaces.js';
import { isCanonicalHalf, openRecords, type RecordFormat, type RecordTaker } from '../record-format.js';

/** Where the fields of a record are, from its first byte; addresses of 8 bytes, little-endian. */
interface Layout {
  readonly bytes: number;
  readonly stores: readonly number[];
  readonly loads: readonly number[];
  /** Two bytes, or -1: there is none. */
  readonly space: number;
  /** Bytes that compilers leave unused: zero in what tracers write. */
  readonly padding: readonly [from: number, to: number];
}

const IP = 0;
const IS_BRANCH = 8;
const BRANCH_TAKEN = 9;
/** The first and smallest address that programs can have mapped; below it, a number is no address. */
const LEAST_ADDRESS = 4096;

const X86: Layout = { bytes: 64, stores: [16, 24], loads: [32, 40, 48, 56], space: -1, padding: [0, 0] };
const SPARC: Layout = {
  bytes: 96,
  stores: [24, 32, 40, 48],
  loads: [56, 64, 72, 80],
  space: 88,
  padding: [18, 24],
};

const COMMON_LACKS = [
  'access sizes (1 byte each)',
  'page-table edits',
  'accesses of the kernel',
  'threads',
] as const;
const LACKS = ['context switches', ...COMMON_LACKS] as const;

/** Bytes between an instruction and the next one that do not leave a program's code; records that say something of it. */
const NEAR = 1 << 24;
const ENOUGH = 4;

class InstructionTaker implements RecordTaker {
  readonly #layout: Layout;
  readonly #addresses: readonly number[];
  readonly #out: ChunkBuilder;
  readonly #spaces = new ProcessSpaces();
  #space = -1;

  constructor(layout: Layout, out: ChunkBuilder) {
    this.#layout = layout;
    this.#addresses = [IP, ...layout.loads, ...layout.stores];
    this.#out = out;
  }

  take(view: DataView, at: number): string | null {
    const { loads, stores, space } = this.#layout;
    if (!isPlausible(view, at, this.#addresses)) return mistake(view, at, this.#layout);
    if (space >= 0) this.#follow(view.getUint16(at + space, true));
    this.#add(OP_FETCH, view, at + IP);
    for (let i = 0; i < loads.length; i++) this.#addIfAny(OP_READ, view, at + loads[i]!);
    for (let i = 0; i < stores.length; i++) this.#addIfAny(OP_WRITE, view, at + stores[i]!);
    return null;
  }

  #follow(space: number): void {
    if (space === this.#space) return;
    this.#space = space;
    const event = this.#spaces.switchTo(0, space, 0);
    if (event !== null) this.#out.event(event);
  }

  #add(op: number, view: DataView, field: number): void {
    this.#out.access(op, view.getUint32(field + 4, true), view.getUint32(field, true), 1, 0);
  }

  #addIfAny(op: number, view: DataView, field: number): void {
    if (view.getUint32(field, true) !== 0 || view.getUint32(field + 4, true) !== 0)
      this.#add(op, view, field);
  }
}

/** True if the flags of the record are flags and its addresses are canonical. */
function isPlausible(view: DataView, at: number, addresses: readonly number[]): boolean {
  if (view.getUint8(at + IS_BRANCH) > 1 || view.getUint8(at + BRANCH_TAKEN) > 1) return false;
  for (let i = 0; i < addresses.length; i++) {
    if (!isCanonicalHalf(view.getUint32(at + addresses[i]! + 4, true))) return false;
  }
  return true;
}

/** What is wrong with a record that is not plausible. */
function mistake(view: DataView, at: number, { loads, stores }: Layout): string {
  const flags = [view.getUint8(at + IS_BRANCH), view.getUint8(at + BRANCH_TAKEN)];
  if (flags.some((flag) => flag > 1)) {
    return `is_branch and branch_taken are ${flags.join(' and ')}; expected 0 or 1 each`;
  }
  const named: (readonly [string, number])[] = [
    ['the instruction pointer', IP],
    ...loads.map((field, i) => [`source address ${i + 1}`, field] as const),
    ...stores.map((field, i) => [`destination address ${i + 1}`, field] as const),
  ];
  const [name, field] = named.find(([, where]) => !isCanonicalHalf(view.getUint32(at + where + 4, true)))!;
  const text = formatAddress(view.getUint32(at + field + 4, true), view.getUint32(at + field, true));
  return `${name} is ${text}; expected a canonical 48-bit address`;
}

/** True if every record of the head can be one that a tracer wrote, the last one as far as it is there. */
function fits(head: Uint8Array, layout: Layout): boolean {
  const { bytes, loads, stores, padding } = layout;
  if (head.length < bytes) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  for (let at = 0; at < head.length; at += bytes) {
    const isThere = (field: number, size: number): boolean => at + field + size <= head.length;
    const addresses = [IP, ...loads, ...stores].filter((field) => isThere(field, 8));
    if (isThere(BRANCH_TAKEN, 1)) {
      if (!isPlausible(view, at, addresses)) return false;
      if (view.getUint8(at + BRANCH_TAKEN) > view.getUint8(at + IS_BRANCH)) return false;
    }
    if (!addresses.every((field) => canBeAddress(view, at + field, field !== IP))) return false;
    if (head.subarray(at + padding[0], at + padding[1]).some((value) => value !== 0)) return false;
  }
  return isCode(view, bytes);
}

/**
 * True if most instructions are near the one before them. Where every instruction has a load and none a store, all else
 * fits both sizes of records; but then every other instruction of the wrong one would be in the data.
 */
function isCode(view: DataView, bytes: number): boolean {
  const records = Math.floor(view.byteLength / bytes);
  let near = 0;
  for (let i = 1; i < records; i++) {
    const [at, before] = [i * bytes + IP, (i - 1) * bytes + IP];
    const high = view.getUint32(at + 4, true) - view.getUint32(before + 4, true);
    if (Math.abs(high * 2 ** 32 + view.getUint32(at, true) - view.getUint32(before, true)) < NEAR) near++;
  }
  return records < ENOUGH || near * 2 >= records - 1;
}

/** A canonical address that a program can have mapped; or none at all, if there may be none. */
function canBeAddress(view: DataView, field: number, orNone: boolean): boolean {
  const [hi, lo] = [view.getUint32(field + 4, true), view.getUint32(field, true)];
  if (hi === 0 && lo === 0) return orNone;
  return isCanonicalHalf(hi) && (hi !== 0 || lo >= LEAST_ADDRESS);
}

/** Fits one layout, and no better the other: of a whole trace that fits both, the length decides. */
function sniffFor(mine: Layout, other: Layout): (head: Uint8Array) => boolean {
  return (head) => {
    if (!fits(head, mine)) return false;
    const isWhole = head.length < SNIFF_BYTES;
    return !(
      isWhole &&
      head.length % mine.bytes !== 0 &&
      head.length % other.bytes === 0 &&
      fits(head, other)
    );
  };
}

function recordFormat(layout: Layout, lacks: readonly string[]): RecordFormat {
  return {
    bytes: layout.bytes,
    accesses: 1 + layout.loads.length + layout.stores.length,
    taker: (out) => new InstructionTaker(layout, out),
    lacks,
    eventless: layout.space < 0,
  };
}

export const champsim = {
  name: 'champsim',
  summary: 'ChampSim, 64 bytes an instruction (input_instr)',
  addresses: 'virtual',
  lacks: LACKS,
  priority: 40,
  sniff: sniffFor(X86, SPARC),
  open: async (source: ByteSource, options: ReaderOptions) =>
    openRecords(source, options, recordFormat(X86, LACKS)),
} satisfies TraceFormat;

export const cloudsuite = {
  name: 'cloudsuite',
  summary: 'ChampSim, 96 bytes an instruction (cloudsuite_instr), with address spaces',
  addresses: 'virtual',
  lacks: COMMON_LACKS,
  priority: 41,
  sniff: sniffFor(SPARC, X86),
  open: async (source: ByteSource, options: ReaderOptions) =>
    openRecords(source, options, recordFormat(SPARC, COMMON_LACKS)),
} satisfies TraceFormat;
