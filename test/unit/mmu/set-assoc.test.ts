import { describe, expect, it } from 'vitest';
import type { ReplacementName } from '../../../src/config/schema.js';
import { SetAssoc, STOP_END, STOP_MISS, STOP_RIGHTS } from '../../../src/mmu/set-assoc.js';
import { Prng } from '../../../src/util/prng.js';

/** One set of `ways` ways. */
function oneSet(ways: number, policy: ReplacementName, seed = 1): SetAssoc {
  return new SetAssoc({ entries: ways, ways, policy }, { payload: true, prng: new Prng(seed) });
}

/** Keys 0..n-1 that are present in set 0. */
function present(array: SetAssoc, n: number): number[] {
  return Array.from({ length: n }, (_, key) => key).filter((key) => array.has(0, key));
}

/** Fills keys 0..n-1 in order. */
function fillUp(array: SetAssoc, n: number): void {
  for (let key = 0; key < n; key++) array.fill(0, key, 0, 100 + key);
}

/** The key that goes when `fresh` comes. */
function victimOf(array: SetAssoc, fresh: number, known: number): number[] {
  const before = present(array, known);
  array.fill(0, fresh, 0, 0);
  return before.filter((key) => !array.has(0, key));
}

describe('least recently used', () => {
  it('drops the one whose last use is longest ago, look-ups being uses', () => {
    const array = oneSet(3, 'lru');
    fillUp(array, 3); // order of use 0 1 2
    array.lookup(0, 0); // 1 2 0
    expect(victimOf(array, 3, 3)).toEqual([1]); // 2 0 3
    expect(victimOf(array, 4, 4)).toEqual([2]);
    expect(present(array, 5)).toEqual([0, 3, 4]);
  });

  it('does not count a presence test as a use', () => {
    const array = oneSet(2, 'lru');
    fillUp(array, 2);
    array.has(0, 0);
    expect(victimOf(array, 2, 2)).toEqual([0]);
  });

  it('counts entering a key again as a use, and overwrites flags and payload', () => {
    const array = oneSet(2, 'lru');
    fillUp(array, 2);
    array.fill(0, 0, 3, 7);
    expect(array.live).toBe(2);
    expect(victimOf(array, 2, 2)).toEqual([1]);
    expect(array.lookup(0, 0)).toBe(3);
    expect(array.lookupPayload(0, 0)).toBe(7);
  });

  it('moves payloads with their entries', () => {
    const array = oneSet(4, 'lru');
    fillUp(array, 4);
    for (const key of [2, 0, 3, 1, 1, 2]) expect(array.lookupPayload(0, key)).toBe(100 + key);
    array.invalidate(0, 3);
    for (const key of [0, 1, 2]) expect(array.lookupPayload(0, key)).toBe(100 + key);
    expect(array.lookupPayload(0, 3)).toBe(-1);
  });

  it.each([1, 3, 5, 12])('works with %i ways', (ways) => {
    const array = oneSet(ways, 'lru');
    fillUp(array, ways + 1); // key 0 is the oldest, and goes
    expect(present(array, ways + 1)).toEqual(Array.from({ length: ways }, (_, i) => i + 1));
    expect(array.live).toBe(ways);
  });
});

describe('first in, first out', () => {
  it('drops the oldest insertion whatever was used since', () => {
    const array = oneSet(3, 'fifo');
    fillUp(array, 3);
    array.lookup(0, 0);
    array.fill(0, 0, 1, 0); // present: no new insertion
    expect(victimOf(array, 3, 3)).toEqual([0]);
    expect(victimOf(array, 4, 4)).toEqual([1]);
  });
});

describe('tree PLRU', () => {
  it('of 4 ways follows the pointers away from the last uses', () => {
    // Node 1 is the root over (0 1)(2 3), nodes 2 and 3 the pairs; a pointer says where to go.
    const array = oneSet(4, 'plru');
    fillUp(array, 4); // uses 0 1 2 3: root -> left (3 was right), node 2 -> 0, node 3 -> 2
    expect(victimOf(array, 4, 4)).toEqual([0]); // use of way 0: root -> right, node 2 -> way 1
    expect(victimOf(array, 5, 5)).toEqual([2]); // use of way 2: root -> left, node 3 -> way 3
    expect(victimOf(array, 6, 6)).toEqual([1]); // node 2 pointed at way 1; root -> right
    expect(victimOf(array, 7, 7)).toEqual([3]);
  });

  it('of 4 ways differs from true LRU after a use', () => {
    const array = oneSet(4, 'plru');
    fillUp(array, 4);
    array.lookup(0, 0); // root -> right, node 2 -> way 1; node 3 -> way 2 since the fill of 3
    // True LRU would drop key 1.
    expect(victimOf(array, 4, 4)).toEqual([2]);
  });

  it('of 3 ways never picks the fourth leaf', () => {
    const array = oneSet(3, 'plru');
    fillUp(array, 3); // use of way 2: root -> left, node 3 -> way 3, which does not exist
    expect(victimOf(array, 3, 3)).toEqual([0]); // root -> right, node 2 -> 1
    expect(victimOf(array, 4, 4)).toEqual([2]); // node 3 would go right to way 3: stays left
    expect(victimOf(array, 5, 5)).toEqual([1]);
  });

  it('of 12 ways picks by hand', () => {
    // 16 leaves: eighths of 2; leaves 12..15 do not exist. Root over (0-7)(8-11).
    const array = oneSet(12, 'plru');
    fillUp(array, 12);
    // The fill of 11 left the root pointing left; 0-7 was left at node 2 -> (0-3), node 4 -> (0 1), node 8 -> 0.
    expect(victimOf(array, 12, 12)).toEqual([0]); // root -> right, node 2 -> (4-7)
    // Right half: node 3 over (8-11)(12-15) must go left; node 6 over (8 9)(10 11): 11 was used: left; 8.
    expect(victimOf(array, 13, 13)).toEqual([8]); // root -> left, node 6 -> (10 11)
    expect(victimOf(array, 14, 14)).toEqual([4]); // root -> right, node 2 -> (0-3), node 5 -> (6 7)
    expect(victimOf(array, 15, 15)).toEqual([10]); // root -> left
    expect(victimOf(array, 16, 16)).toEqual([2]); // node 4 -> (2 3) since way 0 was used
  });

  it('fills the lowest empty way before it drops anything', () => {
    const array = oneSet(4, 'plru');
    fillUp(array, 4);
    array.invalidate(0, 3);
    array.invalidate(0, 1);
    expect(victimOf(array, 4, 4)).toEqual([]); // way 1
    expect(victimOf(array, 5, 5)).toEqual([]); // way 3
    expect(array.live).toBe(4);
    // Last uses: way 1 (key 4), then way 3 (key 5): root -> left, node 2 -> way 0.
    expect(victimOf(array, 6, 6)).toEqual([0]);
  });
});

describe('random replacement', () => {
  it('fills empty ways first', () => {
    const array = oneSet(4, 'random');
    fillUp(array, 4);
    expect(present(array, 4)).toEqual([0, 1, 2, 3]);
    array.invalidate(0, 2);
    expect(victimOf(array, 4, 4)).toEqual([]);
  });

  it('picks the same victims for the same seed, and every way in time', () => {
    const victims = (seed: number): number[] => {
      const array = oneSet(4, 'random', seed);
      fillUp(array, 4);
      return Array.from({ length: 60 }, (_, i) => victimOf(array, 4 + i, 4 + i)[0]!);
    };
    expect(victims(5)).toEqual(victims(5));
    expect(victims(5)).not.toEqual(victims(6));
    // All of the first four are gone after 60 draws of 4 (chance of survival: 4 * 0.75^60 < 10^-6).
    expect(victims(5).filter((key) => key < 4).length).toBe(4);
  });

  it('draws as its own generator does', () => {
    const expected = new Prng(9);
    const array = oneSet(3, 'random', 9);
    fillUp(array, 3); // key k in way k
    expect(victimOf(array, 3, 3)).toEqual([expected.below(3)]);
  });
});

describe('sets', () => {
  it('do not share ways', () => {
    const array = new SetAssoc({ entries: 8, ways: 2, policy: 'lru' });
    for (let set = 0; set < 4; set++) array.fill(set, 40 + set, 0);
    for (let set = 0; set < 4; set++) {
      array.fill(set, 50 + set, 0);
      expect(array.has(set, 40 + set)).toBe(true);
    }
    array.fill(1, 60, 0);
    expect(array.has(1, 41)).toBe(false);
    expect(array.has(0, 40)).toBe(true);
  });

  it('of PLRU keep trees of their own', () => {
    const array = new SetAssoc({ entries: 8, ways: 4, policy: 'plru' });
    for (const set of [0, 1]) for (let key = 0; key < 4; key++) array.fill(set, key, 0);
    array.lookup(0, 0); // set 0 now drops key 2 next, set 1 still key 0
    array.fill(0, 9, 0);
    array.fill(1, 9, 0);
    expect([0, 1].map((set) => [0, 2].filter((key) => !array.has(set, key)))).toEqual([[2], [0]]);
  });
});

describe('invalidation', () => {
  it('closes the gap and keeps the order of the others', () => {
    const array = oneSet(4, 'lru');
    fillUp(array, 4); // oldest first: 0 1 2 3
    array.invalidate(0, 2);
    expect(array.live).toBe(3);
    expect(victimOf(array, 4, 4)).toEqual([]); // takes the empty way
    expect(victimOf(array, 5, 5)).toEqual([0]);
    expect(victimOf(array, 6, 6)).toEqual([1]);
  });

  it('of an absent key changes nothing', () => {
    const array = oneSet(2, 'lru');
    fillUp(array, 2);
    array.invalidate(0, 7);
    expect(array.live).toBe(2);
  });

  it.each(['lru', 'plru'] as const)(
    'by a test sees each entry once with its key and flags (%s)',
    (policy) => {
      const array = new SetAssoc({ entries: 8, ways: 4, policy });
      for (let key = 0; key < 8; key++) array.fill(key & 1, key, key & 3);
      const seen: string[] = [];
      array.invalidateWhere((key, flags) => {
        seen.push(`${key}/${flags}`);
        return (flags & 1) === 1; // odd keys: all of set 1
      });
      expect(seen.sort()).toEqual(['0/0', '1/1', '2/2', '3/3', '4/0', '5/1', '6/2', '7/3']);
      expect([0, 1, 2, 3, 4, 5, 6, 7].filter((key) => array.has(key & 1, key))).toEqual([0, 2, 4, 6]);
      expect(array.live).toBe(4);
    },
  );

  it('takes keys up to 2^30 - 2', () => {
    const array = oneSet(2, 'lru');
    const top = 2 ** 30 - 2;
    array.fill(0, top, 2, 5);
    expect(array.lookup(0, top)).toBe(2);
    array.invalidateWhere((key) => key === top);
    expect(array.live).toBe(0);
  });

  it('of everything leaves an empty array', () => {
    const array = oneSet(3, 'lru');
    fillUp(array, 3);
    array.flush();
    expect([array.live, present(array, 3)]).toEqual([0, []]);
  });
});

describe('touch', () => {
  it('is a look-up that enters what it misses', () => {
    const array = new SetAssoc({ entries: 2, ways: 2, policy: 'lru' });
    // 1 2 miss; 1 hits; 3 drops 2 (least recent); 2 misses and drops 1.
    expect([1, 2, 1, 3, 2, 1].map((key) => array.touch(0, key))).toEqual([
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('touch and insert', () => {
  it.each(['lru', 'fifo', 'plru', 'random'] as const)('%s: are has and fill in one', (policy) => {
    const make = (): SetAssoc => new SetAssoc({ entries: 12, ways: 3, policy }, { prng: new Prng(4) });
    const [one, two, plain] = [make(), make(), make()];
    const prng = new Prng(6);
    for (let i = 0; i < 4000; i++) {
      const key = prng.below(30);
      const set = key & 3;
      const hit = plain.has(set, key);
      plain.fill(set, key, 0);
      expect(one.touch(set, key)).toBe(hit);
      if (hit) two.fill(set, key, 0);
      else two.insert(set, key, 0);
      if (i % 97 === 0) for (const array of [one, two, plain]) array.invalidate(set, key);
      expect([one.live, two.live]).toEqual([plain.live, plain.live]);
    }
  });
});

describe('enter', () => {
  it.each([
    ['lru', 4],
    ['lru', 1],
    ['fifo', 3],
  ] as const)('%s, %i ways: is a look-up, and taken back leaves no trace', (policy, ways) => {
    const make = (): SetAssoc => new SetAssoc({ entries: 2 * ways, ways, policy });
    const [entered, plain] = [make(), make()];
    const prng = new Prng(8);
    for (let i = 0; i < 3000; i++) {
      const key = prng.below(4 * ways + 2);
      const set = key & 1;
      const flags = plain.lookup(set, key);
      expect(entered.enter(set, key, 0)).toBe(flags);
      // Half of the misses are for nothing; the others get their flags after the walk.
      if (flags < 0 && prng.below(2) === 0) entered.takeBack(set);
      else if (flags < 0) {
        entered.mark(set, i & 3);
        plain.fill(set, key, i & 3);
      }
      expect(entered.live).toBe(plain.live);
    }
    for (let key = 0; key < 4 * ways + 2; key++)
      expect(entered.lookup(key & 1, key)).toBe(plain.lookup(key & 1, key));
  });

  it('is for sets kept in order, without payloads', () => {
    const enterable = (policy: 'lru' | 'fifo' | 'plru' | 'random', payload: boolean): boolean =>
      new SetAssoc({ entries: 4, ways: 2, policy }, { payload, prng: new Prng(1) }).enterable;
    expect([enterable('lru', false), enterable('fifo', false)]).toEqual([true, true]);
    expect([enterable('plru', false), enterable('random', false), enterable('lru', true)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('scan of two levels', () => {
  it('does what single look-ups of both levels do, and enters ahead what neither holds', () => {
    const make = (ways: number): SetAssoc => new SetAssoc({ entries: 4 * ways, ways, policy: 'lru' });
    const [first, second, slowFirst, slowSecond] = [make(2), make(3), make(2), make(3)];
    const prng = new Prng(9);
    const keys = Int32Array.from({ length: 4000 }, () => (prng.below(24) << 2) | prng.below(2));
    for (let i = 0; i < keys.length; i++) {
      const from = i;
      i = first.scanTwo(second, keys, from, keys.length);
      let behind = 0;
      for (let at = from; at < i; at++) {
        const key = keys[at]! >> 2;
        if (slowFirst.lookup(key & 3, key) >= 0) continue;
        behind += 1;
        slowFirst.fill(key & 3, key, slowSecond.lookup(key & 3, key));
      }
      expect(first.hitsBehind).toBe(behind);
      if (first.stoppedAt === STOP_END) break;
      const key = keys[i]! >> 2;
      const miss = slowFirst.lookup(key & 3, key) < 0 && slowSecond.lookup(key & 3, key) < 0;
      expect(first.stoppedAt).toBe(miss ? STOP_MISS : STOP_RIGHTS);
      // The walk: what was entered ahead is marked; a store without the right gets it in both levels.
      const flags = (keys[i]! & 1) | prng.below(2);
      if (miss) second.mark(key & 3, flags);
      else second.fill(key & 3, key, flags);
      for (const array of [first, slowFirst, slowSecond]) array.fill(key & 3, key, flags);
    }
  });
});

describe('scan', () => {
  /** A copy of `scan` made of single look-ups: stops at the first miss or missing right. */
  function slowScan(array: SetAssoc, keys: readonly number[], from: number, sets: number): number {
    for (let i = from; i < keys.length; i++) {
      const key = keys[i]! >> 2;
      if (!array.has(key & (sets - 1), key)) return i;
      // scan needs the W flag of the entry itself and leaves recency alone if it is not there.
      const peek = new Set<number>();
      array.invalidateWhere((k, flags) => {
        if (k === key) peek.add(flags);
        return false;
      });
      if ((keys[i]! & 1) === 1 && ![...peek].some((flags) => (flags & 1) === 1)) return i;
      array.lookup(key & (sets - 1), key);
    }
    return keys.length;
  }

  const write = 1;

  it('stops at the first miss, and at a store without the right', () => {
    const array = new SetAssoc({ entries: 4, ways: 2, policy: 'lru' });
    array.fill(0, 2, 0);
    array.fill(1, 3, 1);
    const keys = Int32Array.of(2 << 2, (3 << 2) | write, (2 << 2) | write, 3 << 2, 5 << 2);
    expect(array.scan(keys, 0, 5)).toBe(2);
    expect(array.scan(keys, 3, 5)).toBe(4);
    expect(array.scan(keys, 0, 1)).toBe(1);
    expect(array.scan(keys, 1, 1)).toBe(1);
  });

  it('does not confuse an empty way with page 2^30 - 1 nor an entry with G for one with W', () => {
    const array = oneSet(2, 'lru');
    array.fill(0, 6, 2); // G only
    expect(array.scan(Int32Array.of((6 << 2) | write), 0, 1)).toBe(0);
    expect(array.scan(Int32Array.of(6 << 2), 0, 1)).toBe(1);
  });

  it.each([
    ['lru', 1],
    ['lru', 3],
    ['lru', 4],
    ['fifo', 4],
    ['plru', 4],
    ['plru', 3],
  ] as const)('leaves %s with %i ways as single look-ups would', (policy, ways) => {
    const sets = 4;
    const make = (): SetAssoc => new SetAssoc({ entries: sets * ways, ways, policy });
    const [fast, slow] = [make(), make()];
    const prng = new Prng(ways);
    const keys = Int32Array.from(
      { length: 3000 },
      () => (prng.below(sets * (ways + 1)) << 2) | prng.below(2),
    );
    for (let i = 0; i < keys.length;) {
      const stop = fast.scan(keys, i, keys.length);
      expect(slowScan(slow, [...keys], i, sets)).toBe(stop);
      if (stop === keys.length) break;
      // Fill what was missing: read-only for even draws, so that rights matter.
      const key = keys[stop]! >> 2;
      const flags = (keys[stop]! & 1) | prng.below(2);
      for (const array of [fast, slow]) array.fill(key & (sets - 1), key, flags);
      i = stop + 1;
    }
  });
});
