/**
 * Runs points on threads: groups of a trace's points, one pass each, handed out as threads become free.
 *
 * Every thread decodes its trace for itself, once for all machines of a group. Groups are small enough that points are
 * done all the time, and large enough that decoding is shared. What a point counts does not depend on its group.
 */
import { Worker } from 'node:worker_threads';
import type { RunOptions } from '../prepare.js';
import { present } from '../util/assert.js';
import type { Batch, PlannedPoint } from './plan.js';
import type { GroupOrder, PointOutcome } from './replay-group.js';

/** Machines of one pass: decoding is then a few per cent of the work, and their tables fit into memory. */
const GROUP_POINTS = 16;

export interface RunPointsOptions {
  /** Threads that replay. */
  readonly jobs: number;
  /** A point is done; the next group of its thread is not begun before this is over. */
  readonly onDone: (point: PlannedPoint, outcome: PointOutcome, thread: number) => void;
  /** Gives up what is not done. */
  readonly signal?: AbortSignal | undefined;
}

/** What a thread sends back: the outcomes, or that it could not go on for a reason that is no error of the user. */
export type GroupReply =
  | { readonly outcomes: readonly PointOutcome[]; readonly crash?: never }
  | { readonly outcomes?: never; readonly crash: string };

interface Group {
  readonly points: readonly PlannedPoint[];
}

/** Groups of neighbours, all of one trace, so that every thread has as many to do. */
export function groupPoints(points: readonly PlannedPoint[], jobs: number): readonly Group[] {
  const groups: Group[] = [];
  for (const trace of new Set(points.map((point) => point.trace))) {
    const own = points.filter((point) => point.trace === trace);
    const count = Math.max(Math.ceil(own.length / GROUP_POINTS), Math.min(jobs, own.length));
    for (let i = 0; i < count; i++) {
      const [from, to] = [i, i + 1].map((part) => Math.floor((part * own.length) / count));
      groups.push({ points: own.slice(from, to) });
    }
  }
  return groups;
}

/** Runs `points` of the batch. Resolves when all are done, or the signal was given; throws what `onDone` throws. */
export async function runPoints(
  batch: Batch,
  points: readonly PlannedPoint[],
  options: RunPointsOptions,
): Promise<void> {
  if (options.signal?.aborted === true) return;
  const possible: PlannedPoint[] = [];
  for (const point of points) {
    if (point.error === null) possible.push(point);
    else options.onDone(point, { result: null, error: point.error }, 0);
  }
  const queue = [...groupPoints(possible, options.jobs)];
  const run = new Run(batch, queue, options);
  await run.all(Math.min(options.jobs, queue.length));
}

class Run {
  readonly #batch: Batch;
  readonly #queue: Group[];
  readonly #options: RunPointsOptions;
  readonly #threads = new Set<Thread>();
  /** Nothing is begun or told any more: threads that end now were ended, and did not crash. */
  #stopped = false;

  constructor(batch: Batch, queue: Group[], options: RunPointsOptions) {
    this.#batch = batch;
    this.#queue = queue;
    this.#options = options;
  }

  async all(jobs: number): Promise<void> {
    const { signal } = this.#options;
    const stop = (): void => void this.#stop();
    if (signal?.aborted === true) return;
    signal?.addEventListener('abort', stop);
    try {
      await Promise.all(Array.from({ length: jobs }, () => this.#serve()));
    } finally {
      signal?.removeEventListener('abort', stop);
      await this.#stop();
    }
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#queue.length = 0;
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()));
  }

  /** One thread after another (a new one only where one crashed), until nothing is left. */
  async #serve(): Promise<void> {
    let thread: Thread | null = null;
    for (let group = this.#queue.shift(); group !== undefined; group = this.#queue.shift()) {
      thread ??= this.#start();
      const reply = await thread.ask(this.#orderOf(group));
      if (this.#stopped) return;
      if (reply.crash !== undefined) {
        thread = await this.#bury(thread);
        if (this.#stopped) return;
        this.#divide(group, reply.crash);
      } else {
        const { threadId } = thread.worker;
        for (const [i, point] of group.points.entries())
          this.#tell(point, present(reply.outcomes[i], 'an outcome of every point'), threadId);
      }
    }
  }

  /** What throws here ends the run at once: before another thread's reply can be told. */
  #tell(point: PlannedPoint, outcome: PointOutcome, threadId: number): void {
    try {
      this.#options.onDone(point, outcome, threadId);
    } catch (error) {
      this.#stopped = true;
      this.#queue.length = 0;
      throw error;
    }
  }

  #start(): Thread {
    const thread = new Thread();
    this.#threads.add(thread);
    return thread;
  }

  async #bury(thread: Thread): Promise<null> {
    this.#threads.delete(thread);
    await thread.worker.terminate();
    return null;
  }

  /** A crash may be the fault of one machine (of its memory, say): the others are tried without it. */
  #divide({ points }: Group, crash: string): void {
    const [only] = points;
    if (points.length > 1) this.#queue.unshift(...points.map((point) => ({ points: [point] })));
    else if (only !== undefined)
      this.#tell(only, { result: null, error: { kind: 'internal', message: crash } }, 0);
  }

  #orderOf({ points }: Group): GroupOrder {
    const options: RunOptions = {
      ...this.#batch.options,
      trace: present(points[0], 'a group has points').trace,
    };
    return { options, machines: points.map(({ machine }) => machine) };
  }
}

/** A worker that answers one order at a time. */
class Thread {
  readonly worker = new Worker(new URL('./batch-thread.js', import.meta.url));
  #settle: (reply: GroupReply) => void = () => {};
  /** Why it is gone, once it is. */
  #gone: string | null = null;

  constructor() {
    this.worker.on('message', (reply: GroupReply) => this.#settle(reply));
    this.worker.on('error', (error) => this.#end(error.message));
    this.worker.on('exit', (code) => this.#end(`the thread ended with code ${code}`));
  }

  ask(order: GroupOrder): Promise<GroupReply> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (this.#gone === null) this.worker.postMessage(order);
      else resolve({ crash: this.#gone });
    });
  }

  #end(why: string): void {
    this.#gone ??= why;
    this.#settle({ crash: this.#gone });
  }
}
