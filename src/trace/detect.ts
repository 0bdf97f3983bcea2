/** Which format a trace is in, by its first bytes: every format is asked, and exactly one has to recognise them. */
import { TraceError } from '../errors.js';
import { quoted, STDIN_NAME } from './bad-records.js';
import type { ByteSource, TraceFormat } from './format.js';
import { TRACE_FORMATS } from './formats/index.js';

/** Bytes that a message shows of a file that nobody recognises. */
const SHOWN_BYTES = 24;

/** The format of `source`. Throws {@link TraceError} if none recognises it, or more than one. */
export function detectFormat(
  source: Pick<ByteSource, 'name' | 'head'>,
  formats: readonly TraceFormat[] = TRACE_FORMATS.all(),
): TraceFormat {
  const candidates = formats.filter((candidate) => candidate.sniff(source.head));
  const [format, other] = candidates;
  if (format !== undefined && other === undefined) return format;
  if (format !== undefined) throw ambiguous(source, candidates);
  const names = TRACE_FORMATS.names().join(', ');
  const message = `is in no format that p2msim knows (${names}); it begins with ${shown(source.head)}`;
  const subject = source.name === STDIN_NAME ? '' : ' for this file';
  throw new TraceError({ file: source.name }, message, {
    hint: `\`--format NAME\` names the format${subject}; \`p2msim trace formats\` describes them`,
  });
}

function ambiguous(
  source: Pick<ByteSource, 'name' | 'head'>,
  candidates: readonly TraceFormat[],
): TraceError {
  const names = candidates.map(({ name }) => name).toSorted();
  const message = `may be ${names.join(' or ')}: the beginning fits them ${names.length === 2 ? 'both' : 'all'}; it begins with ${shown(source.head)}`;
  return new TraceError({ file: source.name }, message, {
    hint: names.map((name) => `\`--format ${name}\``).join(' or ') + ' says which',
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
