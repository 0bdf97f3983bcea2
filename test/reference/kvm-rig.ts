/**
 * A small guest on the reference of KVM's shadow paging, laid out as the one that was measured: an
 * identity window over 256 MiB, tables from 16 MiB, data from 48 MiB, work pages from 512 GiB.
 *
 * For tests of rule 9 against numbers derived by hand: each method is one thing the guest does.
 */
import type { MachineConfig } from '../../src/config/schema.js';
import { DataCaches } from './data-cache.js';
import { A, Counts, D, gfnOf, GuestMemory, has, indexAt, make, P, PS, RW, US } from './entry.js';
import { KvmShadow } from './kvm.js';
import type { AddressSpace, Machine, PageAccess, Vcpu } from './machine.js';
import { P2m } from './p2m.js';
import { Tlb } from './tlb.js';
import { NestedTlb, WalkCache } from './walk-cache.js';

/** Entries that are used and may be written. */
export const RWAD = P + RW + US + A + D;
const TABLE = P + RW + US + A;
const BOOT_ROOT = 0x10;
const WINDOW_LEAVES = 0x400;
const CODE = 0x100;
const TABLE_FRAMES = 0x1000;
const DATA_FRAMES = 0x3000;
const RAM = 0x10000;
/** First page of the work area. */
const WORK = 0x8000000;

const HEADER = { guestLevels: null, vcpus: null, ram: null, p2m: [], features: [] };

export class KvmRig {
  readonly kvm: KvmShadow;
  readonly memory: GuestMemory;
  readonly counts: Counts;
  /** What the guest does about its own page faults. */
  onFault: (vpn: number, write: boolean) => void = (vpn) => {
    throw new Error(`the guest faults on page ${vpn.toString(16)}`);
  };
  root = BOOT_ROOT;
  #vcpu: Vcpu;
  #nextTable = TABLE_FRAMES;
  #nextFrame = DATA_FRAMES;

  constructor(config: MachineConfig, window4k = false) {
    this.counts = new Counts();
    this.memory = new GuestMemory();
    const p2m = new P2m(config, HEADER, config.host.pageSize);
    p2m.grow(RAM);
    this.#bootTables(window4k);
    this.#vcpu = this.#makeVcpu(config);
    const machine: Machine = {
      config,
      mode: 'shadow',
      counts: this.counts,
      memory: this.memory,
      p2m,
      caches: new DataCaches(config, this.counts),
      vcpus: [this.#vcpu],
    };
    this.kvm = new KvmShadow(machine, BOOT_ROOT);
  }

  #makeVcpu(config: MachineConfig): Vcpu {
    return {
      id: 0,
      space: this.#space(BOOT_ROOT),
      tlb: new Tlb(config, this.counts),
      guestCache: new WalkCache(config.pwc, 4, 'guest', this.counts),
      hostCache: new WalkCache(config.npwc, 4, 'nested', this.counts),
      nestedTlb: new NestedTlb(config.ntlb, this.counts),
      slots: [],
      slotGenerations: [],
      nextSlot: 0,
    };
  }

  #space(root: number): AddressSpace {
    const id = root.toString(16);
    return { id, name: id, root, vmas: [], image: 0, edited: new Set(), generation: 0, accessed: new Set() };
  }

  #bootTables(window4k: boolean): void {
    this.memory.write(BOOT_ROOT, 0, make(BOOT_ROOT + 1, TABLE + D));
    this.memory.write(BOOT_ROOT + 1, 0, make(BOOT_ROOT + 2, TABLE + D));
    for (let i = 0; i < 128; i++) {
      if (!window4k) {
        this.memory.write(BOOT_ROOT + 2, i, make(i * 512, RWAD + PS));
        continue;
      }
      this.memory.write(BOOT_ROOT + 2, i, make(WINDOW_LEAVES + i, TABLE + D));
      for (let j = 0; j < 512; j++) this.memory.write(WINDOW_LEAVES + i, j, make(i * 512 + j, RWAD));
    }
  }

  // What the guest does.

  #access(vpn: number, write: boolean, index: number, value: number | null): void {
    const access: PageAccess = { vpn, write, fetch: false, origin: '', index, value };
    for (let tries = 0; tries < 20; tries++) {
      const result = this.kvm.walk(this.#vcpu, access);
      if (result.end === 'ok') {
        if (value !== null) this.memory.write(vpn, index, value);
        return;
      }
      if (result.end === 'done') return;
      if (result.end === 'fault') this.onFault(vpn, write);
    }
    throw new Error(`page ${vpn.toString(16)} is never translated`);
  }

  read(vpn: number): void {
    this.#access(vpn, false, 0, null);
  }

  write(vpn: number): void {
    this.#access(vpn, true, 0, null);
  }

  /** An 8-byte store through the window. */
  store(gfn: number, index: number, value: number): void {
    this.#access(gfn, true, index, value);
  }

  zero(gfn: number): void {
    for (let i = 0; i < 512; i++) this.store(gfn, i, 0);
  }

  invlpg(vpn: number): void {
    this.kvm.invlpg(this.#vcpu, vpn);
  }

  /** MOV to CR3, and the fetch of the instruction after it. */
  load(root = this.root): void {
    this.root = root;
    this.#vcpu.space = this.#space(root);
    this.kvm.loadCr3(this.#vcpu, this.#vcpu.space);
    this.read(CODE);
  }

  // Tables, written through the window as a guest does.

  frame(): number {
    return this.#nextFrame++;
  }

  frames(n: number): number {
    this.#nextFrame += n;
    return this.#nextFrame - n;
  }

  /** A table page, zero as the pool is. */
  table(): number {
    return this.#nextTable++;
  }

  /** Page i of the work area. */
  page(i: number): number {
    return WORK + i;
  }

  /** Where the entry of `level` for a page is; missing tables are made. */
  entry(vpn: number, level = 1, root = this.root): { gfn: number; index: number } {
    let gfn = root;
    for (let l = 4; l > level; l--) {
      const index = indexAt(vpn, l);
      const entry = this.memory.read(gfn, index);
      const next = has(entry, P) ? gfnOf(entry) : this.table();
      if (!has(entry, P)) this.store(gfn, index, make(next, TABLE));
      gfn = next;
    }
    return { gfn, index: indexAt(vpn, level) };
  }

  set(vpn: number, value: number, level = 1, root = this.root): void {
    const { gfn, index } = this.entry(vpn, level, root);
    this.store(gfn, index, value);
  }

  get(vpn: number, root = this.root): number {
    const { gfn, index } = this.entry(vpn, 1, root);
    return this.memory.read(gfn, index);
  }

  /** A new space that shares the window. */
  newSpace(): number {
    const root = this.table();
    this.store(root, 0, this.memory.read(BOOT_ROOT, 0));
    return root;
  }

  /** Writes `n` frames once through the window. */
  warm(first: number, n: number): void {
    for (let i = 0; i < n; i++) this.write(first + i);
  }

  /** The start of every measured run: low memory, tables and data have been written once. */
  boot(tables: number, data: number): void {
    this.warm(0x8, 16);
    this.warm(CODE, 0xf0);
    this.warm(TABLE_FRAMES, tables);
    this.warm(DATA_FRAMES, data);
  }

  /** Exits by kind while `action` runs; those that did not happen are left out. */
  exits(action: () => void): Record<string, number> {
    const before = this.counts.all();
    action();
    const found: Record<string, number> = {};
    for (const [key, value] of Object.entries(this.counts.all())) {
      const rise = value - (before[key] ?? 0);
      if (key.startsWith('vmexit.') && key !== 'vmexit.pf' && rise > 0) found[key.slice(7)] = rise;
    }
    return found;
  }
}
