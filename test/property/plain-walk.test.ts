/**
 * A walk made in a hurry (mmu/plain-walk.ts) counts as one made at length: an observer, which wants to know every reference,
 * keeps a machine from the former.
 */
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../src/config/schema.js';
import { PlainWalk } from '../../src/mmu/plain-walk.js';
import { createMachine } from '../../src/sim/machine.js';
import { chunkOf } from '../helpers/differential.js';
import { Rng } from '../helpers/random-config.js';
import { type RandomCase, randomCase } from '../helpers/random-trace.js';

const SEEDS = Number(process.env['P2MSIM_SEEDS'] ?? 40);

/** Caches that plain walks need, small enough that all of them overflow, over 4 KiB pages. */
function plainConfig(config: MachineConfig, rng: Rng): MachineConfig {
  const array = (sets: number) => {
    const ways = rng.int(1, 3);
    return { entries: ways * rng.pick([1, 2, sets]), ways, policy: 'lru' as const };
  };
  const { guest, host, pwc, npwc, cache, l1d, l1i, stlb } = config;
  return {
    ...config,
    guest: { ...guest, pageSize: '4k', mode: rng.chance(50) ? 'premapped' : 'demand' },
    host: { ...host, pageSize: rng.chance(80) ? '4k' : '2m' },
    l1d: { ...l1d, ...array(4) },
    l1i: { ...l1i, ...array(4) },
    stlb: { ...stlb, ...array(8) },
    pwc: { ...pwc, semantics: 'combined', l2: array(4), l3: array(2) },
    npwc: { ...npwc, l2: array(4) },
    ntlb: { ...array(8) },
    cache: { ...cache, enabled: false },
  };
}

function outcome(c: RandomCase, watched: boolean): object {
  const machine = createMachine({ mode: 'hap', config: c.config }, c.header, { lenient: true });
  if (watched) machine.parts.watch.observer = { reference() {}, translating() {}, note() {} };
  let error = '';
  try {
    // Twice: the first time nothing is in place yet.
    machine.replayChunk(chunkOf(c.items));
    machine.replayChunk(chunkOf(c.items.filter((item) => item.kind === 'access')));
  } catch (thrown) {
    error = String(thrown);
  }
  return { counters: machine.counters(), memory: machine.memory(), tables: machine.guestTables(), error };
}

describe('a plain walk', () => {
  it('counts as a walk at length does, and many walks are plain', { timeout: 120_000 }, () => {
    let plain = 0;
    const walk = PlainWalk.prototype.walk;
    PlainWalk.prototype.walk = function (page: number, write: boolean) {
      const flags = walk.call(this, page, write);
      if (flags >= 0) plain += 1;
      return flags;
    };
    for (let seed = 0; seed < SEEDS; seed++) {
      const c = randomCase(seed);
      const tuned = { ...c, config: plainConfig(c.config, new Rng(seed)) };
      expect(outcome(tuned, false), `seed ${seed}`).toEqual(outcome(tuned, true));
    }
    PlainWalk.prototype.walk = walk;
    expect(plain).toBeGreaterThan(20 * SEEDS);
  });
});
