/**
 * The columns of a p2msim CSV: names, accesses, the delimiter, and the line that names them.
 */
import { didYouMean } from '../../util/registry.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../access.js';
import { badRecord, quoted } from '../bad-records.js';

/** Byte-order mark, which may come before the first line. */
export const BOM = '\ufeff';

/** Every column there is; `op` and `va` are required. */
export const CSV_COLUMNS = [
  'op',
  'va',
  'size',
  'vcpu',
  'as',
  'pcid',
  'ip',
  'gfn',
  'level',
  'value',
  'perm',
  'order',
  'note',
] as const;
export type CsvColumn = (typeof CSV_COLUMNS)[number];

export const REQUIRED_COLUMNS: readonly CsvColumn[] = ['op', 'va'];

/** Accesses by their name in the `op` column. */
export const ACCESS_OPS: ReadonlyMap<string, number> = new Map([
  ['R', OP_READ],
  ['W', OP_WRITE],
  ['X', OP_FETCH],
  ['RW', OP_MODIFY],
  ['M', OP_MODIFY],
]);

/** One-byte delimiters, in the order in which a tie is decided. */
export const DELIMITERS = [',', ';', '\t'] as const;
export type Delimiter = (typeof DELIMITERS)[number];

/** Which field of a row is which column. */
export interface ColumnTable {
  readonly delimiter: Delimiter;
  /** Name by field number; null for a column that is passed over. */
  readonly names: readonly (CsvColumn | null)[];
  /** Field number by name. */
  readonly index: ReadonlyMap<CsvColumn, number>;
}

export function isCsvColumn(name: string): name is CsvColumn {
  return CSV_COLUMNS.some((column) => column === name);
}

/** The delimiter that occurs most often in a header line. */
export function delimiterOf(header: string): Delimiter {
  let best: Delimiter = ',';
  for (const delimiter of DELIMITERS) {
    if (header.split(delimiter).length > header.split(best).length) best = delimiter;
  }
  return best;
}

/** True if the line has a column's name, or looks like an access row. */
export function looksLikeRow(line: string): boolean {
  const cells = line.split(delimiterOf(line)).map((cell) => cell.trim().replaceAll('"', ''));
  if (cells.some((cell) => isCsvColumn(cell.toLowerCase()))) return true;
  return ACCESS_OPS.has(cells[0] ?? '') && /^(0x)?[0-9a-f]+$/i.test(cells[1] ?? '');
}

/** First character (from 1) and length of field `index`, counted from 0, in a line of text. */
export function fieldSpan(text: string, index: number, delimiter: string): { column: number; span: number } {
  let inQuotes = false;
  let field = 0;
  let start = 0;
  let end = text.length;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '"') inQuotes = !inQuotes;
    if (text[i] !== delimiter || inQuotes) continue;
    if (field === index) {
      end = i;
      break;
    }
    field += 1;
    start = i + 1;
  }
  if (field < index) return { column: text.length + 1, span: 1 };
  const whole = text.slice(start, end);
  const blank = whole.length - whole.trimStart().length;
  return { column: start + blank + 1, span: Math.max(1, whole.trim().length) };
}

/** Reads the header's fields. Throws a TraceError for unknown, repeated or missing columns. */
export function readColumns(
  file: string,
  line: number,
  text: string,
  fields: readonly string[],
  ignoreColumns: boolean,
): ColumnTable {
  const delimiter = delimiterOf(text);
  const names: (CsvColumn | null)[] = [];
  const index = new Map<CsvColumn, number>();
  const fail = (field: number, message: string, hint: string): never => {
    const { column, span } = fieldSpan(text, field, delimiter);
    throw badRecord(file, { line, column, span, text }, message, hint);
  };
  const lower = fields.map((field) => field.trim().toLowerCase());
  const missing = REQUIRED_COLUMNS.filter((column) => !lower.includes(column));
  if (missing.length > 0) {
    const found = `the header ${quoted(text)} names no column ${missing.map((name) => `'${name}'`).join(' and no ')}`;
    fail(0, found, "the first line that is not a comment names the columns, at least 'op,va'");
  }
  for (const [i, name] of lower.entries()) {
    const column = isCsvColumn(name) ? name : null;
    if (column !== null && index.has(column))
      fail(i, `column '${column}' is named twice`, 'rename or drop one of them');
    if (column === null && name !== '' && !ignoreColumns) fail(i, ...unknownColumns(lower));
    if (column !== null) index.set(column, i);
    names.push(column);
  }
  return { delimiter, names, index };
}

function unknownColumns(names: readonly string[]): [message: string, hint: string] {
  const unknown = names.filter((name) => name !== '' && !isCsvColumn(name));
  const near = unknown.length === 1 ? didYouMean(unknown[0] ?? '', CSV_COLUMNS) : undefined;
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  const list = unknown.map((name) => `'${name}'`).join(', ');
  return [
    `unknown column${unknown.length === 1 ? '' : 's'} ${list}${suggestion}; columns are ${CSV_COLUMNS.join(' ')}`,
    '`--ignore-columns` passes over unknown columns',
  ];
}
