/**
 * The errors a user can cause, each with its exit code, and the one that only we can cause.
 *
 * Every message names the place, what was found and what was expected; `hint` is the next thing
 * to do. Messages are lower case without a full stop; `cli/` prints them as
 * `error: <where>: <what>` followed by an excerpt and the hint (design: exit codes 0 1 2 3 70 130).
 */

/** Base of every error this package throws on purpose. */
export class P2msimError extends Error {
  readonly exitCode: number;
  /** One line: the command or change that gets the user further. */
  readonly hint: string | undefined;
  /** More lines below the message, one fact each. */
  readonly details: readonly string[];

  constructor(
    message: string,
    exitCode: number,
    options: { hint?: string; details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.details = options.details ?? [];
    this.name = new.target.name;
    this.exitCode = exitCode;
    this.hint = options.hint;
  }
}

/** Wrong words on the command line: exit 2. */
export class UsageError extends P2msimError {
  constructor(
    message: string,
    options: { hint?: string; details?: readonly string[]; cause?: unknown } = {},
  ) {
    super(message, 2, options);
  }
}

/** A line of a text, for the excerpt below a message. Lines and columns count from 1. */
export interface Excerpt {
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** Length in characters of what is wrong, for the carets. */
  readonly span: number;
}

/** A configuration that cannot be: unknown key, impossible geometry, contradiction. Exit 2. */
export class ConfigError extends P2msimError {
  /** The line of the file that is wrong, if it is one. */
  readonly excerpt: Excerpt | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown; excerpt?: Excerpt } = {}) {
    super(message, 2, options);
    this.excerpt = options.excerpt;
  }
}

/** Where in an input something was found. Lines and columns count from 1. */
export interface TracePlace {
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Of binary traces: byte of the decompressed trace, from 0. */
  readonly offset?: number | undefined;
}

/** An input that cannot be read or replayed: exit 3. */
export class TraceError extends P2msimError {
  readonly place: TracePlace;
  /** The offending line of text, for the excerpt, if there is one. */
  readonly excerpt: string | undefined;
  /** Length in characters of the offending field, for the carets. */
  readonly span: number;

  constructor(
    place: TracePlace,
    message: string,
    options: {
      hint?: string;
      details?: readonly string[];
      cause?: unknown;
      excerpt?: string;
      span?: number;
    } = {},
  ) {
    super(message, 3, options);
    this.place = place;
    this.excerpt = options.excerpt;
    this.span = options.span ?? 1;
  }

  /** `file:line:column`, as far as it is known, or `file: byte OFFSET`. */
  get where(): string {
    const { file, line, column, offset } = this.place;
    if (offset !== undefined) return `${file}: byte ${offset}`;
    if (line === undefined) return file;
    return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`;
  }
}

/** A broken promise inside p2msim itself: exit 70, with a stack. */
export class InternalError extends P2msimError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, 70, options);
  }
}
