import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { pageFault } from '../../../src/guest/fault.js';
import { type Guest, ZERO_PAGE } from '../../../src/guest/guest.js';
import { map, type MapRequest } from '../../../src/guest/mappings.js';
import { fork } from '../../../src/guest/process.js';
import type { Word64 } from '../../../src/trace/event.js';
import { bareGuest, leafOf, pageOf, perm, va } from '../../helpers/machine.js';

const READ_ONLY = PTE_P | PTE_US | PTE_A;
const WRITABLE = READ_ONLY | PTE_RW | PTE_D;

/** A guest with helpers that fault on an address. Its next free frame is 0x1006. */
function setUp(change: (config: MachineConfig) => void = () => {}) {
  const { guest, log, counters } = bareGuest(change);
  const fault = (at: Word64, write: boolean, fetch = false): boolean =>
    pageFault(guest, 0, at.hi, at.lo, write, fetch);
  const leaf = (at: Word64) => leafOf(guest, guest.current[0]!, at);
  return { guest, log, counters, fault, leaf };
}

/** MAP of [start, start + pages). */
function mapPages(
  guest: Guest,
  at: Word64,
  pages: number,
  rights: string,
  extra: Partial<MapRequest> = {},
): void {
  const start = pageOf(at);
  map(guest, 0, guest.current[0]!, {
    start,
    end: start + pages,
    perm: perm(rights),
    how: 'lazy',
    gfn: null,
    pageSize: null,
    ...extra,
  });
}

const HERE = va({ l2: 1, l1: 20 });

describe('a first touch of anonymous memory', () => {
  it('by a read maps the shared zero page read-only, after the missing tables', () => {
    const { guest, counters, fault, leaf } = setUp();
    expect(fault(HERE, false)).toBe(true);
    expect([leaf(HERE).frame, leaf(HERE).flags]).toEqual([ZERO_PAGE, READ_ONLY]);
    // Tables L3, L2, L1: each zeroed and linked; then the leaf.
    expect([counters.framesZeroed, counters.tableWrites, guest.tables.inUse]).toEqual([3, 4, 9]);
    expect([counters.guestFaults, counters.guestFaultsDemand]).toEqual([1, 1]);
    expect(guest.users.get(ZERO_PAGE)).toBe(0);
  });

  it('by a write takes a frame and zeroes it', () => {
    const { guest, counters, fault, leaf } = setUp();
    fault(HERE, true);
    // Tables 0x1006 to 0x1008, then the page.
    expect([leaf(HERE).frame, leaf(HERE).flags]).toEqual([0x1009, WRITABLE]);
    expect([counters.framesZeroed, guest.users.get(0x1009)]).toEqual([4, 1]);
  });

  it('finds the tables there the second time', () => {
    const { counters, fault } = setUp();
    fault(HERE, false);
    fault(va({ l2: 1, l1: 21 }), false);
    expect([counters.tableWrites, counters.framesZeroed]).toEqual([5, 3]);
  });

  it('of the high half has no US', () => {
    const { fault, leaf } = setUp();
    fault(va({ l4: 300 }), false);
    expect(leaf(va({ l4: 300 })).flags).toBe(PTE_P | PTE_A);
  });

  it('reads the entries on its path down to the first that is absent', () => {
    const { guest, fault } = setUp();
    const reads: number[] = [];
    guest.port.access = (_vcpu, _hi, lo, write) => {
      if (!write) reads.push(lo >>> 12);
      return true;
    };
    fault(HERE, false);
    expect(reads).toEqual([0x1005]);
    reads.length = 0;
    fault(va({ l2: 1, l1: 21 }), false);
    expect(reads).toEqual([0x1005, 0x1006, 0x1007, 0x1008]);
  });
});

describe('a write to a page without RW', () => {
  it('that is the zero page gets a zeroed frame: clear, INVLPG, set', () => {
    const { guest, log, counters, fault, leaf } = setUp();
    fault(HERE, false);
    const writes = counters.tableWrites;
    expect(fault(HERE, true)).toBe(true);
    expect([leaf(HERE).frame, leaf(HERE).flags]).toEqual([0x1009, WRITABLE]);
    expect([counters.tableWrites - writes, log.lines]).toEqual([2, ['invlpg 0 214']]);
    expect([counters.framesZeroed, counters.framesCopied, counters.guestFaultsCow]).toEqual([4, 0, 1]);
    expect(guest.users.get(ZERO_PAGE)).toBe(0);
  });

  it('with a single user is only made writable', () => {
    const { guest, log, counters, fault, leaf } = setUp();
    mapPages(guest, HERE, 1, 'rw', { how: 'populate' });
    guest.tables.setFlags(0x1008, 20, READ_ONLY);
    const writes = counters.tableWrites;
    fault(HERE, true);
    expect([leaf(HERE).frame, leaf(HERE).flags]).toEqual([0x1009, WRITABLE]);
    expect([counters.tableWrites - writes, log.lines, counters.framesCopied]).toEqual([1, [], 0]);
  });

  it('with two users is copied, and the other is then the single one', () => {
    const { guest, counters, fault, leaf } = setUp();
    fault(HERE, true); // 0x1009
    fork(guest, 0, guest.current[0]!, 'child'); // root 0x100a, tables 0x100b to 0x100d
    expect(guest.users.get(0x1009)).toBe(2);
    fault(HERE, true);
    expect([leaf(HERE).frame, counters.framesCopied]).toEqual([0x100e, 1]);
    expect([guest.users.get(0x1009), guest.users.get(0x100e)]).toEqual([1, 1]);
    guest.loadCr3(0, guest.space('child'), false);
    fault(HERE, true);
    expect([leaf(HERE).frame, leaf(HERE).flags, counters.framesCopied]).toEqual([0x1009, WRITABLE, 1]);
  });

  it('of the page cache is copied, and the cache keeps its frame', () => {
    const { guest, counters, fault, leaf } = setUp();
    mapPages(guest, HERE, 1, 'rw', { how: 'file' });
    fault(HERE, false);
    const cached = leaf(HERE).frame;
    fault(HERE, true);
    expect([counters.framesCopied, counters.guestFaultsCow, counters.guestFaultsFile]).toEqual([1, 1, 1]);
    expect(leaf(HERE).frame).not.toBe(cached);
    expect(guest.cacheFrame(guest.current[0]!, pageOf(HERE))).toBe(cached);
  });

  it('of a superpage splits it first: 512 entries, the link, INVLPG', () => {
    const { guest, log, counters, fault, leaf } = setUp();
    mapPages(guest, va({ l2: 1 }), 512, 'rw', { how: 'populate', pageSize: '2m' }); // 0x1200
    fork(guest, 0, guest.current[0]!, 'child');
    const writes = counters.tableWrites;
    log.lines.length = 0;
    fault(HERE, true);
    // 512 + the link, then 0 and the copy; INVLPG for the split and for the copy.
    expect([counters.tableWrites - writes, log.lines]).toEqual([515, ['invlpg 0 214', 'invlpg 0 214']]);
    expect(leaf(va({ l2: 1, l1: 19 })).frame).toBe(0x1200 + 19);
    // The leaf was write-protected by the fork; PS does not get into the pieces.
    expect(leaf(va({ l2: 1, l1: 19 })).flags).toBe(READ_ONLY);
    expect([leaf(HERE).level, leaf(HERE).flags, counters.framesCopied]).toEqual([1, WRITABLE, 1]);
    expect([guest.users.get(0x1200 + 20), guest.users.get(0x1200 + 19)]).toEqual([1, 2]);
  });
});

describe('a file-backed page', () => {
  it('is fetched with its aligned block of 16, read-only, from the page cache', () => {
    const { counters, fault, leaf } = setUp();
    fault(HERE, false, true); // l1 20: block 16..31
    expect([counters.guestFaultsFile, counters.guestFaultsDemand]).toEqual([1, 0]);
    expect(counters.tableWrites).toBe(3 + 16);
    // Frames in ascending order of pages after the three tables.
    const frames = [15, 16, 20, 31, 32].map((l1) => leaf(va({ l2: 1, l1 })).frame);
    expect(frames).toEqual([0, 0x1009, 0x100d, 0x1018, 0]);
    expect(leaf(HERE).flags).toBe(READ_ONLY);
  });

  it('stays inside its VMA', () => {
    const { guest, counters, fault, leaf } = setUp();
    mapPages(guest, va({ l2: 1, l1: 18 }), 6, 'r', { how: 'file' });
    fault(HERE, false);
    const mapped = Array.from({ length: 512 }, (_, l1) => l1).filter(
      (l1) => leaf(va({ l2: 1, l1 })).flags !== 0,
    );
    expect(mapped).toEqual([18, 19, 20, 21, 22, 23]);
    expect(counters.tableWrites).toBe(3 + 6);
  });

  it('leaves pages of the block that are there already', () => {
    const { counters, fault, leaf } = setUp();
    fault(va({ l2: 1, l1: 17 }), true);
    const frame = leaf(va({ l2: 1, l1: 17 })).frame;
    const writes = counters.tableWrites;
    fault(HERE, false, true);
    expect([counters.tableWrites - writes, leaf(va({ l2: 1, l1: 17 })).frame]).toEqual([15, frame]);
  });

  it('has the block size of the configuration', () => {
    const { counters, fault } = setUp((config) => (config.guest.faultAround = 1));
    fault(HERE, false, true);
    expect(counters.tableWrites).toBe(3 + 1);
  });

  it('written first is copied from the page cache at once', () => {
    const { guest, counters, fault, leaf } = setUp();
    mapPages(guest, HERE, 1, 'rw', { how: 'file' });
    fault(HERE, true);
    expect([counters.guestFaultsDemand, counters.guestFaultsFile, counters.framesCopied]).toEqual([1, 0, 1]);
    // Tables, then the page's own frame, then that of the cache.
    expect([leaf(HERE).frame, leaf(HERE).flags]).toEqual([0x1009, WRITABLE]);
    expect(guest.cacheFrame(guest.current[0]!, pageOf(HERE))).toBe(0x100a);
  });

  it('is anonymous for a fetch inside a VMA that is not a file', () => {
    const { guest, counters, fault } = setUp();
    mapPages(guest, HERE, 1, 'rx');
    fault(HERE, false, true);
    expect([counters.guestFaultsFile, counters.guestFaultsDemand]).toEqual([0, 1]);
  });
});

describe('a bad fault', () => {
  it.each([
    ['a write to a mapping without w', 'r', true],
    ['a read of a mapping without rights', '', false],
    ['a write to a mapping without rights', '', true],
  ])('is %s', (_what, rights, write) => {
    const { guest, counters, fault, leaf } = setUp();
    mapPages(guest, HERE, 1, rights);
    expect(fault(HERE, write)).toBe(false);
    expect([counters.guestFaults, counters.guestFaultsBad, counters.tableWrites]).toEqual([1, 1, 0]);
    expect(leaf(HERE).flags).toBe(0);
  });

  it('is not a read of a mapping that may only be executed or written', () => {
    for (const rights of ['x', 'w']) {
      const { guest, counters, fault } = setUp();
      mapPages(guest, HERE, 1, rights);
      expect(fault(HERE, false)).toBe(true);
      expect(counters.guestFaultsBad).toBe(0);
    }
  });

  it('is a write to a present page whose mapping has no w', () => {
    const { guest, counters, fault } = setUp();
    mapPages(guest, HERE, 1, 'r', { how: 'populate' });
    expect(fault(HERE, true)).toBe(false);
    expect([counters.guestFaultsBad, counters.guestFaultsCow]).toEqual([1, 0]);
  });
});

describe('a first touch with superpages', () => {
  const large =
    (size: '2m' | '1g') =>
    (config: MachineConfig): void => {
      config.guest.pageSize = size;
    };

  it('maps 2 MiB over an aligned run, every frame zeroed', () => {
    const { guest, counters, fault, leaf } = setUp(large('2m'));
    fault(HERE, true);
    // Tables L3 and L2, then [0x1200, 0x1400).
    expect([leaf(HERE).level, leaf(HERE).frame, leaf(HERE).flags]).toEqual([2, 0x1200, WRITABLE | PTE_PS]);
    expect([counters.framesZeroed, counters.tableWrites]).toEqual([2 + 512, 3]);
    expect([guest.users.get(0x1200), guest.users.get(0x13ff), guest.users.get(0x1400)]).toEqual([1, 1, 0]);
  });

  it('by a read leaves D clear', () => {
    const { fault, leaf } = setUp(large('2m'));
    fault(HERE, false);
    expect(leaf(HERE).flags).toBe((WRITABLE | PTE_PS) & ~PTE_D);
  });

  it('maps 1 GiB in one leaf', () => {
    const { guest, counters, fault, leaf } = setUp(large('1g'));
    fault(va({ l3: 2, l2: 5 }), true);
    expect([leaf(va({ l3: 2 })).level, leaf(va({ l3: 2 })).frame]).toEqual([3, 0x40000]);
    expect([counters.framesZeroed, counters.tableWrites]).toEqual([1 + 512 * 512, 2]);
    expect(guest.users.get(0x7ffff)).toBe(1);
  });

  it('falls back to 4 KiB where a mapping begins or ends inside', () => {
    const { guest, fault, leaf } = setUp(large('2m'));
    mapPages(guest, va({ l2: 1, l1: 1 }), 600, 'rw');
    fault(va({ l2: 1, l1: 0 }), true); // outside, but the range has a VMA
    fault(va({ l2: 1, l1: 1 }), true);
    fault(va({ l2: 2, l1: 1 }), true);
    expect([0, 1].map((l1) => leaf(va({ l2: 1, l1 })).level)).toEqual([1, 1]);
    expect(leaf(va({ l2: 2, l1: 1 })).level).toBe(1);
  });

  it('takes 2 MiB where one mapping covers it whole', () => {
    const { guest, fault, leaf } = setUp(large('2m'));
    mapPages(guest, va({ l2: 1 }), 512, 'rw');
    fault(HERE, true);
    expect(leaf(HERE).level).toBe(2);
  });

  it('falls back to 4 KiB where a table is linked already', () => {
    const { guest, fault, leaf } = setUp(large('2m'));
    fault(HERE, false, true); // a fetch: file pages are small
    fault(va({ l2: 1, l1: 100 }), true);
    expect(leaf(va({ l2: 1, l1: 100 })).level).toBe(1);
    expect(guest.users.get(leaf(va({ l2: 1, l1: 100 })).frame)).toBe(1);
  });
});
