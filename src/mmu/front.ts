/**
 * The front end that all modes share, for what the TLBs do not hold: walks, faults, retries, TLB fills (docs/model.md
 * 1, 2). The accesses of the trace come from mmu/block-replay.ts, those of the guest kernel model one by one.
 */
import { pageNumberOf } from '../arch/paging.js';
import { InternalError } from '../errors.js';
import { pageFault } from '../guest/fault.js';
import type { Guest } from '../guest/guest.js';
import type { AccessCounters } from '../counters.js';
import { EMULATED, FILLED, GUEST_FAULT, type MachineParts, type MmuBackend, type Vcpu } from './backend.js';
import { TLB_HIT, TLB_HIT_SECOND, TLB_MISS, TLB_REWALK } from './tlb-hierarchy.js';
import { countL1Hits } from './tlb-hits.js';

/** More walks than this for one access mean that the model runs in a circle. */
const MAX_WALKS = 64;

/** What handles a guest page fault: true if the access should be retried. */
export type FaultHandling = typeof pageFault;

export class Front {
  readonly #handleFault: FaultHandling;
  readonly #parts: MachineParts;
  readonly #backend: MmuBackend;
  readonly #guest: Guest;
  readonly #kernel: AccessCounters;
  /** Premapped guests: 1 once a region need not be looked at again. */
  #settled: Uint8Array | null;

  constructor(
    parts: MachineParts,
    backend: MmuBackend,
    kernel: AccessCounters,
    handleFault: FaultHandling = pageFault,
  ) {
    this.#handleFault = handleFault;
    this.#parts = parts;
    this.#backend = backend;
    this.#guest = parts.guest;
    this.#kernel = kernel;
    this.#settled = parts.config.guest.mode === 'premapped' ? new Uint8Array(4096) : null;
  }

  /** One kernel page access (docs/model.md 7.3); true if it hit the first-level TLB. */
  kernelAccess(vcpu: Vcpu, hi: number, lo: number, write: boolean): boolean {
    const { origin, ids } = this.#parts;
    const outer = origin.counters;
    const c = this.#kernel;
    origin.counters = c;
    vcpu.tlb.disturbances += 1;
    c.accesses += 1;
    if (write) c.writes += 1;
    else c.reads += 1;
    const hit = this.#access(vcpu, ids.page(vcpu.space, hi, lo), hi | 0, lo | 0, write, false);
    origin.counters = outer;
    return hit;
  }

  /** Counts `n` further kernel accesses to the page that the last one hit. */
  moreKernelHits(vcpu: Vcpu, write: boolean, n: number): void {
    const c = this.#kernel;
    c.accesses += n;
    if (write) c.writes += n;
    else c.reads += n;
    countL1Hits(c, false, vcpu.tlb.hitSize, n);
  }

  /** One access by the slow path; true if it hit the first-level TLB with sufficient rights. */
  #access(vcpu: Vcpu, page: number, hi: number, lo: number, write: boolean, fetch: boolean): boolean {
    const c = this.#parts.origin.counters;
    const found = vcpu.tlb.lookup(page, write, fetch, c);
    if (found === TLB_HIT) return true;
    if (found === TLB_HIT_SECOND) this.#parts.watch.observer?.note('STLB hit');
    else this.walk(vcpu, page, hi, lo, write, fetch, found, c);
    return false;
  }

  /**
   * Walks for what no TLB holds (`found` TLB_MISS), or not with the right to write (TLB_REWALK). (hi, lo) are int32:
   * an unsigned half would be boxed as a double in every call.
   */
  walk(
    vcpu: Vcpu,
    page: number,
    hi: number,
    lo: number,
    write: boolean,
    fetch: boolean,
    found: number,
    c: AccessCounters,
  ): void {
    if (this.#settled !== null && this.#settled[page >>> 9] !== 1) this.#settle(vcpu, page, hi, lo);
    const { observer } = this.#parts.watch;
    if (found === TLB_REWALK) c.rewalks += 1;
    observer?.note(
      found === TLB_REWALK ? 'TLB hit without the right to write: walk again' : 'TLB miss: page walk',
    );
    c.walks += 1;
    vcpu.page = page;
    const { tlb } = vcpu;
    const before = tlb.disturbances;
    const outcome = this.#backend.walk(vcpu, hi, lo, write);
    if (outcome !== FILLED) return this.#retry(vcpu, page, hi, lo, write, fetch, outcome, c);
    const { size, flags } = this.#parts.translation;
    tlb.fill(page, size, flags, fetch, found === TLB_MISS && tlb.disturbances === before, c);
  }

  /** What follows a walk that filled nothing: the guest's fault handler or the hypervisor's, and walks again. */
  #retry(
    vcpu: Vcpu,
    page: number,
    hi: number,
    lo: number,
    write: boolean,
    fetch: boolean,
    first: number,
    c: AccessCounters,
  ): void {
    const { observer } = this.#parts.watch;
    let outcome = first;
    for (let walks = 1; outcome !== FILLED; walks++) {
      c.walkFaults += 1;
      // A page fault drops whatever would translate the address (SDM 4.10.4.1).
      vcpu.tlb.dropPage(page);
      vcpu.pwc.invalidate(vcpu.space, page);
      if (outcome === EMULATED) return;
      if (outcome === GUEST_FAULT) {
        observer?.note('guest page fault: the guest kernel runs');
        if (!this.#handleFault(this.#guest, vcpu.id, hi, lo, write, fetch)) return;
      }
      if (walks === MAX_WALKS)
        throw new InternalError(`an access was walked ${MAX_WALKS} times without an end`);
      c.walks += 1;
      c.retries += 1;
      observer?.note('retry: page walk');
      vcpu.page = page;
      outcome = this.#backend.walk(vcpu, hi, lo, write);
    }
    const { size, flags } = this.#parts.translation;
    vcpu.tlb.fill(page, size, flags, fetch, false, c);
  }

  /** premapped: what the trace never edits was mapped before it began. */
  #settle(vcpu: Vcpu, page: number, hi: number, lo: number): void {
    const region = page >>> 9;
    let settled = this.#settled!;
    while (region >= settled.length) {
      const larger = new Uint8Array(2 * settled.length);
      larger.set(settled);
      settled = larger;
    }
    settled[region] = 1;
    this.#settled = settled;
    this.#guest.premap(this.#guest.current[vcpu.id]!, pageNumberOf(hi, lo));
  }
}
