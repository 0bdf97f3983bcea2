/**
 * A machine with a kernel (mmu/replay-kernel.ts) counts as one without does: every counter, table and error, in every mode,
 * over arrays of any number of ways, with records stripped and not.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { resolveConfig } from '../../src/config/load.js';
import type { MachineConfig } from '../../src/config/schema.js';
import { parseAssignment } from '../../src/config/values.js';
import type { CounterValues } from '../../src/counters.js';
import { KernelState } from '../../src/mmu/kernel-state.js';
import { KERNEL } from '../../src/mmu/replay-kernel.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { Pass } from '../../src/sim/pass.js';
import { createBatch, type TraceChunk } from '../../src/trace/access.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';
import { chunkOf } from '../helpers/differential.js';
import { Rng } from '../helpers/random-config.js';
import { type RandomCase, randomCase } from '../helpers/random-trace.js';

const SEEDS = Number(process.env['P2MSIM_SEEDS'] ?? 40);
const USUAL = { ...KERNEL };

afterEach(() => {
  Object.assign(KERNEL, USUAL);
});

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
    pwc: { ...pwc, semantics: rng.chance(85) ? 'combined' : 'gpa', l2: array(4), l3: array(2) },
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

function outcome(c: RandomCase, mode: string, strip: boolean): object {
  const pass = new Pass(strip ? [c.config] : null);
  let machine: Machine | null = null;
  let error = '';
  try {
    machine = createMachine({ mode, config: c.config }, c.header, { lenient: true, ids: pass.ids });
    replay(machine, pass, chunkOf(c.items));
    // Again without events: the first time little is in place yet.
    const accesses = chunkOf(c.items.filter((item) => item.kind === 'access'));
    for (let i = 0; i < 3; i++) replay(machine, pass, accesses);
    replay(machine, pass, chunkOf(c.items));
  } catch (thrown) {
    error = String(thrown);
  }
  return {
    counters: machine?.counters(),
    memory: machine?.memory(),
    tables: machine?.guestTables(),
    error,
  };
}

/** As {@link outcome}, without a kernel and with one that is never given up; counts its walks. */
function both(c: RandomCase, mode: string, strip: boolean, count: (walks: number) => void): [object, object] {
  Object.assign(KERNEL, { after: Infinity });
  const without = outcome(c, mode, strip);
  Object.assign(KERNEL, { after: 0, manyStops: 0 });
  const { take } = KernelState.prototype;
  KernelState.prototype.take = function (counters) {
    take.call(this, counters);
    count(this.walks);
  };
  const result = outcome(c, mode, strip);
  KernelState.prototype.take = take;
  return [without, result];
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
      cases += 1;
      const strip = seed % 2 === 0;
      const [without, withKernel] = both(tuned, mode, strip, (n) => {
        walks += n;
        calls += 1;
      });
      expect(withKernel, `seed ${seed}`).toEqual(without);
    }
    expect(calls).toBeGreaterThan(10 * cases);
    if (mode !== 'shadow') expect(walks).toBeGreaterThan(20 * cases);
  });
});

describe('a guest of more than 64 GiB', () => {
  /** One page in each of 34,000 regions of 2 MiB: a premapped guest takes 512 frames for each, and bit 24 of a frame is at 64 GiB. */
  const REGIONS = 34_000;

  function countsOf(mode: string, after: number): CounterValues {
    Object.assign(KERNEL, { after });
    const { config } = resolveConfig({
      preset: 'reference',
      settings: ['guest.mode=premapped', 'ntlb.entries=16', 'ntlb.ways=4'].map((text) =>
        parseAssignment(text, 'test'),
      ),
    });
    const machine = createMachine({ mode, config }, EMPTY_HEADER, {});
    const batch = createBatch(REGIONS);
    batch.n = REGIONS;
    for (let i = 0; i < REGIONS; i++) {
      batch.hi[i] = i >>> 11;
      batch.lo[i] = ((i & 2047) * 2 ** 21 + (i % 512) * 4096) >>> 0;
      batch.size[i] = 8;
      batch.op[i] = i % 3 === 0 ? 1 : 0;
    }
    for (let pass = 0; pass < 2; pass++) machine.replayAccesses(batch, 0, REGIONS);
    expect(machine.parts.guest.tables.wide).toBe(true);
    return machine.counters();
  }

  it.each(['native', 'hap'])('counts the same in %s mode', { timeout: 60_000 }, (mode) => {
    expect(countsOf(mode, 0)).toEqual(countsOf(mode, Infinity));
  });
});
