/**
 * p2msim CSV: a header line names the columns, `op,va` is enough; accesses and every event of
 * docs/formats.md, one a line. Delimiter `,`, `;` or tab; quotes, byte-order mark, CR LF and `#`
 * comments are understood. What reads it (csv-stream.ts) is loaded for a trace that is a CSV.
 */
import type { ReaderOptions } from '../bad-records.js';
import type { ByteSource, TraceFormat } from '../format.js';
import { BOM, looksLikeRow } from './csv-columns.js';
import { hasPerfHeader } from './perf-header.js';

/** True if the first line that is not a comment has a column's name, or looks like an access row. */
function sniff(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString('utf8');
  const lines = (text.startsWith(BOM) ? text.slice(BOM.length) : text).split('\n');
  if (lines[0]?.includes('\0') === true) return false;
  if (hasPerfHeader(text)) return false;
  let comments = 0;
  for (const line of lines) {
    const shown = line.trim();
    if (shown.startsWith('#')) comments++;
    else if (shown !== '') return looksLikeRow(shown);
  }
  return comments > 0;
}

export const csv = {
  name: 'csv',
  summary: 'p2msim CSV: a header names the columns (op,va,...), then accesses and events',
  addresses: 'virtual',
  lacks: [],
  priority: 10,
  sniff,
  open: async (source: ByteSource, options: ReaderOptions) => {
    const { openCsv } = await import('./csv-stream.js');
    return openCsv(source, options, 'scanner');
  },
} satisfies TraceFormat;
