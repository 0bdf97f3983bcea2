/**
 * TraceOutput: a trace file in the making, under a temporary name beside its place until it is whole.
 *
 * An older file stays as it is until then; what is left behind by an error or Ctrl-C is removed. Names in .gz are
 * compressed, one gzip member per piece of 1 MiB. `-` is standard output; devices and pipes are written directly.
 */
import {
  closeSync,
  existsSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { Context, Library } from './context.js';
import { systemReason } from './error-text.js';
import { refuseInput } from './output.js';

/** Bytes that are gathered before they are written. */
const PIECE = 1 << 20;

export class TraceOutput {
  /** Stored bytes that were written. */
  size = 0;
  readonly #path: string;
  readonly #context: Context;
  readonly #library: Library;
  /** Where the bytes are until they are whole; null for what is written directly. */
  #temporary: string | null = null;
  #fd: number | null = null;
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  readonly #removeOnExit = (): void => this.discard();

  /** `path` must not be one of `inputs`. Nothing is opened before there is something to write. */
  constructor(path: string, inputs: readonly string[], context: Context, library: Library) {
    this.#path = path;
    this.#context = context;
    this.#library = library;
    if (path !== '-') refuseInput(path, inputs, library);
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
    this.#try(() => {
      if (this.#fd !== null) closeSync(this.#fd);
      this.#fd = null;
      if (this.#temporary !== null) renameSync(this.#temporary, this.#place());
      this.#temporary = null;
    });
    process.off('exit', this.#removeOnExit);
  }

  /** Gives up; nothing after {@link commit}. */
  discard(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    if (this.#temporary !== null) rmSync(this.#temporary, { force: true });
    this.#fd = null;
    this.#temporary = null;
    process.off('exit', this.#removeOnExit);
  }

  #flush(): void {
    const gathered = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#gathered = 0;
    if (gathered.length === 0) return;
    const bytes = this.#path.endsWith('.gz') ? gzipSync(gathered) : gathered;
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
    if (existsSync(place) && !statSync(place).isFile()) return openSync(place, 'w');
    const temporary = `${place}.${process.pid}.part`;
    const fd = openSync(temporary, 'w');
    this.#temporary = temporary;
    process.once('exit', this.#removeOnExit);
    return fd;
  }

  /** A link stays a link. */
  #place(): string {
    return existsSync(this.#path) ? realpathSync(this.#path) : this.#path;
  }

  #try(act: () => void): void {
    try {
      act();
    } catch (cause) {
      throw new this.#library.UsageError(`${this.#path}: cannot be written: ${systemReason(cause)}`, {
        cause,
        hint: 'name a file in a folder that exists and may be written to; - is standard output',
      });
    }
  }
}
