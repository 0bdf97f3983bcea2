/** Machines of a sweep that share guest and p2m count what each counts with its own. */
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../src/config/schema.js';
import { LocalCrew } from '../../src/sim/crew.js';
import type { MachineRequest, MachineRun } from '../../src/sim/run.js';
import { createBatch, type TraceChunk } from '../../src/trace/access.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';
import { configOf } from '../helpers/machine.js';
import { Rng } from '../helpers/random-config.js';

/** Accesses with locality to some regions, the direct map and a page above RAM among them. */
function chunkOf(rng: Rng, n: number): TraceChunk {
  const accesses = createBatch(n);
  const regions = [0x400000, 0x600000, 0x40000000, 0x7fe00000];
  for (let i = 0; i < n; i++) {
    const direct = rng.chance(5);
    accesses.hi[i] = direct ? 0xffff8880 : rng.pick([0, 0, 0x7f12]);
    accesses.lo[i] =
      (rng.pick(regions) + 4096 * rng.int(0, rng.pick([3, 40, 511])) + 8 * rng.int(0, 511)) >>> 0;
    accesses.op[i] = rng.int(0, 3);
    accesses.size[i] = rng.chance(97) ? 8 : 5000;
    accesses.n++;
  }
  return { accesses, events: [], eventAt: [], rawBytes: 0 };
}

function configs(rng: Rng, mode: string): MachineConfig[] {
  const preset = rng.pick(['skylake', 'zen3', 'reference', 'none']);
  const pageSize = rng.pick(['4k', '4k', '2m'] as const);
  const hostSize = rng.pick(['4k', '2m'] as const);
  return Array.from({ length: 4 }, () =>
    configOf(preset, (config) => {
      config.guest.mode = 'premapped';
      config.guest.pageSize = pageSize;
      config.guest.ram = 256;
      config.host.pageSize = hostSize;
      if (mode === 'shadow') config.shadow.policy = rng.pick(['xen', 'kvm']);
      const ways = rng.int(1, 4);
      config.stlb = {
        ...config.stlb,
        ways,
        entries: ways * rng.pick([1, 4, 16]),
        policy: 'lru',
        sizes: '4k+2m',
      };
    }),
  );
}

function run(
  requests: readonly MachineRequest[],
  chunk: TraceChunk,
  eventless: boolean,
): readonly MachineRun[] {
  const order = { machines: requests, header: EMPTY_HEADER, notes: [], file: 'trace', lenient: false };
  const crew = new LocalCrew({ ...order, eventless, strip: true });
  crew.carryOut(chunk, [{ kind: 'accesses', from: 0, to: chunk.accesses.n }]);
  return crew.finish([], 0).runs;
}

describe('machines that share a guest', () => {
  it.each(['native', 'hap', 'shadow'])(
    '%s: count as with guests of their own',
    { timeout: 60_000 },
    (mode) => {
      for (let seed = 0; seed < 12; seed++) {
        const rng = new Rng(seed);
        const requests = configs(rng, mode).map((config) => ({ mode, config }));
        const chunk = chunkOf(rng, 3000);
        expect(run(requests, chunk, true), `seed ${seed}`).toEqual(run(requests, chunk, false));
      }
    },
  );
});
