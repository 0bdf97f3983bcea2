/**
 * p2msim against the reference simulator on seeded random traces with events, over the three modes
 * and random small geometries: every counter, every page count and the guest tables are equal.
 *
 * P2MSIM_SEEDS sets how many seeds (default 500), P2MSIM_FIRST_SEED the first (default 0). A case
 * that differs is shrunk and written to test/property/.repro/ as CSV, configuration and items.
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { differences, reproduce } from '../helpers/differential.js';
import { randomCase } from '../helpers/random-trace.js';

const SEEDS = Number(process.env['P2MSIM_SEEDS'] ?? 500);
const FIRST = Number(process.env['P2MSIM_FIRST_SEED'] ?? 0);
/** Seeds per test: a test that fails names a range to run again. */
const GROUP = 50;
const REPRO = join(import.meta.dirname, '.repro');

describe('p2msim and the reference simulator', () => {
  for (let from = FIRST; from < FIRST + SEEDS; from += GROUP) {
    const to = Math.min(from + GROUP, FIRST + SEEDS);
    it(`agree on every counter and table for seeds ${from} to ${to - 1}`, { timeout: 600_000 }, () => {
      for (let seed = from; seed < to; seed++) {
        const whole = randomCase(seed);
        if (differences(whole).length > 0) expect.fail(reproduce(whole, (c) => differences(c), REPRO));
      }
    });
  }
});
