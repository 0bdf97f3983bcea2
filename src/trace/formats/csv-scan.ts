/**
 * CsvScanner: the fast way through a plain CSV: access rows (`R W X RW M`) by the byte scanner (text-scan.ts).
 *
 * Any other row is split as text; a line with a quote goes to csv-parse (csv-reference.ts) together
 * with some lines after it.
 */
import { HASH } from '../bytes.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import type { LineBuffer } from '../line-buffer.js';
import { TextScanner } from '../text-scan.js';
import {
  ROLE_ADDRESS,
  ROLE_OP,
  ROLE_OTHER,
  ROLE_SIZE,
  ROLE_SPACE,
  ROLE_VCPU,
  type Role,
  type RowShape,
} from '../text-shape.js';
import { ACCESS_OPS, type ColumnTable } from './csv-columns.js';
import { readReference } from './csv-reference.js';
import type { RowReader } from './csv-rows.js';

/** Lines given to csv-parse at once when a quote turns up: enough to make its start-up cheap. */
const REFERENCE_LINES = 256;

export class CsvScanner {
  readonly #lines: LineBuffer;
  readonly #out: ChunkBuilder;
  readonly #rows: RowReader;
  readonly #table: ColumnTable;
  readonly #scanner: TextScanner;

  constructor(lines: LineBuffer, out: ChunkBuilder, rows: RowReader, table: ColumnTable) {
    this.#lines = lines;
    this.#out = out;
    this.#rows = rows;
    this.#table = table;
    this.#scanner = new TextScanner(lines, out, shapeOf(table, rows));
  }

  /** Consumes complete lines until none is left or the chunk is full. */
  decode(): void {
    this.#scanner.decode(() => this.#other());
  }

  /** The line at hand is not a plain access row: blank, comment, event, quoted or wrong. */
  #other(): void {
    const lines = this.#lines;
    const text = lines.peek();
    const skipped = isSkipped(text);
    if (!skipped && text.includes('"')) {
      readReference(lines, Math.min(REFERENCE_LINES, this.#out.room), this.#table.delimiter, this.#rows);
      return;
    }
    const line = lines.line;
    lines.skip();
    if (!skipped) this.#rows.row(fieldsOf(text, this.#table.delimiter), line, text);
    else this.#rows.notes.remark(text, line);
  }
}

/** True for blank lines and comments. */
function isSkipped(text: string): boolean {
  const first = text.charCodeAt(0);
  if (first > HASH && first < 0x80) return false;
  const shown = text.trim();
  return shown === '' || shown.startsWith('#');
}

/** The cells of a row without quotes, without blanks around them. By hand: `split` and `map` take twice as long. */
function fieldsOf(text: string, delimiter: string): string[] {
  const fields: string[] = [];
  for (let start = 0; ;) {
    const end = text.indexOf(delimiter, start);
    fields.push((end < 0 ? text.slice(start) : text.slice(start, end)).trim());
    if (end < 0) return fields;
    start = end + 1;
  }
}

const ROLES: Readonly<Record<string, Role>> = {
  op: ROLE_OP,
  va: ROLE_ADDRESS,
  size: ROLE_SIZE,
  vcpu: ROLE_VCPU,
  as: ROLE_SPACE,
};

function shapeOf({ names, delimiter }: ColumnTable, rows: RowReader): RowShape {
  return {
    roles: names.map((name) => ROLES[name ?? ''] ?? ROLE_OTHER),
    separators: names.slice(1).map(() => delimiter.charCodeAt(0)),
    ops: [...ACCESS_OPS].map(([text, op]) => ({ text, op })),
    prefix: true,
    complete: false,
    levels: rows.levels,
    modifyAsTwo: false,
    vcpuLimit: rows.vcpuLimit,
    spaces: rows.current,
  };
}
