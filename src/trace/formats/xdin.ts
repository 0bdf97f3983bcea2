/**
 * Dinero's extended text: kind, hexadecimal address and hexadecimal size a line, such as `r 7fff0010 8`.
 *
 * Kinds: r read, w write, i instruction fetch, m miscellaneous (counted like a read), c copyback and v invalidate,
 * which act on a cache alone and are passed over. What follows the size is a comment. Source: the formats that Dinero
 * IV documents for -informat D.
 * Not in the format: threads, page tables.
 */
import { OP_FETCH, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import * as byte from '../bytes.js';
import type { ByteSource, TraceFormat } from '../format.js';
import type { TextEngine, TextFormat, TextRecords } from '../text-format.js';
import { fieldsOf, looksLike, LEVELS, type LineReader, openText } from '../text-format.js';
import { PLAIN_ROWS, ROLE_ADDRESS, ROLE_HEX_SIZE, ROLE_OP, type RowShape } from '../text-shape.js';

const LACKS = ['page-table edits', 'context switches', 'accesses of the kernel', 'threads'] as const;
const OP_OF_KIND: Readonly<Record<string, number>> = { r: OP_READ, w: OP_WRITE, i: OP_FETCH, m: OP_READ };
const OF_A_CACHE: Readonly<Record<string, string>> = { c: 'copybacks', v: 'invalidations' };
const FORMS = '"kind address size": r read, w write, i fetch, m other, c copyback, v invalidate';

/** `r 7fff0010 8`. */
const SHAPE: RowShape = {
  ...PLAIN_ROWS,
  roles: [ROLE_OP, ROLE_ADDRESS, ROLE_HEX_SIZE],
  separators: [byte.SPACE, byte.SPACE],
  ops: Object.entries(OP_OF_KIND).map(([text, op]) => ({ text, op })),
  levels: LEVELS,
};

function reader(records: TextRecords): LineReader {
  return (text) => {
    const [kind, address, bytes] = fieldsOf(text);
    if (kind === undefined) return;
    const op = OP_OF_KIND[kind.text];
    const passed = OF_A_CACHE[kind.text];
    if (address === undefined || (op === undefined && passed === undefined)) {
      records.noRecord('an extended din record', FORMS);
      return;
    }
    const first = records.address(address, 1, 'with or without 0x');
    const size = first === null ? null : records.size(bytes ?? null, address, 16);
    if (first === null || size === null) return;
    if (passed !== undefined) {
      records.passed.add(passed);
      return;
    }
    const va = records.canonical(address, first, size);
    if (va !== null && op !== undefined) records.access(op, va, size);
  };
}

/** A kind, an address and a size. */
const ROW = /^\s*[rwimcv][ \t]+(0[xX])?[0-9a-fA-F]{1,16}[ \t]+(0[xX])?[0-9a-fA-F]{1,16}(\s|$)/;

export const XDIN: TextFormat = { shape: SHAPE, lines: reader, virtual: true, lacks: LACKS, eventless: true };

export const xdin = {
  name: 'xdin',
  summary: 'Dinero, extended: "kind address size" (text); kinds r read, w write, i fetch',
  addresses: 'virtual',
  lacks: LACKS,
  priority: 31,
  sniff: (head: Uint8Array) => looksLike(head, ROW),
  open: async (source: ByteSource, options: ReaderOptions, engine?: TextEngine) =>
    openText(source, options, XDIN, engine),
} satisfies TraceFormat;
