/**
 * Stripping changes no count: every counter, page count and guest table with and without it, on random traces with
 * locality, events, several vcpus, every replacement policy, split and missing TLBs, all page sizes.
 */
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../src/config/schema.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { Pass } from '../../src/sim/pass.js';
import { OP_FETCH, OP_READ, OP_WRITE, type TraceChunk } from '../../src/trace/access.js';
import { chunkOf } from '../helpers/differential.js';
import { Rng } from '../helpers/random-config.js';
import { type RandomCase, randomCase, type TraceItem } from '../helpers/random-trace.js';

const SEEDS = Number(process.env['P2MSIM_SEEDS'] ?? 100);
const LONG = 120_000;
const POLICIES = ['lru', 'fifo', 'plru', 'random'] as const;

/** The case with every access followed by a few more to pages that were accessed just before. */
function withLocality(c: RandomCase, rng: Rng): RandomCase {
  const recent: Extract<TraceItem, { kind: 'access' }>[] = [];
  const items = c.items.flatMap((item): TraceItem[] => {
    if (item.kind === 'event') return [item];
    recent.unshift(item);
    recent.length = Math.min(recent.length, 4);
    const more = Array.from({ length: rng.int(0, 8) }, (): TraceItem => {
      const near = rng.pick(recent);
      const op = rng.chance(70) ? near.op : rng.pick([OP_READ, OP_WRITE, OP_FETCH] as const);
      const va = (near.va & ~0xfffn) | BigInt(rng.int(0, 4088));
      return { ...near, op, va, size: rng.chance(98) ? 8 : 64 };
    });
    return [item, ...more];
  });
  return { ...c, items };
}

/** First-level TLBs with 1 to 16 sets of any policy, so that there is something to strip by set. */
function widened(config: MachineConfig, rng: Rng): MachineConfig {
  const level = <T extends { entries: number; ways: number }>(array: T): T => {
    if (array.entries === 0) return array;
    const ways = rng.int(1, 4);
    return { ...array, ways, entries: ways * rng.pick([1, 2, 4, 16]), policy: rng.pick(POLICIES) };
  };
  const { l1d, l1i, l1d2m, l1i2m, stlb } = config;
  return {
    ...config,
    l1d: level(l1d),
    l1i: level(l1i),
    l1d2m: level(l1d2m),
    l1i2m: level(l1i2m),
    stlb: { ...stlb, policy: rng.pick(POLICIES) },
  };
}

function replay(machines: readonly Machine[], pass: Pass, chunk: TraceChunk): void {
  let done = 0;
  for (const [e, event] of chunk.events.entries()) {
    for (const machine of machines) {
      pass.replay(machine, chunk.accesses, done, chunk.eventAt[e]!);
      machine.event(event);
    }
    done = chunk.eventAt[e]!;
  }
  for (const machine of machines) pass.replay(machine, chunk.accesses, done, chunk.accesses.n);
}

/** All that a machine counted, or why it gave up and what it had counted by then. */
function outcome(c: RandomCase, strip: boolean, modes: readonly string[] = [c.mode]): object[] {
  const pass = new Pass(strip ? [c.config] : null);
  const machines = modes.map((mode) =>
    createMachine({ mode, config: c.config }, c.header, { ids: pass.ids, lenient: true }),
  );
  let error = '';
  try {
    replay(machines, pass, chunkOf(c.items));
  } catch (thrown) {
    error = String(thrown);
  }
  return machines.map((machine) => ({
    counters: machine.counters(),
    memory: machine.memory(),
    tables: machine.guestTables(),
    error,
  }));
}

function caseOf(seed: number): RandomCase {
  const rng = new Rng(seed ^ 0x5712);
  const c = withLocality(randomCase(seed), rng);
  return { ...c, config: widened(c.config, rng) };
}

const chunks = Array.from({ length: Math.ceil(SEEDS / 50) }, (_, i) => i * 50);

describe('stripping', () => {
  it.each(chunks)('changes no counter, page or table, seeds from %i', { timeout: LONG }, (first) => {
    for (let seed = first; seed < Math.min(first + 50, SEEDS); seed++) {
      const c = caseOf(seed);
      expect(outcome(c, true), `seed ${seed}, mode ${c.mode}`).toEqual(outcome(c, false));
    }
  });

  it('strips most of such traces', () => {
    let records = 0;
    let kept = 0;
    for (let seed = 0; seed < 20; seed++) {
      const c = caseOf(seed);
      const pass = new Pass([c.config]);
      const machine = createMachine({ mode: c.mode, config: c.config }, c.header, {
        ids: pass.ids,
        lenient: true,
      });
      const original = machine.replayColumns.bind(machine);
      machine.replayColumns = (batch, columns, sets) => {
        kept += columns.n;
        original(batch, columns, sets);
      };
      const chunk = chunkOf(c.items);
      try {
        replay([machine], pass, chunk);
      } catch {
        continue;
      }
      records += chunk.accesses.n;
    }
    expect(kept / records).toBeLessThan(0.8);
  });
});

describe('machines that share a pass', () => {
  it('count as each does alone', { timeout: LONG }, () => {
    for (let seed = 0; seed < Math.min(SEEDS, 60); seed++) {
      const c = caseOf(seed);
      if (c.mode === 'shadow') continue;
      const together = outcome(c, true, ['native', 'hap']);
      const alone = ['native', 'hap'].flatMap((mode) => outcome(c, true, [mode]));
      expect(together, `seed ${seed}`).toEqual(alone);
    }
  });
});
