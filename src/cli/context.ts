/**
 * The process as the commands see it: streams, environment, and how to load the library.
 *
 * Commands take this instead of touching `process`, and load the library only when they act, so that
 * `--help` costs no more than commander.
 */
import type { Environment } from './terminal.js';

/** What replaying takes. */
export type Library = typeof import('../engine.js');
/** With saved results, diffs, baselines and budgets. */
export type Judging = typeof import('../judging.js');
/** With what reads and writes traces without replaying them. */
export type TraceTools = typeof import('../trace-tools.js');
/** Everything the library exports: with scenarios, validation, explanations, miss-ratio curves. */
export type FullLibrary = typeof import('../index.js');

export interface Context {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly environment: Environment;
  /** Words after the program name, as given. */
  readonly argv: readonly string[];
  readonly loadLibrary: () => Promise<Library>;
  readonly loadJudging: () => Promise<Judging>;
  readonly loadTraceTools: () => Promise<TraceTools>;
  readonly loadFullLibrary: () => Promise<FullLibrary>;
  /**
   * What Ctrl-C, SIGTERM and SIGHUP do instead of ending the process at once; null: that. A second one always does. `stop` is
   * told the exit code that says which it was.
   */
  readonly onInterrupt: (stop: ((exitCode: number) => void) | null) => void;
  /** What is said when one of them ends the process at once; null: nothing. */
  readonly onEnd: (say: (() => void) | null) => void;
  /** Sets the exit code that the process will end with. */
  readonly exit: (code: number) => void;
}
