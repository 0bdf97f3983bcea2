/**
 * Files that people take for traces: what they are, by the bytes that they begin with, and what to do with them. Asked only
 * where no format recognises a file.
 */
import { TraceError } from '../errors.js';
import { fileWord } from '../util/shell-word.js';
import { quoted, STDIN_NAME } from './bad-records.js';
import type { ByteSource, TraceFormat } from './format.js';
import { ownFile } from './known-file.js';

/** A kind of file; `file` is its name as a word for the shell, `-` for standard input. */
interface ForeignFile {
  readonly is: (head: Uint8Array, text: string) => boolean;
  readonly what: string;
  readonly hint: (file: string) => string;
}

/** True if the bytes are in the head, at `at`. */
function begins(head: Uint8Array, magic: readonly number[] | string, at = 0): boolean {
  const bytes = typeof magic === 'string' ? Buffer.from(magic, 'latin1') : magic;
  return head.length >= at + bytes.length && bytes.every((value, i) => head[at + i] === value);
}

const starting =
  (...magics: readonly (readonly number[] | string)[]) =>
  (head: Uint8Array): boolean =>
    magics.some((magic) => begins(head, magic));

/** Compressed by what is not opened, or more than once: `command` writes what is in the file to its standard output. */
function compressed(what: string, is: ForeignFile['is'], command: string): ForeignFile {
  return {
    is,
    what,
    hint: (file) => `decompress it first: \`${command}${argument(file)} | p2msim replay -\``,
  };
}

/** For a command that reads standard input where no file is named. */
function argument(file: string): string {
  return file === '-' ? '' : ` ${file}`;
}

/** For a shell, which looks for a name without a folder in PATH. */
function program(file: string): string {
  return file.includes('/') || file === '-' ? file : `./${file}`;
}

const NO_TRACE = (): string => '`p2msim trace formats` lists what can be read';

/** Containers in a container: alone they are opened. */
const INNER: readonly (readonly [name: string, magic: readonly number[], command: string])[] = [
  ['gzip', [0x1f, 0x8b], 'gzip -dc'],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'zstd -dc'],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], 'xz -dc'],
  ['bzip2', [0x42, 0x5a, 0x68], 'bzip2 -dc'],
  ['a zip archive', [0x50, 0x4b, 0x03, 0x04], 'unzip -p'],
];

/** lzma's first byte, a dictionary of a power of two, and a size: unknown, or of less than 2^48 bytes. */
function isLzma(head: Uint8Array): boolean {
  if (head.length < 13 || !begins(head, [0x5d, 0, 0])) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const dictionary = view.getUint32(1, true);
  const high = view.getUint32(9, true);
  return (dictionary & (dictionary - 1)) === 0 && (high === 0xffffffff || high < 0x10000);
}

/** A byte-order mark, or a NUL beside every one of the first characters. */
function isUtf16(head: Uint8Array): boolean {
  if (starting([0xff, 0xfe], [0xfe, 0xff])(head)) return true;
  const first = [...head.subarray(0, 16)];
  const isText = (half: number): boolean =>
    first.every((value, i) => (i % 2 === half ? value >= 9 && value < 127 : value === 0));
  return first.length === 16 && (isText(0) || isText(1));
}

/** Lines of two or three decimal numbers, as far as they are shown. */
const RAMULATOR_LINES = /^(?:\s*\d{1,9}[ \t]+\d{1,20}(?:[ \t]+\d{1,20})?[ \t]*\r?\n){2,}/;

const FILES: readonly ForeignFile[] = [
  {
    is: starting('PERFILE2', '2ELIFREP'),
    what: 'it is what `perf record` writes, whose text is a trace',
    hint: (file) =>
      `\`perf script --header -i ${file} -F comm,pid,tid,cpu,time,event,addr,ip --show-mmap-events --show-task-events > FILE.perf\` prints that; docs/capture.md`,
  },
  {
    is: (head) => begins(head, 'ustar', 257),
    what: 'it is a tar archive',
    hint: (file) => `take the trace out: \`tar -xOf ${file} NAME | p2msim replay -\``,
  },
  compressed('it is compressed with lzma', isLzma, 'xz --format=lzma -dc'),
  compressed('it is compressed with compress', starting([0x1f, 0x9d]), 'gzip -dc'),
  compressed('it is a 7z archive', starting([0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]), '7z x -so'),
  ...INNER.map(([name, magic, command]): ForeignFile => ({
    is: starting(magic),
    what: `what is compressed in it is ${name === 'a zip archive' ? name : `compressed once more, with ${name}`}`,
    hint: (file) =>
      `decompress it twice: the file first, then \`${command}\`; p2msim opens one container${file === '-' ? '' : ` of ${file}`}`,
  })),
  {
    is: isUtf16,
    what: 'it is text in UTF-16',
    hint: (file) => `traces are in UTF-8: \`iconv -f UTF-16 -t UTF-8${argument(file)} | p2msim replay -\``,
  },
  {
    is: starting([0x7f, 0x45, 0x4c, 0x46]),
    what: 'it is a program or library (ELF)',
    hint: (file) =>
      `\`p2msim trace capture -o FILE.p2mtrace -- ${program(file)}\` runs a program and writes its trace`,
  },
  { is: starting([0x89, 0x50, 0x4e, 0x47]), what: 'it is a PNG image', hint: NO_TRACE },
  { is: starting([0xff, 0xd8, 0xff]), what: 'it is a JPEG image', hint: NO_TRACE },
  { is: starting('%PDF-'), what: 'it is a PDF document', hint: NO_TRACE },
  { is: starting('SQLite format 3\0'), what: 'it is an SQLite database', hint: NO_TRACE },
  {
    is: starting('PAR1'),
    what: 'it is a Parquet file, as `collect` writes them',
    hint: NO_TRACE,
  },
  {
    is: (_head, text) => /^\s*<(?:!doctype html|html)/i.test(text),
    what: 'it is an HTML page',
    hint: () => 'a download that failed may give one: look into it, and get the trace again',
  },
  {
    is: (_head, text) => RAMULATOR_LINES.test(text),
    what: 'lines of decimal numbers look like a CPU trace of Ramulator (bubbles, an address to read, perhaps one to write)',
    hint: (file) =>
      `docs/formats.md (din) has a command that makes a CSV of it; \`--format din\` reads ${file === '-' ? 'it' : file} as labels and hexadecimal addresses`,
  },
];

/** The error for a file that is no trace: which it is, and what reads it; null: nobody knows. */
export function foreignFile({ name, head }: Pick<ByteSource, 'name' | 'head'>): TraceError | null {
  const own = ownFile({ name, head });
  if (own !== null) return new TraceError({ file: name }, `is no trace: ${own.what}`, { hint: own.use });
  const text = Buffer.from(head).toString('latin1');
  const known = FILES.find(({ is }) => is(head, text));
  if (known === undefined) return null;
  return new TraceError({ file: name }, `is in no format that p2msim knows: ${known.what}`, {
    hint: known.hint(name === STDIN_NAME ? '-' : fileWord(name)),
  });
}

/**
 * Parts of the head are taken at this many bytes, where a record of any binary format can begin that has no magic: the least
 * common multiple of 64 (champsim), 96 (cloudsuite), 24 (oraclegeneral) and 12 (drmemtrace).
 */
const ALIGNED = 192;
/** Parts that are shorter say nothing. */
const LEAST_PART = 2 * ALIGNED;

/** A file without a NUL in so many of its first bytes is a text: records of at most 96 bytes, so five at least, with numbers of 8. */
const BINARY_BYTES = 512;

/** Formats that part of the head fits, so that little of it is wrong. */
export function nearlyFitting(head: Uint8Array, formats: readonly TraceFormat[]): TraceFormat[] {
  const half = Math.floor(head.length / 2 / ALIGNED) * ALIGNED;
  const parts = [head.subarray(half), head.subarray(0, half)].filter(({ length }) => length >= LEAST_PART);
  // A text shows by its lines what it is, wherever it is cut.
  if (!head.subarray(0, BINARY_BYTES).some((value) => value === 0)) return [];
  return formats.filter((format) => parts.some((part) => format.sniff(part)));
}

/** Bytes that a message shows of a file that nobody recognises. */
const SHOWN_BYTES = 24;

/** First bytes: as text if they are, otherwise in hexadecimal. */
export function shownHead(head: Uint8Array): string {
  if (Buffer.from(head).toString('latin1').trim() === '') return 'blank lines';
  const first = head.subarray(0, SHOWN_BYTES);
  const isText = first.every(
    (value) => (value >= 32 && value < 127) || value === 9 || value === 10 || value === 13,
  );
  if (isText) return quoted(Buffer.from(first).toString('latin1').trimEnd());
  return [...first.subarray(0, 8)].map((value) => value.toString(16).padStart(2, '0')).join(' ');
}
