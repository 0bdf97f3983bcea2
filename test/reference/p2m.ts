/** The p2m: gfn -> mfn radix table with leaves of three sizes (rule 5, last paragraph). */
import type { MachineConfig } from '../../src/config/schema.js';
import type { TraceHeader } from '../../src/trace/event.js';
import { indexAt, leafLevel, pagesOf, type SizeName } from './entry.js';

export interface P2mTable {
  /** In order of creation, the root is 0. */
  number: number;
  level: number;
  entries: Map<number, P2mTable | 'leaf'>;
}

export class P2m {
  readonly tables: P2mTable[] = [];
  #config: MachineConfig;
  #header: TraceHeader;
  #largest: SizeName;
  #used: boolean;
  /** Frames of RAM: gfn 0..ram-1. */
  ram = 0;

  /** `used`: false in native mode, where nobody asks what a frame is mapped to (5). */
  constructor(config: MachineConfig, header: TraceHeader, largest: SizeName, used = true) {
    this.#config = config;
    this.#header = header;
    this.#largest = largest;
    this.#used = used;
    this.#newTable(config.host.levels);
  }

  get root(): P2mTable {
    return this.tables[0]!;
  }

  #newTable(level: number): P2mTable {
    const table = { number: this.tables.length, level, entries: new Map() };
    this.tables.push(table);
    return table;
  }

  isRam(gfn: number): boolean {
    if (this.#config.host.layout === 'xen' && gfn >= 0xa0 && gfn < 0xc0) return false;
    return gfn < this.ram;
  }

  /** May a leaf of `size` cover this frame, as far as the frame itself goes? */
  #allows(gfn: number, size: SizeName): boolean {
    if (!this.isRam(gfn) || pagesOf(size) > pagesOf(this.#largest)) return false;
    if (size !== '4k' && this.#config.host.layout === 'xen' && gfn < 0x200) return false;
    return this.#header.p2m.every(
      (range) =>
        gfn < range.gfn || gfn >= range.gfn + range.count || pagesOf(size) <= pagesOf(range.pageSize),
    );
  }

  /** The largest leaf whose whole aligned range is RAM and may have it. */
  leafSize(gfn: number): SizeName {
    if (this.#largest === '4k') return '4k';
    for (const size of ['1g', '2m'] as const) {
      const n = pagesOf(size);
      const base = Math.floor(gfn / n) * n;
      if (!this.#allows(gfn, size) || !this.#allows(base + n - 1, size)) continue;
      let all = true;
      for (let i = 0; i < n && all; i++) all = this.#allows(base + i, size);
      if (all) return size;
    }
    return '4k';
  }

  /** RAM grows to `ram` frames; eager (or warm) p2ms map it at once, ascending. */
  grow(ram: number): void {
    const from = this.ram;
    this.ram = ram;
    const lazy = this.#config.host.populate === 'lazy' && this.#config.guest.memory === 'cold';
    if (lazy || !this.#used) return;
    for (let gfn = from; gfn < ram;) {
      if (!this.isRam(gfn)) gfn++;
      else gfn += this.populate(gfn);
    }
  }

  /** Maps the leaf that covers gfn; returns the pages from gfn to its end. */
  populate(gfn: number): number {
    const size = this.leafSize(gfn);
    let table = this.root;
    while (table.level > leafLevel(size)) {
      const index = indexAt(gfn, table.level);
      let next = table.entries.get(index);
      if (next === 'leaf') throw new Error(`p2m leaf above a leaf at gfn ${gfn}`);
      if (next === undefined) {
        next = this.#newTable(table.level - 1);
        table.entries.set(index, next);
      }
      table = next;
    }
    table.entries.set(indexAt(gfn, table.level), 'leaf');
    return pagesOf(size) - (gfn % pagesOf(size));
  }
}
