/** Writes p2mtrace, with deflated blocks: they decode nearly as fast as plain ones (bench: p2mtrace). */
import { BlockWriter } from '../formats/p2mtrace-blocks.js';
import type { TraceWriterFormat } from './writer.js';

export const p2mtraceWriter = {
  name: 'p2mtrace',
  suffixes: ['.p2mtrace', '.p2mt'],
  keepsNotes: true,
  addresses: 'source',
  start: (facts, sink) => new BlockWriter(facts, sink, { deflate: true }),
} satisfies TraceWriterFormat;
