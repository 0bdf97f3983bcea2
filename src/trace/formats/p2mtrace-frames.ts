/** The parts of a p2mtrace that are there once, header and note, and the checks that they share with blocks. */
import { crc32 } from 'node:zlib';
import type { TraceError } from '../../errors.js';
import type { PassedOver } from '../format.js';
import type { TraceFacts } from '../writers/writer.js';
import { ContentError } from './p2mtrace-bytes.js';
import { decodeHeader } from './p2mtrace-header.js';
import type { FrameInput } from './p2mtrace-input.js';
import * as layout from './p2mtrace-layout.js';
import { decodeNote } from './p2mtrace-notes.js';

export const GET_AGAIN = 'get the file again, or convert it again from what it was made from';
/** Reads and checks the header, which is then behind. */
export async function readHeader(
  input: FrameInput,
): Promise<{ readonly facts: TraceFacts; readonly contents: Uint8Array }> {
  const { magic, version, length } = await readPrelude(input);
  if (magic !== null)
    throw input.error(`begins with ${magic}; expected the magic bytes of p2mtrace`, NOT_P2M);
  const known = `version ${layout.FIRST_VERSION} or ${layout.VERSION}`;
  if (version > layout.VERSION) {
    throw input.error(
      `is version ${version} of p2mtrace, made by a newer p2msim; this one reads ${known}`,
      'read it with that p2msim, or convert it to CSV there',
    );
  }
  if (version < layout.FIRST_VERSION)
    throw input.error(`is version ${version} of p2mtrace; expected ${known}`, GET_AGAIN);
  const { decoded, contents } = await readContents(
    input,
    'the header',
    layout.PRELUDE_BYTES,
    length,
    decodeHeader,
  );
  return { facts: decoded, contents };
}

const NOT_P2M = 'leave out --format: a trace is recognised by its content';

async function readPrelude(
  input: FrameInput,
): Promise<{ magic: string | null; version: number; length: number }> {
  const there = await input.fill(layout.PRELUDE_BYTES);
  const first = input.slice(0, Math.min(input.available, layout.MAGIC.length));
  if (!first.every((value, i) => value === layout.MAGIC[i])) {
    const magic = [...first].map((value) => value.toString(16).padStart(2, '0')).join(' ');
    return { magic, version: 0, length: 0 };
  }
  if (!there) throw cutOff(input, 'the header', layout.PRELUDE_BYTES);
  return { magic: null, version: input.word(8), length: input.word(12) };
}

export function cutOff(input: FrameInput, what: string, whole: number): TraceError {
  const there = `${input.available} of ${whole} bytes of ${what} are there`;
  return input.error(`the trace ends early: ${there}`, GET_AGAIN);
}

/** Compares the CRC-32 of bytes `from` to `to` with the word that follows them. */
export function checkSum(input: FrameInput, what: string, from: number, to: number): void {
  sumIs(input, what, input.slice(from, to), input.word(to), GET_AGAIN);
}

export function sumIs(
  input: FrameInput,
  what: string,
  bytes: Uint8Array,
  expected: number,
  hint: string,
): void {
  const found = crc32(bytes);
  if (found === expected) return;
  const hex = (sum: number): string => `0x${sum.toString(16).padStart(8, '0')}`;
  throw input.error(`${what} is damaged: its CRC-32 is ${hex(found)}; expected ${hex(expected)}`, hint);
}

export function placed(input: FrameInput, what: string, error: unknown, hint: string): unknown {
  if (!(error instanceof ContentError)) return error;
  return input.error(`${what} cannot be read: ${error.message}`, hint);
}

/** The `length` bytes of `what` behind its prelude, decoded; with their CRC-32 they are then behind. */
async function readContents<T>(
  input: FrameInput,
  what: string,
  prelude: number,
  length: number,
  decode: (contents: Uint8Array) => T,
): Promise<{ readonly decoded: T; readonly contents: Uint8Array }> {
  if (length > layout.MAX_HEADER_BYTES)
    throw input.error(`${what} has ${length} bytes; expected ${layout.MAX_HEADER_BYTES} at most`, GET_AGAIN);
  const whole = prelude + length + 4;
  if (!(await input.fill(whole))) throw cutOff(input, what, whole);
  checkSum(input, what, 0, whole - 4);
  const contents = input.slice(prelude, whole - 4).slice();
  try {
    const decoded = decode(contents);
    input.advance(whole);
    return { decoded, contents };
  } catch (error) {
    throw placed(input, what, error, GET_AGAIN);
  }
}

/** Reads and checks the note, which is then behind. */
export async function readNote(
  input: FrameInput,
): Promise<{ readonly passedOver: PassedOver; readonly contents: Uint8Array }> {
  if (!(await input.fill(layout.NOTE_PRELUDE_BYTES)))
    throw cutOff(input, 'the note', layout.NOTE_PRELUDE_BYTES);
  const { NOTE_PRELUDE_BYTES } = layout;
  const { decoded, contents } = await readContents(
    input,
    'the note',
    NOTE_PRELUDE_BYTES,
    input.word(4),
    decodeNote,
  );
  return { passedOver: decoded, contents };
}
