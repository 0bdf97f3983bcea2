/**
 * BareScene: a guest without a kernel under shadow paging, its tables built entry by entry, and the hypervisor's own
 * tables open to view: for tests that derive each exit and each shadow entry by hand.
 *
 * No TLB: every access walks. 64 MiB of RAM, root in frame 0x100. The window maps all of it at `window` (address 0):
 * tables 0x101 (level 3), 0x102 (level 2), and with 4 KiB pages 0x103 on. Workload pages are at VA 512 GiB + 4096 n: level 3 in
 * 0x180, level 2 in 0x181, the leaf table of pages 512 r to 512 r + 511 in 0x190 + r.
 */
import { pageHi, pageLo, pageNumberOf, tableIndex } from '../../src/arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../src/arch/pte.js';
import { defaultConfig } from '../../src/config/defaults.js';
import type { MachineConfig } from '../../src/config/schema.js';
import type { AddressSpace } from '../../src/guest/address-space.js';
import type { Guest } from '../../src/guest/guest.js';
import type { ShadowDomain } from '../../src/hypervisor/shadow/domain.js';
import { isLink } from '../../src/hypervisor/shadow/pages.js';
import type { Machine } from '../../src/sim/machine.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';
import { counted, read, write } from './machine.js';
import { vaOfPage } from './one-access.js';
import { openMachine } from './shadow-grants.js';

export const ROOT = 0x100;
/** First workload page. */
export const WORK = 0x8000000;
/** First data frame; the tables are below. */
export const DATA = 0x1000;
export const L3_TABLE = 0x180;
export const L2_TABLE = 0x181;
/** Leaf table of workload pages 0..511; the next region's is the next frame. */
export const L1_TABLE = 0x190;
const RAM = 0x4000;

export const UPPER = PTE_P | PTE_RW | PTE_US | PTE_A;
export const RWAD = UPPER | PTE_D;
export const CLEAN = UPPER;
export const READ_ONLY = PTE_P | PTE_US | PTE_A | PTE_D;

export interface BareWish {
  /** Default `kvm`. */
  readonly policy?: string;
  /** Size of the window's pages; default 2 MiB. */
  readonly window?: '4k' | '2m';
  /** Upper half of the window's address; default 0. */
  readonly windowHi?: number;
  readonly change?: (config: MachineConfig) => void;
  /** The guest's #PF handler; without one an access that the guest forbids is passed over. */
  readonly onFault?: (scene: BareScene, page: number) => void;
}

export class BareScene {
  readonly machine: Machine;
  readonly guest: Guest;
  readonly domain: ShadowDomain;
  readonly #windowPage: number;

  constructor(wish: BareWish = {}) {
    const config = defaultConfig('none');
    config.guest.ram = RAM / 256;
    config.shadow.policy = wish.policy ?? 'kvm';
    wish.change?.(config);
    const windowHi = wish.windowHi ?? 0;
    this.#windowPage = pageNumberOf(windowHi, 0);
    const { machine, domain } = openMachine(config, EMPTY_HEADER, {
      layout: { directMapHi: windowHi, mapsKernel: false, bootRoot: ROOT },
      handleFault: (guest, vcpu, hi, lo) => {
        guest.counters.guestFaults += 1;
        if (wish.onFault === undefined) return false;
        wish.onFault(this, hi * 2 ** 20 + (lo >>> 12));
        return vcpu === 0;
      },
    });
    this.machine = machine;
    this.guest = machine.parts.guest;
    this.domain = domain;
    this.#mapWindow(wish.window ?? '2m');
  }

  #mapWindow(size: '4k' | '2m'): void {
    const { tables } = this.guest;
    const [hi, lo] = [pageHi(this.#windowPage), pageLo(this.#windowPage)];
    tables.set(ROOT, tableIndex(hi, lo, 4), 0x101, UPPER);
    tables.set(0x101, tableIndex(hi, lo, 3), 0x102, UPPER);
    for (let i = 0; i < RAM / 512; i++) {
      const index = tableIndex(hi, lo, 2) + i;
      if (size === '2m') tables.set(0x102, index, i * 512, RWAD | PTE_PS);
      else {
        tables.set(0x102, index, 0x103 + i, UPPER);
        for (let j = 0; j < 512; j++) tables.set(0x103 + i, j, i * 512 + j, RWAD);
      }
    }
  }

  /** The page at which the window maps `gfn`. */
  window(gfn: number): number {
    return this.#windowPage + gfn;
  }

  // --- Guest tables, unseen by anyone ------------------------------------------------------------

  /** Entry `index` of the table in `gfn`. */
  set(gfn: number, index: number, frame: number, flags: number): void {
    this.guest.tables.set(gfn, index, frame, flags);
  }

  /** Maps `count` workload pages from `page` on (relative to WORK) to frames from `frame` on. */
  map(page: number, count: number, flags: number, frame = DATA + page): void {
    this.set(ROOT, 1, L3_TABLE, UPPER);
    this.set(L3_TABLE, 0, L2_TABLE, UPPER);
    for (let i = page; i < page + count; i++) {
      this.set(L2_TABLE, i >> 9, L1_TABLE + (i >> 9), UPPER);
      this.set(L1_TABLE + (i >> 9), i & 511, frame + i - page, flags);
    }
  }

  flags(page: number): number {
    return this.guest.tables.flags(L1_TABLE + (page >> 9), page & 511);
  }

  /** Another root in `frame`: it shares the window, and `l3` (if any) at entry 1. */
  space(frame: number, l3 = 0): AddressSpace {
    const { tables } = this.guest;
    for (let i = 0; i < 512; i++) {
      if (i !== 1) tables.set(frame, i, tables.frame(ROOT, i), tables.flags(ROOT, i));
    }
    tables.set(frame, 1, l3, l3 === 0 ? 0 : UPPER);
    return this.guest.register(`root ${frame}`, frame);
  }

  // --- What the guest does -----------------------------------------------------------------------

  /** Reads workload page `page`. */
  read(page: number): void {
    read(this.machine, vaOfPage(WORK + page));
  }

  write(page: number): void {
    write(this.machine, vaOfPage(WORK + page));
  }

  /** Accesses through the window. */
  readFrame(gfn: number): void {
    read(this.machine, this.#windowVa(gfn));
  }

  writeFrame(gfn: number): void {
    write(this.machine, this.#windowVa(gfn));
  }

  #windowVa(gfn: number): { hi: number; lo: number } {
    const page = this.window(gfn);
    return { hi: pageHi(page), lo: pageLo(page) };
  }

  /** Writes every frame of tables and the first of data once, so that the window is in place. */
  warm(frames = [...Array(256).keys()].map((i) => 0x100 + i)): void {
    for (const frame of frames) this.writeFrame(frame);
  }

  /** Stores an entry into a table through the window. */
  store(gfn: number, index: number, frame: number, flags: number): void {
    this.guest.storeEntry(0, gfn, index, frame, flags);
  }

  /** Stores the entry of workload page `page`. */
  storeLeaf(page: number, frame: number, flags: number): void {
    this.store(L1_TABLE + (page >> 9), page & 511, frame, flags);
  }

  invlpg(page: number): void {
    this.guest.invlpg(0, WORK + page);
  }

  loadCr3(space: AddressSpace = this.guest.current[0]!, keep = false): void {
    this.guest.loadCr3(0, space, keep);
  }

  // --- What came of it ---------------------------------------------------------------------------

  /** Exits by reason and kind, those that are not 0. */
  exits(act: () => void): Record<string, number> {
    const all = counted(this.machine, act);
    const named = Object.entries(all)
      .filter(([key, n]) => key.startsWith('vmexit.') && key !== 'vmexit.pf' && n !== 0)
      .map(([key, n]): [string, number] => [key.replace(/^vmexit\.(pf\.)?/, ''), n]);
    return Object.fromEntries(named);
  }

  /** The leaf shadow entry that the loaded root has for `page`, as text: `rw 1000`, `r- 1000`, `withheld`, `-`. */
  entry(page: number): string {
    return this.entryAt(WORK + page);
  }

  entryAt(vpn: number): string {
    const { pages, vcpus } = this.domain;
    let page = vcpus[0]!.root;
    for (let level = 4; level >= 1; level--) {
      const entry = pages.entries[page]![tableIndex(pageHi(vpn), pageLo(vpn), level)]!;
      if (level === 1 || !isLink(entry)) return entryText(entry, level);
      page = entry >> 3;
    }
    return '-';
  }

  /** Entries of workload pages `from` to `to`, both included: `w` writable, `r` read-only, `.` none, `?` withheld. */
  row(from: number, to: number): string {
    let text = '';
    for (let page = from; page <= to; page++) {
      const entry = this.entry(page);
      text += entry === '-' ? '.' : entry === 'withheld' ? '?' : entry.startsWith('rw') ? 'w' : 'r';
    }
    return text;
  }

  /** Guest tables whose shadows are out of sync. */
  unsynced(): number[] {
    return [...this.domain.unsynced].map((page) => this.domain.pages.back[page]!);
  }

  /** Shadow pages by type: fl1, l1, l2, l3, l4. */
  live(): number[] {
    return [...this.domain.pages.live];
  }
}

function entryText(entry: number, level: number): string {
  if (entry === 0) return '-';
  if ((entry & 1) === 0) return 'withheld';
  const large = level === 2 ? '2m ' : '';
  return `${large}${(entry & 2) !== 0 ? 'rw' : 'r-'} ${(entry >> 3).toString(16)}`;
}
