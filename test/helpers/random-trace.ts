/**
 * Seeded random traces and geometries for differential tests.
 *
 * A trace has locality (a few 2 MiB regions, bursts with strides) and every event the model covers.
 * The reference simulator, in native mode, runs along while a trace is made: it tells which tables
 * exist, so that PTW stores go to real entries. Two things are avoided because no rule covers them:
 * an address space torn down under another vcpu, and upper entries without RW (a guest fault that
 * its kernel cannot cure).
 */
import type { MachineConfig } from '../../src/config/schema.js';
import type { Perm, TraceEvent, TraceHeader, Word64 } from '../../src/trace/event.js';
import { randomConfig, randomHeader, randomKvmConfig, Rng, smallPool } from './random-config.js';
import { type ReferenceMode, ReferenceSimulator } from '../reference/simulator.js';

export type TraceItem =
  | {
      readonly kind: 'access';
      readonly vcpu: number;
      readonly op: 0 | 1 | 2 | 3;
      readonly va: bigint;
      readonly size: number;
    }
  | { readonly kind: 'event'; readonly event: TraceEvent };

export interface RandomCase {
  readonly seed: number;
  readonly mode: ReferenceMode;
  readonly config: MachineConfig;
  readonly header: TraceHeader;
  readonly items: readonly TraceItem[];
}

const REGIONS = [
  0x400000n,
  0x600000n,
  0x3fe00000n,
  0x40000000n,
  0x7fc0000000n,
  0x7f1234400000n,
  0x7fffffe00000n,
];
const PERMS: readonly Perm[] = [
  { read: true, write: true, exec: false },
  { read: true, write: false, exec: false },
  { read: true, write: false, exec: true },
  { read: false, write: false, exec: false },
];

function word(value: bigint): Word64 {
  return { hi: Number(value >> 32n), lo: Number(value & 0xffffffffn) };
}

function wordOf(value: number): Word64 {
  return { hi: Math.floor(value / 2 ** 32), lo: value % 2 ** 32 };
}

class TraceMaker {
  readonly items: TraceItem[] = [];
  readonly #rng: Rng;
  readonly #config: MachineConfig;
  readonly #oracle: ReferenceSimulator;
  readonly #regions: bigint[] = [];
  /** Events that change ranges: few with superpages, whose splitting and zeroing is slow. */
  #rangesLeft: number;
  #names: string[] = ['0'];
  #made = 0;
  #aliases = 0;

  constructor(rng: Rng, config: MachineConfig, header: TraceHeader) {
    this.#rng = rng;
    this.#config = config;
    this.#oracle = new ReferenceSimulator(
      'native',
      { ...config, shadow: { policy: 'xen', pool: 0, oosSlots: 'auto' } },
      header,
    );
    this.#rangesLeft = { '4k': Infinity, '2m': 2, '1g': 0 }[config.guest.pageSize];
    for (let i = rng.int(2, 5); i > 0; i--) this.#regions.push(rng.pick(REGIONS));
  }

  #put(item: TraceItem): void {
    this.items.push(item);
    if (item.kind === 'access') this.#oracle.access(item.vcpu, item.op, item.va, item.size);
    else this.#oracle.event(item.event);
  }

  #event(event: TraceEvent): void {
    this.#put({ kind: 'event', event });
  }

  #vcpu(): number {
    return this.#rng.int(0, this.#config.vcpus - 1);
  }

  /** A page in one of the regions; near the start more often than not. */
  #page(): bigint {
    const page = this.#rng.chance(60) ? this.#rng.int(0, 40) : this.#rng.int(0, 511);
    return this.#rng.pick(this.#regions) + BigInt(page) * 4096n;
  }

  /** A range within one region, of up to `max` pages; often a whole superpage where the guest uses them. */
  #range(max: number): { va: Word64; bytes: number } {
    if (this.#config.guest.pageSize !== '4k' && this.#rng.chance(60)) {
      return { va: word(this.#rng.pick(this.#regions)), bytes: 0x200000 };
    }
    const va = this.#page();
    const left = 512 - Number((va >> 12n) % 512n);
    return { va: word(va), bytes: Math.min(left, this.#rng.int(1, max)) * 4096 };
  }

  burst(): void {
    const rng = this.#rng;
    const vcpu = this.#vcpu();
    const stride = rng.pick([1n, 1n, 1n, 2n, -1n, 7n, 0n]) * 4096n;
    const op = rng.pick([0, 0, 1, 1, 2, 3] as const);
    let va = this.#page() + BigInt(rng.int(0, 4095));
    const low = va - (va % 0x200000n);
    for (let n = rng.int(1, 24); n > 0; n--) {
      const kind = rng.chance(85) ? op : rng.pick([0, 1, 2, 3] as const);
      this.#put({ kind: 'access', vcpu, op: kind, va, size: rng.pick([1, 4, 8, 8, 64, 4096, 6000]) });
      va += stride;
      if (va < low || va >= low + 0x1f0000n) va = low + BigInt(rng.int(0, 4095));
    }
  }

  /** One random event, or nothing where it would not be well defined. */
  event(): void {
    const rng = this.#rng;
    const on = { vcpu: this.#vcpu(), line: 0 };
    const roll = rng.int(0, 99);
    if (roll < 32) {
      if (this.#rangesLeft-- <= 0) return;
      if (roll < 14) this.#map(on);
      else if (roll < 22) this.#event({ ...on, kind: 'unmap', ...this.#range(200) });
      else this.#event({ ...on, kind: 'protect', ...this.#range(60), perm: rng.pick(PERMS) });
    } else if (roll < 40)
      this.#event({ ...on, kind: 'clear', bit: rng.pick(['A', 'D'] as const), ...this.#range(60) });
    else if (roll < 48) this.#fork(on);
    else if (roll < 51) this.#exec(on);
    else if (roll < 56) this.#exit(on);
    else if (roll < 66) this.#event({ ...on, kind: 'switch', as: this.#name(), noflush: false });
    else if (roll < 69)
      this.#event({ ...on, kind: 'cr3', as: this.#name(), pcid: null, noflush: rng.chance(30) });
    else if (roll < 74) this.#event({ ...on, kind: 'invlpg', va: word(this.#page()) });
    else if (roll < 77) this.#event({ ...on, kind: 'flushall' });
    else if (roll < 92) this.#tableStores(on);
    else if (roll < 96)
      this.#event({ ...on, kind: 'ipiflush', va: rng.chance(50) ? word(this.#page()) : null });
    else if (roll < 98) this.#event({ ...on, kind: 'demand', va: word(this.#page()), write: rng.chance(50) });
    else if (roll < 99) this.#event({ ...on, kind: 'cow', va: word(this.#page()) });
    else this.#event({ ...on, kind: rng.pick(['cpuid', 'syscall'] as const) });
  }

  /** A known address space, sometimes a new one. */
  #name(): string {
    if (this.#names.length < 4 && this.#rng.chance(15)) return this.#newName();
    return this.#rng.pick(this.#names);
  }

  #newName(): string {
    const name = `p${++this.#made}`;
    this.#names.push(name);
    return name;
  }

  /** MAP; sometimes of a table, another page's frame or a device by name. */
  #map(on: { vcpu: number; line: number }): void {
    const rng = this.#rng;
    const perm = rng.pick(PERMS);
    if (rng.chance(30)) {
      const va = word(0x20000000n + BigInt(this.#aliases++) * 0x3000n);
      this.#event({
        ...on,
        kind: 'map',
        va,
        bytes: 4096,
        gfn: this.#namedFrame(on.vcpu),
        perm,
        how: 'populate',
        pageSize: '4k',
      });
      return;
    }
    const how = rng.pick(['lazy', 'lazy', 'file', 'populate'] as const);
    if (how === 'populate' && this.#config.guest.pageSize !== '4k') return;
    const range = how === 'populate' ? this.#range(6) : this.#range(100);
    this.#event({ ...on, kind: 'map', ...range, gfn: null, perm, how, pageSize: null });
  }

  #namedFrame(vcpu: number): number {
    const rng = this.#rng;
    if (this.#config.host.layout === 'xen' && rng.chance(30)) return rng.int(0xa0, 0xbf);
    const level = rng.int(1, this.#config.guest.levels);
    const table = this.#oracle.entry(vcpu, this.#page(), level);
    if (table === null || rng.chance(30)) return rng.int(0x200, 0x7f0);
    const leaf = level === 1 && (table.value & 1) !== 0;
    return leaf && rng.chance(50) ? Math.floor(table.value / 4096) : table.gfn;
  }

  #fork(on: { vcpu: number; line: number }): void {
    if (this.#config.guest.pageSize === '1g' || this.#names.length >= 4) return;
    this.#event({ ...on, kind: 'fork', child: this.#newName() });
  }

  /** Is the address space of `vcpu` loaded on no other? */
  #alone(vcpu: number): boolean {
    const mine = this.#oracle.current(vcpu);
    for (let v = 0; v < this.#config.vcpus; v++) {
      if (v !== vcpu && this.#oracle.current(v) === mine) return false;
    }
    return true;
  }

  #exec(on: { vcpu: number; line: number }): void {
    if (this.#alone(on.vcpu)) this.#event({ ...on, kind: 'exec' });
  }

  /** EXIT of the current address space, then a switch to another. */
  #exit(on: { vcpu: number; line: number }): void {
    if (!this.#alone(on.vcpu) || this.#names.length < 2) return;
    const current = this.#oracle.current(on.vcpu);
    this.#event({ ...on, kind: 'exit', as: this.#rng.chance(50) ? null : current });
    this.#names = this.#names.filter((name) => name !== current);
    this.#event({ ...on, kind: 'switch', as: this.#rng.pick(this.#names), noflush: false });
  }

  /** A run of stores to entries of one table. */
  #tableStores(on: { vcpu: number; line: number }): void {
    const rng = this.#rng;
    const level = rng.pick([1, 1, 1, 2, 2, 3, 4]);
    const first = this.#page();
    for (let i = rng.int(1, 6); i > 0; i--) {
      const va = level === 1 ? first - (first % 0x200000n) + BigInt(rng.int(0, 60)) * 4096n : first;
      const found = this.#oracle.entry(on.vcpu, va, level);
      if (found === null || (found.value & 1) === 0) continue;
      this.#tableStore(on, found.gfn, level, va, found.value);
    }
  }

  #tableStore(
    on: { vcpu: number; line: number },
    gfn: number,
    level: number,
    va: bigint,
    value: number,
  ): void {
    const rng = this.#rng;
    const at = { ...on, kind: 'ptw' as const, gfn, level, va: word(va) };
    const leaf = level === 1 || (value & 0x80) !== 0;
    // A 1 GiB page that is gone would be zeroed again at the next touch: 134 million stores.
    const huge = this.#config.guest.pageSize === '1g';
    if (rng.chance(leaf ? 15 : 35) && !huge) {
      // Zero, sometimes twice (which unshadows an upper table), then back again.
      for (let n = rng.int(1, 3); n > 0; n--) this.#event({ ...at, value: wordOf(0) });
      if (rng.chance(90)) {
        this.#event({ ...at, value: wordOf(value) });
        return;
      }
      // A table is gone: without a flush the modes would differ in what they still reach.
      this.#event({ ...on, kind: 'flushall' });
      this.#event({ ...on, kind: 'ipiflush', va: null });
      return;
    }
    let next = value;
    // An upper entry without RW forbids stores below it: the guest kernel gives such an access up.
    const bits = leaf ? [0x2, 0x20, 0x40] : [0x20, 0x2];
    for (const bit of bits) if (rng.chance(40)) next += (next & bit) === 0 ? bit : -bit;
    this.#event({ ...at, value: wordOf(next) });
  }
}

/** A few bursts of accesses with events between them. */
function randomItems(rng: Rng, config: MachineConfig, header: TraceHeader): readonly TraceItem[] {
  const maker = new TraceMaker(rng, config, header);
  const superpages = config.guest.pageSize !== '4k' && config.guest.mode === 'demand';
  for (let n = superpages ? 2 : rng.int(3, 13); n > 0; n--) {
    maker.burst();
    for (let k = rng.int(0, 3); k > 0; k--) maker.event();
  }
  maker.burst();
  return maker.items;
}

/** The case of a seed: mode by turns, geometry and trace from the seed. */
export function randomCase(seed: number): RandomCase {
  const rng = new Rng(seed * 2654435761);
  const mode = (['native', 'hap', 'shadow'] as const)[seed % 3]!;
  const config = randomConfig(rng, mode);
  const header = randomHeader(rng);
  if (mode === 'shadow' && rng.chance(35)) config.shadow.pool = smallPool(rng, config, header);
  return { seed, mode, config, header, items: randomItems(rng, config, header) };
}

/** The same for KVM's shadow paging; without TLBs and walk caches if `bare`. */
export function randomKvmCase(seed: number, bare: boolean): RandomCase {
  const rng = new Rng(seed * 2654435761);
  const config = randomKvmConfig(rng, bare);
  const header = randomHeader(rng);
  return { seed, mode: 'shadow', config, header, items: randomItems(rng, config, header) };
}
