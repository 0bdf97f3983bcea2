/**
 * `p2msim walk`: replays up to one access and watches its translation, reference by reference.
 */
import { pageHi, pageLo, pageNumberOf } from '../arch/paging.js';
import { formatAddress, isCanonical } from '../arch/address.js';
import { TraceError, UsageError } from '../errors.js';
import type { Word64 } from '../trace/event.js';
import type { WalkObserver } from '../mmu/walk-observer.js';
import { type AccessBatch, createBatch, OP_FETCH, OP_READ, type TraceChunk } from '../trace/access.js';
import { createMachine, type Machine } from './machine.js';
import type { WalkCacheHit, WalkReport, WalkRequest, WalkStep } from './run.js';
import { errorIn } from '../trace/source-line.js';

const OP_LETTERS = ['R', 'W', 'X', 'M'] as const;

/** Collects phases: a note opens one, references fall into the one that is open. */
class Recorder implements WalkObserver {
  readonly phases: { what: string; steps: WalkStep[]; hits: WalkCacheHit[] }[] = [];
  #translating = '';
  #n = 0;

  reference(
    dimension: 'guest' | 'nested' | 'shadow',
    level: number,
    table: number,
    index: number,
    frame: number | null,
  ): void {
    if (this.phases.length === 0) this.note('page walk');
    this.#n += 1;
    const translating = dimension === 'nested' ? this.#translating : '';
    this.phases[this.phases.length - 1]!.steps.push({
      n: this.#n,
      dimension,
      level,
      index,
      table,
      translating,
      frame,
    });
  }

  translating(level: number): void {
    this.#translating = level === 0 ? 'page' : `gL${level}`;
  }

  cached(cache: WalkCacheHit['cache'], level: number): void {
    if (this.phases.length === 0) this.note('page walk');
    const translating = cache === 'pwc' ? '' : this.#translating;
    this.phases[this.phases.length - 1]!.hits.push({ cache, level, translating, after: this.#n });
  }

  note(what: string): void {
    this.phases.push({ what, steps: [], hits: [] });
    if (what.endsWith('page walk') || what.endsWith('walk again')) this.#n = 0;
  }
}

/** Throws {@link TraceError} if the trace ends before the record asked for. */
export async function walkAccess(request: WalkRequest): Promise<WalkReport> {
  if (request.va !== null) checkCanonical(request.va, request.machine.config.guest.levels);
  request.trace.limitVcpus?.(request.machine.config.vcpus, 0);
  const machine = createMachine(request.machine, request.trace.header, { file: request.trace.path });
  const last = request.va === null ? (request.at ?? 0) : (request.at ?? Infinity);
  const record = await replayUpTo(machine, request, last).catch((error: unknown) => {
    throw error instanceof TraceError ? errorIn(error, request.trace) : error;
  });
  const batch = request.va === null ? record : addressBatch(request.va);
  if (batch === null) {
    throw new TraceError(
      { file: request.trace.path },
      `the trace has no access number ${last} (numbers count from 0)`,
      {
        hint: `\`p2msim trace info ${request.trace.path}\` says how many there are`,
      },
    );
  }
  if (request.cold) machine.chill();
  return watch(machine, request, batch);
}

function checkCanonical(va: Word64, levels: 4 | 5): void {
  if (isCanonical(va.hi, va.lo, levels)) return;
  throw new UsageError(
    `${formatAddress(va.hi, va.lo)} is not a canonical address of a guest with ${levels}-level tables`,
    {
      hint:
        levels === 4
          ? 'bits 63 to 47 must be equal; --guest-paging 5 takes 57-bit addresses'
          : 'bits 63 to 56 must be equal',
    },
  );
}

/** Replays the records before number `last`; returns that record, or null if the trace ends first. */
async function replayUpTo(machine: Machine, request: WalkRequest, last: number): Promise<AccessBatch | null> {
  let before = 0;
  for await (const chunk of request.trace.chunks()) {
    if (before + chunk.accesses.n <= last) {
      machine.replayChunk(chunk);
      before += chunk.accesses.n;
      continue;
    }
    const at = last - before;
    replayHead(machine, chunk, at);
    return single(chunk.accesses, at);
  }
  return null;
}

/** Everything of the chunk that comes before its record `at`. */
function replayHead(machine: Machine, chunk: TraceChunk, at: number): void {
  let done = 0;
  for (let e = 0; e < chunk.events.length && chunk.eventAt[e]! <= at; e++) {
    machine.replayAccesses(chunk.accesses, done, chunk.eventAt[e]!);
    machine.event(chunk.events[e]!);
    done = chunk.eventAt[e]!;
  }
  machine.replayAccesses(chunk.accesses, done, at);
}

function single(from: AccessBatch, at: number): AccessBatch {
  const batch = createBatch(1);
  batch.n = 1;
  batch.hi[0] = from.hi[at]!;
  batch.lo[0] = from.lo[at]!;
  batch.op[0] = from.op[at]!;
  batch.size[0] = from.size[at]!;
  batch.vcpu[0] = from.vcpu[at]!;
  return batch;
}

function addressBatch(va: { readonly hi: number; readonly lo: number }): AccessBatch {
  const batch = createBatch(1);
  batch.n = 1;
  batch.hi[0] = va.hi;
  batch.lo[0] = va.lo;
  batch.op[0] = OP_READ;
  batch.size[0] = 1;
  return batch;
}

function watch(machine: Machine, request: WalkRequest, batch: AccessBatch): WalkReport {
  const recorder = new Recorder();
  const { parts } = machine;
  const vcpu = batch.vcpu[0]!;
  const hits = machine.counters();
  parts.watch.observer = recorder;
  machine.replayAccesses(batch, 0, 1);
  parts.watch.observer = null;
  if (recorder.phases.length === 0) {
    const fetch = batch.op[0] === OP_FETCH;
    recorder.note(fetch ? 'L1 ITLB hit: no walk' : 'L1 DTLB hit: no walk');
  }
  const after = machine.counters();
  const walked = after['walk.count'] !== hits['walk.count'];
  return {
    mode: machine.plugin.name,
    at: request.va === null ? request.at : null,
    op: OP_LETTERS[batch.op[0]!] ?? 'R',
    va: { hi: batch.hi[0]!, lo: batch.lo[0]! },
    size: batch.size[0]!,
    addressSpace: parts.guest.current[vcpu]!.name,
    phases: recorder.phases,
    ...frames(machine, vcpu, batch, walked),
  };
}

/** Where the access went: of the last walk, or by the guest's tables if the TLB knew. */
function frames(
  machine: Machine,
  vcpu: number,
  batch: AccessBatch,
  walked: boolean,
): { gfn: number | null; mfn: number | null } {
  const { guest, translation } = machine.parts;
  const page = pageNumberOf(batch.hi[0]! | 0, batch.lo[0]!);
  const place = guest.tables.find(
    guest.current[vcpu]!.root,
    guest.levels,
    pageHi(page),
    pageLo(page),
    guest.place,
  );
  if (!place.leaf || (place.flags & 1) === 0) return { gfn: null, mfn: null };
  const gfn = place.frame + (page % 512 ** (place.level - 1));
  return { gfn, mfn: walked && translation.gfn === gfn ? translation.mfn : null };
}
