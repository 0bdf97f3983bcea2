/** Assertions that say what was broken. Never used for a user's mistake. */
import { InternalError } from '../errors.js';

/** Ends a switch over a union: the type checker proves it is never reached. */
export function assertUnreachable(value: never): never {
  throw new InternalError(`unhandled case ${JSON.stringify(value)}`);
}

/** `value`, which is there: `what` says why. Throws {@link InternalError} if it is not. */
export function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new InternalError(`invariant broken: ${what}`);
  return value;
}

/** Throws {@link InternalError} unless `condition` holds. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InternalError(`invariant broken: ${what}`);
}
