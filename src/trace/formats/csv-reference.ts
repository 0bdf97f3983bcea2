/**
 * The reference way to split CSV rows: csv-parse, which knows quotes and their escapes.
 *
 * A record is one line: a quoted field cannot contain a line break. Hence a broken quote costs one
 * record, and line numbers are exact. csv-parse is loaded by the first line that needs it: to load it takes
 * a tenth of the time of a whole process that does nothing (docs/performance.md, "Start-up").
 */
import { createRequire } from 'node:module';
import type { CsvError } from 'csv-parse/sync';
import type { LineBuffer } from '../line-buffer.js';
import type { Delimiter } from './csv-columns.js';
import type { RowReader } from './csv-rows.js';

const require = createRequire(import.meta.url);

function csvParse(): typeof import('csv-parse/sync') {
  return require('csv-parse/sync');
}

/** One line and its number. */
interface Line {
  readonly number: number;
  readonly text: string;
}

/** Splits complete lines, each one record. Throws {@link CsvError} for a broken quote. */
function parseLines(text: string, delimiter: Delimiter): string[][] {
  const records: string[][] = csvParse().parse(text, {
    delimiter,
    record_delimiter: '\n',
    relax_column_count: true,
    trim: true,
    bom: false,
  });
  return records.map((fields) => fields.map((field) => field.trim()));
}

/** Fields of one line, or what is wrong with its quotes. */
export function splitLine(text: string, delimiter: Delimiter): readonly string[] | CsvError {
  try {
    const records = parseLines(text, delimiter);
    return records[0] ?? [];
  } catch (error) {
    if (error instanceof csvParse().CsvError) return error;
    throw error;
  }
}

/** Consumes up to `most` complete lines (blank ones and comments too) by way of csv-parse. */
export function readReference(lines: LineBuffer, most: number, delimiter: Delimiter, rows: RowReader): void {
  const block: Line[] = [];
  for (let i = 0; i < most && !lines.drained; i++) {
    const number = lines.line;
    const text = lines.next();
    const shown = text.trim();
    if (shown.startsWith('#')) rows.notes.remark(text, number);
    else if (shown !== '') block.push({ number, text });
  }
  const records = splitBlock(block, delimiter);
  const { CsvError } = csvParse();
  for (const [i, line] of block.entries()) {
    const fields = records?.[i] ?? splitLine(line.text, delimiter);
    if (fields instanceof CsvError)
      rows.fail(line.number, line.text, brokenField(line.text, delimiter), quoteMessage(fields));
    else rows.row(fields, line.number, line.text);
  }
}

/** Fields of all lines at once; null if they have to be taken one by one. */
function splitBlock(block: readonly Line[], delimiter: Delimiter): string[][] | null {
  if (block.length === 0) return null;
  try {
    const records = parseLines(block.map((line) => line.text).join('\n'), delimiter);
    // A quote that spans lines makes fewer records than lines.
    return records.length === block.length ? records : null;
  } catch (error) {
    if (error instanceof csvParse().CsvError) return null;
    throw error;
  }
}

/** Number of the field that has the first quote: where a reader of the message should look. */
function brokenField(text: string, delimiter: Delimiter): number {
  return text.slice(0, text.indexOf('"')).split(delimiter).length - 1;
}

function quoteMessage(error: CsvError): string {
  return error.code === 'CSV_QUOTE_NOT_CLOSED'
    ? 'the quote is not closed on this line'
    : 'a quote stands inside a field; a quoted field begins and ends with one, and doubles those within';
}
