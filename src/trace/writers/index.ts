/** The formats that can be written: one import and one line each. */
import { Registry } from '../../util/registry.js';
import { csvWriter } from './csv.js';
import { dinWriter, lackeyWriter, rwWriter, xdinWriter } from './lines.js';
import { p2mtraceWriter } from './p2mtrace.js';
import type { TraceWriterFormat } from './writer.js';

export const TRACE_WRITERS = new Registry<TraceWriterFormat>('output format', [
  csvWriter,
  p2mtraceWriter,
  lackeyWriter,
  dinWriter,
  xdinWriter,
  rwWriter,
]);

/** The format that the end of a file name means, `.gz` and cases left aside; undefined if it means none. */
export function writerForName(path: string): TraceWriterFormat | undefined {
  const name = path.toLowerCase().replace(/\.gz$/, '');
  return TRACE_WRITERS.all().find(({ suffixes }) => suffixes.some((suffix) => name.endsWith(suffix)));
}
