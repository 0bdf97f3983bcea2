/** KVM's shadow pages: identity, hash, write protection, zapping, recycling (rules 9.1, 9.4, 9.8, 9.10). */
import type { Frames, HostPages } from './host-pages.js';
import type { Machine, Vcpu } from './machine.js';

/** Rights that a path grants: part of what a shadow page is. */
export interface Access {
  w: boolean;
  u: boolean;
}

/** Empty, a mapping (of 4 KiB at level 1, of 2 MiB at level 2), or a link to a lower page. */
export type KvmEntry =
  null | { kind: 'map'; gfn: number; w: boolean; hostWritable: boolean } | { kind: 'link'; page: KvmPage };

export interface KvmPage {
  /** For the address of its entries only (3.3). */
  number: number;
  /** The guest table, or the first frame of the piece of a superpage (direct). */
  gfn: number;
  level: number;
  direct: boolean;
  access: Access;
  entries: KvmEntry[];
  /** Its guest table may be written freely; the entries may lag behind it. */
  unsync: boolean;
  /** Emulated stores since the last fill through the page. */
  floods: number;
}

export interface KvmVcpu {
  hardware: Vcpu;
  /** Frame in CR3. */
  cr3: number;
  root: KvmPage;
  /** Roots loaded before, the latest first. */
  previous: KvmPage[];
}

const KEPT_ROOTS = 3;
const MIN_FREE = 5;
const REFILL = 25;

export class KvmPages {
  readonly m: Machine;
  readonly host: HostPages;
  readonly vcpus: KvmVcpu[] = [];
  /** Oldest first. */
  pages: KvmPage[] = [];
  /** An entry that was present has been changed or removed: the TLBs have to be flushed. */
  touched = false;

  constructor(machine: Machine, host: HostPages) {
    this.m = machine;
    this.host = host;
  }

  // 9.1: what is shadowed.

  /** Shadow pages of a guest table. */
  tablesOf(gfn: number): KvmPage[] {
    return this.pages.filter((page) => !page.direct && page.gfn === gfn);
  }

  /** Stores to it are emulated: it is shadowed above the leaf level. */
  isTracked(gfn: number): boolean {
    return this.tablesOf(gfn).some((page) => page.level > 1);
  }

  /** A page of 2 MiB with a shadowed table in it is not mapped in one piece. */
  holdsTable(base: number): boolean {
    return this.pages.some((page) => !page.direct && page.gfn >= base && page.gfn < base + 512);
  }

  /** Unsync pages that can be reached from `page`, each once. */
  unsyncBelow(page: KvmPage): KvmPage[] {
    const found = new Set<KvmPage>();
    const visit = (at: KvmPage): void => {
      for (const entry of at.entries) {
        if (entry?.kind !== 'link') continue;
        if (entry.page.unsync) found.add(entry.page);
        visit(entry.page);
      }
    };
    visit(page);
    return [...found];
  }

  // Entries.

  /** Empties an entry. A page that loses its last link stays in the hash. */
  drop(page: KvmPage, index: number): void {
    if (page.entries[index] !== null) this.touched = true;
    page.entries[index] = null;
  }

  link(parent: KvmPage, index: number, page: KvmPage): void {
    this.drop(parent, index);
    parent.entries[index] = { kind: 'link', page };
  }

  /** rmap_write_protect: every entry that maps the frame, alone or within 2 MiB, loses W. */
  writeProtect(gfn: number): void {
    for (const page of this.pages) {
      const frames = page.level === 1 ? 1 : 512;
      for (const entry of page.entries) {
        if (entry?.kind !== 'map' || !entry.w) continue;
        if (gfn < entry.gfn || gfn >= entry.gfn + frames) continue;
        entry.w = false;
        this.touched = true;
      }
    }
  }

  /** kvm_unmap_gfn_range: the host took the pages behind the frames away. */
  unmapFrames(lost: Frames): void {
    for (const page of this.pages) {
      const n = page.level === 1 ? 1 : 512;
      page.entries.forEach((entry, index) => {
        if (entry?.kind !== 'map') return;
        if (entry.gfn + n > lost.first && entry.gfn < lost.first + lost.n) this.drop(page, index);
      });
    }
  }

  // 9.4: finding and making.

  /** kvm_mmu_get_shadow_page. A table that is wanted above the leaf level is no unsync leaf table any more. */
  get(gfn: number, level: number, direct: boolean, access: Access): KvmPage {
    if (level > 1) {
      for (const page of this.tablesOf(gfn)) if (page.unsync) this.zap(page);
    }
    const page = this.#find(gfn, level, direct, access) ?? this.#make(gfn, level, direct, access);
    page.floods = 0;
    return page;
  }

  #find(gfn: number, level: number, direct: boolean, access: Access): KvmPage | undefined {
    return this.pages.find(
      (page) =>
        page.gfn === gfn &&
        page.level === level &&
        page.direct === direct &&
        page.access.w === access.w &&
        page.access.u === access.u,
    );
  }

  #make(gfn: number, level: number, direct: boolean, access: Access): KvmPage {
    this.m.counts.add('shadow.alloc');
    const used = new Set(this.pages.map((page) => page.number));
    let number = 0;
    while (used.has(number)) number++;
    const entries = Array.from<KvmEntry>({ length: 512 }).fill(null);
    const page = { number, gfn, level, direct, access: { ...access }, entries, unsync: false, floods: 0 };
    this.pages.push(page);
    if (!direct) this.writeProtect(gfn);
    return page;
  }

  // 9.10: zapping, limit.

  /** Returns how many pages went: the page, and the unsync ones below it. */
  zap(page: KvmPage): number {
    let gone = 1;
    for (const below of this.unsyncBelow(page)) gone += this.zap(below);
    for (let i = 0; i < 512; i++) this.drop(page, i);
    for (const parent of this.pages) {
      parent.entries.forEach((entry, index) => {
        if (entry?.kind === 'link' && entry.page === page) this.drop(parent, index);
      });
    }
    this.pages = this.pages.filter((p) => p !== page);
    this.m.counts.add('shadow.free');
    return gone;
  }

  #limit(): number {
    const { pool } = this.m.config.shadow;
    if (pool === 'auto') return Math.max(64, Math.floor(this.m.p2m.ram / 50));
    return pool === 0 ? Infinity : pool;
  }

  #isRoot(page: KvmPage): boolean {
    return this.vcpus.some((vcpu) => vcpu.root === page || vcpu.previous.includes(page));
  }

  /** make_mmu_pages_available. */
  makeAvailable(): void {
    const free = Math.max(0, this.#limit() - this.pages.length);
    if (free >= MIN_FREE) return;
    this.m.counts.add('shadow.prealloc1');
    let wanted = REFILL - free;
    while (wanted > 0) {
      const oldest = this.pages.find((page) => !this.#isRoot(page));
      if (oldest === undefined) return;
      wanted -= this.zap(oldest);
    }
  }

  // 9.8: roots.

  #rootOf(cr3: number): KvmPage {
    const all = { w: true, u: true };
    this.makeAvailable();
    return this.get(cr3, 4, false, all);
  }

  /** A vcpu that has its first root. */
  addVcpu(hardware: Vcpu, cr3: number): void {
    this.vcpus.push({ hardware, cr3, root: this.#rootOf(cr3), previous: [] });
  }

  /** Another value than before: cached_root_find_and_keep_current, else a look-up by hash. */
  switchRoot(vcpu: KvmVcpu, cr3: number): void {
    const cached = vcpu.previous.find((page) => page.gfn === cr3);
    const others = [vcpu.root, ...vcpu.previous].filter((page) => page !== cached);
    vcpu.previous = others.slice(0, KEPT_ROOTS);
    vcpu.cr3 = cr3;
    vcpu.root = cached ?? this.#rootOf(cr3);
    vcpu.root.floods = 0;
  }

  /** Roots that were zapped in use are forgotten, and the current ones built anew. */
  replaceDeadRoots(): void {
    for (const vcpu of this.vcpus) vcpu.previous = vcpu.previous.filter((page) => this.pages.includes(page));
    for (const vcpu of this.vcpus) {
      if (!this.pages.includes(vcpu.root)) vcpu.root = this.#rootOf(vcpu.cr3);
    }
  }

  /** kvm_mmu_zap_all_fast: the memory slot is gone. */
  zapAll(): void {
    while (this.pages.length > 0) this.zap(this.pages[0]!);
    this.replaceDeadRoots();
  }
}
