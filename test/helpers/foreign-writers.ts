/**
 * Writers of the formats of other tools, from their definitions and not from our readers: plain values to bytes, a field at
 * a time. docs/formats.md says where each definition is.
 */

export interface PlainAccess {
  readonly op: 'R' | 'W' | 'X';
  readonly va: bigint;
  readonly size: number;
}

/** An instruction with what it loads and stores. */
export interface Instruction {
  readonly ip: bigint;
  readonly loads: readonly bigint[];
  readonly stores: readonly bigint[];
  /** CloudSuite: number of the address space. */
  readonly space?: number;
}

/** What an instruction does, in the order in which all formats have it; one byte each. */
export function accessesOf({ ip, loads, stores }: Instruction): PlainAccess[] {
  const access = (op: PlainAccess['op'], va: bigint): PlainAccess => ({ op, va, size: 1 });
  return [access('X', ip), ...loads.map((va) => access('R', va)), ...stores.map((va) => access('W', va))];
}

const bytes = (...values: readonly number[]): Buffer => Buffer.from(values);

function numbers(values: readonly bigint[], places: number): Buffer {
  const field = Buffer.alloc(8 * places);
  for (const [i, value] of values.entries()) field.writeBigUInt64LE(BigInt.asUintN(64, value), 8 * i);
  return field;
}

/** struct input_instr: ip, is_branch, branch_taken, 2 registers out, 4 in, 2 addresses out, 4 in. */
export function champsimRecord({ ip, loads, stores }: Instruction): Buffer {
  const registers = bytes(0, 0, 1, 2, 3, 4, 5, 6);
  return Buffer.concat([numbers([ip], 1), registers, numbers(stores, 2), numbers(loads, 4)]);
}

/** struct cloudsuite_instr: as above with 4 registers and 4 addresses out, and asid[2]; aligned to 8 bytes. */
export function cloudsuiteRecord({ ip, loads, stores, space = 0 }: Instruction): Buffer {
  const registers = bytes(0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
  const asid = bytes(space & 255, space >> 8, 0, 0, 0, 0, 0, 0);
  return Buffer.concat([
    numbers([ip], 1),
    registers,
    Buffer.alloc(6),
    numbers(stores, 4),
    numbers(loads, 4),
    asid,
  ]);
}

/** trace_entry_t: type, size, address or value; packed. */
export function drmemtraceEntry(type: number, size: number, value: bigint): Buffer {
  const entry = Buffer.alloc(4);
  entry.writeUInt16LE(type, 0);
  entry.writeUInt16LE(size, 2);
  return Buffer.concat([entry, numbers([value], 1)]);
}

const ENTRY_OF_OP = { R: 0, W: 1, X: 10 } as const;

/** A file of one thread: header, version, file type, thread, process, the accesses, end of the thread, footer. */
export function drmemtraceFile(accesses: readonly PlainAccess[]): Buffer {
  return Buffer.concat([
    drmemtraceEntry(25, 0, 7n),
    drmemtraceEntry(28, 12, 7n),
    drmemtraceEntry(28, 9, 0x40n),
    drmemtraceEntry(22, 0, 99n),
    drmemtraceEntry(24, 0, 99n),
    ...accesses.map(({ op, va, size }) => drmemtraceEntry(ENTRY_OF_OP[op], size, va)),
    drmemtraceEntry(23, 0, 99n),
    drmemtraceEntry(26, 0, 0n),
  ]);
}

/** time, object, size, next access; each request never comes again as far as this says. */
export function oracleGeneralFile(pages: readonly bigint[]): Buffer {
  return Buffer.concat(
    pages.map((page, i) => {
      const record = Buffer.alloc(24);
      record.writeUInt32LE(i, 0);
      record.writeBigUInt64LE(page, 4);
      record.writeUInt32LE(4096, 12);
      record.writeBigInt64LE(-1n, 16);
      return record;
    }),
  );
}

const hex = (value: bigint): string => BigInt.asUintN(64, value).toString(16);

/** One line an access, in each text format that can say it. */
export const LINES = {
  csv: ({ op, va, size }: PlainAccess): string => `${op},${hex(va)},${size}`,
  lackey: ({ op, va, size }: PlainAccess): string =>
    `${{ R: ' L ', W: ' S ', X: 'I  ' }[op]}${hex(va).padStart(8, '0')},${size}`,
  din: ({ op, va }: PlainAccess): string => `${{ R: 0, W: 1, X: 2 }[op]} ${hex(va)}`,
  xdin: ({ op, va, size }: PlainAccess): string =>
    `${{ R: 'r', W: 'w', X: 'i' }[op]} ${hex(va)} ${size.toString(16)}`,
  pinatrace: ({ op, va }: PlainAccess): string => `0x401000: ${op} 0x${hex(va)}`,
  rw: ({ op, va }: PlainAccess): string => `0x${hex(va)} ${op}`,
  gem5: ({ op, va, size }: PlainAccess): string =>
    `${op.toLowerCase()},${BigInt.asUintN(64, va)},${size},0,1000`,
  perf: ({ op, va }: PlainAccess): string =>
    `prog 99/99 1.000000: exceptions:page_fault_user: address=0x${hex(va)} ip=0x401000 error_code=0x${{ R: 4, W: 6, X: 14 }[op]}`,
} as const;

/** A text trace. */
export function textFile(format: keyof typeof LINES, accesses: readonly PlainAccess[]): Buffer {
  const header = format === 'csv' ? ['op,va,size'] : [];
  return Buffer.from(`${[...header, ...accesses.map(LINES[format])].join('\n')}\n`);
}
