/**
 * p2mtrace: p2msim's own compact binary format. All that a CSV can say in a tenth of the bytes and less, decoded
 * several times faster than any text; docs/formats.md is its specification, byte by byte. What reads it
 * (p2mtrace-stream.ts) is loaded for a trace that is one.
 */
import type { ReaderOptions } from '../bad-records.js';
import type { ByteSource, TraceFormat } from '../format.js';
import { MAGIC } from './p2mtrace-layout.js';

/** The bytes can be told from text at the first one. */
function sniff(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.every((value, i) => head[i] === value);
}

export const p2mtrace = {
  name: 'p2mtrace',
  summary: "p2msim's own compact binary format: all that CSV can say; `p2msim trace convert` writes it",
  addresses: 'source',
  lacks: [],
  priority: 5,
  sniff,
  open: async (source: ByteSource, options: ReaderOptions) => {
    const { openP2mtrace } = await import('./p2mtrace-stream.js');
    return openP2mtrace(source, options);
  },
} satisfies TraceFormat;
