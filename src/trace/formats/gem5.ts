/**
 * Packet traces of gem5, as util/decode_packet_trace.py prints them: `r,134217728,64,0,500000` a line.
 *
 * Fields: perhaps the number of a packet, then the command (r read, w write, u any other), address and size in decimal,
 * perhaps flags, the tick, perhaps the address of the instruction; only command, address and size are used. Packets of
 * other commands (such as clean evictions) carry no access and are passed over. Addresses are physical, unless the
 * monitor sat before the MMU. Source: that script.
 * Not in the format: processes, page tables; what is a fetch.
 */
import { OP_READ, OP_WRITE } from '../access.js';
import type { AddressHalves } from '../../arch/address.js';
import type { ReaderOptions } from '../bad-records.js';
import { quoted } from '../bad-records.js';
import type { ByteSource, TraceFormat } from '../format.js';
import type { Field, TextEngine, TextFormat, TextRecords } from '../text-format.js';
import { looksLike, type LineReader, openText } from '../text-format.js';

const LACKS = ['instruction fetches', 'page-table edits', 'context switches', 'threads'] as const;
const OP_OF_COMMAND: Readonly<Record<string, number>> = { r: OP_READ, w: OP_WRITE };
const FORMS = '"[id,]command,address,size,[flags,]tick[,pc]" with command r, w or u and decimal numbers';
const ROW = /^(?:\d{1,20},)?([rwu]),(\d{1,20}),(\d{1,20})((?:,\d{1,20}){1,3})$/;

/** Decimal digits to an address; null beyond 64 bits. */
function decimalAddress(text: string): AddressHalves | null {
  let [hi, lo] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    lo = lo * 10 + text.charCodeAt(i) - 48;
    hi = hi * 10 + Math.floor(lo / 2 ** 32);
    lo %= 2 ** 32;
  }
  return hi < 2 ** 32 ? { hi, lo } : null;
}

function reader(records: TextRecords): LineReader {
  return (text) => {
    if (text.trim() === '') return;
    const match = ROW.exec(text);
    if (match === null) {
      records.noRecord('a packet of gem5', FORMS);
      return;
    }
    const [, command = '', digits = '', bytes = ''] = match;
    const column = text.indexOf(`${command},`) + 3;
    const address: Field = { text: digits, column };
    const op = OP_OF_COMMAND[command];
    if (op === undefined) {
      records.passed.add('packets that are neither reads nor writes');
      return;
    }
    const size = records.size({ text: bytes, column: column + digits.length + 1 }, address, 10);
    if (size === null) return;
    const va = decimalAddress(digits);
    if (va === null) records.report(address, `${quoted(digits)} is no 64-bit address`);
    else if (records.canonical(address, va, size) !== null) records.access(op, va, size);
  };
}

export const GEM5: TextFormat = {
  shape: null,
  lines: reader,
  virtual: false,
  lacks: LACKS,
  eventless: true,
};

export const gem5 = {
  name: 'gem5',
  summary: 'packets of gem5, printed by decode_packet_trace.py: "r,ADDR,SIZE,FLAGS,TICK" (text)',
  addresses: 'physical',
  lacks: LACKS,
  priority: 34,
  sniff: (head: Uint8Array) => looksLike(head, ROW),
  open: async (source: ByteSource, options: ReaderOptions, engine?: TextEngine) =>
    openText(source, options, GEM5, engine),
} satisfies TraceFormat;
