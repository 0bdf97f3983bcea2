/**
 * OutputFile: a file in the making, under a temporary name beside its place until it is whole.
 *
 * An older file stays as it is until then, and so it does if what comes is not whole: that gets a name of its own. What
 * an error, Ctrl-C, SIGTERM or SIGHUP leaves behind is removed. Names in .gz are compressed, one gzip member per piece of 1 MiB.
 * `-` is standard output; devices, pipes and names of open files (/dev/stdout) are written directly.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Context, Library } from './context.js';
import { systemReason } from '../util/system-reason.js';
import { EXIT_HUNG_UP, EXIT_TERMINATED } from './exit-codes.js';

/** Bytes that are gathered before they are written. */
const PIECE = 1 << 20;

/** Names of files that are open already. */
const OPEN_FILE = /^\/dev\/(?:stdin|stdout|stderr|fd\/\d+)$|^\/proc\/(?:self|\d+)\/fd\/\d+$/;

/** What the system says of a name that cannot be that of a file here. */
const WRONG_PLACE = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'EROFS', 'ELOOP'];

/** What comes after the name of a file that is not whole. */
const PARTIAL = '.partial';

/** Links that lead to a file one after the other: what Linux follows. */
const MOST_LINKS = 40;

/** Writing over an input, a trace or results, would destroy what is being read. */
export function refuseInput(path: string, inputs: readonly string[], library: Library): void {
  const same = (a: string, b: string): boolean => {
    if (!existsSync(a) || !existsSync(b)) return false;
    const [one, other] = [statSync(a), statSync(b)];
    return one.isFile() && one.ino === other.ino && one.dev === other.dev;
  };
  const input = inputs.find((name) => name !== '-' && same(path, name));
  if (input === undefined) return;
  throw new library.UsageError(`the output ${path} is the input ${input} itself`, {
    hint: 'give the output another name',
  });
}

export class OutputFile {
  /** Stored bytes that were written. */
  size = 0;
  readonly #path: string;
  readonly #context: Context;
  readonly #library: Library;
  readonly #placeHint: string;
  /** Where the bytes are until they are whole; null for what is written directly. */
  #temporary: string | null = null;
  #fd: number | null = null;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  readonly #removeOnExit = (): void => this.discard();
  readonly #terminate = (): void => process.exit(EXIT_TERMINATED);
  readonly #hangUp = (): void => process.exit(EXIT_HUNG_UP);

  /**
   * `path` must not be one of `inputs`. Nothing is opened before there is something to write. `placeHint` is for a path that
   * cannot be that of a file.
   */
  constructor(
    path: string,
    inputs: readonly string[],
    context: Context,
    library: Library,
    placeHint = 'name a file in a folder that exists and may be written to; - is standard output',
  ) {
    this.#placeHint = placeHint;
    this.#path = path;
    this.#context = context;
    this.#library = library;
    if (path === '-') return;
    refuseInput(path, inputs, library);
    refuseInput(path + PARTIAL, inputs, library);
  }

  /** Throws if it cannot be written, as far as that can be known without writing. */
  require(): void {
    this.#try(() => {
      const place = this.#place();
      const there = found(place);
      if (there?.isDirectory() === true) throw Object.assign(new Error('folder'), { code: 'EISDIR' });
      accessSync(there === undefined ? dirname(place) : place, constants.W_OK);
      if (there === undefined || there.isFile()) found(place + PARTIAL);
    });
  }

  write(data: Uint8Array | string): void {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    this.#pieces.push(bytes);
    this.#gathered += bytes.length;
    if (this.#gathered >= PIECE) this.#flush();
  }

  /** The file is whole: it gets its name. */
  commit(): void {
    this.#flush();
    this.#finish('');
  }

  /** Waits until standard output has taken what was written, if it is that; an error there ends the process (main.ts). */
  async taken(): Promise<void> {
    if (this.#path === '-') await new Promise((resolve) => this.#context.stdout.write('', resolve));
  }

  /**
   * What was written is all that will come, and is not whole: it is kept beside the file, which stays as it is. Returns
   * the name under which it is.
   */
  commitPartial(): string {
    this.#flush();
    const direct = this.#temporary === null;
    this.#finish(PARTIAL);
    return direct ? this.#path : this.#path + PARTIAL;
  }

  /** Gives up; nothing after {@link commit}. */
  discard(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    if (this.#temporary !== null) rmSync(this.#temporary, { force: true });
    this.#forget();
  }

  #finish(ending: string): void {
    this.#try(() => {
      if (this.#fd !== null) closeSync(this.#fd);
      this.#fd = null;
      if (this.#temporary !== null) renameSync(this.#temporary, this.#place() + ending);
      this.#forget();
    });
  }

  #forget(): void {
    this.#fd = null;
    this.#temporary = null;
    process.off('exit', this.#removeOnExit);
    process.off('SIGTERM', this.#terminate);
    process.off('SIGHUP', this.#hangUp);
  }

  #flush(): void {
    const gathered = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#gathered = 0;
    // A file of nothing is a file, too; standard output is there anyway.
    if (gathered.length === 0 && (this.#path === '-' || this.#fd !== null)) return;
    const bytes = /\.gz$/i.test(this.#path) ? gzipped(gathered) : gathered;
    this.size += bytes.length;
    if (this.#path === '-') this.#context.stdout.write(bytes);
    else this.#try(() => this.#writeAll(bytes));
  }

  #writeAll(bytes: Uint8Array): void {
    this.#fd ??= this.#open();
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done);
  }

  #open(): number {
    const place = this.#place();
    const there = found(place);
    if (OPEN_FILE.test(this.#path) || there?.isFile() === false) return openSync(place, 'a');
    // Before there is a file: a signal that comes between the two would end the process and leave it.
    process.once('exit', this.#removeOnExit);
    process.once('SIGTERM', this.#terminate);
    process.once('SIGHUP', this.#hangUp);
    const temporary = openBeside(place, there);
    // Some folders let nothing be made in them, but files in them be written.
    if (temporary === null) return openSync(place, 'w');
    this.#temporary = temporary.path;
    return temporary.fd;
  }

  /** A link stays a link, also one to a file that is not there yet, be it by way of other links. */
  #place(): string {
    if (OPEN_FILE.test(this.#path)) return this.#path;
    if (existsSync(this.#path)) return realpathSync(this.#path);
    let place = this.#path;
    for (let links = 0; links <= MOST_LINKS; links++) {
      if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return place;
      place = resolve(realpathSync(dirname(place)), readlinkSync(place));
    }
    throw Object.assign(new Error('links'), { code: 'ELOOP' });
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
      throw new this.#library.UsageError(`${this.#path}: cannot be written: ${systemReason(cause)}`, {
        cause,
        ...hintFor(code, this.#placeHint),
      });
    }
  }
}

/** One gzip member. node:zlib takes 2 ms to load, which most outputs have no use for. */
function gzipped(bytes: Uint8Array): Uint8Array {
  return process.getBuiltinModule('node:zlib').gzipSync(bytes);
}

function hintFor(code: string, placeHint: string): { hint?: string } {
  if (code === 'ENAMETOOLONG')
    return {
      hint: `give it a shorter name: what is not whole is kept under the name with ${PARTIAL} at its end, which must fit, too`,
    };
  return WRONG_PLACE.includes(code) ? { hint: placeHint } : {};
}

function found(place: string): Stats | undefined {
  return statSync(place, { throwIfNoEntry: false });
}

/**
 * Makes a file beside `place` that may be read and written as `old` may; null where only `old` itself can be written. Its name
 * does not hold that of `place`, which may be as long as a name can be.
 */
function openBeside(place: string, old: Stats | undefined): { path: string; fd: number } | null {
  try {
    const made = openUnused(dirname(place));
    if (old !== undefined) fchmodSync(made.fd, old.mode & 0o7777);
    return made;
  } catch (error) {
    if (old === undefined) throw error;
    return null;
  }
}

/** Another output of this process, or of one with its number on another machine, has a name of its own. */
function openUnused(folder: string): { path: string; fd: number } {
  for (let count = 0; ; count++) {
    const path = join(folder, `p2msim-${process.pid}-${count}.part`);
    try {
      return { path, fd: openSync(path, 'wx') };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
}
