/**
 * Memory traces of DRAM simulators: `0xADDR R` or `0xADDR W` a line, as Ramulator reads them.
 *
 * The address is of what reached memory: physical, and usually of a whole cache line. Ramulator counts a line whose
 * letter is neither; here it is an error. Source: the README of Ramulator, "Memory Trace Driven".
 * Not in the format: fetches, sizes, threads, processes.
 */
import { OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import * as byte from '../bytes.js';
import type { ByteSource, TraceFormat } from '../format.js';
import type { TextEngine, TextFormat, TextRecords } from '../text-format.js';
import { fieldsOf, looksLike, LEVELS, type LineReader, openText } from '../text-format.js';
import { PLAIN_ROWS, ROLE_ADDRESS, ROLE_OP, type RowShape } from '../text-shape.js';

const LACKS = [
  'instruction fetches',
  'access sizes (1 byte each)',
  'accesses that hit in caches',
  'page-table edits',
  'context switches',
  'threads',
] as const;
const OP_OF_LETTER: Readonly<Record<string, number>> = { R: OP_READ, W: OP_WRITE };
const FORMS = '"0xADDR R" or "0xADDR W"';

/** `0x12345680 R`. */
const SHAPE: RowShape = {
  ...PLAIN_ROWS,
  roles: [ROLE_ADDRESS, ROLE_OP],
  separators: [byte.SPACE],
  ops: Object.entries(OP_OF_LETTER).map(([text, op]) => ({ text, op })),
  levels: LEVELS,
};

function reader(records: TextRecords): LineReader {
  return (text) => {
    const [address, letter, more] = fieldsOf(text);
    if (address === undefined) return;
    const op = letter === undefined ? undefined : OP_OF_LETTER[letter.text];
    if (op === undefined || more !== undefined) {
      records.noRecord('a memory access', FORMS);
      return;
    }
    const va = records.address(address, 1, 'with or without 0x');
    if (va !== null) records.access(op, va, 1);
  };
}

/** An address, and R or W. */
const ROW = /^\s*(0[xX])?[0-9a-fA-F]{1,16}[ \t]+[RW]\s*$/;

export const RW: TextFormat = { shape: SHAPE, lines: reader, virtual: false, lacks: LACKS, eventless: true };

export const rw = {
  name: 'rw',
  summary: '"0xADDR R" or "0xADDR W" (text): memory traces of Ramulator and other DRAM simulators',
  addresses: 'physical',
  lacks: LACKS,
  priority: 33,
  sniff: (head: Uint8Array) => looksLike(head, ROW),
  open: async (source: ByteSource, options: ReaderOptions, engine?: TextEngine) =>
    openText(source, options, RW, engine),
} satisfies TraceFormat;
