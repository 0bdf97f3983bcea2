/**
 * ResultsWriter: appends to a results file, one whole line a write, on the disk before the next.
 *
 * A file that is opened again is read first: a torn last line is cut off, and everything else has to be of the same batch.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { TraceError, UsageError } from '../errors.js';
import { systemReason } from '../util/system-reason.js';
import { type Lock, type LockOwner, lockFile } from './lock.js';
import {
  type BatchHeader,
  formatBatchHeader,
  formatPointLine,
  type PointLine,
  type ShardName,
} from './point-line.js';
import { parseResults, type ResultsFile, type TornLine } from './results.js';

/** How every line of a results file begins. */
const OWN_START = '{"schema":"p2msim.';

export interface WriterOptions {
  /** Go on with a file that has points; else it must not have any. */
  readonly resume: boolean;
  readonly owner: LockOwner;
}

export class ResultsWriter {
  readonly file: string;
  /** Points that the file had. */
  readonly done: readonly PointLine[];
  /** The line that was cut off. */
  readonly repaired: TornLine | null;
  readonly #fd: number;
  readonly #lock: Lock;

  private constructor(file: string, fd: number, lock: Lock, before: ResultsFile) {
    this.file = file;
    this.#fd = fd;
    this.#lock = lock;
    this.done = before.points.map(({ line }) => line);
    this.repaired = before.torn;
  }

  /** Opens `file` for the batch of `header`. Throws {@link UsageError} or {@link TraceError}; changes nothing then. */
  static open(file: string, header: BatchHeader, { resume, owner }: WriterOptions): ResultsWriter {
    requireFile(file);
    const lock = lockFile(file, owner);
    try {
      const fd = openSync(file, 'a+');
      try {
        const before = parseResults(readFileSync(file), file);
        refuse(before, header, resume);
        if (before.torn !== null) requireOwnLine(file, before.torn);
        if (before.torn !== null) ftruncateSync(fd, before.torn.offset);
        const writer = new ResultsWriter(file, fd, lock, before);
        if (before.header === null) writer.#start(header);
        return writer;
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  /** Appends a point; it is on the disk when this is over. */
  append(line: PointLine): void {
    this.#write(formatPointLine(line));
  }

  close(): void {
    closeSync(this.#fd);
    this.#lock.release();
  }

  #start(header: BatchHeader): void {
    this.#write(formatBatchHeader(header));
    syncFolder(dirname(this.file));
  }

  /** A disk that is full takes a part: then the line is taken back. */
  #write(text: string): void {
    const bytes = Buffer.from(text);
    const { size } = fstatSync(this.#fd);
    const written = writeSync(this.#fd, bytes);
    if (written < bytes.length) {
      ftruncateSync(this.#fd, size);
      throw new TraceError({ file: this.file }, `no room for a line of ${bytes.length} bytes`, {
        hint: 'make room, then go on with --resume: all points before it are there',
      });
    }
    fsyncSync(this.#fd);
  }
}

/** What can be added to, cut and locked: a regular file, or nothing yet in a folder that may be written to. */
function requireFile(file: string): void {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) {
    throw new UsageError(`${file}: is no regular file`, {
      hint: 'results are added to and cut: give --results a file, not a folder, device or pipe',
    });
  }
  try {
    accessSync(there === undefined ? dirname(file) : file, constants.W_OK);
  } catch (cause) {
    throw new UsageError(`${file}: cannot be written: ${systemReason(cause)}`, {
      cause,
      hint: 'name a file in a folder that exists and may be written to',
    });
  }
}

/** A torn line is cut off only if it is the beginning of one of ours: else this is somebody's file, not a results file. */
function requireOwnLine(file: string, { at, offset, bytes }: TornLine): void {
  const start = readFileSync(file).subarray(offset, offset + Math.min(bytes, OWN_START.length));
  if (start.toString('latin1') === OWN_START.slice(0, start.length)) return;
  throw new TraceError({ file, line: at }, 'is no line of a results file', {
    hint: 'results files are written by `p2msim sweep --results FILE`; give it another file',
  });
}

function refuse(before: ResultsFile, header: BatchHeader, resume: boolean): void {
  const { file, points, foreign, duplicates } = before;
  const sweep = before.header?.sweep ?? points[0]?.line.sweep;
  if (before.header === null && points.length === 0 && before.torn === null) return;
  if (!resume) {
    throw new UsageError(`${file}: is there already, with ${points.length} points`, {
      hint: 'go on with --resume, or give --results another file',
    });
  }
  if (sweep !== undefined && sweep !== header.sweep) throw otherBatch(before, header);
  refuseOther(before, header);
  const [wrong] = [...foreign, ...duplicates];
  if (wrong !== undefined) {
    throw new TraceError(
      { file: `${file}:${wrong.at}` },
      `point ${wrong.line.number} is of another batch, or there twice`,
      {
        hint: `\`p2msim collect ${file}\` says more; delete the line to go on`,
      },
    );
  }
}

/** The same batch, but another part of it, or counted by another version. */
function refuseOther({ file, header: found }: ResultsFile, { tool, shard }: BatchHeader): void {
  if (found === null) return;
  const [has, wants] = [found, { shard }].map((header) => shardText(header.shard));
  if (has !== wants) {
    throw new UsageError(`${file}: is for ${has} of the batch; expected ${wants}`, {
      hint: 'give every shard a results file of its own',
    });
  }
  if (found.tool.version === tool.version) return;
  throw new UsageError(`${file}: was written by p2msim ${found.tool.version}; this is ${tool.version}`, {
    hint: 'go on with that version, or give --results another file: versions may count differently',
  });
}

function shardText(shard: ShardName | null): string {
  return shard === null ? 'all' : `shard ${shard.index}/${shard.of}`;
}

function otherBatch({ file, header, points }: ResultsFile, wanted: BatchHeader): UsageError {
  const found = (header?.sweep ?? points[0]?.line.sweep ?? '').slice(0, 8);
  return new UsageError(
    `${file}: holds points of another batch, ${found}; this one is ${wanted.sweep.slice(0, 8)}`,
    {
      hint: 'traces, keys, values, modes, names and replay options make a batch; give --results another file',
    },
  );
}

/** So that the name of a new file is on the disk as well. */
function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
