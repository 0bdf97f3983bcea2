/**
 * Where a wrong value was given, in front of what is wrong with it: registries say what they know, not who asked.
 */
import { ConfigError, UsageError } from '../errors.js';

/** What `read` gives. What it refuses gets `origin` in front, unless its message names that already. */
export function saidBy<T>(origin: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw withOrigin(error, origin);
  }
}

/** `error` with `origin` in front of its message; any error that is not about words or values as it is. */
export function withOrigin(error: unknown, origin: string): unknown {
  if (!(error instanceof UsageError) && !(error instanceof ConfigError)) return error;
  const named = error.message.startsWith(origin);
  if (named && error instanceof ConfigError) return error;
  return new ConfigError(named ? error.message : `${origin}: ${error.message}`, {
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error instanceof ConfigError && error.excerpt !== undefined ? { excerpt: error.excerpt } : {}),
  });
}
