/**
 * Crew: the machines of a replay, wherever they run: on the caller's thread (here) or on others (thread-crew.ts).
 */
import type { TraceChunk } from '../trace/access.js';
import type { TraceHeader } from '../trace/event.js';
import { GuestShare, refuseFault } from './guest-share.js';
import { createMachine } from './machine.js';
import { MeasuredMachine } from './measured-machine.js';
import { Pass } from './pass.js';
import type { MachineRequest, MachineRun } from './run.js';
import type { Step } from './schedule.js';

/** What a crew has to know of the replay: plain data but for `backend` of a machine. */
export interface CrewOrder {
  readonly machines: readonly MachineRequest[];
  readonly header: TraceHeader;
  /** What reports have to say about the trace itself. */
  readonly notes: readonly string[];
  /** The trace's format has no events. */
  readonly eventless: boolean;
  readonly file: string;
  readonly strip: boolean;
  readonly lenient: boolean;
}

export interface CrewResult {
  /** In the order of the machines. */
  readonly runs: readonly MachineRun[];
  /** Address spaces that the guest made. */
  readonly addressSpaces: number;
}

export interface Crew {
  /** Every machine carries out each step before the next is made. The chunk is read before this is over. */
  carryOut(chunk: TraceChunk, steps: Iterable<Step>): Promise<void> | void;
  /** The last steps, and what was counted; `events`: how many the trace had. */
  finish(steps: readonly Step[], events: number): Promise<CrewResult> | CrewResult;
}

/** All machines on this thread. */
export class LocalCrew implements Crew {
  readonly #order: CrewOrder;
  readonly #pass: Pass;
  readonly #machines: readonly MeasuredMachine[];

  constructor(order: CrewOrder) {
    this.#order = order;
    this.#pass = new Pass(order.strip ? order.machines.map(({ config }) => config) : null);
    const shares = new Map<string, GuestShare>();
    this.#machines = order.machines.map((request) => {
      const options = { lenient: order.lenient, file: order.file, ids: this.#pass.ids };
      const share = shareFor(order, request, shares);
      const machine = createMachine(request, order.header, { ...options, ...share });
      return new MeasuredMachine(machine, this.#pass);
    });
  }

  carryOut(chunk: TraceChunk, steps: Iterable<Step>): void {
    this.#pass.nextChunk();
    for (const step of steps) for (const machine of this.#machines) machine.carryOut(chunk, step);
  }

  finish(steps: readonly Step[], events: number): CrewResult {
    for (const step of steps) for (const machine of this.#machines) machine.carryOut(null, step);
    return {
      runs: this.#machines.map((machine) => machine.result(this.#order.notes, events)),
      addressSpaces: this.#machines[0]?.machine.parts.guest.spacesMade ?? 0,
    };
  }
}

/** The share of a machine that may have one with others. */
function shareFor(
  { machines, eventless }: CrewOrder,
  { config }: MachineRequest,
  shares: Map<string, GuestShare>,
): { readonly share: GuestShare; readonly handleFault: typeof refuseFault } | null {
  const key = eventless ? GuestShare.key(config) : null;
  if (key === null || machines.filter((other) => GuestShare.key(other.config) === key).length < 2)
    return null;
  const share = shares.get(key) ?? new GuestShare();
  shares.set(key, share);
  return { share, handleFault: refuseFault };
}
