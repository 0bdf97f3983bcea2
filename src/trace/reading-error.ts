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

/** A format that the user named, and that the beginning of the content is not in. */
export interface Mistaken {
  readonly named: string;
  /** Another that it is in, if there is one. */
  readonly looksLike: string | undefined;
}

/** Not one record could be read in the format that was named: what there is is no such trace. */
export class WrongFormatError extends TraceError {}

/** Null: the content may be in the format that was named, or none was. */
export function mistakenFormat(
  named: TraceFormat | undefined,
  { head }: Pick<TraceSource, 'head'>,
): Mistaken | null {
  if (named === undefined || named.sniff(head)) return null;
  return { named: named.name, looksLike: TRACE_FORMATS.all().find((format) => format.sniff(head))?.name };
}

/** What to say of records that could be read all the same; null: there is nothing odd about them. */
export function mistakenNote(mistaken: Mistaken | null): string | null {
  if (mistaken?.looksLike === undefined) return null;
  return `read as ${mistaken.named}, as --format says; it looks like ${mistaken.looksLike}`;
}

/** The same `error` with what may be done about the format; of another class if nothing could be read. */
function withFormat(error: TraceError, { named, looksLike }: Mistaken, anyRead: boolean): TraceError {
  if (anyRead && looksLike === undefined) return error;
  const { place, message, excerpt, span } = error;
  const hint =
    looksLike === undefined
      ? `its beginning does not look like ${named}; \`p2msim trace formats\` describes the formats`
      : `the file looks like ${looksLike}: leave out \`--format\`, or give \`--format ${looksLike}\``;
  const options = { hint, span, cause: error, ...(excerpt === undefined ? {} : { excerpt }) };
  return anyRead ? new TraceError(place, message, options) : new WrongFormatError(place, message, options);
}

/** The error for a trace of which nothing was read in the format that was named; `first`: its first bad record. */
export function nothingRead(path: string, mistaken: Mistaken, first: TraceError | undefined): TraceError {
  const error = first ?? new TraceError({ file: path }, `has no record of the format ${mistaken.named}`);
  return withFormat(error, mistaken, false);
}

/** The error to report where reading ended in `error`; `anyRead`: records had been read before it. */
export async function readingError(
  error: unknown,
  path: string,
  source: TraceSource,
  mistaken: Mistaken | null,
  anyRead: boolean,
): Promise<unknown> {
  if (!isOfRecord(error)) return error;
  const damage = await damageOf(path, source);
  if (damage !== null) {
    const details = [`the first thing that cannot be read: ${error.where}: ${error.message}`];
    const hint = damage.hint === undefined ? {} : { hint: damage.hint };
    return new TraceError(damage.place, damage.message, { ...hint, details, cause: error });
  }
  return mistaken === null ? error : withFormat(error, mistaken, anyRead);
}
