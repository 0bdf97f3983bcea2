/**
 * Part of a trace by position, for what reads a trace without a machine: `--skip` and `--limit`.
 *
 * Positions count accesses, as in a replay. Events of the skipped beginning stay, for they say which address space is
 * selected and what is mapped; what follows the last access is not read. Nothing is copied.
 */
import { TraceError } from '../errors.js';
import type { AccessBatch, TraceChunk } from './access.js';
import type { OpenTrace } from './open.js';
import { viewOf } from './view.js';

/** Which part is wanted. */
export interface TracePart {
  /** Records to pass over first. */
  readonly skip: number;
  /** Records to read after them. */
  readonly limit: number;
}

/** Which part was read. */
export interface PartRead {
  /** Records passed over. */
  readonly skipped: number;
  /** The last record that was read, from 1, if the limit ended the reading; null: read to the end. */
  readonly cutAfter: number | null;
}

export const READ_WHOLE: PartRead = { skipped: 0, cutAfter: null };

/** Where in the trace we are, and what of a chunk is wanted. */
class Window {
  position = 0;
  readonly #skip: number;
  readonly #end: number;

  constructor({ skip, limit }: TracePart) {
    this.#skip = skip;
    this.#end = skip + limit;
  }

  /** True once the last access that is wanted has been seen. */
  get done(): boolean {
    return this.position >= this.#end;
  }

  get read(): PartRead {
    return {
      skipped: Math.min(this.#skip, this.position),
      cutAfter: this.done ? this.position : null,
    };
  }

  piece(chunk: TraceChunk): TraceChunk {
    const { n } = chunk.accesses;
    const from = Math.max(0, Math.min(n, this.#skip - this.position));
    const to = Math.min(n, this.#end - this.position);
    this.position += to;
    if (from === 0 && !this.done) return chunk;
    const kept = this.done ? chunk.eventAt.filter((at) => at < to).length : chunk.events.length;
    return {
      ...chunk,
      accesses: between(chunk.accesses, from, to),
      events: chunk.events.slice(0, kept),
      eventAt: chunk.eventAt.slice(0, kept).map((at) => Math.max(0, at - from)),
    };
  }
}

function between({ hi, lo, op, size, vcpu }: AccessBatch, from: number, to: number): AccessBatch {
  return {
    hi: hi.subarray(from, to),
    lo: lo.subarray(from, to),
    op: op.subarray(from, to),
    size: size.subarray(from, to),
    vcpu: vcpu.subarray(from, to),
    n: to - from,
  };
}

async function* piecesOf(trace: OpenTrace, window: Window, { skip }: TracePart): AsyncGenerator<TraceChunk> {
  for await (const chunk of trace.chunks()) {
    yield window.piece(chunk);
    if (window.done) break;
  }
  if (skip === 0 || window.position > skip) return;
  throw nothingLeft(trace, window.position, skip);
}

/** A trace with `accesses` records, of which `skip` were to be passed over. */
export function nothingLeft({ path }: Pick<OpenTrace, 'path'>, accesses: number, skip: number): TraceError {
  const records = `${accesses} record${accesses === 1 ? '' : 's'}`;
  return new TraceError(
    { file: path },
    `nothing is left: the trace has ${records}, and --skip passes over ${skip}`,
    { hint: 'give a smaller --skip, or a longer trace' },
  );
}

/** The trace with only a part of its accesses. Its chunks end in a {@link TraceError} if that part begins beyond the end. */
export function partOfTrace(trace: OpenTrace, part: TracePart): OpenTrace {
  const window = new Window(part);
  return viewOf(trace, {
    get part() {
      return window.read;
    },
    chunks: () => piecesOf(trace, window, part),
    digest: (records) => trace.digest(records ?? window.read.cutAfter ?? Infinity),
  });
}
