/** Assertions that say what was broken. Never used for a user's mistake. */
import { InternalError } from '../errors.js';

/** Ends a switch over a union: the type checker proves it is never reached. */
export function assertUnreachable(value: never): never {
  throw new InternalError(`unhandled case ${JSON.stringify(value)}`);
}

/** Throws {@link InternalError} unless `condition` holds. */
export function invariant(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InternalError(`invariant broken: ${what}`);
}
