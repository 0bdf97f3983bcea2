/** Which format a trace is in, by its first bytes: formats are asked in the order of their priority. */
import { TraceError } from '../errors.js';
import { quoted, STDIN_NAME } from './bad-records.js';
import type { ByteSource, TraceFormat } from './format.js';
import { TRACE_FORMATS } from './formats/index.js';

/** Bytes that a message shows of a file that nobody recognises. */
const SHOWN_BYTES = 24;

/** The format of `source`. Throws {@link TraceError} with the first bytes if none recognises it. */
export function detectFormat(source: Pick<ByteSource, 'name' | 'head'>): TraceFormat {
  const formats = TRACE_FORMATS.all().toSorted((a, b) => a.priority - b.priority);
  const format = formats.find((candidate) => candidate.sniff(source.head));
  if (format !== undefined) return format;
  const names = TRACE_FORMATS.names().join(', ');
  const message = `is in no format that p2msim knows (${names}); it begins with ${shown(source.head)}`;
  const subject = source.name === STDIN_NAME ? '' : ' for this file';
  throw new TraceError({ file: source.name }, message, {
    hint: `\`--format NAME\` names the format${subject}; \`p2msim trace formats\` describes them`,
  });
}

/** First bytes: as text if they are, otherwise in hexadecimal. */
function shown(head: Uint8Array): string {
  const first = head.subarray(0, SHOWN_BYTES);
  const isText = first.every(
    (value) => (value >= 32 && value < 127) || value === 9 || value === 10 || value === 13,
  );
  if (isText) return quoted(Buffer.from(first).toString('latin1').trimEnd());
  return [...first.subarray(0, 8)].map((value) => value.toString(16).padStart(2, '0')).join(' ');
}
