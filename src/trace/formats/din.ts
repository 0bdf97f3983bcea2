/**
 * Dinero's traditional text: a label and a hexadecimal address a line, such as `0 7fff0010`.
 *
 * Labels: 0 read, 1 write, 2 instruction fetch, 3 miscellaneous (counted like a read), 4 a flush of the cache, which
 * means nothing to page tables and is passed over. What follows the address is a comment; a number there is none, but a
 * sign of another format (a CPU trace of Ramulator has one), so that such a file is din only by `--format`. Source: the
 * formats that Dinero IV documents for -informat d.
 * Not in the format: sizes, threads, page tables.
 */
import { OP_FETCH, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import * as byte from '../bytes.js';
import type { ByteSource, TraceFormat } from '../format.js';
import type { TextEngine, TextFormat, TextRecords } from '../text-format.js';
import { fieldsOf, looksLike, LEVELS, type LineReader, openText } from '../text-format.js';
import { PLAIN_ROWS, ROLE_ADDRESS, ROLE_OP, type RowShape } from '../text-shape.js';

const LACKS = [
  'access sizes (1 byte each)',
  'page-table edits',
  'context switches',
  'accesses of the kernel',
  'threads',
] as const;

const FLUSH = '4';
const OP_OF_LABEL: Readonly<Record<string, number>> = { 0: OP_READ, 1: OP_WRITE, 2: OP_FETCH, 3: OP_READ };
const FORMS = '"label address": 0 read, 1 write, 2 fetch, 3 other, 4 flush, and a hexadecimal address';

/** `0 7fff0010`. */
const SHAPE: RowShape = {
  ...PLAIN_ROWS,
  roles: [ROLE_OP, ROLE_ADDRESS],
  separators: [byte.SPACE],
  ops: Object.entries(OP_OF_LABEL).map(([text, op]) => ({ text, op })),
  levels: LEVELS,
};

function reader(records: TextRecords): LineReader {
  return (text) => {
    const [label, address, comment] = fieldsOf(text);
    if (label === undefined) return;
    const op = OP_OF_LABEL[label.text];
    if (address === undefined || (op === undefined && label.text !== FLUSH)) {
      records.noRecord('a din record', FORMS);
      return;
    }
    const va = records.address(address, 1, 'with or without 0x');
    if (va === null) return;
    if (comment !== undefined && NUMBER.test(comment.text)) records.passed.add(NO_COMMENTS);
    if (op === undefined) records.passed.add('cache flushes');
    else records.access(op, va, 1);
  };
}

/** A label and an address. */
const ROW = /^\s*[0-4][ \t]+(0x)?[0-9a-f]{1,16}(\s|$)/i;
/** The same with a number behind it, in a line that is whole. */
const ROW_AND_NUMBER = /^[ \t]*[0-4][ \t]+(0x)?[0-9a-f]{1,16}[ \t]+\d+[ \t]*\r?\n/im;
const NUMBER = /^\d+$/;
const NO_COMMENTS = 'numbers behind an address, which din has not';

function sniff(head: Uint8Array): boolean {
  return looksLike(head, ROW) && !ROW_AND_NUMBER.test(Buffer.from(head).toString('latin1'));
}

export const DIN: TextFormat = { shape: SHAPE, lines: reader, virtual: true, lacks: LACKS, eventless: true };

export const din = {
  name: 'din',
  summary: 'Dinero, traditional: "label address" (text); labels 0 read, 1 write, 2 fetch',
  addresses: 'virtual',
  lacks: LACKS,
  priority: 30,
  sniff,
  open: async (source: ByteSource, options: ReaderOptions, engine?: TextEngine) =>
    openText(source, options, DIN, engine),
} satisfies TraceFormat;
