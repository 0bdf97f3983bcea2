/** Records as src/capture/qemu-plugin.c writes them, for tests. */

export const READ = 1;
export const WRITE = 2;
export const FETCH = 3;

/** 16 bytes: kind, bytes of the access, thread (2), process (4), address (8), little-endian. */
export function record(kind: number, process: number, va: number, size = 8, thread = 0): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt8(size, 1);
  bytes.writeUInt16LE(thread, 2);
  bytes.writeUInt32LE(process, 4);
  bytes.writeBigUInt64LE(BigInt(va), 8);
  return bytes;
}

/** A system call: its record, six arguments, the result, and eight bytes of nothing. */
export function call(
  process: number,
  number: number,
  args: readonly number[],
  result: number,
  thread = 0,
): Buffer {
  const words = Buffer.alloc(64);
  for (const [i, arg] of args.entries()) words.writeBigInt64LE(BigInt(arg), 8 * i);
  words.writeBigInt64LE(BigInt(result), 48);
  return Buffer.concat([record(4, process, number, 0, thread), words]);
}

/** A process begins as a copy of `parent`. */
export const forked = (process: number, parent: number): Buffer => record(5, process, parent, 0);
/** A program begins in a process. */
export const started = (process: number): Buffer => record(6, process, 1, 0);
