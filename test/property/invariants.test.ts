/**
 * Identities that hold for every trace and geometry, on seeded random cases with events.
 *
 * P2MSIM_TEST_INVARIANT_SEEDS sets how many (default 42). What relates different machines (bigger TLBs, two
 * spaces, native and HAP) is in relations.test.ts.
 */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Machine } from '../../src/sim/machine.js';
import { createMachine } from '../../src/sim/machine.js';
import { chunkOf } from '../helpers/differential.js';
import { type RandomCase, randomCase, randomKvmCase } from '../helpers/random-trace.js';
import { checkGrants, type Findings, openMachine } from '../helpers/shadow-grants.js';

// Quick on a quiet machine; a busy one may need longer than the default of 5 s.
vi.setConfig({ testTimeout: 60_000 });

const DEFAULT_SEEDS = 42;
const SEEDS = Number(process.env['P2MSIM_TEST_INVARIANT_SEEDS'] ?? DEFAULT_SEEDS);

interface Ran {
  readonly c: RandomCase;
  readonly machine: Machine;
  readonly n: Readonly<Record<string, number>>;
  readonly sum: (keys: readonly string[]) => number;
}

function run(c: RandomCase): Ran {
  const machine = createMachine({ mode: c.mode, config: c.config }, c.header);
  machine.replayChunk(chunkOf(c.items));
  const n = machine.counters();
  return { c, machine, n, sum: (keys) => keys.reduce((total, key) => total + known(n, key), 0) };
}

function known(n: Readonly<Record<string, number>>, key: string): number {
  const value = n[key];
  if (value === undefined) throw new Error(`no counter is called ${key}`);
  return value;
}

let cache: readonly Ran[] | null = null;
/** All cases, replayed once. */
const cases = (): readonly Ran[] =>
  (cache ??= Array.from({ length: SEEDS }, (_, seed) => run(randomCase(seed))));

/** Checks one identity in every case, for accesses of the trace and of the guest kernel. */
function forAll(check: (ran: Ran, prefix: '' | 'kernel.', of: (key: string) => number) => void): void {
  for (const ran of cases()) {
    for (const prefix of ['', 'kernel.'] as const) check(ran, prefix, (key) => known(ran.n, prefix + key));
  }
}

const where = (ran: Ran, prefix: string): string => `seed ${ran.c.seed}, ${ran.c.mode}, '${prefix}'`;

describe('on random cases', () => {
  beforeAll(() => void cases(), 300_000);

  it.skipIf(SEEDS < DEFAULT_SEEDS)('the cases are not vacuous', () => {
    const total = (key: string): number => cases().reduce((sum, ran) => sum + known(ran.n, key), 0);
    for (const key of [
      'accesses',
      'kernel.accesses',
      'tlb.l1i.hit',
      'tlb.stlb.hit',
      'walk.rewalk',
      'ntlb.hit',
    ]) {
      expect(total(key), key).toBeGreaterThan(0);
    }
    for (const key of [
      'vmexit.pf.unsync',
      'vmexit.pf.emulate',
      'vmexit.npf',
      'guest.faults.cow',
      'pte.llc',
    ]) {
      expect(total(key), key).toBeGreaterThan(0);
    }
  });

  it('every look-up is a hit or a miss, at every level', () => {
    forAll((ran, prefix, of) => {
      const at = where(ran, prefix);
      expect(of('accesses.read') + of('accesses.write') + of('accesses.fetch'), at).toBe(of('accesses'));
      expect(of('tlb.l1d.hit') + of('tlb.l1d.miss'), at).toBe(of('accesses.read') + of('accesses.write'));
      expect(of('tlb.l1i.hit') + of('tlb.l1i.miss'), at).toBe(of('accesses.fetch'));
      expect(of('tlb.stlb.hit') + of('tlb.stlb.miss'), at).toBe(of('tlb.l1d.miss') + of('tlb.l1i.miss'));
      for (const level of ['l1d', 'l1i', 'stlb']) {
        const bySize = ['4k', '2m', '1g'].map((size) => of(`tlb.${level}.hit.${size}`));
        expect(
          bySize.reduce((a, b) => a + b),
          `${at} ${level}`,
        ).toBe(of(`tlb.${level}.hit`));
      }
    });
  });

  it('walks are STLB misses, walks for rights, and retries', () => {
    forAll((ran, prefix, of) => {
      expect(of('walk.count'), where(ran, prefix)).toBe(
        of('tlb.stlb.miss') + of('walk.rewalk') + of('walk.retry'),
      );
      // A walk either fills the TLB or ends in a fault or an exit.
      const fills = of('tlb.fill.4k') + of('tlb.fill.2m') + of('tlb.fill.1g');
      expect(of('walk.count'), where(ran, prefix)).toBe(fills + of('walk.fault'));
    });
  });

  it('references add up by dimension, by level and by the cache that serves them', () => {
    forAll((ran, prefix, of) => {
      const at = where(ran, prefix);
      expect(of('walk.refs.guest') + of('walk.refs.nested') + of('walk.refs.shadow'), at).toBe(
        of('walk.refs'),
      );
      for (const [dimension, top] of [
        ['guest', 5],
        ['nested', 5],
        ['shadow', 4],
      ] as const) {
        let sum = 0;
        for (let level = 1; level <= top; level++) sum += of(`walk.refs.${dimension}.l${level}`);
        expect(sum, `${at} ${dimension}`).toBe(of(`walk.refs.${dimension}`));
      }
      const served = ['pte.l1', 'pte.l2', 'pte.llc', 'pte.mem', 'pte.flat'].map(of);
      expect(
        served.reduce((a, b) => a + b),
        at,
      ).toBe(of('walk.refs'));
    });
  });

  it('each walk looks into the walk cache once, if there is one', () => {
    forAll((ran, prefix, of) => {
      const { config, mode } = ran.c;
      const { l2, l3, l4, l5 } = config.pwc;
      const levels = config.guest.levels === 5 ? [l2, l3, l4, l5] : [l2, l3, l4];
      const present = levels.some((array) => array.entries > 0);
      const lookups = ['l2.hit', 'l3.hit', 'l4.hit', 'l5.hit', 'miss'].map((key) => of(`pwc.guest.${key}`));
      expect(
        lookups.reduce((a, b) => a + b),
        where(ran, prefix),
      ).toBe(present ? of('walk.count') : 0);
      if (mode !== 'hap') expect(of('ntlb.hit') + of('ntlb.miss'), where(ran, prefix)).toBe(0);
    });
  });

  it('a walk makes at most g references, under HAP (g+1)(h+1)-1', () => {
    forAll((ran, prefix, of) => {
      const g = ran.c.config.guest.levels;
      const h = ran.c.config.host.levels;
      const most = ran.c.mode === 'hap' ? (g + 1) * (h + 1) - 1 : g;
      expect(of('walk.refs'), where(ran, prefix)).toBeLessThanOrEqual(most * of('walk.count'));
    });
  });

  it('exits add up by reason and by kind, and every #PF exit is one call of the shadow fault handler', () => {
    const REASONS =
      'pf cr3_write cr3_read cr4_write cr4_read cr0_write invlpg invpcid npf ept_misconfig pml_full io cpuid vmcall mmio';
    const KINDS = 'guest fixup unsync emulate mmio';
    const ENDS = 'fixed real mmio mmio_fast emulate emulate_fast';
    for (const ran of cases()) {
      const at = where(ran, '');
      expect(ran.sum(REASONS.split(' ').map((reason) => `vmexit.${reason}`)), at).toBe(ran.n['vmexit.total']);
      expect(ran.sum(KINDS.split(' ').map((kind) => `vmexit.pf.${kind}`)), at).toBe(ran.n['vmexit.pf']);
      expect(ran.n['shadow.fault'], at).toBe(ran.n['vmexit.pf']);
      expect(ran.sum(ENDS.split(' ').map((end) => `shadow.${end}`)), at).toBe(ran.n['shadow.fault']);
      expect(ran.sum(['vmexit.pf.fixup', 'vmexit.pf.unsync']), at).toBe(ran.n['shadow.fixed']);
      expect(ran.sum(['shadow.emulate', 'shadow.emulate_fast']), at).toBe(ran.n['vmexit.pf.emulate']);
      if (ran.c.mode === 'native') expect(ran.n['vmexit.total'], at).toBe(0);
      else if (ran.c.mode === 'hap') expect(ran.n['vmexit.pf'], at).toBe(0);
      else {
        expect(ran.n['vmexit.cr3_write'], at).toBe(ran.n['guest.cr3']);
        expect(ran.n['vmexit.invlpg'], at).toBe(ran.n['guest.invlpg']);
        expect(ran.n['vmexit.pf.guest'], at).toBe(ran.n['guest.faults']);
      }
    }
  });

  it('shadow pages add up by type; what is made and not freed is there', () => {
    for (const { c, machine, n } of cases()) {
      const memory = machine.memory();
      const byType = (['l1', 'fl1', 'l2', 'l3', 'l4'] as const).map((type) => memory[`shadow.${type}.pages`]);
      expect(
        byType.reduce((a, b) => a + b),
        `seed ${c.seed}`,
      ).toBe(memory['shadow.pages']);
      expect(memory['shadow.pages.peak']).toBeGreaterThanOrEqual(memory['shadow.pages']);
      if (c.mode !== 'shadow') continue;
      // The root that is loaded at the start is made before anything is counted.
      expect(1 + n['shadow.alloc']! - n['shadow.free']!, `seed ${c.seed}`).toBe(memory['shadow.pages']);
      if (c.config.shadow.pool === 0) continue;
      const used = memory['p2m.pages'] + memory['shadow.pages'] + memory['shadow.other.pages'];
      expect(memory['pool.free.pages'], `seed ${c.seed}`).toBe(memory['pool.pages'] - used);
    }
  });

  it('p2m pages add up by level, and are within what the whole of RAM takes', () => {
    for (const { c, machine } of cases()) {
      const memory = machine.memory();
      const byLevel = ([1, 2, 3, 4, 5] as const).map((level) => memory[`p2m.l${level}.pages`]);
      expect(
        byLevel.reduce((a, b) => a + b),
        `seed ${c.seed}`,
      ).toBe(memory['p2m.pages']);
      const leaves = Math.ceil(memory['ram.pages'] / 512);
      const most = leaves + 2 * Math.ceil(leaves / 512) + 3;
      expect(memory['p2m.pages'], `seed ${c.seed}`).toBeLessThanOrEqual(c.mode === 'native' ? 0 : most);
    }
  });

  it('a trace cut into chunks anywhere counts the same', { timeout: 60_000 }, () => {
    for (const { c, machine, n } of cases()) {
      const again = createMachine({ mode: c.mode, config: c.config }, c.header);
      // Pieces of 1, 2, 3, 4, ... items, events and accesses alike.
      for (let from = 0, size = 1; from < c.items.length; from += size, size += 1) {
        again.replayChunk(chunkOf(c.items.slice(from, from + size)));
      }
      expect(again.counters(), `seed ${c.seed}`).toEqual(n);
      expect(again.memory(), `seed ${c.seed}`).toEqual(machine.memory());
      expect(again.guestDigest(), `seed ${c.seed}`).toBe(machine.guestDigest());
    }
  });

  it('the same run twice is the same', () => {
    for (const { c, n } of cases().slice(0, 12)) expect(run(c).n, `seed ${c.seed}`).toEqual(n);
  });
});

describe('shadow tables grant no more than the tables of the guest, unless those are out of sync', () => {
  /** The first cases that fit. A premapped guest makes tables in frames that it freed without storing into them. */
  function some(make: (seed: number) => RandomCase): RandomCase[] {
    const chosen: RandomCase[] = [];
    for (let seed = 0; chosen.length < Math.ceil(SEEDS / 6); seed++) {
      const c = make(seed);
      if (c.mode === 'shadow' && c.config.guest.mode === 'demand') chosen.push(c);
    }
    return chosen;
  }

  /** Checks after every event, and after each run of accesses between two of them. */
  function followed({ config, header, items }: RandomCase): Findings {
    const { machine, domain } = openMachine(config, header);
    const findings: Findings = { entries: 0, wrong: [] };
    for (let from = 0; from < items.length;) {
      const next = items.findIndex((item, i) => i > from && item.kind === 'event');
      const to = next < 0 ? items.length : next;
      machine.replayChunk(chunkOf(items.slice(from, to)));
      checkGrants(domain, findings);
      from = to;
    }
    return findings;
  }

  function checkAll(found: readonly Findings[]): void {
    for (const [i, { wrong }] of found.entries()) expect(wrong.slice(0, 3), `case ${i}`).toEqual([]);
    const entries = found.reduce((sum, findings) => sum + findings.entries, 0);
    expect(entries).toBeGreaterThan(1000 * found.length);
  }

  it('xen, xen-oos-off', { timeout: 120_000 }, () => checkAll(some(randomCase).map(followed)));

  it('kvm, kvm-6.12', { timeout: 120_000 }, () => {
    checkAll(some((seed) => randomKvmCase(seed, seed % 2 === 0)).map(followed));
  });
});
