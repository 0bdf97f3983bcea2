/** The naive replayer, by which the engine is measured where there is no C compiler, counts what p2msim counts. */
import { describe, expect, it } from 'vitest';
import { generate, toBinary } from '../../../bench/mixes.mjs';
import { compareCounters } from '../../../bench/digest.mjs';
import { Naive } from '../../../bench/reference/naive.mjs';
import { ENGINE_SETTINGS } from '../../../bench/settings.mjs';
import { chosenRows } from '../../../bench/select.mjs';
import { resolveConfig } from '../../../src/config/load.js';
import { parseAssignment } from '../../../src/config/values.js';
import { createMachine } from '../../../src/sim/machine.js';
import { createBatch } from '../../../src/trace/access.js';
import { EMPTY_HEADER } from '../../../src/trace/event.js';

type Records = ReturnType<typeof generate>;

function byNaive(records: Records): Readonly<Record<string, number | undefined>> {
  const words = toBinary(records);
  const naive = new Naive();
  for (let i = 0; i < words.length; i += 2) {
    const page = (words[i + 1]! & 0xfff) * 2 ** 20 + (words[i]! >>> 12);
    naive.access(page, words[i + 1]! >>> 28 === 2 ? 1 : 0);
  }
  return naive.counters();
}

function byProgram(records: Records): Readonly<Record<string, number>> {
  const settings = ENGINE_SETTINGS.map((text) => parseAssignment(text, 'test'));
  const { config } = resolveConfig({ preset: 'reference', settings });
  const machine = createMachine({ mode: 'hap', config }, EMPTY_HEADER);
  const batch = createBatch(records.n);
  batch.n = records.n;
  batch.hi.set(records.hi);
  batch.lo.set(records.lo);
  batch.op.set(records.op);
  batch.size.set(records.size);
  machine.replayAccesses(batch, 0, batch.n);
  return machine.counters();
}

describe('the naive replayer', () => {
  it.each(['zipf', 'triad', 'matmul', 'gups'])('counts the mix %s as p2msim does', (name) => {
    const records = generate(name, 3000);
    const { differences } = compareCounters({ naive: byNaive(records), p2msim: byProgram(records) });
    expect(differences).toEqual([]);
  });

  it('takes frames as p2msim does when guest RAM grows', () => {
    // 600 regions of 512 pages and their tables are more than the first GiB (262,144 frames from 0x1000 on).
    const records = generate('gups', 600);
    for (let i = 0; i < 600; i++) {
      records.hi[i] = 0x10 + (i >>> 11);
      records.lo[i] = i << 21;
    }
    const { differences } = compareCounters({ naive: byNaive(records), p2msim: byProgram(records) });
    expect(differences).toEqual([]);
  });

  it('counts fetches and accesses over page borders as p2msim does', () => {
    const records = generate('zipf', 3000);
    for (let i = 0; i < 3000; i += 3) {
      records.op[i] = 2;
      records.lo[i] = records.lo[i]! | 0xffc;
    }
    const { differences } = compareCounters({ naive: byNaive(records), p2msim: byProgram(records) });
    expect(differences).toEqual([]);
  });
});

describe('a comparison of counters', () => {
  it('names the counters that differ and who counted what', () => {
    const { differences } = compareCounters({ C: { a: 1, b: 2 }, p2msim: { a: 1, b: 3, c: 4 } });
    expect(differences).toEqual(['b: C 2, p2msim 3']);
  });
});

describe('the choice of rows', () => {
  const rows = [{ id: 'engine.zipf' }, { id: 'memory.page.hap' }, { id: 'memory.long.billion', long: true }];
  const ids = (patterns?: string) => chosenRows(rows, patterns).map(({ id }) => id);

  it('leaves long rows out unless a pattern asks for them', () => {
    expect(ids()).toEqual(['engine.zipf', 'memory.page.hap']);
    expect(ids('memory*')).toEqual(['memory.page.hap', 'memory.long.billion']);
  });

  it('takes several patterns, in which a dot is a dot', () => {
    expect(ids('engine.*,memory.page.*')).toEqual(['engine.zipf', 'memory.page.hap']);
    expect(() => ids('engine-zipf')).toThrow('no row is called engine-zipf');
  });
});
