import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { pageFault } from '../../../src/guest/fault.js';
import { ZERO_PAGE } from '../../../src/guest/guest.js';
import { map } from '../../../src/guest/mappings.js';
import { exec, exit, fork } from '../../../src/guest/process.js';
import type { Word64 } from '../../../src/trace/event.js';
import { bareGuest, leafOf, pageOf, perm, usersOf, va } from '../../helpers/machine.js';

const READ_ONLY = PTE_P | PTE_US | PTE_A;
const WRITABLE = READ_ONLY | PTE_RW | PTE_D;
/** High-half entries that every root has: direct map and text. */
const HIGH = 2;

const at = (l1: number): Word64 => va({ l2: 1, l1 });

function setUp(change: (config: MachineConfig) => void = () => {}) {
  const { guest, log, counters } = bareGuest(change);
  const touch = (place: Word64, write: boolean, fetch = false): boolean =>
    pageFault(guest, 0, place.hi, place.lo, write, fetch);
  return { guest, log, counters, touch };
}

describe('FORK', () => {
  it('write-protects the parent in place, and gives the child copies with A clear', () => {
    const { guest, log, counters, touch } = setUp();
    touch(at(0), true); // 0x1009, tables 0x1006 to 0x1008
    touch(at(1), false); // the zero page
    const before = counters.tableWrites;
    fork(guest, 0, guest.current[0]!, 'child');
    const [parent, child] = [guest.space('0'), guest.space('child')];
    // Child root 0x100a, then per present leaf; tables when the first is copied.
    expect(child.root).toBe(0x100a);
    expect([leafOf(guest, parent, at(0)).flags, leafOf(guest, child, at(0)).flags]).toEqual([
      WRITABLE & ~PTE_RW,
      WRITABLE & ~PTE_RW & ~PTE_A,
    ]);
    expect([leafOf(guest, child, at(0)).frame, leafOf(guest, child, at(1)).frame]).toEqual([
      0x1009,
      ZERO_PAGE,
    ]);
    expect([guest.users.get(0x1009), guest.users.get(ZERO_PAGE)]).toEqual([2, 0]);
    // High half; parent's RW leaf; three tables; two leaves.
    expect(counters.tableWrites - before).toBe(HIGH + 1 + 3 + 2);
    expect(log.lines).toEqual(['cr3 0 0 non-global']);
  });

  it('reads each leaf of the parent once, and passes over the page cache', () => {
    const { guest, counters, touch } = setUp();
    touch(at(0), false, true); // 16 page-cache leaves
    touch(at(20), true);
    let reads = 0;
    guest.port.access = (_vcpu, _hi, _lo, write) => {
      if (!write) reads++;
      return true;
    };
    const before = counters.tableWrites;
    fork(guest, 0, guest.current[0]!, 'child');
    expect(reads).toBe(17);
    expect(leafOf(guest, guest.space('child'), at(0)).flags).toBe(0);
    expect(counters.tableWrites - before).toBe(HIGH + 1 + 3 + 1);
  });

  it('finds the page cache again in the child, by the image they share', () => {
    const { guest, touch } = setUp();
    touch(at(0), false, true);
    const frame = leafOf(guest, guest.current[0]!, at(3)).frame;
    fork(guest, 0, guest.current[0]!, 'child');
    guest.switchTo(0, guest.space('child'));
    touch(at(3), false, true);
    expect(leafOf(guest, guest.current[0]!, at(3)).frame).toBe(frame);
  });

  it('copies superpage leaves as they are, a user for each frame', () => {
    const { guest, touch } = setUp((config) => (config.guest.pageSize = '2m'));
    touch(at(0), true);
    fork(guest, 0, guest.current[0]!, 'child');
    const leaf = leafOf(guest, guest.space('child'), at(0));
    expect([leaf.level, leaf.frame, leaf.flags]).toEqual([2, 0x1200, PTE_P | PTE_US | PTE_D | PTE_PS]);
    expect(usersOf(guest, 0x1200, 512)).toEqual(Array(512).fill(2));
  });

  it('copies the mappings', () => {
    const { guest } = setUp();
    const start = pageOf(at(0));
    map(guest, 0, guest.current[0]!, {
      start,
      end: start + 4,
      perm: perm('r'),
      how: 'lazy',
      gfn: null,
      pageSize: null,
    });
    fork(guest, 0, guest.current[0]!, 'child');
    expect(guest.space('child').vmas()).toEqual(guest.space('0').vmas());
  });
});

describe('EXIT', () => {
  it('gives every table and frame back, and loads the kernel’s root', () => {
    const { guest, log, touch } = setUp();
    guest.switchTo(0, guest.space('a'));
    const tables = guest.tables.inUse;
    for (const l1 of [0, 1, 2]) touch(at(l1), true);
    touch(va({ l4: 5, l3: 6, l2: 7 }), true);
    expect(guest.tables.inUse).toBe(tables + 6);
    log.lines.length = 0;
    exit(guest, 0, guest.space('a'));
    expect(guest.tables.inUse).toBe(tables - 1); // its root too
    expect(log.lines).toEqual(['cr3 0 a non-global', 'cr3 0 a non-global', 'cr3 0 <kernel> non-global']);
    expect([guest.knows('a'), guest.current[0]]).toEqual([false, guest.swapper]);
    expect(usersOf(guest, 0x1000, 64)).toEqual(Array(64).fill(0));
  });

  it('frees leaves first, then tables, children first, the root last', () => {
    const { guest, touch } = setUp();
    guest.switchTo(0, guest.space('a')); // root 0x1006
    touch(at(0), true); // 0x1007 to 0x1009, frame 0x100a
    exit(guest, 0, guest.space('a'));
    expect(Array.from({ length: 6 }, () => guest.allocator.take())).toEqual([
      0x1006, 0x1007, 0x1008, 0x1009, 0x100a, 0x100b,
    ]);
  });

  it('of a space that is not loaded loads no CR3', () => {
    const { guest, log, counters } = setUp();
    const a = guest.space('a');
    guest.mapSilently(a.root, pageOf(at(0)), 0, 0x5000, WRITABLE);
    exit(guest, 0, a);
    expect(log.lines).toEqual([]);
    expect(counters.tableWrites).toBe(1 + 3); // the leaf, then the entries above L1, L2, L3
  });

  it('leaves frames that a child still uses', () => {
    const { guest, touch } = setUp();
    touch(at(0), true);
    fork(guest, 0, guest.current[0]!, 'child');
    exit(guest, 0, guest.space('0'));
    expect(guest.users.get(0x1009)).toBe(1);
    expect(leafOf(guest, guest.space('child'), at(0)).frame).toBe(0x1009);
    exit(guest, 0, guest.space('child'));
    expect(guest.users.get(0x1009)).toBe(0);
  });
});

describe('EXEC', () => {
  it('loads a new root with a new image, then tears the old space down without flushes', () => {
    const { guest, log, counters, touch } = setUp();
    touch(at(0), true);
    const old = guest.current[0]!;
    const tables = guest.tables.inUse;
    const before = counters.tableWrites;
    exec(guest, 0);
    const fresh = guest.current[0]!;
    expect([fresh.name, fresh.root, guest.space('0')]).toEqual(['0', 0x100a, fresh]);
    expect([fresh.id === old.id, fresh.image === old.image, fresh.vmas()]).toEqual([false, false, []]);
    expect(log.lines).toEqual(['cr3 0 0 non-global']);
    // High half; leaf; three tables.
    expect(counters.tableWrites - before).toBe(HIGH + 1 + 3);
    expect(guest.tables.inUse).toBe(tables - 3);
    expect(leafOf(guest, fresh, at(0)).flags).toBe(0);
  });
});
