/** Exit codes: one per cause, so that scripts can tell a failed check from a broken input. */

export const EXIT_OK = 0;
/** A check failed: a budget is violated, a baseline is not what comes out, `trace check` found something. */
export const EXIT_CHECK_FAILED = 1;
/** Wrong words on the command line, or a configuration that cannot be. */
export const EXIT_USAGE = 2;
/** An input that cannot be read or replayed; also a replay that ended before its trace did. */
export const EXIT_INPUT = 3;
/** A bug in p2msim. */
export const EXIT_INTERNAL = 70;
/** The terminal or the connection is gone: 128 + SIGHUP. */
export const EXIT_HUNG_UP = 129;
/** Interrupted with Ctrl-C: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;
/** Asked to end, as engines and `kill` do: 128 + SIGTERM. */
export const EXIT_TERMINATED = 143;
