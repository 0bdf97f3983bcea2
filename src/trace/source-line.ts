/**
 * Places in a p2mtrace: its events keep the line of the text that it was made from, and its own file has no lines.
 */
import { TraceError, type TracePlace } from '../errors.js';
import type { OpenTrace } from './open.js';

type Told = Pick<OpenTrace, 'path' | 'format'>;

/** What is said of a place in `trace`: a line of what it was made from is no place in its file, and told as what it is. */
export function toldOf<What extends { readonly place: TracePlace; readonly message: string }>(
  what: What,
  trace: Told,
): Pick<What, 'place' | 'message'> {
  const { place, message } = what;
  if (!isOfSource(place, trace)) return what;
  return { place: { file: place.file }, message: `${message} (line ${place.line} of what it was made from)` };
}

/** The same of an error. */
export function errorIn(error: TraceError, trace: Told): TraceError {
  if (!isOfSource(error.place, trace)) return error;
  const { place, message } = toldOf(error, trace);
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  return new TraceError(place, message, { ...hint, details: error.details, cause: error });
}

function isOfSource({ file, line }: TracePlace, { path, format }: Told): boolean {
  return format === 'p2mtrace' && file === path && line !== undefined;
}
