/**
 * Valgrind lackey: the text that `valgrind --tool=lackey --trace-mem=yes` writes.
 *
 * One record a line: `I  04015fe0,3` (instruction fetch), ` L 1ffeffe7e0,8` (load), ` S ...`
 * (store), ` M ...` (modify); addresses are hexadecimal without `0x`, sizes decimal bytes. Lines of
 * valgrind itself begin with `==pid==` and may come anywhere. Source: Valgrind manual, "Lackey: an
 * example tool"; samples made with Valgrind 3.19.0.
 * Not in the format: threads, the kernel, page tables, system calls.
 */
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { quoted } from '../bad-records.js';
import * as byte from '../bytes.js';
import type { ByteSource, TraceFormat, TraceStream } from '../format.js';
import { LEVELS, type LineReader, openText, type TextEngine, type TextRecords } from '../text-format.js';
import { NO_SEPARATOR, PLAIN_ROWS, ROLE_ADDRESS, ROLE_OP, ROLE_SIZE, type RowShape } from '../text-shape.js';

const LACKS = ['page-table edits', 'context switches', 'accesses of the kernel', 'threads'] as const;
const FORMS = '" L addr,size", " S addr,size", " M addr,size" or "I  addr,size"';
const OP_OF_KIND: Readonly<Record<string, number>> = {
  ' L ': OP_READ,
  ' S ': OP_WRITE,
  ' M ': OP_MODIFY,
  'I  ': OP_FETCH,
};

/** ` L 1ffeffe7e0,8`. */
const SHAPE: RowShape = {
  ...PLAIN_ROWS,
  roles: [ROLE_OP, ROLE_ADDRESS, ROLE_SIZE],
  separators: [NO_SEPARATOR, byte.COMMA],
  ops: Object.entries(OP_OF_KIND).map(([text, op]) => ({ text, op })),
  prefix: false,
  levels: LEVELS,
};

/** Lines of valgrind itself. */
const BANNER = /^(==|--|\*\*)\d+(==|--|\*\*)/;

/** Any line: valgrind's own, blank, wrong, or a record that the scanner has not taken. */
function reader(records: TextRecords): LineReader {
  return (text) => {
    if (text.trim() === '' || BANNER.test(text)) return;
    const match = /^( [LSM] |I {2})([^,]*)(?:,(.*))?$/.exec(text);
    if (match === null) {
      const column = /^ *[LSMI] +/.test(text) ? 1 : text.length - text.trimStart().length + 1;
      records.report(
        { text: text.trim(), column },
        `${quoted(text)} is not a lackey record; expected ${FORMS}`,
      );
      return;
    }
    const address = { text: match[2] ?? '', column: 4 };
    // The address is looked at first, so that the first mistake of a line is the one that is named.
    if (records.address(address, 1, 'without 0x') === null) return;
    const behind = match[3] === undefined ? null : { text: match[3], column: 5 + address.text.length };
    const size = records.size(behind, address, 10);
    if (size === null) return;
    const va = records.address(address, size, 'without 0x');
    if (va !== null) records.access(OP_OF_KIND[match[1] ?? ''] ?? OP_READ, va, size);
  };
}

/** True if the first line that is not valgrind's looks like a record, or there are only valgrind's. */
function sniff(head: Uint8Array): boolean {
  const lines = Buffer.from(head).toString('latin1').split('\n');
  // The head may end within a line.
  if (lines.length > 1) lines.pop();
  let banners = 0;
  for (const line of lines) {
    if (BANNER.test(line)) banners++;
    else if (line.trim() !== '') return /^( [LSM] |I {2})[0-9a-fA-F]/.test(line) || banners >= 2;
  }
  return banners > 0;
}

/** Opens a lackey trace with a chosen way of reading records. */
export async function openLackey(
  source: ByteSource,
  options: ReaderOptions,
  engine: TextEngine,
): Promise<TraceStream> {
  const format = { shape: SHAPE, lines: reader, virtual: true, lacks: LACKS, eventless: true };
  return openText(source, options, format, engine);
}

export const lackey = {
  name: 'lackey',
  summary: 'valgrind --tool=lackey --trace-mem=yes (text)',
  addresses: 'virtual',
  lacks: LACKS,
  priority: 20,
  sniff,
  open: (source: ByteSource, options: ReaderOptions) => openLackey(source, options, 'scanner'),
} satisfies TraceFormat;
