/**
 * The #PF handler of the measured KVM guest: fills absent pages, copies or reopens write-protected ones.
 *
 * What it does is set by the workload. A fault that it was not told of is a mistake of the scenario.
 */
import { PTE_A, PTE_D, PTE_P, PTE_RW } from '../../arch/pte.js';
import { InternalError } from '../../errors.js';
import type { GuestOps } from '../guest-ops.js';
import type { FrameAllocator } from './frames.js';
import { USED_PAGE } from './layout.js';
import type { GuestTables } from './tables.js';

export type FaultPolicy =
  | { readonly kind: 'none' }
  /** Absent pages get a new frame, and with them the absent ones of the `around` pages about them, between `low` and `high`. */
  | {
      readonly kind: 'demand';
      readonly flags: number;
      readonly zero: boolean;
      readonly around: number;
      readonly low: number;
      readonly high: number;
    }
  /** Written read-only pages are copied; `clearFirst`: entry cleared, flushed, set, as Linux does it. */
  | { readonly kind: 'copy'; readonly clearFirst: boolean }
  /** Written read-only pages have no other owner: they become writable. */
  | { readonly kind: 'reopen' };

export type DemandPolicy = Extract<FaultPolicy, { kind: 'demand' }>;

export class FaultHandler {
  policy: FaultPolicy = { kind: 'none' };
  readonly #ops: GuestOps;
  readonly #frames: FrameAllocator;
  readonly #tables: GuestTables;

  constructor(ops: GuestOps, frames: FrameAllocator, tables: GuestTables) {
    this.#ops = ops;
    this.#frames = frames;
    this.#tables = tables;
  }

  /** @param root of the address space that is loaded */
  handle(root: number, page: number, present: boolean, write: boolean): void {
    const { policy } = this;
    if (policy.kind === 'demand' && !present) {
      if (policy.around > 1) this.#fillAround(root, page, policy);
      else this.#fill(root, page, policy);
    } else if (policy.kind === 'copy' && present && write) {
      this.#copy(root, page, policy.clearFirst);
    } else if (policy.kind === 'reopen' && present && write) {
      this.#reopen(root, page);
    } else {
      const what = `${present ? 'present' : 'absent'} page ${page}, ${write ? 'write' : 'read'}`;
      throw new InternalError(`guest fault that the scenario did not expect: ${what}, policy ${policy.kind}`);
    }
  }

  #fill(root: number, page: number, { flags, zero }: DemandPolicy): void {
    const frame = this.#frames.data();
    if (zero) this.#ops.zeroFrame(frame);
    this.#tables.map(root, page, frame, flags);
  }

  #fillAround(root: number, page: number, { flags, around, low, high }: DemandPolicy): void {
    const first = page - (page % around);
    for (let at = Math.max(first, low); at < Math.min(first + around, high); at++) {
      const slot = this.#tables.makeEntry(root, at, 1);
      if ((this.#tables.load(slot).flags & PTE_P) === 0) this.#tables.store(slot, this.#frames.data(), flags);
    }
  }

  #reopen(root: number, page: number): void {
    this.#tables.changeFlags(this.#tables.leaf(root, page), (flags) => flags | PTE_RW | PTE_A | PTE_D);
    this.#ops.invlpg(page);
  }

  #copy(root: number, page: number, clearFirst: boolean): void {
    const slot = this.#tables.leaf(root, page);
    const { frame } = this.#tables.load(slot);
    const copy = this.#frames.data();
    this.#ops.copyFrame(copy, frame);
    if (clearFirst) {
      this.#tables.store(slot, 0, 0);
      this.#ops.invlpg(page);
      this.#tables.store(slot, copy, USED_PAGE);
    } else {
      this.#tables.store(slot, copy, USED_PAGE);
      this.#ops.invlpg(page);
    }
  }
}
