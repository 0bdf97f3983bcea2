/**
 * LargeRegions: where the TLBs of a vcpu have held entries larger than 4 KiB since they were last emptied.
 *
 * A kernel (mmu/replay-kernel.ts) looks for entries of 4 KiB only. It leaves accesses to these regions alone, for an entry of
 * another size may cover them, even one that is stale. A guest kernel's direct map of 2 MiB leaves must not keep it from all others.
 */
import { SIZE_1G } from '../arch/paging.js';
import type { Arena } from '../util/arena.js';

const FIRST_REGIONS = 4096;

export class LargeRegions {
  /** A byte a region of 2 MiB, by the number that mmu/page-ids.ts gives it: 1 if it is one of them. */
  bytes: Uint8Array = new Uint8Array(FIRST_REGIONS);
  /** Address of the bytes in an arena, or 0. */
  at = 0;
  /** An entry of 1 GiB covers 512 regions, and the page that it was entered for tells one of them: it may be any. */
  #everywhere = false;
  readonly #marked: number[] = [];
  #arena: Arena | null = null;

  get any(): boolean {
    return this.#marked.length > 0;
  }

  /** True if there are some that no kernel can be told of: in any region, or in bytes that have no place in the arena. */
  get unseen(): boolean {
    return this.#everywhere || (this.any && this.#arena !== null && this.at === 0);
  }

  /** An entry of `size`, which is not 4 KiB, is entered for `page`. */
  mark(page: number, size: number): void {
    const region = page >>> 9;
    if (size === SIZE_1G) this.#everywhere = true;
    if (region >= this.bytes.length) this.#grow(region);
    if (this.bytes[region] !== 0) return;
    this.bytes[region] = 1;
    this.#marked.push(region);
  }

  /** The TLBs are empty. */
  clear(): void {
    for (const region of this.#marked) this.bytes[region] = 0;
    this.#marked.length = 0;
    this.#everywhere = false;
  }

  /** Keeps the bytes where a kernel finds them; false if there is no room. */
  moveTo(arena: Arena): boolean {
    this.#arena = arena;
    return this.at > 0 || this.#move(this.bytes.length);
  }

  #grow(region: number): void {
    let capacity = this.bytes.length;
    while (region >= capacity) capacity *= 2;
    this.#move(capacity);
  }

  #move(capacity: number): boolean {
    const old = this.bytes;
    this.at = this.#arena?.take(capacity) ?? 0;
    this.bytes = this.at > 0 ? this.#arena!.uint8(this.at, capacity) : new Uint8Array(capacity);
    this.bytes.set(old);
    return this.#arena === null || this.at > 0;
  }
}
