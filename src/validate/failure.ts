/**
 * Failure: an error on its way from a thread to the caller's.
 *
 * A structured clone of an error is a plain Error: its class, and with it hint and exit code, is lost. So its parts
 * are sent, and it is built anew on the other side.
 */
import { ConfigError, InternalError, P2msimError, UsageError } from '../errors.js';

export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly hint: string | undefined;
  /** Null: it has none. */
  readonly cause: SentError | null;
}

/** True if a scenario was refused or is more than its guest can do: an answer. Anything else that is thrown is a bug. */
export function isRefusal(error: unknown): error is P2msimError {
  return error instanceof P2msimError && !(error instanceof InternalError);
}

/** The error in parts that can be cloned. */
export function packError(error: unknown): SentError {
  const thrown = error instanceof Error ? error : new Error(String(error));
  return {
    name: thrown.name,
    message: thrown.message,
    stack: thrown.stack,
    hint: thrown instanceof P2msimError ? thrown.hint : undefined,
    cause: thrown.cause === undefined ? null : packError(thrown.cause),
  };
}

/** The error of those parts: of its class if it is one of ours, with the stack that it had. */
export function unpackError(sent: SentError): Error {
  const { name, message, stack, hint, cause } = sent;
  const options = {
    ...(hint === undefined ? {} : { hint }),
    ...(cause === null ? {} : { cause: unpackError(cause) }),
  };
  const error = build(name, message, options);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function build(name: string, message: string, options: { hint?: string; cause?: unknown }): Error {
  if (name === 'UsageError') return new UsageError(message, options);
  if (name === 'ConfigError') return new ConfigError(message, options);
  if (name === 'InternalError') return new InternalError(message, options);
  const error = new Error(message, options);
  error.name = name;
  return error;
}
