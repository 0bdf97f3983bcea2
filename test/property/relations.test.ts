/**
 * Properties that relate different machines, or a machine and a plain count: bigger TLBs, no TLBs, two
 * spaces, native and HAP, shadow fixups and distinct pages, tables that can be reached.
 *
 * Not expressible here: a p2m whose references cost nothing (HAP with free host references is native: what is
 * compared is everything else), and two virtual machines (two address spaces with PCID stand in for them).
 */
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { ENTRIES } from '../../src/arch/paging.js';
import { PTE_P, PTE_PS } from '../../src/arch/pte.js';
import { defaultConfig } from '../../src/config/defaults.js';
import type { MachineConfig } from '../../src/config/schema.js';
import { P2m } from '../../src/hypervisor/p2m.js';
import { compare, type CompareResult } from '../../src/index.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';
import { Prng } from '../../src/util/prng.js';
import { chunkOf } from '../helpers/differential.js';
import { configOf, plain, read, switchTo, write } from '../helpers/machine.js';
import { full, vaOfPage } from '../helpers/one-access.js';
import { type RandomCase, randomCase } from '../helpers/random-trace.js';

// Quick on a quiet machine; a busy one may need longer than the default of 5 s.
vi.setConfig({ testTimeout: 60_000 });

/** An access of the trace: page number, and whether it is a store. */
type Ref = readonly [page: number, store: boolean];

/** `count` accesses to `pages` pages that lie in several 2 MiB regions, one in three a store. */
function randomRefs(seed: number, count: number, pages: number): Ref[] {
  const prng = new Prng(seed);
  const pool = Array.from({ length: pages }, (_, i) => 0x40000 + Math.floor(i / 40) * 512 + (i % 40) * 3);
  return Array.from({ length: count }, () => [pool[prng.below(pages)]!, prng.below(3) === 0]);
}

function replayRefs(machine: Machine, refs: readonly Ref[]): void {
  for (const [page, store] of refs) (store ? write : read)(machine, vaOfPage(page));
}

function machineOf(mode: string, config: MachineConfig): Machine {
  return createMachine({ mode, config }, EMPTY_HEADER);
}

const premapped = (config: MachineConfig): void => {
  config.guest.mode = 'premapped';
};

describe('TLBs', () => {
  it('a larger fully associative LRU TLB never misses more', () => {
    for (const seed of [1, 2, 3]) {
      const refs = randomRefs(seed, 3000, 150);
      const misses = [1, 2, 3, 5, 8, 13, 32, 64, 128, 150].map((entries) => {
        const config = configOf('none', premapped);
        config.l1d = { ...full(entries), sizes: '4k' };
        const machine = machineOf('native', config);
        replayRefs(machine, refs);
        return machine.counters()['tlb.l1d.miss']!;
      });
      for (let i = 1; i < misses.length; i++) expect(misses[i]).toBeLessThanOrEqual(misses[i - 1]!);
      // With room for everything only the first touches miss.
      expect(misses.at(-1)).toBe(new Set(refs.map(([page]) => page)).size);
    }
  });

  it.each(['native', 'hap', 'shadow'])('a flush of everything before each access is no TLB (%s)', (mode) => {
    const refs = randomRefs(4, 2000, 100);
    const config = configOf('skylake', premapped);
    config.ntlb = full(0);
    config.npwc = { l5: full(0), l4: full(0), l3: full(0), l2: full(0) };
    const flushed = machineOf(mode, config);
    for (const ref of refs) {
      flushed.event(plain('flushall'));
      replayRefs(flushed, [ref]);
    }
    const bare = machineOf(mode, configOf('none', premapped));
    replayRefs(bare, refs);
    const [a, b] = [flushed.counters(), bare.counters()];
    for (const key of ['walk.count', 'walk.retry', 'walk.ad_updates', 'vmexit.pf', 'tlb.stlb.miss']) {
      expect(a[key], key).toBe(b[key]);
    }
    // Retries of one access may find what its first walk left in the walk cache.
    if (mode !== 'shadow') expect(a['walk.refs']).toBe(b['walk.refs']);
    expect(a['tlb.l1d.hit']).toBe(0);
  });

  it.each(['native', 'hap'])('two spaces with PCID and room for both are the two alone (%s)', (mode) => {
    const refs = { '0': randomRefs(5, 1500, 80), B: randomRefs(6, 1500, 80) };
    function count(order: readonly ('0' | 'B')[]): Record<string, number> {
      const config = configOf('none', premapped);
      config.guest.pcid = true;
      config.l1d = { ...full(256), sizes: '4k' };
      config.stlb = { ...full(1024), sizes: '4k' };
      config.pwc = { ...config.pwc, l4: full(64), l3: full(64), l2: full(64) };
      const machine = machineOf(mode, config);
      const next = { '0': 0, B: 0 };
      for (const as of order) {
        switchTo(machine, as);
        replayRefs(machine, refs[as].slice(next[as], next[as] + 100));
        next[as] += 100;
      }
      return machine.counters();
    }
    const turns = Array.from({ length: 15 });
    const both = count(turns.flatMap(() => ['0', 'B'] as const));
    const [a, b] = [count(turns.map(() => '0' as const)), count(turns.map(() => 'B' as const))];
    for (const key of [
      'tlb.l1d.hit',
      'tlb.l1d.miss',
      'tlb.stlb.miss',
      'walk.count',
      'walk.refs',
      'pwc.guest.l2.hit',
    ]) {
      expect(both[key], key).toBe(a[key]! + b[key]!);
    }
    expect(both['guest.cr3']).toBe(29); // the first space is loaded already
  });
});

describe('exits', () => {
  it.each(['premapped', 'demand'] as const)(
    'hap with an eager p2m: none in 100,000 random accesses (%s)',
    (mode) => {
      const machine = machineOf(
        'hap',
        configOf('skylake', (config) => (config.guest.mode = mode)),
      );
      replayRefs(machine, randomRefs(7, 100_000, 5000));
      const counters = machine.counters();
      expect(counters['vmexit.total']).toBe(0);
      expect(counters['walk.count']).toBeGreaterThan(5000);
      expect(counters['guest.faults']! > 0).toBe(mode === 'demand');
    },
  );

  it('shadow without table changes: one fixup per page of each space, if none is filled ahead', () => {
    const config = configOf('skylake', premapped);
    config.shadow.pool = 0;
    const machine = machineOf('shadow', config);
    const touched = { '0': randomRefs(8, 600, 2000), B: randomRefs(9, 600, 2000) };
    let distinct = 0;
    for (const as of ['0', 'B'] as const) {
      switchTo(machine, as);
      // Descending: prefetch goes up, to pages that are not touched at all or have been filled already.
      const pages = [...new Set(touched[as].map(([page]) => page))].sort((x, y) => y - x);
      replayRefs(
        machine,
        pages.map((page) => [page, true]),
      );
      distinct += pages.length;
    }
    for (const as of ['0', 'B', '0', 'B'] as const) {
      switchTo(machine, as);
      replayRefs(machine, touched[as]);
    }
    const counters = machine.counters();
    expect([counters['vmexit.pf.fixup'], counters['vmexit.pf']]).toEqual([distinct, distinct]);
    expect(distinct).toBeGreaterThan(600);
  });

  it('hap without caches: (g+1)(h+1)-1 references in every walk', () => {
    for (const g of [4, 5] as const) {
      for (const h of [4, 5] as const) {
        const config = configOf('none', premapped);
        config.guest.levels = g;
        config.host.levels = h;
        const machine = machineOf('hap', config);
        replayRefs(machine, randomRefs(10, 500, 200));
        expect(machine.counters()['walk.refs'], `${g} x ${h}`).toBe(500 * ((g + 1) * (h + 1) - 1));
      }
    }
  });
});

/** Random traces that shadow paging can replay, without raw stores to tables (which may omit flushes). */
function tracesForAllModes(): RandomCase[] {
  const seeds = Array.from({ length: 12 }, (_, i) => 2 + 3 * i);
  return seeds.map((seed) => {
    const c = randomCase(seed);
    return { ...c, items: c.items.filter((item) => item.kind !== 'event' || item.event.kind !== 'ptw') };
  });
}

function replayCase(c: RandomCase, mode: string, config: MachineConfig = c.config): Machine {
  const machine = createMachine({ mode, config }, mode === c.mode ? c.header : EMPTY_HEADER);
  machine.replayChunk(chunkOf(c.items));
  return machine;
}

describe('on random traces with events', () => {
  const traces = tracesForAllModes();

  it('the guest ends with the same tables in every mode, A and D aside', () => {
    for (const c of traces) {
      const [native, hap, shadow] = ['native', 'hap', 'shadow'].map((mode) =>
        replayCase(c, mode).guestDigest(),
      );
      expect([hap, shadow], `seed ${c.seed}`).toEqual([native, native]);
    }
  });

  it("hap differs from native in host references alone, if host leaves are no smaller than the guest's", () => {
    const same =
      /^(kernel\.)?(accesses|tlb|guest|pwc\.guest|walk\.(count|rewalk|retry|fault|ad_updates|refs\.guest))/;
    for (const c of traces) {
      const config = structuredClone(c.config);
      config.vendor = 'intel';
      config.host = { ...config.host, pageSize: '1g', populate: 'eager', layout: 'flat' };
      const pick = (mode: string): unknown =>
        Object.entries(replayCase(c, mode, config).counters()).filter(([key]) => same.test(key));
      expect(pick('hap'), `seed ${c.seed}`).toEqual(pick('native'));
    }
  });

  it('guest table pages in use are those that can be reached from the roots', () => {
    for (const c of traces) {
      const machine = replayCase(c, c.mode);
      const { guest } = machine.parts;
      const reached = new Set<number>();
      const visit = (table: number, level: number): void => {
        reached.add(table);
        for (let i = 0; level > 1 && i < ENTRIES; i++) {
          const flags = guest.tables.flags(table, i);
          if ((flags & PTE_P) !== 0 && ((flags & PTE_PS) === 0 || level > 3))
            visit(guest.tables.frame(table, i), level - 1);
        }
      };
      for (const space of [guest.swapper, ...guest.spaces()]) visit(space.root, guest.levels);
      expect(machine.memory()['guest.pages'], `seed ${c.seed}`).toBe(reached.size);
    }
  });
});

describe('the p2m', () => {
  it('has as many pages as can be reached from its root, by level', () => {
    for (const seed of [1, 2, 3, 4]) {
      const prng = new Prng(seed);
      const host = {
        levels: seed % 2 === 0 ? 5 : 4,
        pageSize: '1g',
        populate: 'lazy',
        layout: 'flat',
      } as const;
      const p2m = new P2m(host, [{ gfn: 512 * prng.below(64), count: 4096, pageSize: '4k' }], 2);
      p2m.setRam(3 * 2 ** 18, seed === 4);
      for (let i = 0; i < 200; i++) {
        const gfn = prng.below(3 * 2 ** 18);
        if (!p2m.isMapped(gfn)) p2m.map(gfn);
      }
      const byLevel = [0, 0, 0, 0, 0, 0];
      const visit = (table: number, level: number, first: number): void => {
        byLevel[level]! += 1;
        for (let i = 0; level > 1 && i < ENTRIES; i++) {
          const gfn = first + i * 512 ** (level - 1);
          const below = p2m.below(table, gfn, level);
          if (below >= 0) visit(below, level - 1, gfn);
        }
      };
      visit(0, p2m.levels, 0);
      expect(p2m.pages).toEqual(byLevel);
      expect(p2m.total).toBe(byLevel.reduce((a, b) => a + b));
    }
  });
});

describe('traces as text', () => {
  const refs = randomRefs(9, 3000, 400);
  const address = (page: number): string => `${page.toString(16)}abc`;
  const csv = `op,va,size\n${refs.map(([page, store]) => `${store ? 'W' : 'R'},0x${address(page)},8`).join('\n')}\n`;
  const lackey = `${refs.map(([page, store]) => ` ${store ? 'S' : 'L'} ${address(page)},8`).join('\n')}\n`;

  async function compared(text: string): Promise<CompareResult> {
    const { result, error } = await compare({ trace: '-', stdin: Readable.from([Buffer.from(text)]) });
    expect(error).toBeNull();
    return result;
  }

  it('the same accesses as CSV and as lackey count the same in every mode', async () => {
    const [a, b] = [await compared(csv), await compared(lackey)];
    expect(a.results.map((run) => run.manifest.trace.format)).toEqual(['csv', 'csv', 'csv']);
    expect(b.results.map((run) => run.manifest.trace.format)).toEqual(['lackey', 'lackey', 'lackey']);
    const counts = (result: CompareResult): unknown =>
      result.results.map(({ counters, memory }) => ({ counters, memory }));
    expect(counts(b)).toEqual(counts(a));
    expect(a.results[0]!.counters['accesses']).toBe(3000);
  });

  it('the same run twice gives the same bytes', async () => {
    expect(JSON.stringify(await compared(csv))).toBe(JSON.stringify(await compared(csv)));
  });

  it('the default preset is the one that defaultConfig gives', async () => {
    const [run] = (await compared(csv)).results;
    expect(run!.manifest.config.effective).toEqual(defaultConfig());
  });
});
