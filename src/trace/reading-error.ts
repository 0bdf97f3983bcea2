/** What a record that cannot be read comes of: damage of the container that it is in, or a format that was named wrongly. */
import { TraceError } from '../errors.js';
import type { TraceFormat } from './format.js';
import { TRACE_FORMATS } from './formats/index.js';
import { openSource, type TraceSource } from './source.js';

/** An error about one record, not about the file. */
function isOfRecord(error: unknown): error is TraceError {
  return error instanceof TraceError && (error.place.line ?? error.place.offset) !== undefined;
}

/** What is wrong with the container; null: nothing, or it is no file that can be read once more. */
async function damageOf(path: string, { compressed, totalBytes }: TraceSource): Promise<TraceError | null> {
  if (!compressed || totalBytes === null) return null;
  try {
    const again = await openSource(path);
    for await (const _ of again.chunks());
    return null;
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
}

/** The format that the content is in and the named one is not. */
function mistakenFormat(named: TraceFormat, { head }: TraceSource): TraceFormat | undefined {
  return named.sniff(head) ? undefined : TRACE_FORMATS.all().find((format) => format.sniff(head));
}

/** The error to report where reading ended in `error`; `named`: the format that the user gave. */
export async function readingError(
  error: unknown,
  path: string,
  source: TraceSource,
  named: TraceFormat | undefined,
): Promise<unknown> {
  if (!isOfRecord(error)) return error;
  const damage = await damageOf(path, source);
  if (damage !== null) {
    const details = [`the first thing that cannot be read: ${error.where}: ${error.message}`];
    const hint = damage.hint === undefined ? {} : { hint: damage.hint };
    return new TraceError(damage.place, damage.message, { ...hint, details, cause: error });
  }
  const other = named === undefined ? undefined : mistakenFormat(named, source);
  if (other === undefined) return error;
  const { place, message, excerpt, span } = error;
  const hint = `the file looks like ${other.name}: leave out \`--format\`, or give \`--format ${other.name}\``;
  return new TraceError(place, message, {
    hint,
    span,
    cause: error,
    ...(excerpt === undefined ? {} : { excerpt }),
  });
}
