/** Emulated stores to shadowed tables, and early unshadowing. */
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../../src/sim/machine.js';
import type { Word64 } from '../../../../src/trace/event.js';
import { counted, entryOf, map, read, va, write } from '../../../helpers/machine.js';
import { at, ABSENT, ZERO, store, effects, withTables } from '../../../helpers/shadow-stores.js';

describe('an emulated store', () => {
  /** The L2 table of regions 1.. and the level-2 address of index `l2`. */
  const l2Of = (m: Machine): number => m.parts.guest.tables.frame(m.parts.guest.tables.frame(0x1005, 0), 0);

  it('to an upper table is one exit each, the later ones without a walk', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    const done = effects(m, () => [50, 51, 52, 53].forEach((l2) => store(m, gfn, at(l2), ABSENT, 2)));
    expect(done).toEqual({ exits: 4, emulate: 1, emulate_fast: 3 });
    expect(m.parts.guest.tables.frame(gfn, 53)).toBe(0x5000);
  });

  it('elsewhere ends the fast path', () => {
    const { m } = withTables(1);
    const [l2, l3] = [l2Of(m), m.parts.guest.tables.frame(0x1005, 0)];
    const done = effects(m, () => {
      store(m, l2, at(50), ABSENT, 2);
      store(m, l3, va({ l3: 50 }), ABSENT, 3);
      store(m, l3, va({ l3: 51 }), ABSENT, 3);
    });
    expect(done).toEqual({ exits: 3, emulate: 2, emulate_fast: 1 });
  });

  it('revalidates the entry unless it was and stays absent', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    const validated = (value: Word64): number =>
      counted(m, () => store(m, gfn, at(50), value, 2))['shadow.validate.l2']!;
    expect([ABSENT, { hi: 0, lo: 0x7000067 }, ABSENT, ABSENT].map(validated)).toEqual([0, 1, 1, 0]);
  });

  it('that unmaps a region drops its shadow and flushes', () => {
    const { m } = withTables(
      2,
      (config) => (config.stlb = { entries: 64, ways: 4, policy: 'lru', sizes: '4k' }),
    );
    read(m, at(2));
    const c = counted(m, () => store(m, l2Of(m), at(2), ABSENT, 2));
    expect([c['shadow.free'], c['shadow.validate.l2']]).toEqual([1, 1]);
    expect(c['tlb.flush.all']).toBeGreaterThan(0);
  });

  it('of zero twice in a row to a table drops its shadow', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    // Store 1 emulated; 2 emulated, then unshadowed; 3 fixes the mapping up to writable; 4 is free.
    const done = effects(m, () => [50, 51, 52, 53].forEach((l2) => store(m, gfn, at(l2), ZERO, 2)));
    expect(done).toEqual({ exits: 3, emulate: 1, emulate_fast: 1, unshadow: 1, fixed: 1 });
    expect(m.counters()['shadow.early_unshadow']).toBe(1);
  });

  it('of zero with another store in between does not', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    const values = [ZERO, ABSENT, ZERO];
    expect(effects(m, () => values.forEach((value, i) => store(m, gfn, at(50 + i), value, 2)))).toEqual({
      exits: 3,
      emulate: 1,
      emulate_fast: 2,
    });
  });

  it('of zero drops no shadow of another table', () => {
    const { m } = withTables(1);
    const [l2, l3] = [l2Of(m), m.parts.guest.tables.frame(0x1005, 0)];
    const done = effects(m, () => {
      store(m, l2, at(50), ZERO, 2);
      store(m, l3, va({ l3: 50 }), ZERO, 3);
      store(m, l2, at(51), ZERO, 2);
    });
    expect(done['unshadow']).toBeUndefined();
  });

  it('of a trace’s own write leaves the entry as it is', () => {
    const { m } = withTables(1);
    const gfn = l2Of(m);
    map(m, at(9), 1, 'rw', { gfn });
    const before = entryOf(m, at(1));
    expect(effects(m, () => write(m, va({ l2: 9, offset: 8 })))).toMatchObject({ exits: 1, emulate: 1 });
    expect(entryOf(m, at(1))).toEqual(before);
  });
});
