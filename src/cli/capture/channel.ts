/**
 * The FIFO through which a captured program sends what it does, and the program itself.
 *
 * The end of the stream is when the program and all processes that it has left have closed it.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemReason } from '../../util/system-reason.js';
import type { Context, Library } from '../context.js';
import { announce } from './plugin.js';

/** A program that is stopped has so long to end by itself. */
const PATIENCE_MS = 3000;

/** How the program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: string | null;
}

function temporaryFolder(library: Library): string {
  try {
    return mkdtempSync(join(tmpdir(), 'p2msim-capture-'));
  } catch (cause) {
    const message = `${tmpdir()}: nothing can be made in the folder for temporary files: ${systemReason(cause)}`;
    throw new library.UsageError(message, { hint: 'TMPDIR names another', cause });
  }
}

export class Channel {
  /** A folder of this capture's own, removed at its end. */
  readonly folder: string;
  readonly fifo: string;
  readonly #context: Context;
  readonly #library: Library;
  /** A writer that keeps the stream from ending before the program has opened it; null once it is closed. */
  #holder: number | null = null;
  #reader: Socket | null = null;
  #child: ChildProcess | null = null;
  #ending: Promise<Ending> | null = null;
  #failure: Error | null = null;
  readonly #removeOnExit = (): void => {
    this.#child?.kill();
    rmSync(this.folder, { recursive: true, force: true });
  };

  constructor(mkfifo: string, context: Context, library: Library) {
    this.#context = context;
    this.#library = library;
    this.folder = temporaryFolder(library);
    process.once('exit', this.#removeOnExit);
    this.fifo = join(this.folder, 'fifo');
    const made = spawnSync(mkfifo, ['-m', '600', this.fifo], { encoding: 'utf8' });
    if (made.status !== 0) {
      throw new library.UsageError(`${this.fifo}: a FIFO cannot be made`, {
        details: [`${made.stderr ?? ''}`.trim()],
        hint: 'TMPDIR names the folder for temporary files',
      });
    }
  }

  /** Starts the program; its standard streams are those of p2msim. */
  start(words: readonly string[]): Socket {
    const [program = '', ...args] = words;
    this.#holder = openSync(this.fifo, constants.O_RDWR);
    const fd = openSync(this.fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    const reader = new Socket({ fd, readable: true, writable: false });
    this.#reader = reader;
    announce(words, this.#context);
    const child = spawn(program, args, { stdio: 'inherit' });
    this.#child = child;
    this.#ending = new Promise((resolve) => {
      child.once('error', (error) => {
        this.#failure = error;
        this.#release();
        resolve({ code: null, signal: null });
      });
      child.once('exit', (code, signal) => {
        this.#release();
        resolve({ code, signal });
      });
    });
    return reader;
  }

  /** Ends the program if it still runs: what it, or one of its processes, does next is its last. */
  async finish(): Promise<Ending> {
    this.#reader?.destroy();
    this.#release();
    const child = this.#child;
    let patience: NodeJS.Timeout | undefined;
    if (child?.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      patience = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    }
    const ending = (await this.#ending) ?? { code: null, signal: null };
    clearTimeout(patience);
    if (this.#failure !== null) {
      throw new this.#library.UsageError(`the program cannot be run: ${this.#failure.message}`);
    }
    return ending;
  }

  /** Removes what is temporary. */
  discard(): void {
    this.#reader?.destroy();
    this.#release();
    this.#removeOnExit();
    process.off('exit', this.#removeOnExit);
  }

  #release(): void {
    if (this.#holder !== null) closeSync(this.#holder);
    this.#holder = null;
  }
}
