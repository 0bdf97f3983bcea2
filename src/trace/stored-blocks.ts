/** Stored bytes of a file or a stream, in blocks of a fixed size whatever the pipe delivers. */
import { close, fstat, open, read, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { promisify } from 'node:util';
import { TraceError, UsageError } from '../errors.js';
import { didYouMean } from '../util/registry.js';
import { STDIN_NAME } from './bad-records.js';

// Not those of node:fs/promises, which takes 2 ms of every start to load.
const files = {
  close: promisify(close),
  open: promisify(open),
  read: promisify(read),
  stat: promisify(fstat),
};

/** Stored bytes, in blocks that are filled to the brim except for the last. */
export interface Blocks {
  readonly totalBytes: number | null;
  /** The file, if it can be read at any place. */
  readonly fd: number | null;
  /** Fills `block` from its start; returns the bytes got, less than its length only at the end. */
  fill(block: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

export class FileBlocks implements Blocks {
  readonly totalBytes: number | null;
  readonly #path: string;
  readonly #fd: number;
  #open = true;

  constructor(path: string, fd: number, totalBytes: number | null) {
    this.#path = path;
    this.#fd = fd;
    this.totalBytes = totalBytes;
  }

  get fd(): number | null {
    return this.totalBytes === null ? null : this.#fd;
  }

  async fill(block: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < block.length) {
      const got = await this.#read(block, filled);
      if (got === 0) break;
      filled += got;
    }
    return filled;
  }

  async #read(block: Uint8Array, from: number): Promise<number> {
    try {
      return (await files.read(this.#fd, block, from, block.length - from, null)).bytesRead;
    } catch (error) {
      throw fileError(this.#path, error);
    }
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await files.close(this.#fd);
  }
}

export class StreamBlocks implements Blocks {
  readonly totalBytes = null;
  readonly fd = null;
  readonly #chunks: AsyncIterator<Buffer | string>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stream: NodeJS.ReadableStream) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async fill(block: Uint8Array): Promise<number> {
    let filled = 0;
    while (filled < block.length) {
      if (this.#rest.length === 0) {
        const next = await this.#next();
        if (next === null) break;
        this.#rest = next;
      }
      const part = this.#rest.subarray(0, block.length - filled);
      block.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return filled;
  }

  async #next(): Promise<Uint8Array | null> {
    try {
      const next = await this.#chunks.next();
      if (next.done === true) return null;
      return typeof next.value === 'string' ? Buffer.from(next.value) : next.value;
    } catch (error) {
      throw new TraceError({ file: STDIN_NAME }, 'standard input cannot be read', { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

/** `wanted` is what messages expect there. */
export async function openFile(path: string, wanted: string): Promise<{ fd: number; size: number | null }> {
  if (path === '') {
    throw new UsageError(`the name of a file is empty; expected ${wanted}`, {
      hint: 'is a variable of the shell not set? `-` reads standard input',
    });
  }
  let fd: number | undefined;
  try {
    fd = await files.open(path, 'r');
    const stat = await files.stat(fd);
    if (stat.isDirectory()) throw Object.assign(new Error('directory'), { code: 'EISDIR' });
    // Some never end (/dev/zero, /dev/full).
    if (stat.isCharacterDevice()) throw Object.assign(new Error('device'), { code: 'ENOTSUP' });
    return { fd, size: stat.isFile() ? stat.size : null };
  } catch (error) {
    if (fd !== undefined) await files.close(fd);
    throw fileError(path, error, wanted, nearName(path));
  }
}

/** A file beside `path` whose name is nearly the same. */
function nearName(path: string): string | undefined {
  try {
    // An ending that is the same says nothing: the names without it have to be alike.
    const stem = (name: string): string => name.replace(/(?!^)\..*$/s, '');
    const names = readdirSync(dirname(path));
    const alike = didYouMean(stem(basename(path)), [...new Set(names.map(stem))]);
    const near = didYouMean(
      basename(path),
      names.filter((name) => stem(name) === alike),
    );
    return near === undefined ? undefined : path.slice(0, path.length - basename(path).length) + near;
  } catch {
    return undefined;
  }
}

function fileError(file: string, error: unknown, wanted = 'a trace file', near?: string): TraceError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return new TraceError(
        { file },
        `no such file${near === undefined ? '' : ` (did you mean '${near}'?)`}`,
        {
          hint: 'check the path; `-` reads standard input',
          cause: error,
        },
      );
    case 'EISDIR':
      return new TraceError({ file }, `is a directory; expected ${wanted}`, {
        hint: `name a file in it: \`ls ${file}\``,
        cause: error,
      });
    case 'ENOTSUP':
      return new TraceError({ file }, 'is a device; expected a file', {
        hint: '`-` reads standard input',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
      return new TraceError({ file }, 'permission to read was denied', {
        hint: `\`ls -l ${file}\` shows who may read it`,
        cause: error,
      });
    default: {
      const reason = error instanceof Error ? error.message : String(error);
      return new TraceError({ file }, `cannot be read: ${reason}`, { cause: error });
    }
  }
}
