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
  const known = knownFile(source);
  if (known !== null) throw known;
  const names = TRACE_FORMATS.names().join(', ');
  const message = `is in no format that p2msim knows (${names}); it begins with ${shown(source.head)}`;
  const subject = source.name === STDIN_NAME ? '' : ' for this file';
  throw new TraceError({ file: source.name }, message, {
    hint: `\`--format NAME\` names the format${subject}; \`p2msim trace formats\` describes them`,
  });
}

/** The start of what `--json` and the batch commands write. */
const OWN_JSON = /^\s*[[{]\s*(?:\{\s*)?"schema":\s*"(p2msim\.[^"]*)"/;
/** A key that only a sweep specification has, at the start of a line of TOML. */
const SPECIFICATION = /^\s*(?:(?:traces|modes|seeds)\s*=\s*\[|\[(?:axes|zip|exclude|points)[\].])/m;

/** The error for a file of p2msim that is no trace: which it is, and what reads it; null: it is none. */
function knownFile({ name, head }: Pick<ByteSource, 'name' | 'head'>): TraceError | null {
  const text = Buffer.from(head).toString('latin1');
  const schema = OWN_JSON.exec(text)?.[1];
  if (schema !== undefined) {
    return new TraceError({ file: name }, `is no trace: it is ${schema}, an output of p2msim`, {
      hint: `\`p2msim diff ${name} OTHER\` and \`p2msim table ${name}\` read saved results`,
    });
  }
  if (!SPECIFICATION.test(text)) return null;
  return new TraceError({ file: name }, 'is no trace: it looks like the specification of a sweep', {
    hint: `\`p2msim sweep ${name}\` runs it; docs/batch.md describes it`,
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
  if (Buffer.from(head).toString('latin1').trim() === '') return 'blank lines';
  const first = head.subarray(0, SHOWN_BYTES);
  const isText = first.every(
    (value) => (value >= 32 && value < 127) || value === 9 || value === 10 || value === 13,
  );
  if (isText) return quoted(Buffer.from(first).toString('latin1').trimEnd());
  return [...first.subarray(0, 8)].map((value) => value.toString(16).padStart(2, '0')).join(' ');
}
