/**
 * What becomes of records that cannot be read: the first ends the replay, or up to `maxErrors` are
 * dropped and counted. Also how such an error is worded: place, excerpt, next step.
 */
import { TraceError } from '../errors.js';
import type { ReadOptions } from './format.js';

/** {@link ReadOptions} and where dropped records are listed (for `trace check`). */
export interface ReaderOptions extends ReadOptions {
  readonly onBadRecord?: ((error: TraceError) => void) | undefined;
}

/** What messages call standard input. */
export const STDIN_NAME = '<stdin>';

/** Characters of a found text that a message quotes. */
const QUOTED_LENGTH = 40;
/** Characters of a line that an excerpt shows. */
const EXCERPT_LENGTH = 160;

/** Where in a line of text a field stands, for carets. */
export interface FieldPlace {
  readonly line: number;
  /** First character of the field, from 1. */
  readonly column: number;
  /** Characters of the field. */
  readonly span: number;
  /** The whole line. */
  readonly text: string;
}

/** `text` in double quotes, cut to a readable length, control characters as escapes. */
export function quoted(text: string): string {
  const cut = text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}...` : text;
  const escaped = cut.replaceAll(/\p{Cc}/gu, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

/** The same words in all readers: an address that is not canonical, in `bits` of 48 or 57. */
export function notCanonical(address: string, bits: number = 48): string {
  return `${address} is not a canonical ${bits}-bit address: bits 63 to ${bits - 1} must be equal`;
}

/** The same for an access or a range that begins at a canonical address and leaves its half. */
export function notAllCanonical(bytes: number, address: string, width: number = 48): string {
  return `${bytes} bytes from ${address} are not all canonical ${width}-bit addresses`;
}

/** A terminal must not act on what a trace contains; one character stays one character. */
function excerptOf(field: FieldPlace): string | undefined {
  if (field.column > EXCERPT_LENGTH) return undefined;
  const shown = field.text.replaceAll(/\p{Cc}/gu, (c) => (c === '\t' ? ' ' : '?'));
  return shown.length > EXCERPT_LENGTH ? `${shown.slice(0, EXCERPT_LENGTH)}...` : shown;
}

function listHint(file: string): string {
  const argument = file === STDIN_NAME ? '-' : file;
  return `\`p2msim trace check ${argument}\` lists every bad record`;
}

function nextStep(file: string): string {
  return `${listHint(file)}; \`--on-error skip --max-errors 10\` leaves out up to ten and goes on`;
}

/** The error for one bad record of a text trace. */
export function badRecord(file: string, field: FieldPlace, message: string, hint?: string): TraceError {
  const excerpt = excerptOf(field);
  return new TraceError({ file, line: field.line, column: field.column }, message, {
    hint: hint ?? nextStep(file),
    span: Math.max(1, Math.min(field.span, EXCERPT_LENGTH)),
    ...(excerpt === undefined ? {} : { excerpt }),
  });
}

/** The error for one bad record of a binary trace, `offset` bytes from its start. */
export function badBytes(file: string, offset: number, message: string): TraceError {
  return new TraceError({ file, offset }, message, { hint: nextStep(file) });
}

/** The error for a record that may not be dropped, since `most` were. */
function oneTooMany(error: TraceError, most: number): TraceError {
  const { place, message, excerpt, span } = error;
  const records = `${most} bad record${most === 1 ? '' : 's'}`;
  return new TraceError(place, `${message}; it is one more than the ${records} that may be dropped`, {
    hint: `${listHint(place.file)}; a larger \`--max-errors\` drops more`,
    span,
    cause: error,
    ...(excerpt === undefined ? {} : { excerpt }),
  });
}

/** Counts bad records, and decides whether to go on. */
export class BadRecords {
  readonly #options: ReaderOptions;
  #count = 0;
  #first: string | null = null;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Records dropped so far, and the message of the first with its place. */
  get skipped(): { readonly count: number; readonly first: string | null } {
    return { count: this.#count, first: this.#first };
  }

  /** Drops the record, or throws `error` if none may be dropped, or too many were. */
  report(error: TraceError): void {
    if (this.#options.onError === 'fail') throw error;
    if (this.#count >= this.#options.maxErrors) throw oneTooMany(error, this.#options.maxErrors);
    this.#count += 1;
    this.#first ??= `${error.where}: ${error.message}`;
    this.#options.onBadRecord?.(error);
  }
}
