/**
 * The process: parses the words, runs the command, prints errors, sets the exit code.
 *
 * The exit code is set and never forced (`process.exit` would cut off output that a pipe has not
 * taken yet), except where nothing is left to write: a closed pipe and Ctrl-C.
 */
import { writeSync } from 'node:fs';
import { CommanderError } from '@commander-js/extra-typings';
import type { Context } from './context.js';
import { reportError } from './error-text.js';
import { EXIT_HUNG_UP, EXIT_INTERRUPTED, EXIT_OK, EXIT_TERMINATED, EXIT_USAGE } from './exit-codes.js';
import { withHelpWords } from './help.js';
import { systemReason } from '../util/system-reason.js';
import { TOOL } from '../version.js';
import { createProgram } from './program.js';
import { colorChoice, createColorizer, wantsColor } from './terminal.js';

/** commander has printed already; its own code is 0 for help that was asked for, 1 for wrong words. */
function commanderExit(error: CommanderError): number {
  return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
}

async function printError(context: Context, error: unknown): Promise<number> {
  const library = await context.loadLibrary();
  const color = await createColorizer(
    wantsColor(context.stderr, colorChoice(context.argv), context.environment),
  );
  const debug = context.argv.includes('--debug') || (context.environment['P2MSIM_DEBUG'] ?? '') !== '';
  const report = reportError(library, error, color, debug);
  context.stderr.write(report.text);
  return report.exitCode;
}

/** A reader that has seen enough (`| head`) is no error; a disk that is full is one, and nothing more can be said there. */
function stopWhenClosed(stream: NodeJS.WriteStream, name: string): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT_OK);
    if (stream === process.stdout) writeSync(2, `error: ${name} cannot be written: ${systemReason(error)}\n`);
    process.exit(EXIT_USAGE);
  });
}

/** Ctrl-C ends the process, or does what the command has asked for; a second one ends it in any case. */
class Interrupt {
  #stop: ((exitCode: number) => void) | null = null;
  #say: (() => void) | null = null;

  readonly onInterrupt = (stop: ((exitCode: number) => void) | null): void => {
    this.#stop = stop;
    this.#listen();
  };

  readonly onEnd = (say: (() => void) | null): void => {
    this.#say = say;
    this.#listen();
  };

  readonly accept = (): void => this.#end(EXIT_INTERRUPTED);

  readonly #terminate = (): void => this.#end(EXIT_TERMINATED);

  readonly #hangUp = (): void => this.#end(EXIT_HUNG_UP);

  /** These end a process by themselves, even one that is busy; only a command that has something to do then is told of them. */
  #listen(): void {
    process.off('SIGTERM', this.#terminate);
    process.off('SIGHUP', this.#hangUp);
    if (this.#stop === null && this.#say === null) return;
    process.on('SIGTERM', this.#terminate);
    process.on('SIGHUP', this.#hangUp);
  }

  #end(exitCode: number): void {
    const [stop, say] = [this.#stop, this.#say];
    this.#stop = null;
    if (stop !== null) return stop(exitCode);
    say?.();
    process.exit(exitCode);
  }
}

async function main(): Promise<void> {
  const interrupt = new Interrupt();
  const context: Context = {
    // Asked for when it is used: a stream costs a start some 7 million instructions.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    argv: process.argv.slice(2),
    loadLibrary: () => import('../engine.js'),
    loadJudging: () => import('../judging.js'),
    loadTraceTools: () => import('../trace-tools.js'),
    loadFullLibrary: () => import('../index.js'),
    onInterrupt: interrupt.onInterrupt,
    onEnd: interrupt.onEnd,
    exit: (code) => {
      process.exitCode = code;
    },
  };
  stopWhenClosed(process.stdout, 'standard output');
  stopWhenClosed(process.stderr, 'standard error');
  process.on('SIGINT', interrupt.accept);
  try {
    const program = await createProgram(context, TOOL.version);
    await program.parseAsync(withHelpWords(program, context.argv), { from: 'user' });
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError ? commanderExit(error) : await printError(context, error);
  }
}

// Not awaited: see bundle.mjs.
void main();
