/**
 * The text of pinatrace, the example tool of Intel's Pin: `0x401ab7: R 0x7ffe0010` a line, `#eof` at the end.
 *
 * First the address of the instruction, which is only checked to be one: it is there for instructions that access memory
 * and no others, so it is no trace of fetches. Source: the Pin user guide, "Memory Reference Trace".
 * Not in the format: fetches, sizes, threads, page tables.
 */
import { OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { quoted } from '../bad-records.js';
import * as byte from '../bytes.js';
import type { ByteSource, TraceFormat } from '../format.js';
import { parseHex } from '../../arch/address.js';
import type { TextEngine, TextFormat, TextRecords } from '../text-format.js';
import { fieldsOf, looksLike, LEVELS, type LineReader, openText } from '../text-format.js';
import { PLAIN_ROWS, ROLE_ADDRESS, ROLE_CODE, ROLE_OP, type RowShape } from '../text-shape.js';

const LACKS = [
  'instruction fetches',
  'access sizes (1 byte each)',
  'page-table edits',
  'context switches',
  'accesses of the kernel',
  'threads',
] as const;
const OP_OF_LETTER: Readonly<Record<string, number>> = { R: OP_READ, W: OP_WRITE };
const END = '#eof';
const FORMS = '"0xIP: R 0xADDR", "0xIP: W 0xADDR" or "#eof"';

/** `0x401ab7: R 0x7ffe0010`. */
const SHAPE: RowShape = {
  ...PLAIN_ROWS,
  roles: [ROLE_CODE, ROLE_OP, ROLE_ADDRESS],
  separators: [byte.SPACE, byte.SPACE],
  ops: Object.entries(OP_OF_LETTER).map(([text, op]) => ({ text, op })),
  levels: LEVELS,
};

function reader(records: TextRecords): LineReader {
  return (text) => {
    const [code, letter, address, more] = fieldsOf(text);
    if (code === undefined || (code.text === END && letter === undefined)) return;
    const op = letter === undefined ? undefined : OP_OF_LETTER[letter.text];
    if (op === undefined || address === undefined || more !== undefined) {
      records.noRecord('a pinatrace record', FORMS);
      return;
    }
    if (!code.text.endsWith(':') || parseHex(code.text.slice(0, -1)) === null) {
      const what = 'is not the address of an instruction (hexadecimal, with a colon behind it)';
      records.report(code, `${quoted(code.text)} ${what}`);
      return;
    }
    const va = records.address(address, 1, 'with or without 0x');
    if (va !== null) records.access(op, va, 1);
  };
}

/** An address with a colon, R or W, an address. */
const ROW = /^(0[xX])?[0-9a-fA-F]{1,16}:[ \t]+[RW][ \t]+(0[xX])?[0-9a-fA-F]{1,16}\s*$|^\s*#eof\s*$/;

export const PINATRACE: TextFormat = {
  shape: SHAPE,
  lines: reader,
  virtual: true,
  lacks: LACKS,
  eventless: true,
};

export const pinatrace = {
  name: 'pinatrace',
  summary: 'pinatrace of Intel Pin: "0xIP: R 0xADDR" (text)',
  addresses: 'virtual',
  lacks: LACKS,
  priority: 32,
  sniff: (head: Uint8Array) => looksLike(head, ROW),
  open: async (source: ByteSource, options: ReaderOptions, engine?: TextEngine) =>
    openText(source, options, PINATRACE, engine),
} satisfies TraceFormat;
