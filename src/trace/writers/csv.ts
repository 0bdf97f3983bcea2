/** Writes p2msim CSV: every column, since what events will come is not known when the columns are named. */
import { isGenerated } from '../generate/generated-path.js';
import { CsvWriter } from '../write.js';
import type { TraceWriterFormat } from './writer.js';

export const csvWriter = {
  name: 'csv',
  suffixes: ['.csv'],
  marksEnd: true,
  addresses: 'virtual',
  start(facts, sink) {
    const writer = new CsvWriter();
    const text = (lines: string): void => sink(Buffer.from(lines));
    if (isGenerated(facts.source)) text(`# Generated: ${facts.source}\n`);
    if (facts.lacks.length > 0)
      text(`# Made from ${facts.source}, which cannot say: ${facts.lacks.join(', ')}\n`);
    if (!facts.virtual) text(`# Made from ${facts.source}, whose addresses are physical\n`);
    text(writer.header(facts.header));
    return {
      chunk: (chunk) => text(writer.chunk(chunk)),
      end: (complete) => {
        if (!complete) text('# What this was made from ended early, by an error\n');
      },
    };
  },
} satisfies TraceWriterFormat;
