/** Writes p2msim CSV: every column, since what events will come is not known when the columns are named. */
import { isGenerated } from '../generate/generated-path.js';
import { closingLines, noteLines } from '../formats/csv-notes.js';
import { CsvWriter } from '../write.js';
import type { TraceWriterFormat } from './writer.js';

export const csvWriter = {
  name: 'csv',
  suffixes: ['.csv'],
  keepsNotes: true,
  addresses: 'source',
  start(facts, sink) {
    const writer = new CsvWriter();
    const text = (lines: string): void => sink(Buffer.from(lines));
    const comments = (lines: readonly string[]): void => lines.forEach((line) => text(`${line}\n`));
    const generated = isGenerated(facts.source);
    if (generated) text(`# Generated: ${facts.source}\n`);
    comments(noteLines(facts, generated));
    text(writer.header(facts.header));
    return {
      chunk: (chunk) => text(writer.chunk(chunk)),
      end: (complete, passedOver = new Map()) => comments(closingLines(complete, passedOver)),
    };
  },
} satisfies TraceWriterFormat;
