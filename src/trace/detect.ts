/** Which format a trace is in, by its first bytes: every format is asked, and exactly one has to recognise them. */
import { TraceError } from '../errors.js';
import { STDIN_NAME } from './bad-records.js';
import { foreignFile, nearlyFitting, shownHead } from './foreign-files.js';
import type { ByteSource, TraceFormat } from './format.js';
import { TRACE_FORMATS } from './formats/index.js';

/** The format of `source`. Throws {@link TraceError} if none recognises it, or more than one. */
export function detectFormat(
  source: Pick<ByteSource, 'name' | 'head'>,
  formats: readonly TraceFormat[] = TRACE_FORMATS.all(),
): TraceFormat {
  const candidates = formats.filter((candidate) => candidate.sniff(source.head));
  const [format, other] = candidates;
  if (format !== undefined && other === undefined) return format;
  if (format !== undefined) throw ambiguous(source, candidates);
  throw foreignFile(source) ?? unknownFormat(source, formats);
}

function unknownFormat(
  { name, head }: Pick<ByteSource, 'name' | 'head'>,
  formats: readonly TraceFormat[],
): TraceError {
  const near = nearlyFitting(head, formats).map((format) => format.name);
  if (near.length > 0) {
    const message = `is in no format that p2msim knows, but part of its beginning fits ${near.join(' and ')}; it begins with ${shownHead(head)}`;
    return new TraceError({ file: name }, message, {
      hint: `${near.map((each) => `\`--format ${each}\``).join(' or ')} reads it, and says which record is wrong`,
    });
  }
  const names = TRACE_FORMATS.names().join(', ');
  const message = `is in no format that p2msim knows (${names}); it begins with ${shownHead(head)}`;
  const subject = name === STDIN_NAME ? '' : ' for this file';
  return new TraceError({ file: name }, message, {
    hint: `\`--format NAME\` names the format${subject}; \`p2msim trace formats\` describes them`,
  });
}

function ambiguous(
  source: Pick<ByteSource, 'name' | 'head'>,
  candidates: readonly TraceFormat[],
): TraceError {
  const names = candidates.map(({ name }) => name).toSorted();
  const message = `may be ${names.join(' or ')}: the beginning fits them ${names.length === 2 ? 'both' : 'all'}; it begins with ${shownHead(source.head)}`;
  return new TraceError({ file: source.name }, message, {
    hint: names.map((name) => `\`--format ${name}\``).join(' or ') + ' says which',
  });
}
