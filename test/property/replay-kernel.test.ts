/**
 * A machine with a kernel (mmu/replay-kernel.ts) counts as one without does: every counter, table and error, in every mode,
 * over arrays of any number of ways, with records stripped and not.
 */
import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/load.js';
import type { MachineConfig } from '../../src/config/schema.js';
import { parseAssignment } from '../../src/config/values.js';
import type { CounterValues } from '../../src/counters.js';
import { KernelState } from '../../src/mmu/kernel-state.js';
import { KERNEL_USE, type KernelUse } from '../../src/mmu/replay-kernel.js';
import type { SetAssoc } from '../../src/mmu/set-assoc.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { Pass } from '../../src/sim/pass.js';
import { PTE_A, PTE_D, PTE_PS, PTE_RW } from '../../src/arch/pte.js';
import { type AccessBatch, createBatch, type TraceChunk } from '../../src/trace/access.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';
import { chunkOf } from '../helpers/differential.js';
import { Rng } from '../helpers/random-config.js';
import { type RandomCase, randomCase } from '../helpers/random-trace.js';

const SEEDS = Number(process.env['P2MSIM_SEEDS'] ?? 40);
/** No kernel; one from the first access on that is never put aside. */
const WITHOUT: KernelUse = { after: Infinity, manyStops: 0 };
const ALWAYS: KernelUse = { after: 0, manyStops: 0 };

const NO_ARRAY = { entries: 0, ways: 0, policy: 'lru' as const };

const sizeOf = (rng: Rng) => (rng.chance(85) ? ('4k' as const) : ('2m' as const));

function guestOf(rng: Rng) {
  return { pageSize: sizeOf(rng), mode: rng.chance(50) ? ('premapped' as const) : ('demand' as const) };
}

/** Arrays that a kernel takes: in order of use, with ways that are a multiple of four or not. */
function kernelConfig(config: MachineConfig, mode: string, rng: Rng): MachineConfig {
  const array = (sets: number) => {
    const ways = rng.pick([1, 2, 3, 4, 4, 5, 8, 12]);
    return { entries: ways * rng.pick([1, 2, sets]), ways, policy: 'lru' as const };
  };
  const { guest, host, pwc, npwc, cache, l1d, l1i, stlb } = config;
  return {
    ...config,
    // What shadow pagers and their pools take is left as it is.
    ...(mode === 'shadow'
      ? {}
      : { guest: { ...guest, ...guestOf(rng) }, host: { ...host, pageSize: sizeOf(rng) } }),
    l1d: { ...l1d, ...array(4) },
    l1i: { ...l1i, ...array(4) },
    stlb: { ...stlb, ...array(8) },
    pwc: rng.chance(20)
      ? { ...pwc, l2: NO_ARRAY, l3: NO_ARRAY, l4: NO_ARRAY, l5: NO_ARRAY }
      : { ...pwc, semantics: rng.chance(85) ? 'combined' : 'gpa', l2: array(4), l3: array(2) },
    npwc: { ...npwc, l2: array(4), l3: rng.chance(50) ? array(2) : npwc.l3 },
    ntlb: { ...array(8) },
    cache: { ...cache, enabled: rng.chance(50) },
  };
}

function replay(machine: Machine, pass: Pass, chunk: TraceChunk): void {
  pass.nextChunk();
  let done = 0;
  for (const [e, event] of chunk.events.entries()) {
    pass.replay(machine, chunk.accesses, done, chunk.eventAt[e]!);
    machine.event(event);
    done = chunk.eventAt[e]!;
  }
  pass.replay(machine, chunk.accesses, done, chunk.accesses.n);
}

/** Entries of every array, and how many it says it has in use: flushes and look-ups skip an array that has none. */
function inUse(machine: Machine): [counted: number, said: number][] {
  return machine.parts.vcpus.flatMap(({ tlb, pwc, npwc, ntlb, cache }) => {
    const tlbs = [tlb.scannableData, tlb.scannableFetch, tlb.scannableSecond(false)];
    const arrays: (SetAssoc | null | undefined)[] = [
      ...tlbs,
      ...pwc.arrays,
      ...npwc.arrays,
      ntlb,
      ...cache.levels,
    ];
    return arrays.flatMap((array): [number, number][] =>
      array == null ? [] : [[array.entries.filter((entry) => entry !== -1).length, array.live]],
    );
  });
}

interface Options {
  readonly kernels: KernelUse;
  readonly strip: boolean;
  /** How often the accesses are replayed once more between two replays of everything. */
  readonly times: number;
}

function outcome(c: RandomCase, mode: string, { kernels, strip, times }: Options): object {
  const pass = new Pass(strip ? [c.config] : null);
  let machine: Machine | null = null;
  let error = '';
  try {
    machine = createMachine({ mode, config: c.config }, c.header, { lenient: true, ids: pass.ids, kernels });
    replay(machine, pass, chunkOf(c.items));
    // Again without events: the first time little is in place yet.
    const accesses = chunkOf(c.items.filter((item) => item.kind === 'access'));
    for (let i = 0; i < times; i++) {
      replay(machine, pass, accesses);
      if (i % 7 === 6) machine.dropTranslations();
    }
    replay(machine, pass, chunkOf(c.items));
  } catch (thrown) {
    error = String(thrown);
  }
  if (machine === null) return { error };
  for (const [counted, said] of inUse(machine)) expect(said).toBe(counted);
  return { counters: machine.counters(), memory: machine.memory(), tables: machine.guestTables(), error };
}

/** What `run` returns, with the calls of kernels and their walks that it took. */
function counted<T>(run: () => T): { result: T; calls: number; walks: number } {
  const { take } = KernelState.prototype;
  let calls = 0;
  let walks = 0;
  KernelState.prototype.take = function (counters) {
    take.call(this, counters);
    calls += 1;
    walks += this.walks;
  };
  try {
    return { result: run(), calls, walks };
  } finally {
    KernelState.prototype.take = take;
  }
}

describe.each(['native', 'hap', 'shadow'])('a kernel in %s mode', (mode) => {
  it('counts as single look-ups and walks do', { timeout: 240_000 }, () => {
    let walks = 0;
    let calls = 0;
    let cases = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const c = randomCase(seed);
      // What shadow pagers refuse is not made for them.
      if (mode === 'shadow' && c.mode !== 'shadow') continue;
      const tuned = { ...c, config: kernelConfig(c.config, mode, new Rng(seed)) };
      const options = { strip: seed % 2 === 0, times: 3 };
      const without = outcome(tuned, mode, { ...options, kernels: WITHOUT });
      const withKernel = counted(() => outcome(tuned, mode, { ...options, kernels: ALWAYS }));
      expect(withKernel.result, `seed ${seed}`).toEqual(without);
      cases += 1;
      calls += withKernel.calls;
      walks += withKernel.walks;
    }
    expect(calls).toBeGreaterThan(10 * cases);
    if (mode !== 'shadow') expect(walks).toBeGreaterThan(20 * cases);
  });
});

describe('a long trace', () => {
  /** As usual, but sooner: the kernel comes in the middle, is put aside and tried again, and translations are dropped. */
  const SOONER: KernelUse = { ...KERNEL_USE, after: 2000 };

  it.each(['native', 'hap'])('counts the same in %s mode', { timeout: 120_000 }, (mode) => {
    let walks = 0;
    for (let seed = 1000; seed < 1000 + Math.ceil(SEEDS / 8); seed++) {
      const c = randomCase(seed);
      const tuned = { ...c, config: kernelConfig(c.config, mode, new Rng(seed)) };
      const options = { strip: true, times: 30 };
      const withKernel = counted(() => outcome(tuned, mode, { ...options, kernels: SOONER }));
      expect(withKernel.result, `seed ${seed}`).toEqual(
        outcome(tuned, mode, { ...options, kernels: WITHOUT }),
      );
      walks += withKernel.walks;
    }
    expect(walks).toBeGreaterThan(0);
  });
});

/** The level-2 table below entry 0 of root and PDPT. */
function firstLevel2({ parts }: Machine): number {
  const { tables, current } = parts.guest;
  return tables.frame(tables.frame(current[0]!.root, 0), 0);
}

interface Access {
  readonly address: number;
  readonly write?: boolean;
  readonly vcpu?: number;
}

function batchOf(accesses: readonly Access[]): AccessBatch {
  const batch = createBatch(accesses.length);
  batch.n = accesses.length;
  batch.size.fill(8);
  for (const [i, { address, write = false, vcpu = 0 }] of accesses.entries()) {
    batch.hi[i] = Math.floor(address / 2 ** 32);
    batch.lo[i] = address % 2 ** 32;
    batch.op[i] = write ? 1 : 0;
    batch.vcpu[i] = vcpu;
  }
  return batch;
}

/** A premapped guest with `settings`, fed `count` reads at `addressOf(0..)`, and the same again. */
function machineFed(
  mode: string,
  kernels: KernelUse,
  settings: readonly string[],
  count: number,
  addressOf: (i: number) => number,
  preset = 'reference',
): { machine: Machine; again: () => void } {
  const { config } = resolveConfig({
    preset,
    settings: ['guest.mode=premapped', ...settings].map((text) => parseAssignment(text, 'test')),
  });
  const machine = createMachine({ mode, config }, EMPTY_HEADER, { kernels });
  const accesses = Array.from({ length: count }, (_, i) => ({ address: addressOf(i), write: i % 3 === 0 }));
  const batch = batchOf(accesses);
  const again = (): void => machine.replayAccesses(batch, 0, count);
  again();
  return { machine, again };
}

describe.each(['native', 'hap'])('an entry above the leaf without A, in %s mode', (mode) => {
  it('is given A by a walk that is not plain', () => {
    // Two regions of 2 MiB in turns, one page of each a round, past a TLB of two entries and a PDE cache of one: every access
    // walks from the PDPTE and reads the PDE.
    const small = ['l1d', 'l1i', 'stlb'].flatMap((array) => [`${array}.entries=2`, `${array}.ways=1`]);
    const caches = [
      'pwc.l2.entries=1',
      'pwc.l2.ways=1',
      'pwc.l3.entries=4',
      'pwc.l3.ways=4',
      'ntlb.entries=4',
      'ntlb.ways=4',
    ];
    const updates = [WITHOUT, ALWAYS].map((kernels) => {
      const { machine, again } = machineFed(
        mode,
        kernels,
        [...small, ...caches],
        512,
        (i) => (i % 2) * 2 ** 21 + (i >> 1) * 4096,
      );
      const { tables } = machine.parts.guest;
      const before = machine.counters()['walk.ad_updates']!;
      // The PDE of the first region, below entry 0 of root and PDPT.
      const level2 = firstLevel2(machine);
      tables.setFlags(level2, 0, tables.flags(level2, 0) & ~PTE_A);
      again();
      expect(tables.flags(level2, 0) & PTE_A).toBe(PTE_A);
      return machine.counters()['walk.ad_updates']! - before;
    });
    expect(updates).toEqual([1, 1]);
  });
});

describe('a native walk without walk caches', () => {
  const TINY = ['l1d', 'l1i', 'stlb'].flatMap((array) => [`${array}.entries=2`, `${array}.ways=1`]);
  const CACHE = ['enabled=on', 'l1.bytes=4096', 'l1.ways=1', 'l2.bytes=8192', 'l2.ways=2'].map(
    (text) => `cache.${text}`,
  );
  /** 1,024 pages in four giants of two level-3 tables. */
  const address = (i: number): number =>
    (i % 2) * 2 ** 39 + ((i >> 1) % 2) * 2 ** 30 + ((i >> 2) % 8) * 2 ** 21 + (i >> 5) * 4096;

  it.each([
    ['', TINY],
    [', through data caches', [...TINY, ...CACHE]],
  ])('is that of the kernel%s, and counts the same', (_, settings) => {
    const run = (kernels: KernelUse): CounterValues => {
      const { machine, again } = machineFed('native', kernels, settings, 1024, address);
      again();
      return machine.counters();
    };
    const withKernel = counted(() => run(ALWAYS));
    expect(withKernel.result).toEqual(run(WITHOUT));
    // The second time there is no other.
    expect(withKernel.walks).toBeGreaterThanOrEqual(1024);
    expect(withKernel.result['walk.refs.guest.l4']).toBe(2048);
  });

  // Level 4 to 2: the entry has no A, allows no stores (every third access is one), or leads to another table, which
  // data caches tell from it.
  it.each([4, 3, 2])('is not plain where an entry of level %d is another', (level) => {
    for (const change of ['accessed', 'right', 'table'] as const) {
      const counts = [WITHOUT, ALWAYS].map((kernels) => {
        const { machine, again } = machineFed('native', kernels, [...TINY, ...CACHE], 1024, address);
        const { tables, current } = machine.parts.guest;
        let table = current[0]!.root;
        for (let at = 4; at > level; at--) table = tables.frame(table, 0);
        const [frame, flags] = [tables.frame(table, 0), tables.flags(table, 0)];
        if (change === 'accessed') tables.setFlags(table, 0, flags & ~PTE_A);
        else if (change === 'right') tables.setFlags(table, 0, flags & ~PTE_RW);
        else tables.set(table, 0, tables.frame(table, 1), flags);
        try {
          again();
        } catch (error) {
          return String(error);
        } finally {
          if (change === 'accessed') expect(tables.flags(table, 0) & PTE_A).toBe(PTE_A);
          tables.set(table, 0, frame, flags);
        }
        return machine.counters();
      });
      expect(counts[1], change).toEqual(counts[0]);
    }
  });
});

describe.each(['native', 'hap'])('a large entry that is stale, in %s mode', (mode) => {
  it('is found by accesses to pages that have small leaves again', () => {
    const hits = [WITHOUT, ALWAYS].map((kernels) => {
      // Every page of two regions of 2 MiB, three times: A and D are set, and the kernel knows their tables.
      const address = (i: number): number => (i % 1024) * 4096;
      const { machine, again } = machineFed(mode, kernels, ['host.pageSize=2m'], 3072, address, 'skylake');
      const { tables } = machine.parts.guest;
      const level2 = firstLevel2(machine);
      // The second of them.
      const [frame, flags] = [tables.frame(level2, 1), tables.flags(level2, 1)];
      machine.event({ kind: 'flushall', vcpu: 0, line: 0 });
      tables.set(level2, 1, 512, flags | PTE_PS | PTE_D);
      machine.replayAccesses(batchOf([{ address: 519 * 4096 }]), 0, 1);
      expect(machine.counters()['tlb.fill.2m']).toBe(1);
      tables.set(level2, 1, frame, flags);
      // Nothing has flushed the entry: 512 of each 1,024 accesses hit it, and none of them walks.
      again();
      return machine.counters();
    });
    expect(hits[1]).toEqual(hits[0]);
    expect(hits[0]!['tlb.l1d.hit.2m']).toBe(1536);
  });
});

describe.each(['native', 'hap'])('what another vcpu has done, in %s mode', (mode) => {
  // A second level of one entry, so that what is behind the first is seen; caches that hold what is used here.
  const SETTINGS = [
    'vcpus=2',
    'stlb.entries=1',
    'stlb.ways=1',
    ...['pwc.l2', 'pwc.l3', 'ntlb'].flatMap((array) => [`${array}.entries=4`, `${array}.ways=4`]),
  ];
  const page = (number: number, rest: Omit<Access, 'address'> = {}): Access => ({
    address: number * 4096,
    ...rest,
  });

  /** Counters without a kernel and with one, of which `act` does the interesting part. */
  function both(act: (machine: Machine, replay: (...accesses: Access[]) => void) => void): CounterValues[] {
    return [WITHOUT, ALWAYS].map((kernels) => {
      const { machine } = machineFed(mode, kernels, SETTINGS, 0, () => 0);
      const replay = (...accesses: Access[]): void =>
        machine.replayAccesses(batchOf(accesses), 0, accesses.length);
      const twoRegions = Array.from({ length: 32 }, (_, i) => page(i < 16 ? i : 512 + i - 16));
      for (let round = 0; round < 2; round++) {
        replay(...twoRegions);
        replay(...twoRegions.map((access) => ({ ...access, vcpu: 1 })));
      }
      act(machine, replay);
      return machine.counters();
    });
  }

  it('leaves a cached PDE as it was', () => {
    const [without, withKernel] = both((machine, replay) => {
      const { tables } = machine.parts.guest;
      const level2 = firstLevel2(machine);
      const old = tables.frame(level2, 0);
      // The other vcpu, which has dropped its caches, comes to another table. This one has the old table, where A is gone.
      tables.setFlags(old, 300, tables.flags(old, 300) & ~PTE_A);
      tables.set(level2, 0, tables.frame(level2, 1), tables.flags(level2, 0));
      machine.event({ kind: 'flushall', vcpu: 1, line: 0 });
      replay(page(300, { vcpu: 1 }));
      replay(page(300));
      expect(tables.flags(old, 300) & PTE_A).toBe(PTE_A);
    });
    expect(withKernel).toEqual(without);
  });

  it('does not turn a store without the right into a miss', () => {
    const [without, withKernel] = both((machine, replay) => {
      const { tables } = machine.parts.guest;
      const level2 = firstLevel2(machine);
      const leaves = tables.frame(level2, 0);
      tables.setFlags(leaves, 300, tables.flags(leaves, 300) & ~PTE_D);
      // The first level has page 300 without the right, the second has it no more, and the leaf is dirty now.
      replay(page(300), page(301));
      replay(page(300, { vcpu: 1, write: true }));
      replay(page(300, { write: true }));
    });
    expect(withKernel).toEqual(without);
    expect(without!['walk.rewalk']).toBe(1);
  });
});

describe('a guest of more than 64 GiB', () => {
  /** One page in each of 34,000 regions of 2 MiB: a premapped guest takes 512 frames for each, and bit 24 of a frame is at 64 GiB. */
  const REGIONS = 34_000;

  function countsOf(mode: string, kernels: KernelUse): CounterValues {
    const settings = ['pwc.l2', 'pwc.l3', 'ntlb'].flatMap((array) => [
      `${array}.entries=16`,
      `${array}.ways=4`,
    ]);
    const { machine, again } = machineFed(
      mode,
      kernels,
      settings,
      REGIONS,
      (i) => i * 2 ** 21 + (i % 512) * 4096,
    );
    again();
    expect(machine.parts.guest.tables.wide).toBe(true);
    return machine.counters();
  }

  it.each(['native', 'hap'])('counts the same in %s mode', { timeout: 60_000 }, (mode) => {
    const without = countsOf(mode, WITHOUT);
    // From the first access on, and from the second round, when tables with such frames move into the arena.
    for (const after of [0, REGIONS]) {
      const withKernel = counted(() => countsOf(mode, { after, manyStops: 0 }));
      expect(withKernel.result).toEqual(without);
      // The second time nearly all walks are the kernel's, also those for the 1,200 regions from bit 24 on.
      expect(withKernel.walks).toBeGreaterThan(0.99 * REGIONS);
    }
  });
});
