/**
 * The reference simulator: docs/model.md once more, independent of src, slow and obvious.
 *
 * Not covered: random replacement and scattered frames (they would share a generator), host events,
 * MMIO, INVPCID, CR0WP and PGMODE events.
 */
import type { MachineConfig } from '../../src/config/schema.js';
import type { TraceEvent, TraceHeader, Word64 } from '../../src/trace/event.js';
import { DataCaches } from './data-cache.js';
import { Counts, G, GuestMemory, P, RW, US, gfnOf, has, isLeaf } from './entry.js';
import { Events } from './events.js';
import { Guest } from './guest.js';
import { Kernel } from './kernel.js';
import { KvmShadow } from './kvm.js';
import type { Machine, Vcpu } from './machine.js';
import { HardwareWalker } from './native.js';
import { P2m } from './p2m.js';
import { Shadow } from './shadow.js';
import { Tlb } from './tlb.js';
import { NestedTlb, WalkCache } from './walk-cache.js';

export type ReferenceMode = 'native' | 'hap' | 'shadow';

const EMPTY: TraceHeader = { guestLevels: null, vcpus: null, ram: null, p2m: [], features: [] };

export class ReferenceSimulator {
  #m: Machine;
  #guest: Guest;
  #kernel: Kernel;
  #events: Events;
  #shadow: Shadow | KvmShadow | null = null;
  #records = 0;

  constructor(mode: ReferenceMode, config: MachineConfig, header: TraceHeader = EMPTY) {
    const counts = new Counts();
    const largest = mode === 'shadow' && config.host.pageSize === '1g' ? '2m' : config.host.pageSize;
    this.#m = {
      config,
      mode,
      counts,
      memory: new GuestMemory(),
      p2m: new P2m(config, header, largest, mode !== 'native'),
      caches: new DataCaches(config, counts),
      vcpus: [],
    };
    this.#guest = new Guest(this.#m);
    const first = this.#guest.space('0');
    for (let id = 0; id < config.vcpus; id++) {
      this.#m.vcpus.push({
        id,
        space: first,
        tlb: new Tlb(config, counts),
        guestCache: new WalkCache(config.pwc, mode === 'shadow' ? 4 : config.guest.levels, 'guest', counts),
        hostCache: new WalkCache(config.npwc, config.host.levels, 'nested', counts),
        nestedTlb: new NestedTlb(config.ntlb, counts),
        slots: [first, null, null, null, null, null],
        slotGenerations: [0, 0, 0, 0, 0, 0],
        nextSlot: 1,
      });
    }
    if (mode === 'shadow') {
      const kvm = config.shadow.policy.startsWith('kvm');
      this.#shadow = kvm ? new KvmShadow(this.#m, first.root) : new Shadow(this.#m, first.root);
    }
    this.#guest.backend = this.#shadow ?? new HardwareWalker(this.#m);
    this.#kernel = new Kernel(this.#m, this.#guest);
    this.#events = new Events(this.#kernel, (vcpu, va, write) => this.#touch(vcpu, va, write));
  }

  /** One record of the trace (1.1). op: 0 read, 1 write, 2 fetch, 3 modify. */
  access(vcpu: number, op: 0 | 1 | 2 | 3, va: bigint, size: number): void {
    this.#record(vcpu, op, va, size);
    const { switchEvery } = this.#m.config.guest;
    if (switchEvery === 0 || ++this.#records % switchEvery !== 0) return;
    for (const v of this.#m.vcpus) {
      const { space } = v;
      this.#guest.switchTo(v, this.#guest.space('<other>'));
      this.#guest.switchTo(v, space);
    }
  }

  #record(vcpu: number, op: 0 | 1 | 2 | 3, va: bigint, size: number): void {
    const v = this.#m.vcpus[vcpu]!;
    const last = Number((va + BigInt(size) - 1n) >> 12n);
    for (let vpn = Number(va >> 12n); vpn <= last; vpn++) {
      const first = vpn === Number(va >> 12n);
      if (!first) this.#m.counts.add('accesses.crossing');
      const index = first ? Number(va % 4096n) >> 3 : 0;
      this.#page(v, vpn, op === 1 || op === 3, op === 2, index);
    }
  }

  #page(v: Vcpu, vpn: number, write: boolean, fetch: boolean, index: number): void {
    const access = { vpn, write, fetch, origin: '' as const, index, value: null };
    this.#guest.access(v, access, () => this.#kernel.pageFault(v, vpn, write, fetch));
  }

  #touch(vcpu: number, va: Word64, write: boolean): void {
    this.#record(vcpu, write ? 1 : 0, BigInt(va.hi) * 0x100000000n + BigInt(va.lo), 1);
  }

  event(e: TraceEvent): void {
    this.#events.apply(e);
  }

  /** Every counter that was raised, by dotted key. */
  counters(): Record<string, number> {
    return this.#m.counts.all();
  }

  memory(): Record<string, number> {
    const result: Record<string, number> = { 'guest.pages': this.#guest.frames.tables.size };
    if (this.#shadow instanceof KvmShadow) return { ...result, ...this.#shadow.memory() };
    if (this.#m.mode !== 'native') result['p2m.pages'] = this.#m.p2m.tables.length;
    if (this.#shadow) {
      const live = this.#shadow.pages.live();
      result['shadow.pages'] = live.length;
      for (const type of ['l1', 'fl1', 'l2', 'l3', 'l4']) {
        result[`shadow.${type}.pages`] = live.filter((page) => page.type === type).length;
      }
    }
    return result;
  }

  /** The entry of `level` that translates va in the vcpu's address space, if its table exists. */
  entry(vcpu: number, va: bigint, level: number): { gfn: number; value: number } | null {
    const vpn = Number(va >> 12n);
    const step = this.#kernel.path(this.#m.vcpus[vcpu]!.space, vpn).find((s) => s.level === level);
    return step ? { gfn: step.table, value: step.entry } : null;
  }

  /** Name of the address space that a vcpu has loaded. */
  current(vcpu: number): string {
    return this.#m.vcpus[vcpu]!.space.name;
  }

  /** All leaves of all address spaces, without A and D: equal in every mode. */
  guestTables(): string {
    return this.#guest.spaces
      .map((s) => [`space ${s.name}`, ...this.#leafLines(s.root)].join('\n'))
      .join('\n');
  }

  #leafLines(root: number): string[] {
    const { levels } = this.#m.config.guest;
    const lines: string[] = [];
    const visit = (table: number, level: number, base: number): void => {
      for (let i = 0; i < 512; i++) {
        const entry = this.#m.memory.read(table, i);
        if (!has(entry, P)) continue;
        let vpn = base + i * 512 ** (level - 1);
        if (level === levels && i >= 256) vpn += 2 ** 52 - 512 ** levels;
        if (!isLeaf(entry, level)) visit(gfnOf(entry), level - 1, vpn);
        else lines.push(leafLine(vpn, level, entry));
      }
    };
    visit(root, levels, 0);
    return lines;
  }
}

/** `vpn level gfn RW? US? G?`, numbers in hex. */
function leafLine(vpn: number, level: number, entry: number): string {
  const words = [vpn.toString(16), String(level), gfnOf(entry).toString(16)];
  if (has(entry, RW)) words.push('RW');
  if (has(entry, US)) words.push('US');
  if (has(entry, G)) words.push('G');
  return words.join(' ');
}
