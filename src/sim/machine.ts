/**
 * Machine: one configuration brought to life: guest, hardware, backend, counters; fed chunk by chunk.
 *
 * Machines share nothing: a comparison feeds the same chunks to several of them.
 */
import type { MachineConfig } from '../config/schema.js';
import { TraceError } from '../errors.js';
import { guestEvent } from '../guest/events.js';
import { Guest } from '../guest/guest.js';
import type { GuestLayout, GuestPort } from '../guest/port.js';
import { countTables } from '../guest/scripted.js';
import { type BackendPlugin, type MachineParts, type MmuBackend, type Vcpu } from '../mmu/backend.js';
import { type FaultHandling, Front } from '../mmu/front.js';
import { backends } from '../mmu/index.js';
import { BlockReplay } from '../mmu/block-replay.js';
import { PageColumns } from '../mmu/page-columns.js';
import type { KernelUse } from '../mmu/replay-kernel.js';
import { PageIds } from '../mmu/page-ids.js';
import { type AccessBatch, createBatch, OP_READ, OP_WRITE, type TraceChunk } from '../trace/access.js';
import type { TraceEvent, TraceHeader, Word64 } from '../trace/event.js';
import { beyondVcpus } from '../trace/vcpu-limit.js';
import {
  type AccessCounters,
  type CounterValues,
  counterValues,
  createAccessCounters,
  createMachineCounters,
  createTableMemory,
  type MachineCounters,
  type TableMemory,
} from '../counters.js';
import { guestKernel } from './guest-kernel.js';
import { GuestShare } from './guest-share.js';
import { OwnSwitches } from './own-switches.js';
import type { MachineRequest } from './run.js';
import { createVcpus } from './vcpus.js';

export class Machine {
  readonly plugin: BackendPlugin;
  readonly config: MachineConfig;
  readonly parts: MachineParts;
  readonly switches: OwnSwitches;
  readonly #trace: AccessCounters = createAccessCounters();
  readonly #kernel: AccessCounters = createAccessCounters();
  readonly #counters: MachineCounters = createMachineCounters();
  readonly #backend: MmuBackend;
  readonly #replay: BlockReplay;
  readonly #lenient: boolean;
  readonly #file: string;
  readonly #single = createBatch(1);
  readonly #share: GuestShare;
  #columns: PageColumns | null = null;
  /** Events passed over under `--lenient`, by reason. */
  readonly ignored = new Map<string, number>();
  /** Events that change nothing in this model, by kind. */
  readonly passive = new Map<string, number>();

  constructor(
    plugin: BackendPlugin,
    config: MachineConfig,
    header: TraceHeader,
    options: MachineOptions = {},
  ) {
    this.plugin = plugin;
    this.config = config;
    this.#lenient = options.lenient ?? false;
    this.#file = options.file ?? '<trace>';
    const ids = options.ids ?? new PageIds();
    const vcpus = createVcpus(config, ids, this.#counters);
    // The guest is built first, and its memory may grow before there is a backend to tell.
    const bound: { backend: MmuBackend | null; front: Front | null } = { backend: null, front: null };
    const share = (this.#share = options.share ?? new GuestShare());
    const { layout, handleFault } = guestKernel(config, header, options);
    share.grown.push((ram) => bound.backend?.ramGrown(ram));
    const guest = (share.guest ??= new Guest(config, this.#counters, portOf(vcpus, bound, share), layout));
    this.switches = new OwnSwitches(config.guest.switchEvery, guest);
    for (const vcpu of vcpus) vcpu.space = guest.current[vcpu.id]!.id;
    this.parts = {
      config,
      guest,
      vcpus,
      ids,
      counters: this.#counters,
      origin: { counters: this.#trace },
      translation: { size: 0, flags: 0, gfn: 0, mfn: 0 },
      watch: { observer: null, exits: null },
      p2mRanges: header.p2m,
      p2m: (maxSize) => share.p2m(plugin.name, config, header.p2m, maxSize),
    };
    this.#backend = plugin.create(this.parts);
    const front = new Front(this.parts, this.#backend, this.#kernel, handleFault);
    this.#replay = new BlockReplay(this.parts, this.#backend, front, this.#trace, options.kernels);
    bound.backend = this.#backend;
    bound.front = front;
  }

  /** Replays a whole chunk: accesses and the events between them. */
  replayChunk(chunk: TraceChunk): void {
    let done = 0;
    for (let e = 0; e < chunk.events.length; e++) {
      const at = chunk.eventAt[e]!;
      this.replayAccesses(chunk.accesses, done, at);
      this.event(chunk.events[e]!);
      done = at;
    }
    this.replayAccesses(chunk.accesses, done, chunk.accesses.n);
  }

  /** Replays records [from, to) of a batch, each of them. */
  replayAccesses(batch: AccessBatch, from: number, to: number): void {
    this.switches.inSlices(from, to, (start, end) => this.#replayEach(batch, start, end));
  }

  #replayEach(batch: AccessBatch, from: number, to: number): void {
    const columns = (this.#columns ??= new PageColumns(this.parts.ids));
    columns.fill(this.spaces(), batch, from, to, 0);
    this.replayColumns(batch, columns, 0);
  }

  /**
   * Replays what `columns` were made of, with this machine's page ids and {@link spaces}.
   * @param sets what they were stripped with
   */
  replayColumns(batch: AccessBatch, columns: PageColumns, sets: number): void {
    for (let b = 0; b < columns.blockCount; b++) {
      const block = columns.block(b);
      this.#replay.replay(this.#vcpu(block.vcpu, 0), batch, columns, block, sets);
    }
  }

  /** Address space loaded on each vcpu. */
  spaces(): number[] {
    return this.parts.vcpus.map((vcpu) => vcpu.space);
  }

  event(event: TraceEvent): void {
    const vcpu = this.#vcpu(event.vcpu, event.line);
    if (event.kind === 'host')
      return this.#refuse(event, `${event.op} is a host-side event, which is not modelled yet`);
    try {
      if (guestEvent(this.parts.guest, event)) return;
    } catch (error) {
      throw this.#placed(error);
    }
    switch (event.kind) {
      case 'demand':
        return this.#oneAccess(event.vcpu, event.va, event.write);
      case 'cow':
        return this.#oneAccess(event.vcpu, event.va, true);
      case 'flushall':
      case 'invpcid':
      case 'cr0wp':
      case 'pgmode':
      case 'mmio':
      case 'ptdying':
      case 'cpuid': {
        const reason = this.#backend.event(vcpu, event);
        if (reason !== null) this.#refuse(event, reason);
        return;
      }
      default: // Annotations, scheduling and system calls change nothing in this model.
        this.passive.set(event.kind, (this.passive.get(event.kind) ?? 0) + 1);
    }
  }

  /** The hypervisor drops every translation that it holds for the guest. */
  dropTranslations(): void {
    this.#backend.dropTranslations?.();
  }

  /** A loader has written to this frame of guest memory. */
  loaded(gfn: number): void {
    this.#backend.loaded?.(gfn);
  }

  counters(): CounterValues {
    return counterValues(this.#trace, this.#kernel, this.#counters);
  }

  memory(): TableMemory {
    const memory = createTableMemory();
    const { tables, allocator } = this.parts.guest;
    // Nobody tells when a scripted guest takes a frame for a table.
    const own = this.parts.guest.scripted ? countTables(this.parts.guest) : 0;
    memory['guest.pages'] = Math.max(own, tables.inUse);
    memory['guest.pages.peak'] = Math.max(own, tables.peak);
    memory['ram.pages'] = allocator.ram;
    this.#backend.memory(memory);
    return memory;
  }

  /** Empties TLBs, walk caches and data caches: a cold start for `p2msim walk --cold`. */
  chill(): void {
    for (const vcpu of this.parts.vcpus) {
      vcpu.tlb.clear();
      vcpu.pwc.flush();
      vcpu.npwc.flush();
      vcpu.ntlb?.flush();
      vcpu.cache.clear();
    }
  }

  guestTables(): string {
    return this.parts.guest.tablesText();
  }

  /** At the end of the trace. */
  guestDigest(): string {
    return this.#share.digest(this.parts.guest);
  }

  #oneAccess(vcpu: number, va: Word64, write: boolean): void {
    const batch = this.#single;
    batch.n = 1;
    batch.hi[0] = va.hi;
    batch.lo[0] = va.lo;
    batch.op[0] = write ? OP_WRITE : OP_READ;
    batch.size[0] = 1;
    batch.vcpu[0] = vcpu;
    this.#replayEach(batch, 0, 1);
  }

  #vcpu(id: number, line: number): Vcpu {
    const vcpu = this.parts.vcpus[id];
    if (vcpu !== undefined) return vcpu;
    const { message, hint } = beyondVcpus(id, this.parts.vcpus.length);
    throw new TraceError({ file: this.#file, line: line > 0 ? line : undefined }, message, { hint });
  }

  /** An event that this mode cannot model: an error, or under --lenient a line in the assumptions. */
  #refuse(event: TraceEvent, reason: string): void {
    const what = `mode ${this.plugin.name} cannot replay this event: ${reason}`;
    if (!this.#lenient) {
      throw new TraceError({ file: this.#file, line: event.line > 0 ? event.line : undefined }, what, {
        hint:
          event.kind === 'host'
            ? 'pass such events over with --lenient'
            : 'leave the mode out (-m), or pass such events over with --lenient',
      });
    }
    this.ignored.set(reason, (this.ignored.get(reason) ?? 0) + 1);
  }

  /** The guest does not know the file's name. */
  #placed(error: unknown): unknown {
    if (!(error instanceof TraceError) || error.place.file !== '') return error;
    return new TraceError({ ...error.place, file: this.#file }, error.message, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

export interface MachineOptions {
  readonly lenient?: boolean;
  /** Page ids that machines of one pass share. */
  readonly ids?: PageIds;
  /** Guest and p2m, where several machines may share them. */
  readonly share?: GuestShare | undefined;
  /** Name of the trace, for messages. */
  readonly file?: string;
  /** A guest that is not the modelled Linux: its layout, and what it does on a page fault. */
  readonly layout?: GuestLayout;
  readonly handleFault?: FaultHandling;
  /** When WebAssembly takes over; counts do not depend on it. */
  readonly kernels?: KernelUse;
}

/** Builds a machine with a built-in mode, or the backend that the request brings. */
export function createMachine(
  request: MachineRequest,
  header: TraceHeader,
  options: MachineOptions = {},
): Machine {
  return new Machine(request.backend ?? backends.get(request.mode), request.config, header, options);
}

function portOf(
  vcpus: readonly Vcpu[],
  bound: { backend: MmuBackend | null; front: Front | null },
  share: GuestShare,
): GuestPort {
  return {
    access: (vcpu, hi, lo, write) => bound.front!.kernelAccess(vcpus[vcpu]!, hi, lo, write),
    moreHits: (vcpu, write, n) => bound.front!.moreKernelHits(vcpus[vcpu]!, write, n),
    invlpg: (vcpu, hi, lo) => bound.backend!.invlpg(vcpus[vcpu]!, hi, lo),
    cr3: (vcpu, space, flush) => {
      vcpus[vcpu]!.space = space.id;
      bound.backend!.cr3(vcpus[vcpu]!, space, flush);
    },
    ramGrown: (ram) => share.grown.forEach((tell) => tell(ram)),
  };
}
