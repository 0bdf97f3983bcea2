import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../../src/config/schema.js';
import { createAccessCounters, UNCACHED } from '../../../src/counters.js';
import { PteCache, sharedCache } from '../../../src/mmu/pte-cache.js';
import { configOf } from '../../helpers/machine.js';

const KIB = 1024;

/** Where each read was served: L1, L2, LLC, memory, flat. */
function served(cache: PteCache, reads: readonly (readonly [mfn: number, index: number])[]): string[] {
  return reads.map(([mfn, index]) => {
    const c = createAccessCounters();
    cache.read(mfn, index, c);
    // Whoever reads counts the reference, too.
    c.guestWalks.add(UNCACHED, 1, 1);
    const places = { L1: c.pteL1, L2: c.pteL2, LLC: c.pteLlc, mem: c.pteMem, flat: c.pteFlat };
    return Object.entries(places).flatMap(([name, n]) => (n === 1 ? [name] : []))[0]!;
  });
}

/** L1 of 64 sets x 1 way, L2 of 64 x 2, LLC of 64 x 4. */
function caches(change: (config: MachineConfig) => void = () => {}): MachineConfig {
  return configOf('none', (config) => {
    config.cache.enabled = true;
    config.cache.enter = 'l1';
    config.cache.l1 = { bytes: 4 * KIB, ways: 1 };
    config.cache.l2 = { bytes: 8 * KIB, ways: 2 };
    config.cache.llc = { bytes: 16 * KIB, ways: 4 };
    change(config);
  });
}

const build = (config: MachineConfig): PteCache => new PteCache(config, sharedCache(config));

describe('data caches of page-table reads', () => {
  it('hold 8 entries a line', () => {
    const reads = [8, 9, 15, 16, 7].map((index) => [100, index] as const);
    expect(served(build(caches()), reads)).toEqual(['mem', 'L1', 'L1', 'mem', 'mem']);
  });

  it('tell tables apart', () => {
    // Both lines fall into set 0 of the one-way L1; L2 holds both.
    expect(
      served(build(caches()), [
        [100, 0],
        [101, 0],
        [100, 0],
      ]),
    ).toEqual(['mem', 'mem', 'L2']);
  });

  it('are looked at in turn, and filled by a miss', () => {
    // Line = frame * 64 + 0: all in set 0. L1 holds 1, L2 holds 2, the LLC 4 of them.
    const cache = build(caches());
    expect(
      served(cache, [
        [1, 0],
        [2, 0],
        [3, 0],
      ]),
    ).toEqual(['mem', 'mem', 'mem']);
    // L1: 3; L2: 2 3; LLC: 1 2 3.
    expect(
      served(cache, [
        [3, 0],
        [2, 0],
        [1, 0],
      ]),
    ).toEqual(['L1', 'L2', 'LLC']);
    // After 2: L1 2, L2 2 3; after 1: L1 1, L2 1 2, LLC 1 used last.
    expect(
      served(cache, [
        [2, 0],
        [3, 0],
      ]),
    ).toEqual(['L2', 'LLC']);
  });

  it('do not age in a cache that was not looked at', () => {
    const cache = build(caches());
    served(cache, [
      [1, 0],
      [2, 0],
      [2, 0],
      [2, 0],
    ]); // the repeats stop at L1
    // L2 order: 1 2 (oldest first); 3 drops 1 there.
    expect(
      served(cache, [
        [3, 0],
        [1, 0],
      ]),
    ).toEqual(['mem', 'LLC']);
  });

  it('can be entered at the second level', () => {
    const cache = build(caches((config) => (config.cache.enter = 'l2')));
    expect(
      served(cache, [
        [1, 0],
        [1, 0],
      ]),
    ).toEqual(['mem', 'L2']);
  });

  it('of 0 bytes are passed over', () => {
    const cache = build(
      caches((config) => {
        config.cache.l1 = { bytes: 0, ways: 0 };
        config.cache.l2 = { bytes: 0, ways: 0 };
      }),
    );
    expect(
      served(cache, [
        [1, 0],
        [1, 7],
      ]),
    ).toEqual(['mem', 'LLC']);
  });

  it('can be switched off: every reference is charged flat', () => {
    const cache = build(caches((config) => (config.cache.enabled = false)));
    expect(
      served(cache, [
        [1, 0],
        [1, 0],
      ]),
    ).toEqual(['flat', 'flat']);
  });

  it('share the last level between vcpus, not the others', () => {
    const config = caches();
    const llc = sharedCache(config);
    const [a, b] = [new PteCache(config, llc), new PteCache(config, llc)];
    expect(served(a, [[1, 0]])).toEqual(['mem']);
    expect(
      served(b, [
        [1, 0],
        [1, 0],
      ]),
    ).toEqual(['LLC', 'L1']);
  });

  it('are empty after clear', () => {
    const cache = build(caches());
    served(cache, [[1, 0]]);
    cache.clear();
    expect(served(cache, [[1, 0]])).toEqual(['mem']);
  });

  it('keep tables with large machine frames apart (shadow pages begin at 0x30000000)', () => {
    const cache = build(caches());
    // Lines differ by 2^30 sets' worth: equal sets, different tags.
    expect(
      served(cache, [
        [0x30000000, 0],
        [0x20000000, 0],
        [0x30000000, 0],
      ]),
    ).toEqual(['mem', 'mem', 'L2']);
  });
});
