/**
 * p2msim against the reference simulator on seeded random traces with events, over the three modes
 * and random small geometries: every counter, every page count and the guest tables are equal.
 *
 * P2MSIM_SEEDS sets how many seeds (default 500), P2MSIM_FIRST_SEED the first (default 0). A case
 * that differs is shrunk and written to test/property/.repro/ as CSV, configuration and items.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvOf, differences, shrink } from '../helpers/differential.js';
import { type RandomCase, randomCase } from '../helpers/random-trace.js';

const SEEDS = Number(process.env['P2MSIM_SEEDS'] ?? 500);
const FIRST = Number(process.env['P2MSIM_FIRST_SEED'] ?? 0);
/** Seeds per test: a test that fails names a range to run again. */
const GROUP = 50;
const REPRO = join(import.meta.dirname, '.repro');

/** Shrinks and writes a reproducer; returns what to print. */
function reproduce(seed: number): string {
  const whole = randomCase(seed);
  // A shorter trace must fail in the same way: its first line names the same key.
  const keyOf = (c: RandomCase): string => differences(c)[0]?.split(':')[0] ?? '';
  const key = keyOf(whole);
  const small = shrink(whole, (c) => keyOf(c) === key, 300);
  mkdirSync(REPRO, { recursive: true });
  const path = join(REPRO, `seed-${seed}-${small.mode}`);
  writeFileSync(`${path}.csv`, csvOf(small));
  writeFileSync(`${path}.config.json`, `${JSON.stringify(small.config, null, 2)}\n`);
  const first = differences(small).slice(0, 8).join('\n  ');
  return `seed ${seed}, ${small.mode}, ${small.items.length} items left (${path}.csv):\n  ${first}`;
}

describe('p2msim and the reference simulator', () => {
  for (let from = FIRST; from < FIRST + SEEDS; from += GROUP) {
    const to = Math.min(from + GROUP, FIRST + SEEDS);
    it(`agree on every counter and table for seeds ${from} to ${to - 1}`, { timeout: 600_000 }, () => {
      for (let seed = from; seed < to; seed++) {
        if (differences(randomCase(seed)).length > 0) expect.fail(reproduce(seed));
      }
    });
  }
});
