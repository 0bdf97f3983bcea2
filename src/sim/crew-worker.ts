/** A thread of a {@link ThreadCrew}: some of the machines, told chunk by chunk what to do. */
import { parentPort } from 'node:worker_threads';
import { backends, loadBackend } from '../mmu/index.js';
import type { AccessBatch } from '../trace/access.js';
import { type CrewOrder, LocalCrew } from './crew.js';
import type { MachineRequest } from './run.js';
import { batchOf, type SharedColumns } from './shared-columns.js';
import type { CrewMessage, CrewReply } from './thread-crew.js';

async function withBackend(request: MachineRequest): Promise<MachineRequest> {
  const { module, mode } = request;
  return { ...request, backend: module === undefined ? backends.get(mode) : await loadBackend(module) };
}

class CrewThread {
  readonly #crew: LocalCrew;
  readonly #slots: readonly AccessBatch[];

  constructor(order: CrewOrder, slots: readonly SharedColumns[]) {
    this.#crew = new LocalCrew(order);
    this.#slots = slots.map(batchOf);
  }

  static async start(order: CrewOrder, slots: readonly SharedColumns[]): Promise<CrewThread> {
    const machines = await Promise.all(order.machines.map(withBackend));
    return new CrewThread({ ...order, machines }, slots);
  }

  carryOut(message: Exclude<CrewMessage, { kind: 'start' }>): CrewReply {
    if (message.kind === 'finish') {
      return { kind: 'result', result: this.#crew.finish(message.steps, message.events) };
    }
    const accesses = this.#slots[message.slot]!;
    accesses.n = message.n;
    this.#crew.carryOut({ accesses, events: [], eventAt: [], rawBytes: 0 }, message.steps);
    return { kind: 'done', slot: message.slot };
  }
}

let thread: Promise<CrewThread>;

async function reply(message: CrewMessage): Promise<CrewReply | null> {
  if (message.kind === 'start') {
    thread = CrewThread.start(message.order, message.slots);
    await thread;
    return null;
  }
  return (await thread).carryOut(message);
}

parentPort?.on('message', (message: CrewMessage) => {
  reply(message).then(
    (answer) => {
      if (answer !== null) parentPort?.postMessage(answer);
    },
    () => parentPort?.postMessage({ kind: 'gave-up' } satisfies CrewReply),
  );
});
