/**
 * ThreadCrew: the machines of a replay on several threads, over columns that all of them read.
 *
 * The caller's thread decodes the trace and copies each chunk into shared memory (14 bytes a record); each worker
 * replays it on its machines. Slots of shared memory bound how far the decoder runs ahead. Counts are those of one
 * thread. A machine that gives up ends the crew: only one thread at a time can say what had been counted by then,
 * so the caller replays the trace again by itself ({@link CrewGaveUp}).
 */
import { Worker } from 'node:worker_threads';
import type { TraceChunk } from '../trace/access.js';
import type { Crew, CrewOrder, CrewResult } from './crew.js';
import { createSlot, fillSlot, type SharedColumns } from './shared-columns.js';
import type { MachineRun } from './run.js';
import type { Step } from './schedule.js';

/** Chunks that are decoded ahead, the one that is being replayed included. */
const SLOTS = 3;

/** A machine on some thread could not go on. */
export class CrewGaveUp extends Error {}

/** What is sent to a worker. */
export type CrewMessage =
  | { readonly kind: 'start'; readonly order: CrewOrder; readonly slots: readonly SharedColumns[] }
  | { readonly kind: 'chunk'; readonly slot: number; readonly n: number; readonly steps: readonly Step[] }
  | { readonly kind: 'finish'; readonly steps: readonly Step[]; readonly events: number };

/** What a worker sends back. */
export type CrewReply =
  | { readonly kind: 'done'; readonly slot: number }
  | { readonly kind: 'result'; readonly result: CrewResult }
  | { readonly kind: 'gave-up' };

/** One thread and the machines it has, by their place in the order. */
interface Member {
  readonly worker: Worker;
  readonly places: readonly number[];
}

export class ThreadCrew implements Crew {
  readonly #members: readonly Member[];
  readonly #slots: readonly SharedColumns[];
  /** Workers that have not read a slot yet, by slot. */
  readonly #unread: number[];
  readonly #results = new Map<Member, CrewResult>();
  #next = 0;
  #failed = false;
  #wake: () => void = () => {};

  /**
   * @param jobs threads, at most one a machine
   * @param capacity records of the largest chunk
   */
  constructor(order: CrewOrder, jobs: number, capacity: number) {
    this.#slots = Array.from({ length: SLOTS }, () => createSlot(capacity));
    this.#unread = this.#slots.map(() => 0);
    const count = Math.min(jobs, order.machines.length);
    this.#members = Array.from({ length: count }, (_, member) => this.#start(order, member, count));
  }

  get threads(): readonly number[] {
    return this.#members.map(({ worker }) => worker.threadId);
  }

  async carryOut(chunk: TraceChunk, steps: Iterable<Step>): Promise<void> {
    const slot = this.#next;
    this.#next = (slot + 1) % SLOTS;
    await this.#until(() => this.#unread[slot] === 0);
    fillSlot(this.#slots[slot]!, chunk.accesses);
    this.#unread[slot] = this.#members.length;
    this.#tell({ kind: 'chunk', slot, n: chunk.accesses.n, steps: [...steps] });
  }

  async finish(steps: readonly Step[], events: number): Promise<CrewResult> {
    this.#tell({ kind: 'finish', steps, events });
    await this.#until(() => this.#results.size === this.#members.length);
    const runs: MachineRun[] = [];
    for (const [{ places }, { runs: own }] of this.#results) places.forEach((at, i) => (runs[at] = own[i]!));
    return { runs, addressSpaces: this.#results.get(this.#members[0]!)!.addressSpaces };
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ worker }) => worker.terminate()));
  }

  /** Machine i goes to thread i mod the number of threads: neighbours in a sweep cost about the same. */
  #start(order: CrewOrder, member: number, count: number): Member {
    const places = order.machines.map((_, at) => at).filter((at) => at % count === member);
    const worker = new Worker(new URL('./crew-worker.js', import.meta.url));
    const started: Member = { worker, places };
    worker.on('message', (reply: CrewReply) => this.#accept(started, reply));
    worker.on('error', () => this.#fail());
    worker.on('exit', () => this.#fail());
    // A backend is code: the worker loads it by name, or from its module.
    const machines = places.map((at) => ({ ...order.machines[at]!, backend: undefined }));
    const message: CrewMessage = { kind: 'start', order: { ...order, machines }, slots: this.#slots };
    worker.postMessage(message);
    return started;
  }

  #tell(message: CrewMessage): void {
    for (const { worker } of this.#members) worker.postMessage(message);
  }

  #accept(member: Member, reply: CrewReply): void {
    if (reply.kind === 'done') this.#unread[reply.slot]! -= 1;
    else if (reply.kind === 'result') this.#results.set(member, reply.result);
    else this.#failed = true;
    this.#wake();
  }

  #fail(): void {
    this.#failed = true;
    this.#wake();
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!this.#failed && !holds()) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#failed) throw new CrewGaveUp();
  }
}
