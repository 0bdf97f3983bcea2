/**
 * The reference simulator against numbers derived by hand, and the promise that it is independent.
 *
 * Everything is off that could hide a walk: no TLB, no walk caches, no nested TLB, no data caches.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../src/config/schema.js';
import type { TraceEvent, Word64 } from '../../src/trace/event.js';
import { BARE } from './bare-config.js';
import { ReferenceSimulator } from './simulator.js';

type PageSize = '4k' | '2m' | '1g';

const READ = 0;
const WRITE = 1;
const VA = 0x40000000n;

function guest(over: Partial<MachineConfig['guest']>): MachineConfig {
  return { ...BARE, guest: { ...BARE.guest, ...over } };
}

function word(va: bigint): Word64 {
  return { hi: Number(va >> 32n), lo: Number(va & 0xffffffffn) };
}

type Stored = { gfn: number; value: number };

/** Feeds a simulator and tells how much a counter rose. */
class Driver {
  readonly sim: ReferenceSimulator;

  constructor(mode: 'native' | 'hap' | 'shadow', config: MachineConfig) {
    this.sim = new ReferenceSimulator(mode, config);
  }

  pages(op: 0 | 1, from: number, to: number, step = 1): void {
    for (let i = from; i !== to; i += step) this.sim.access(0, op, VA + BigInt(i) * 4096n, 1);
  }

  event(event: { kind: TraceEvent['kind'] } & Record<string, unknown>): void {
    this.sim.event({ vcpu: 0, line: 0, ...event } as TraceEvent);
  }

  /** A PTW of `value` (default: what stands there) to the entry that translates va at `level`. */
  store(va: bigint, level: number, value?: number): void {
    const { gfn, value: old } = this.at(va, level);
    const next = value ?? old;
    const half = { hi: Math.floor(next / 2 ** 32), lo: next % 2 ** 32 };
    this.event({ kind: 'ptw', gfn, level, va: word(va), value: half });
  }

  at(va: bigint, level: number): Stored {
    const found = this.sim.entry(0, va, level);
    if (found === null) throw new Error(`no level-${level} table for ${va.toString(16)}`);
    return found;
  }

  /** Fills the kernel part of the shadow root, so that a first store does not link upper entries. */
  warmDirectMap(): void {
    this.event({ kind: 'ptw', gfn: 0x200, level: 1, va: word(VA), value: word(0n) });
  }

  count(key: string): number {
    return this.sim.counters()[key] ?? 0;
  }

  /** How much each key rises while `action` runs. */
  rise<K extends string>(keys: readonly K[], action: () => void): Record<string, number> {
    const before = this.sim.counters();
    action();
    return Object.fromEntries(keys.map((key) => [key, this.count(key) - (before[key] ?? 0)]));
  }
}

describe('walks with everything off', () => {
  // Guest entries G = levels - levels saved by the guest leaf; host walk H likewise: (G+1)(H+1)-1.
  const cases: { g: 4 | 5; h: 4 | 5; guestLeaf: PageSize; hostLeaf: PageSize; refs: number }[] = [];
  for (const g of [4, 5] as const) {
    for (const h of [4, 5] as const) {
      for (const [guestSaved, guestLeaf] of (['4k', '2m', '1g'] as const).entries()) {
        for (const [hostSaved, hostLeaf] of (['4k', '2m', '1g'] as const).entries()) {
          const refs = (g - guestSaved + 1) * (h - hostSaved + 1) - 1;
          cases.push({ g, h, guestLeaf, hostLeaf, refs });
        }
      }
    }
  }

  it('makes 24 references for a cold 4x4 walk of 4 KiB pages, 35 for 5x5', () => {
    const find = (g: number): number | undefined =>
      cases.find((c) => c.g === g && c.h === g && c.guestLeaf === '4k' && c.hostLeaf === '4k')?.refs;
    expect([find(4), find(5)]).toEqual([24, 35]);
  });

  it.each(cases)('makes $refs references: $g levels of $guestLeaf over $h levels of $hostLeaf', (c) => {
    // A leaf of 1 GiB needs a GiB of RAM.
    const big = c.guestLeaf === '1g' || c.hostLeaf === '1g';
    const config = guest({ levels: c.g, pageSize: c.guestLeaf, ram: big ? 'auto' : 64 });
    config.host = { ...config.host, levels: c.h, pageSize: c.hostLeaf };
    const d = new Driver('hap', config);
    d.pages(READ, 0, 1);
    expect(d.count('walk.refs')).toBe(c.refs);
    expect(d.count('vmexit.total')).toBe(0);
  });

  it('makes one reference per level in native mode', () => {
    for (const levels of [4, 5] as const) {
      const d = new Driver('native', guest({ levels }));
      d.pages(READ, 0, 1);
      expect(d.count('walk.refs')).toBe(levels);
    }
  });
});

describe('shadow paging, premapped (A=D=1)', () => {
  it('fills a first touch in one exit: 1 reference that fails at the root, 4 that succeed, 3 pages', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 0, 1);
    expect(d.count('vmexit.total')).toBe(1);
    expect(d.count('vmexit.pf.fixup')).toBe(1);
    expect(d.count('walk.refs.shadow')).toBe(1 + 4);
    expect(d.count('shadow.prefetch')).toBe(31);
    expect(d.sim.memory()['shadow.pages']).toBe(1 + 3);
  });

  it('takes 16 exits for 512 ascending pages: each fills 32 entries', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 0, 512);
    expect(d.count('vmexit.total')).toBe(512 / 32);
  });

  it('takes 512 exits for 512 descending pages: the next entry is always filled', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 511, -1, -1);
    expect(d.count('vmexit.total')).toBe(512);
  });

  // Every 32nd entry faults if the stride divides 32; a stride s otherwise uses 1 + floor(31/s)
  // entries of each window, which begins at the faulting one.
  it.each([
    [2, 16],
    [4, 16],
    [5, 15],
    [13, 14],
    [23, 12],
    [27, 10],
    [31, 9],
    [64, 8],
  ])('takes, with stride %i over 512 entries, %i exits', (stride, exits) => {
    const d = new Driver('shadow', BARE);
    for (let i = 0; i < 512; i += stride) d.pages(READ, i, i + 1);
    expect(d.count('vmexit.total')).toBe(exits);
  });

  it('splinters a 2 MiB guest page: 16 exits for its 512 pieces, one fl1 page', () => {
    const d = new Driver('shadow', guest({ pageSize: '2m' }));
    d.pages(READ, 0, 512);
    expect(d.count('vmexit.total')).toBe(16);
    expect(d.sim.memory()['shadow.fl1.pages']).toBe(1);
  });
});

describe('shadow paging and the A and D bits', () => {
  const rw = { read: true, write: true, exec: false };
  const map = {
    kind: 'map' as const,
    va: word(VA),
    bytes: 512 * 4096,
    gfn: 0x200,
    perm: rw,
    how: 'populate',
    pageSize: '4k',
  };
  // MAP populates with A set and D clear.

  it('takes 512 exits for pages with RW and D=0: nothing is prefetched', () => {
    const d = new Driver('shadow', BARE);
    d.event(map);
    const rise = d.rise(['vmexit.total'], () => d.pages(READ, 0, 512));
    expect(rise['vmexit.total']).toBe(512);
  });

  it('takes 2 exits for a read and then a write of a D=0 page, 1 for a write alone', () => {
    const d = new Driver('shadow', BARE);
    d.event(map);
    const both = d.rise(['vmexit.pf.fixup'], () => {
      d.pages(READ, 0, 1);
      d.pages(WRITE, 0, 1);
    });
    const alone = d.rise(['vmexit.pf.fixup'], () => d.pages(WRITE, 1, 2));
    expect([both['vmexit.pf.fixup'], alone['vmexit.pf.fixup']]).toEqual([2, 1]);
  });
});

describe('shadow paging and table stores', () => {
  it('exits once for 512 stores to an in-sync L1 table, which goes out of sync', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 0, 1);
    d.warmDirectMap();
    const rise = d.rise(['vmexit.total', 'vmexit.pf.unsync'], () => {
      for (let i = 0n; i < 512n; i++) d.store(VA + i * 4096n, 1);
    });
    expect(rise).toEqual({ 'vmexit.total': 1, 'vmexit.pf.unsync': 1 });
  });

  it('lets three tables of different residues out of sync and resyncs them at a CR3 load', () => {
    // Premapping takes L3, L2, L1 and 512 data frames; a region in another GiB takes L2, L1 and 512:
    // its L1 is 514 frames after the first one's, and 514 mod 3 = 1, so the residues differ.
    const tables = [VA, VA + 0x40000000n, VA + 0x80000000n];
    const d = new Driver('shadow', BARE);
    for (const va of tables) d.sim.access(0, READ, va, 1);
    expect(new Set(tables.map((va) => d.at(va, 1).gfn % 3)).size).toBe(3);
    d.warmDirectMap();
    const keys = ['vmexit.pf', 'vmexit.cr3_write', 'shadow.resync', 'shadow.unsync_evict'];
    const rise = d.rise(keys, () => {
      for (const va of tables) d.store(va, 1);
      d.event({ kind: 'cr3', as: '0', pcid: null, noflush: false });
    });
    expect(rise).toEqual({
      'vmexit.pf': 3,
      'vmexit.cr3_write': 1,
      'shadow.resync': 3,
      'shadow.unsync_evict': 0,
    });
  });

  // Regions in one GiB: L1 tables 513 frames apart, so all have the same residue mod 3.
  const same = [VA, VA + 0x200000n, VA + 0x400000n];

  function sameResidue(): Driver {
    const d = new Driver('shadow', BARE);
    for (const va of same) d.sim.access(0, READ, va, 1);
    expect(new Set(same.map((va) => d.at(va, 1).gfn % 3)).size).toBe(1);
    d.warmDirectMap();
    return d;
  }

  it('keeps two tables of one residue: the older moves to the next slot', () => {
    const d = sameResidue();
    const rise = d.rise(['vmexit.total', 'shadow.unsync_evict'], () => {
      for (const i of [0, 1, 0, 1]) d.store(same[i]!, 1);
    });
    expect(rise).toEqual({ 'vmexit.total': 2, 'shadow.unsync_evict': 0 });
  });

  it('pushes the oldest of three tables of one residue out: 4 exits and 2 evictions for a b c a', () => {
    const d = sameResidue();
    const rise = d.rise(['vmexit.total', 'shadow.unsync_evict'], () => {
      for (const i of [0, 1, 2, 0]) d.store(same[i]!, 1);
    });
    expect(rise).toEqual({ 'vmexit.total': 4, 'shadow.unsync_evict': 2 });
  });

  it('emulates each store to an L2 table, all but the first by the fast path', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 0, 1);
    d.warmDirectMap();
    const rise = d.rise(['vmexit.total', 'shadow.emulate', 'shadow.emulate_fast'], () => {
      for (let i = 0; i < 4; i++) d.store(VA, 2);
    });
    expect(rise).toEqual({ 'vmexit.total': 4, 'shadow.emulate': 1, 'shadow.emulate_fast': 3 });
  });

  it('unshadows an L2 table at the second zero store: 3 exits for four, then none', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 0, 1);
    d.warmDirectMap();
    // 1: emulated. 2: emulated, unshadowed. 3: an ordinary fixup makes the frame writable. 4: free.
    const keys = ['vmexit.total', 'vmexit.pf.emulate', 'vmexit.pf.fixup', 'shadow.early_unshadow'];
    const { gfn } = d.at(VA, 2);
    const rise = d.rise(keys, () => {
      for (const i of [0n, 1n, 2n, 3n]) {
        const va = word(VA + i * 0x200000n);
        d.event({ kind: 'ptw', gfn, level: 2, va, value: word(0n) });
      }
    });
    expect(rise).toEqual({
      'vmexit.total': 3,
      'vmexit.pf.emulate': 2,
      'vmexit.pf.fixup': 1,
      'shadow.early_unshadow': 1,
    });
  });

  it('emulates L1 stores one by one without out-of-sync tables', () => {
    const d = new Driver('shadow', { ...BARE, shadow: { policy: 'xen-oos-off', pool: 0, oosSlots: 'auto' } });
    d.pages(READ, 0, 1);
    d.warmDirectMap();
    const rise = d.rise(['vmexit.pf.emulate', 'shadow.unsync'], () => {
      for (let i = 0n; i < 8n; i++) d.store(VA + i * 4096n, 1);
    });
    expect(rise).toEqual({ 'vmexit.pf.emulate': 8, 'shadow.unsync': 0 });
  });
});

describe('shadow paging, INVLPG and CR3', () => {
  const keys = ['vmexit.invlpg', 'vmexit.pf.fixup', 'tlb.flush.page', 'tlb.flush.all'];
  const invlpg = { kind: 'invlpg' as const, va: word(VA) };

  function invlpgAndRead(d: Driver): Record<string, number> {
    return d.rise(keys, () => {
      d.event(invlpg);
      d.pages(READ, 0, 1);
    });
  }

  it('costs one exit and no refill on an in-sync table', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 0, 1);
    expect(Object.values(invlpgAndRead(d))).toEqual([1, 0, 1, 0]);
  });

  it('drops the entry of an out-of-sync table: one fixup more', () => {
    const d = new Driver('shadow', BARE);
    d.pages(READ, 0, 1);
    d.warmDirectMap();
    d.store(VA, 1);
    expect(Object.values(invlpgAndRead(d))).toEqual([1, 1, 1, 0]);
  });

  it('flushes everything for a splintered page', () => {
    const d = new Driver('shadow', guest({ pageSize: '2m' }));
    d.pages(READ, 0, 1);
    expect(Object.values(invlpgAndRead(d))).toEqual([1, 0, 0, 1]);
  });

  it('switches between known address spaces for one exit each, without refills', () => {
    const d = new Driver('shadow', BARE);
    const to = (as: string): void => d.event({ kind: 'switch', as, noflush: false });
    for (const as of ['a', 'b']) {
      to(as);
      d.pages(READ, 0, 64);
    }
    const rise = d.rise(['vmexit.total', 'vmexit.cr3_write'], () => {
      for (const as of ['a', 'b', 'a', 'b']) {
        to(as);
        d.pages(READ, 0, 64);
      }
    });
    expect(rise).toEqual({ 'vmexit.total': 4, 'vmexit.cr3_write': 4 });
  });
});

describe('the guest kernel', () => {
  it('maps the zero page for a read and breaks it at the first write, in one frame each', () => {
    const d = new Driver('native', guest({ mode: 'demand' }));
    d.pages(READ, 0, 1);
    d.pages(WRITE, 0, 1);
    // The read makes three tables (L3, L2, L1) and zeroes them; the write zeroes one data frame.
    expect(d.count('guest.faults.demand')).toBe(1);
    expect(d.count('guest.faults.cow')).toBe(1);
    expect(d.count('guest.frames.zeroed')).toBe(4);
    // Table stores: three upper entries and the leaf; 0 and the new leaf.
    expect(d.count('guest.pt.writes')).toBe(4 + 2);
    // 4 x 512 stores of zeroing, 6 table stores; reads: L4 alone, then L4 to L1.
    expect(d.count('kernel.accesses.write')).toBe(4 * 512 + 6);
    expect(d.count('kernel.accesses.read')).toBe(1 + 4);
  });
});

describe('independence', () => {
  it('takes only types from src: every other import stays within this folder', () => {
    const files = readdirSync(import.meta.dirname).filter(
      (f) => f.endsWith('.ts') && !f.endsWith('.test.ts'),
    );
    expect(files.length).toBeGreaterThan(5);
    for (const file of files) {
      const text = readFileSync(join(import.meta.dirname, file), 'utf8');
      expect(text).not.toMatch(/\bimport\(|\brequire\(/);
      for (const [statement, kind, from] of text.matchAll(
        /(?:import|export)\s+(type\s)?[^;]*?from '([^']+)'/g,
      )) {
        const inside = /^\.\/[^/]+$/.test(from!) || from!.startsWith('node:');
        expect(inside || kind !== undefined, `${file}: ${statement}`).toBe(true);
      }
    }
  });
});
