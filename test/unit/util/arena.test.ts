import { describe, expect, it } from 'vitest';
import { GuestTables } from '../../../src/guest/page-table.js';
import { P2m } from '../../../src/hypervisor/p2m.js';
import { defaultConfig } from '../../../src/config/defaults.js';
import { SIZE_1G } from '../../../src/arch/paging.js';
import { SetAssoc } from '../../../src/mmu/set-assoc.js';
import { Arena } from '../../../src/util/arena.js';
import { FrameCounts } from '../../../src/util/frame-map.js';

const KIB = 1024;

function arena(): Arena {
  return Arena.create()!;
}

describe('an arena', () => {
  it('hands out zeroed pieces at cache lines, none of which overlap', () => {
    const a = arena();
    const places = [1, 64, 65, 4].map((bytes) => a.take(bytes));
    // 4,096 bytes are kept; 1 byte takes a line, 65 take two.
    expect(places).toEqual([4096, 4160, 4224, 4352]);
    expect(a.int32(places[2]!, 16).every((word) => word === 0)).toBe(true);
  });

  it('grows, and what it handed out before stays where it is', () => {
    const a = arena();
    const early = a.int32(a.take(8), 2);
    early[0] = 7;
    const late = a.uint8(a.take(300 * KIB), 300 * KIB);
    late[300 * KIB - 1] = 9;
    early[1] = 8;
    expect([...a.int32(4096, 2)]).toEqual([7, 8]);
  });

  it('says 0 where there is no room, and goes on with what fits', () => {
    const a = arena();
    expect(a.take(2 ** 32)).toBe(0);
    expect(a.take(64)).toBe(4096);
  });
});

/** An arena with no room left. */
const FULL = { take: () => 0 } as unknown as Arena;

describe.each([
  ['an arena', arena],
  ['a full arena', () => FULL],
])('what moves to %s', (_, make) => {
  it('frame counts say what they said, and take new ones', () => {
    const counts = new FrameCounts();
    counts.set(5, 3);
    counts.set(70_000, 300);
    const to = make();
    counts.moveTo(to);
    counts.set(200_000, 1);
    expect([5, 70_000, 200_000, 6].map((frame) => counts.get(frame))).toEqual([3, 300, 1, 0]);
    if (to === FULL) expect(counts.directory).toBe(0);
    // Frame 5 is in chunk 0: byte 5 of it.
    else expect(to.uint8(to.int32(counts.directory, 4)[0]!, 8)[5]).toBe(3);
  });

  it('guest tables keep their entries and take more', () => {
    const tables = new GuestTables();
    tables.set(100, 3, 0x1234, 0x63);
    const to = make();
    tables.moveTo(to);
    tables.set(100, 4, 0x99, 0x21);
    for (let table = 0; table < 300; table++) tables.set(1000 + table, 0, table, 1);
    expect([tables.frame(100, 3), tables.flags(100, 3), tables.frame(100, 4)]).toEqual([0x1234, 0x63, 0x99]);
    expect(tables.frame(1299, 0)).toBe(299);
    const at = tables.address(tables.slot(100));
    if (to === FULL) expect(at).toBe(0);
    else expect(to.int32(at, 512)[3]).toBe((0x1234 << 8) | 0x63);
  });

  it('an array keeps its entries and payloads', () => {
    const array = new SetAssoc({ entries: 8, ways: 4, policy: 'lru' }, { payload: true });
    array.fill(1, 5, 1, 77);
    const to = make();
    expect(array.moveTo(to)).toBe(to !== FULL);
    array.fill(0, 4, 2, 88);
    expect([array.lookupPayload(1, 5), array.lookupPayload(0, 4), array.live]).toEqual([77, 88, 2]);
    // Set 1 begins at way 4: key << 2 | flags.
    if (to !== FULL) expect(to.int32(array.at, 8)[4]).toBe((5 << 2) | 1);
  });

  it('a p2m maps what it mapped, and can be emptied and filled again', () => {
    const p2m = new P2m({ ...defaultConfig('none').host, pageSize: '4k' }, [], SIZE_1G);
    p2m.setRam(1024, true);
    const to = make();
    const place = p2m.moveTo(to);
    expect(place.whole).toBe(to !== FULL);
    p2m.setRam(2048, true);
    expect([0, 1023, 2047, 2048].map((gfn) => p2m.isMapped(gfn))).toEqual([true, true, true, false]);
    // Root, one table each of levels 3 and 2, four of level 1.
    expect(p2m.total).toBe(7);
    p2m.clear();
    expect([p2m.total, p2m.isMapped(5), p2m.isSmall(5)]).toEqual([1, false, false]);
    p2m.map(5);
    expect([p2m.total, p2m.isMapped(5), p2m.isMapped(6)]).toEqual([4, true, false]);
  });
});
