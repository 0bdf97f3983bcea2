import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_RW } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { ConfigError } from '../../../src/errors.js';
import { MFN_OFFSET } from '../../../src/hypervisor/p2m.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { Word64 } from '../../../src/trace/event.js';
import { counted, entryOf, machineOf, map, only, read, va, write } from '../../helpers/machine.js';

const at = (l1: number, l2 = 1): Word64 => va({ l2, l1 });

/** A shadow machine with `pages` pages mapped from frame 0x5000, A set and D as in `dirty`. */
function shadow(pages: number, dirty = true, change: (config: MachineConfig) => void = () => {}): Machine {
  const m = machineOf('shadow', { change });
  map(m, at(0), pages, 'rw', { gfn: 0x5000 });
  if (dirty) for (let l1 = 0; l1 < pages; l1++) flag(m, at(l1), PTE_D, 0);
  return m;
}

/** Sets and clears bits of a leaf in guest memory, unseen by anyone. */
function flag(m: Machine, place: Word64, set: number, clear: number): void {
  const leaf = entryOf(m, place);
  m.parts.guest.tables.setFlags(leaf.table, leaf.index, (leaf.flags | set) & ~clear);
}

const exits = (m: Machine, act: () => void): Record<string, number> => only(counted(m, act), 'vmexit');
const fixups = (n: number) => ({ 'vmexit.total': n, 'vmexit.pf': n, 'vmexit.pf.fixup': n });

describe('the first access to a page under shadow paging', () => {
  it('is one exit that builds three shadows: 1 reference, then 4', () => {
    const m = shadow(1);
    const pages = m.memory()['shadow.pages'];
    const c = counted(m, () => read(m, at(0)));
    expect(only(c, 'vmexit')).toEqual(fixups(1));
    expect([m.memory()['shadow.pages'] - pages, c['shadow.alloc'], c['shadow.guest_walks']]).toEqual([
      3, 3, 1,
    ]);
    expect(only(c, 'walk')).toMatchObject({
      'walk.refs': 5,
      'walk.refs.shadow': 5,
      'walk.count': 2,
      'walk.fault': 1,
    });
    expect(only(c, 'walk.refs.shadow.')).toEqual({
      'walk.refs.shadow.l4': 2,
      'walk.refs.shadow.l3': 1,
      'walk.refs.shadow.l2': 1,
      'walk.refs.shadow.l1': 1,
    });
    expect(exits(m, () => read(m, at(0)))).toEqual({});
    expect(m.parts.translation).toMatchObject({ gfn: 0x5000, mfn: 0x5000 + MFN_OFFSET, size: 0 });
  });

  it('fills 31 more pages upwards', () => {
    const m = shadow(64);
    expect(counted(m, () => read(m, at(5)))['shadow.prefetch']).toBe(31);
    expect(exits(m, () => read(m, at(36)))).toEqual({});
    expect(exits(m, () => read(m, at(4)))).toEqual(fixups(1)); // not downwards
    expect(exits(m, () => read(m, at(37)))).toEqual(fixups(1));
  });

  it('of 512 pages in a row are 16, or 512 if they are clean', () => {
    for (const [dirty, n] of [
      [true, 16],
      [false, 512],
    ] as const) {
      const m = shadow(512, dirty);
      const found = exits(m, () => {
        for (let l1 = 0; l1 < 512; l1++) read(m, at(l1));
      });
      expect(found, `D ${dirty}`).toEqual(fixups(n));
    }
  });

  it('ends prefetch at the end of the shadow page', () => {
    const m = shadow(512);
    expect(counted(m, () => read(m, at(510)))['shadow.prefetch']).toBe(1);
  });

  it('prefetches past absent entries, but not past one that would fault for A or D', () => {
    const prefetched = (change: (m: Machine) => void): number => {
      const m = shadow(10);
      change(m);
      return counted(m, () => read(m, at(0)))['shadow.prefetch']!;
    };
    expect(prefetched(() => {})).toBe(9);
    expect(prefetched((m) => flag(m, at(4), 0, 0xff))).toBe(8); // absent: skipped
    expect(prefetched((m) => flag(m, at(4), 0, PTE_A))).toBe(3); // stops
    expect(prefetched((m) => flag(m, at(4), 0, PTE_D))).toBe(3);
    expect(prefetched((m) => flag(m, at(4), 0, PTE_D | PTE_RW))).toBe(9); // read-only needs no D
  });

  it('stops prefetch at an entry that is withheld, though the guest has set A since', () => {
    const m = shadow(40);
    read(m, at(2)); // entries 2..33
    m.event({ kind: 'clear', vcpu: 0, line: 0, bit: 'A', va: at(2), bytes: 4096 });
    m.event({ kind: 'cr3', vcpu: 0, line: 0, as: '0', pcid: null, noflush: false }); // the resync withholds it
    flag(m, at(2), PTE_A, 0);
    // Entry 1 only: 2 is not present, but not empty either.
    expect(counted(m, () => read(m, at(0)))['shadow.prefetch']).toBe(1);
    expect(exits(m, () => read(m, at(2)))).toEqual(fixups(1));
  });
});

describe('accessed and dirty bits under shadow paging', () => {
  it('are set in guest memory by the hypervisor’s walk, not counted as the hardware’s', () => {
    const m = shadow(1, false);
    flag(m, at(0), 0, PTE_A);
    const c = counted(m, () => write(m, at(0)));
    expect(only(c, 'vmexit')).toEqual(fixups(1));
    expect([entryOf(m, at(0)).flags & (PTE_A | PTE_D), c['walk.ad_updates']]).toEqual([PTE_A | PTE_D, 0]);
  });

  it('D clear makes the shadow read-only: a read, then a write are two exits', () => {
    const m = shadow(1, false);
    expect(exits(m, () => read(m, at(0)))).toEqual(fixups(1));
    expect(entryOf(m, at(0)).flags & PTE_D).toBe(0);
    expect(exits(m, () => write(m, at(0)))).toEqual(fixups(1));
    expect(exits(m, () => write(m, at(0)))).toEqual({});
  });

  it('D set lets the first read make the page writable', () => {
    const m = shadow(1, true);
    read(m, at(0));
    expect(exits(m, () => write(m, at(0)))).toEqual({});
  });
});

describe('guest faults under shadow paging', () => {
  it('exit, are reflected, and the access then exits for its fill', () => {
    const m = machineOf('shadow');
    const c = counted(m, () => read(m, at(0)));
    expect([c['vmexit.pf.guest'], c['shadow.real'], c['guest.faults']]).toEqual([1, 1, 1]);
    expect(c['vmexit.pf.fixup']).toBeGreaterThan(0);
  });

  it('set no A bits on the way', () => {
    const m = shadow(1);
    const { tables, current } = m.parts.guest;
    const root = current[0]!.root;
    tables.setFlags(root, 0, tables.flags(root, 0) & ~PTE_A);
    flag(m, at(0), 0, PTE_RW);
    current[0]!.reprotect(0, 1024, { read: true, write: false, exec: false });
    write(m, at(0)); // bad
    expect(tables.flags(root, 0) & PTE_A).toBe(0);
  });
});

describe('a guest superpage', () => {
  it('is splintered: 512 pages are 16 exits and one fl1 page', () => {
    const m = machineOf('shadow');
    map(m, at(0), 512, 'rw', { pageSize: '2m', gfn: 0x6000 });
    flag(m, at(0), PTE_D, 0);
    const before = m.memory()['shadow.fl1.pages'];
    const c = counted(m, () => {
      for (let l1 = 0; l1 < 512; l1++) read(m, at(l1));
    });
    expect([c['vmexit.pf.fixup'], c['tlb.fill.4k'], c['tlb.fill.2m']]).toEqual([16, 512, 0]);
    expect(m.memory()['shadow.fl1.pages'] - before).toBe(1);
    expect(m.parts.translation.gfn).toBe(0x6000 + 511);
  });

  it('that is clean is read-only at level 2: one exit makes all of it writable', () => {
    const m = machineOf('shadow');
    map(m, at(0), 512, 'rw', { pageSize: '2m', gfn: 0x6000 });
    read(m, at(0));
    expect(exits(m, () => write(m, at(1)))).toEqual(fixups(1));
    expect(entryOf(m, at(0)).flags & PTE_D).toBe(PTE_D);
    expect(exits(m, () => write(m, at(2)))).toEqual({});
  });
});

describe('a frame that is not RAM', () => {
  it('is a device: an exit each time, complete', () => {
    const m = machineOf('shadow');
    map(m, at(0), 1, 'rw', { gfn: 0x900000 });
    const c = counted(m, () => read(m, at(0)));
    expect(only(c, 'vmexit')).toEqual({ 'vmexit.total': 1, 'vmexit.pf': 1, 'vmexit.pf.mmio': 1 });
    expect([c['shadow.mmio'], c['walk.count'], c['walk.retry']]).toEqual([1, 1, 0]);
  });
});

describe('what shadow paging cannot do', () => {
  it.each([
    ['five levels', (config: MachineConfig) => void (config.guest.levels = 5), /no 5-level guests/],
    ['1G pages', (config: MachineConfig) => void (config.guest.pageSize = '1g'), /take no 1G guest pages/],
    [
      'a 1G direct map',
      (config: MachineConfig) => void (config.guest.directMap = '1g'),
      /take no 1G guest pages/,
    ],
  ])('is refused: %s', (_what, change, message) => {
    expect(() => machineOf('shadow', { change })).toThrow(ConfigError);
    expect(() => machineOf('shadow', { change })).toThrow(message);
  });

  it('is refused when the trace maps a 1G page', () => {
    const m = machineOf('shadow');
    map(m, va({ l3: 1 }), 512 * 512, 'rw', { pageSize: '1g', gfn: 0 });
    expect(() => read(m, va({ l3: 1 }))).toThrow(/maps a 1G page/);
  });
});

describe('memory of shadow paging', () => {
  it('counts p2m, shadows by type, snapshots and monitor', () => {
    const m = shadow(1, true, (config) => (config.guest.ram = 'auto'));
    read(m, at(0));
    const memory = m.memory();
    // Shadows: the root; L3 and L2 of the direct map with fl1s made by MAP; L3, L2, L1 of the program.
    expect(memory).toMatchObject({
      'p2m.pages': 515,
      'shadow.l4.pages': 1,
      'shadow.l3.pages': 2,
      'shadow.l2.pages': 2,
      'shadow.l1.pages': 1,
      'shadow.fl1.pages': 1,
      'shadow.pages': 7,
      'shadow.other.pages': 4,
      'pool.pages': 256 + 2 * 1024,
      'pool.free.pages': 256 + 2048 - 515 - 4 - 7,
    });
  });

  it('has no pool when it is unbounded', () => {
    const m = shadow(1, true, (config) => (config.shadow.pool = 0));
    expect([m.memory()['pool.pages'], m.memory()['pool.free.pages']]).toEqual([0, 0]);
  });
});
