/**
 * Lab: a measured guest on a modelled machine: carries out its operations and cuts what they cost into phases.
 *
 * The guest is not the modelled Linux: its tables, its direct map and its fault handler are the scenario's own
 * (scenario/). Its kernel's loads and stores go through the direct map like any access.
 */
import { pageHi, pageLo, pageNumberOf } from '../arch/paging.js';
import { PTE_P } from '../arch/pte.js';
import type { AddressSpace } from '../guest/address-space.js';
import type { Guest } from '../guest/guest.js';
import { backends } from '../mmu/index.js';
import type { GuestOps, PageFaultHandler, TableEntry } from '../scenario/guest-ops.js';
import type { ScenarioHost, ScenarioParams, ScenarioSuite } from '../scenario/scenario.js';
import { Machine } from '../sim/machine.js';
import { createBatch, OP_FETCH, OP_READ, OP_WRITE } from '../trace/access.js';
import { EMPTY_HEADER } from '../trace/event.js';
import { ExitLog } from './exits.js';
import { LAB_MODES, labConfig, type LabMode, type LabSuite } from './modes.js';
import { type Phase, PhaseLog } from './phase.js';

export interface LabOptions {
  readonly suite: LabSuite;
  readonly mode: LabMode;
  readonly host: ScenarioHost;
  /** Frame of the root that is loaded before the first operation. */
  readonly bootRoot: number;
  /** False: every access walks; the numbers must be the same. */
  readonly tlb?: boolean;
}

export class Lab implements GuestOps {
  readonly machine: Machine;
  readonly #guest: Guest;
  readonly #exits: ExitLog;
  readonly #phases: PhaseLog;
  readonly #batch = createBatch(1);
  /** Address space of each root, and of each tag that a root was loaded with. */
  readonly #spaces = new Map<string, AddressSpace>();
  #handler: PageFaultHandler | null = null;
  /** Page that the guest last fetched an instruction from; null: it has said nothing of its code. */
  #code: number | null = null;
  #exited = false;

  constructor(options: LabOptions) {
    const { suite, mode, host, bootRoot } = options;
    const config = labConfig(suite, host, mode, options.tlb);
    this.machine = new Machine(backends.get(mode.backend), config, EMPTY_HEADER, {
      layout: { directMapHi: host.directMapHi, mapsKernel: false, bootRoot },
      handleFault: (guest, _vcpu, hi, lo, write) => this.#pageFault(guest, hi, lo, write),
    });
    const { parts } = this.machine;
    this.#guest = parts.guest;
    this.#spaces.set(spaceName(bootRoot, 0), parts.guest.current[0]!);
    this.#exits = new ExitLog(suite, () => {
      for (const vcpu of parts.vcpus) vcpu.tlb.clear();
      this.#exited = true;
    });
    parts.watch.exits = this.#exits;
    this.#phases = new PhaseLog(this.machine, suite, this.#exits);
  }

  /** An entry of a table that is in place before the first operation. */
  readonly setEntry = (gfn: number, index: number, frame: number, flags: number): void => {
    this.#guest.tables.set(gfn, index, frame, flags);
  };

  takePhases(): readonly Phase[] {
    return this.#phases.take();
  }

  read(page: number): void {
    this.#access(page, OP_READ);
    this.#goOn();
  }

  write(page: number): void {
    this.#access(page, OP_WRITE);
    this.#goOn();
  }

  fetch(page: number): void {
    this.#code = page;
    this.#exits.fetching = true;
    this.#access(page, OP_FETCH);
    this.#exits.fetching = false;
  }

  loadEntry(gfn: number, index: number): TableEntry {
    this.#guest.readEntry(0, gfn, index);
    this.#goOn();
    const { tables } = this.#guest;
    if (!tables.isTable(gfn)) return { frame: 0, flags: 0 };
    return { frame: tables.frame(gfn, index), flags: tables.flags(gfn, index) };
  }

  storeEntry(gfn: number, index: number, frame: number, flags: number): void {
    this.#guest.storeEntry(0, gfn, index, frame, flags);
    this.#goOn();
  }

  storeData(gfn: number, index: number, frame: number, flags: number): void {
    this.#guest.storeEntry(0, gfn, index, frame, flags);
    this.#goOn();
  }

  zeroFrame(gfn: number): void {
    this.#guest.zeroFrame(0, gfn);
    this.#goOn();
  }

  copyFrame(to: number, from: number): void {
    this.#guest.copyFrame(0, to, from);
    this.#goOn();
  }

  invlpg(page: number): void {
    this.#guest.invlpg(0, page);
    this.#goOn();
  }

  loadCr3(root: number, pcid?: { readonly id: number; readonly noflush: boolean }): void {
    const name = spaceName(root, pcid?.id ?? 0);
    let space = this.#spaces.get(name);
    if (space === undefined) {
      space = this.#guest.register(name, root);
      this.#spaces.set(name, space);
    }
    this.#guest.loadCr3(0, space, pcid?.noflush ?? false);
  }

  cpuid(): void {
    this.machine.event({ kind: 'cpuid', vcpu: 0, line: 0 });
  }

  togglePge(): void {
    this.machine.event({ kind: 'flushall', vcpu: 0, line: 0 });
  }

  dropTranslations(): void {
    this.machine.dropTranslations();
    // Whoever drops them flushes as well (kvm_flush_remote_tlbs).
    for (const vcpu of this.machine.parts.vcpus) vcpu.tlb.clear();
  }

  onPageFault(handler: PageFaultHandler): void {
    this.#handler = handler;
  }

  mark(phase: string | null): void {
    this.#phases.mark(phase);
  }

  /** After an exit the next instruction is fetched anew: it faults if the exit took the mapping of the code. */
  #goOn(): void {
    if (!this.#exited) return;
    this.#exited = false;
    if (this.#code !== null) this.fetch(this.#code);
    this.#exited = false;
  }

  #access(page: number, op: number): void {
    const batch = this.#batch;
    batch.n = 1;
    batch.hi[0] = pageHi(page);
    batch.lo[0] = pageLo(page);
    batch.op[0] = op;
    batch.size[0] = 1;
    this.machine.replayAccesses(batch, 0, 1);
  }

  /** The guest's #PF: its handler runs, then the access is repeated. Without a handler it is passed over. */
  #pageFault(guest: Guest, hi: number, lo: number, write: boolean): boolean {
    guest.counters.guestFaults += 1;
    if (this.#handler === null) return false;
    const place = guest.tables.find(guest.current[0]!.root, guest.levels, hi, lo, guest.place);
    const { fetching } = this.#exits;
    this.#exits.fetching = false;
    this.#handler(pageNumberOf(hi, lo), (place.flags & PTE_P) !== 0, write);
    this.#exits.fetching = fetching;
    return true;
  }
}

function spaceName(root: number, pcid: number): string {
  return `0x${(root * 4096).toString(16)} ${pcid}`;
}

/** A lab with the guest of `suite` in memory, not started. */
export function createLab(suite: ScenarioSuite, modeName: string, params: ScenarioParams, tlb = true): Lab {
  const mode = LAB_MODES[suite.name].get(modeName);
  const host = suite.host(params);
  const lab = new Lab({ suite: suite.name, mode, host, bootRoot: suite.bootRoot, tlb });
  suite.bootTables(params, lab.setEntry);
  for (const { start, end } of host.loaded) for (let gfn = start; gfn < end; gfn++) lab.machine.loaded(gfn);
  return lab;
}
