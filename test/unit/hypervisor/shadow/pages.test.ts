import { describe, expect, it } from 'vitest';
import {
  FL1,
  L1,
  L2,
  L3,
  L4,
  SH_P,
  SH_RW,
  SH_WITHHELD,
  ShadowPages,
} from '../../../../src/hypervisor/shadow/pages.js';
import { xen } from '../../../../src/hypervisor/shadow/policies/xen.js';

function setUp(pinL3 = false) {
  const counters = { shAlloc: 0, shFree: 0 };
  const demoted: number[] = [];
  const freed: number[] = [];
  const pages = new ShadowPages({ ...xen, pinL3 }, counters, {
    demoted: (gfn) => demoted.push(gfn),
    freed: (page) => freed.push(page),
  });
  return { pages, counters, demoted, freed };
}

const link = (page: number): number => (page << 3) | SH_P | SH_RW;
const maps = (gfn: number, rights = SH_P | SH_RW): number => (gfn << 3) | rights;

/** l4 0 <- l3 1 <- l2 2 <- l1 3, of gfns 10, 11, 12, 13, the root referred to once. */
function tree(pinL3 = false) {
  const t = setUp(pinL3);
  for (const [i, type] of [L4, L3, L2, L1].entries()) t.pages.make(10 + i, type);
  t.pages.getRef(0, -1);
  for (const parent of [0, 1, 2]) t.pages.setUpper(parent, 5 + parent, link(parent + 1));
  return t;
}

describe('shadow pages', () => {
  it('are found by gfn and type', () => {
    const { pages } = setUp();
    const a = pages.make(7, L1);
    const b = pages.make(7, L2);
    expect([pages.find(7, L1), pages.find(7, L2), pages.find(7, L3), pages.find(8, L1)]).toEqual([
      a,
      b,
      -1,
      -1,
    ]);
    expect([pages.type[b], pages.back[b], pages.total, pages.live]).toEqual([L2, 7, 2, [0, 1, 1, 0, 0]]);
  });

  it('take the lowest free number, and begin empty', () => {
    const { pages } = setUp();
    for (const gfn of [1, 2, 3]) pages.getRef(pages.make(gfn, L1), -1);
    pages.setLeaf(1, 9, maps(50));
    pages.putRef(1, -1);
    pages.putRef(0, -1);
    expect([pages.make(4, L1), pages.make(5, L1), pages.make(6, L1)]).toEqual([0, 1, 3]);
    expect(pages.entries[1]![9]).toBe(0);
  });

  it('count those in use and the most at once', () => {
    const { pages, counters } = setUp();
    for (const gfn of [1, 2, 3]) pages.getRef(pages.make(gfn, L1), -1);
    pages.putRef(0, -1);
    expect([pages.total, pages.peak, counters.shAlloc, counters.shFree]).toEqual([2, 3, 3, 1]);
  });
});

describe('references', () => {
  it('free a whole tree when the last one to its root goes', () => {
    const { pages, counters } = tree();
    expect([0, 1, 2, 3].map((page) => pages.refs(page))).toEqual([1, 1, 1, 1]);
    pages.putRef(0, -1);
    expect([pages.total, counters.shFree, pages.live]).toEqual([0, 4, [0, 0, 0, 0, 0]]);
    expect([10, 11, 12, 13].map((gfn) => pages.frames.isTable(gfn))).toEqual([false, false, false, false]);
  });

  it('keep a child that another parent links', () => {
    const { pages } = tree();
    pages.make(20, L2); // page 4
    pages.getRef(4, -1);
    pages.setUpper(4, 9, link(3));
    expect(pages.refs(3)).toBe(2);
    pages.setUpper(1, 6, 0); // the first l2 and its reference go
    expect([pages.find(12, L2), pages.find(13, L1), pages.refs(3)]).toEqual([-1, 3, 1]);
  });

  it('of an unchanged entry are not taken twice', () => {
    const { pages } = tree();
    expect(pages.setUpper(2, 7, link(3))).toBe(false);
    expect(pages.refs(3)).toBe(1);
  });

  it('survive losing a right, which is reported', () => {
    const { pages } = tree();
    expect(pages.setUpper(2, 7, (3 << 3) | SH_P)).toBe(true);
    expect([pages.refs(3), pages.find(13, L1)]).toEqual([1, 3]);
    expect(pages.setUpper(2, 7, link(3))).toBe(false); // gaining one needs no flush
  });

  it('report a link that goes, and one that changes its page', () => {
    const { pages } = tree();
    pages.make(30, L1); // page 4
    expect(pages.setUpper(2, 7, link(4))).toBe(true);
    expect(pages.find(13, L1)).toBe(-1);
    expect(pages.setUpper(2, 7, 0)).toBe(true);
    expect(pages.setUpper(2, 8, 0)).toBe(false);
  });
});

describe('the up-pointer', () => {
  it('is the first parent entry that linked the page, while that one stands', () => {
    const { pages } = tree();
    const first = 2 * 512 + 7;
    expect(pages.up(3)).toBe(first);
    pages.make(20, L2); // page 4
    pages.getRef(4, -1);
    pages.setUpper(4, 9, link(3));
    expect(pages.up(3)).toBe(first);
    pages.setUpper(2, 7, 0);
    expect(pages.up(3)).toBe(-1); // the second one is not remembered
    pages.setUpper(4, 10, link(3));
    expect(pages.up(3)).toBe(4 * 512 + 10);
  });

  it('is not kept for pages that can be pinned', () => {
    expect(tree(false).pages.up(1)).toBe(5); // page 0, index 5
    expect(tree(true).pages.up(1)).toBe(-1);
  });
});

describe('pins', () => {
  it('are in order of the last load, and hold a reference', () => {
    const { pages } = setUp();
    for (const gfn of [1, 2, 3]) pages.pin(pages.make(gfn, L4));
    pages.pin(0);
    expect([...pages.pinned]).toEqual([1, 2, 0]);
    expect(pages.refs(0)).toBe(1);
    pages.unpin(2);
    pages.unpin(2); // nothing more to take
    expect([[...pages.pinned], pages.find(3, L4)]).toEqual([[1, 0], -1]);
  });

  it('are put on l3s that an l4 links while l3s are pinned', () => {
    const { pages } = tree(true);
    expect([[...pages.pinned], pages.refs(1)]).toEqual([[1], 2]);
    pages.setUpper(0, 5, 0);
    expect([pages.find(11, L3), pages.refs(1)]).toEqual([1, 1]); // the pin keeps it
    expect([
      tree(false).pages.pinned.size,
      pages.isPinnable(L3),
      pages.isPinnable(L4),
      pages.isPinnable(L2),
    ]).toEqual([0, true, true, false]);
  });
});

describe('leaf entries', () => {
  it('are counted as writable mappings while present and RW', () => {
    const { pages } = setUp();
    pages.getRef(pages.make(1, L1), -1);
    pages.getRef(pages.make(0x1000, FL1), -1);
    pages.setLeaf(0, 0, maps(50));
    pages.setLeaf(0, 1, maps(50, SH_P));
    pages.setLeaf(1, 2, maps(50));
    pages.setLeaf(1, 3, SH_WITHHELD);
    expect(pages.writable(50)).toBe(2);
    pages.setLeaf(0, 0, maps(50, SH_P));
    expect(pages.writable(50)).toBe(1);
    pages.setLeaf(1, 2, maps(51));
    expect([pages.writable(50), pages.writable(51)]).toEqual([0, 1]);
    pages.setLeaf(1, 2, maps(51)); // the same again
    pages.putRef(1, -1); // destroyed: its mappings go
    expect(pages.writable(51)).toBe(0);
  });
});

describe('a guest frame', () => {
  it('is a table while it has a shadow of type l1 to l4, not by an fl1', () => {
    const { pages } = setUp();
    pages.make(5, FL1);
    expect(pages.frames.isTable(5)).toBe(false);
    pages.getRef(pages.make(5, L1), -1);
    expect([pages.frames.isTable(5), pages.frames.isOnlyL1(5)]).toEqual([true, true]);
    pages.getRef(pages.make(5, L3), -1);
    expect([
      pages.frames.isOnlyL1(5),
      pages.frames.hasType(5, L1),
      pages.frames.hasType(5, L2),
      pages.frames.hasType(5, L3),
    ]).toEqual([false, true, false, true]);
    pages.putRef(pages.find(5, L1), -1);
    expect([pages.frames.isTable(5), pages.frames.isOnlyL1(5)]).toEqual([true, false]);
  });

  it('out of sync says so when its last shadow goes, and forgets it', () => {
    const { pages, demoted } = tree();
    pages.frames.setOutOfSync(13, true);
    expect([pages.frames.isOutOfSync(13), pages.frames.mayWrite(13)]).toEqual([true, true]);
    pages.setUpper(2, 7, 0);
    expect([demoted, pages.frames.isOutOfSync(13), pages.frames.mayWrite(13)]).toEqual([[13], false, false]);
    pages.make(13, L1);
    expect(pages.frames.isOutOfSync(13)).toBe(false);
  });

  it('in sync goes without a word', () => {
    const { pages, demoted } = tree();
    pages.setUpper(2, 7, 0);
    expect(demoted).toEqual([]);
  });

  it('that is protected again may not be written, before it is in sync', () => {
    const { pages } = tree();
    pages.frames.setOutOfSync(13, true);
    pages.frames.forbidWrite(13);
    expect([pages.frames.isOutOfSync(13), pages.frames.mayWrite(13)]).toEqual([true, false]);
    pages.frames.setOutOfSync(13, false);
    expect([pages.frames.isOutOfSync(13), pages.frames.isTable(13)]).toEqual([false, true]);
  });
});
