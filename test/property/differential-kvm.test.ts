/**
 * p2msim against the reference simulator under KVM's shadow paging (docs/model.md 9), on seeded random traces
 * with events: exits, guest activity, shadow pages and guest tables are equal; without TLBs and walk
 * caches so is every walk. Which flushes KVM makes beyond those it needs is not modelled (9.12).
 *
 * P2MSIM_SEEDS sets how many seeds the differential tests take (default 500; here a tenth of them, each
 * twice); P2MSIM_FIRST_SEED is the first (default 0).
 */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { differences, reproduce } from '../helpers/differential.js';
import { type RandomCase, randomKvmCase } from '../helpers/random-trace.js';

const SEEDS = Math.ceil(Number(process.env['P2MSIM_SEEDS'] ?? 500) / 10);
const FIRST = Number(process.env['P2MSIM_FIRST_SEED'] ?? 0);
const GROUP = 50;
const REPRO = join(import.meta.dirname, '.repro');

/** Counters that say how a translation was found, not what it was. */
const TRANSLATION = /^(kernel\.)?(tlb|walk|pwc|pte)\./;

function flushes(key: string): boolean {
  return key.startsWith('tlb.flush.');
}

function translations(key: string): boolean {
  return TRANSLATION.test(key);
}

function agreeOn(from: number, to: number, bare: boolean, ignored: (key: string) => boolean): void {
  const find = (c: RandomCase): string[] => differences(c, ignored);
  for (let seed = from; seed < to; seed++) {
    const whole = randomKvmCase(seed, bare);
    if (find(whole).length > 0) expect.fail(reproduce(whole, find, REPRO));
  }
}

describe('p2msim and the reference simulator under the policies kvm and kvm-6.12', () => {
  for (let from = FIRST; from < FIRST + SEEDS; from += GROUP) {
    const to = Math.min(from + GROUP, FIRST + SEEDS);
    it(`agree on exits, pages and walks, seeds ${from} to ${to - 1}, no TLB`, { timeout: 600_000 }, () => {
      agreeOn(from, to, true, flushes);
    });
    it(`agree on exits and pages, seeds ${from} to ${to - 1}`, { timeout: 600_000 }, () => {
      agreeOn(from, to, false, translations);
    });
  }
});
