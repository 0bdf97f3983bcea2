/**
 * HAP with a p2m that is filled at first touch: nested faults as measured on Linux KVM (rules H1 to H6).
 *
 * The guest is bare: its root, a window of 2 MiB leaves at 0 through which its kernel stores, and pages at
 * other addresses. Nothing was touched before. Tables take ascending frames from 0x1001: root, the window's L3
 * and L2, then the tables of {@link Bare.map}: L3 0x1004, L2 0x1005, L1 0x1006 and on.
 */
import { describe, expect, it } from 'vitest';
import { pageNumberOf, SIZE_2M, SIZE_4K } from '../../../src/arch/paging.js';
import { PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { NPF_WALK } from '../../../src/mmu/backend.js';
import type { Machine } from '../../../src/sim/machine.js';
import { machineOf, read, va, write } from '../../helpers/machine.js';
import { full, vaOfPage } from '../../helpers/one-access.js';

const FLAGS = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;
const FIRST = pageNumberOf(va({ l4: 1 }).hi, 0);
const ROOT = 0x1001;
const L1 = 0x1006;
/** Data frames: 2 MiB aligned, far from the tables. */
const DATA = 0x9000;
/** Window leaves: the first 2 MiB, which hold nothing else, and those with the tables. */
const [LOW, TABLES] = [0, 0x1000];

const WRITE = 2;
/** A write to what is mapped read-only. */
const PROTECTED = 3;

interface Bare {
  readonly machine: Machine;
  map(pages: number, size?: number): void;
  /** Accesses pages [0, n) of the mapped range in order. */
  readAll(n: number): void;
  writeAll(n: number): void;
  /** Nested faults of `act` by error code: `{2: 5}` is five writes to absent frames. */
  faults(act: () => void): Record<number, number>;
}

function bare(change: (host: MachineConfig['host'], all: MachineConfig) => void, preset = 'none'): Bare {
  const machine = machineOf('hap', {
    preset,
    change: (config) => {
      config.host.populate = 'lazy';
      config.guest.memory = 'cold';
      change(config.host, config);
    },
    options: { layout: { directMapHi: 0, mapsKernel: false } },
  });
  const { guest, watch } = machine.parts;
  const { root } = guest.current[0]!;
  for (const frame of [LOW, TABLES]) guest.mapSilently(root, frame, SIZE_2M, frame, FLAGS);
  expect(root).toBe(ROOT);
  const each = (n: number, access: typeof read): void => {
    for (let i = 0; i < n; i++) access(machine, vaOfPage(FIRST + i));
  };
  return {
    machine,
    map: (pages, size = SIZE_4K) => {
      for (let i = 0; i < pages; i += size === SIZE_4K ? 1 : 512)
        guest.mapSilently(root, FIRST + i, size, DATA + i, FLAGS);
    },
    readAll: (n) => each(n, read),
    writeAll: (n) => each(n, write),
    faults: (act) => {
      const found: Record<number, number> = {};
      const before = machine.counters()['vmexit.npf']!;
      watch.exits = {
        exit: (reason, _hi, _lo, error) => {
          expect(reason).toBe('npf');
          found[error] = (found[error] ?? 0) + 1;
        },
      };
      act();
      watch.exits = null;
      const seen = Object.values(found).reduce((sum, n) => sum + n, 0);
      expect(machine.counters()['vmexit.npf']! - before).toBe(seen);
      return found;
    },
  };
}

const touchWindow = (b: Bare) => (): void => read(b.machine, vaOfPage(LOW));

describe('nested faults on populated memory', () => {
  it('are one for each frame, tables included: the walker takes its own (H2, H3)', () => {
    const b = bare(() => {});
    b.map(4096);
    // Root, L3 and L2 of the window; then the frame, read.
    expect(b.faults(touchWindow(b))).toEqual({ [WRITE | NPF_WALK]: 3, 0: 1 });
    // 8 L1 tables, L2 and L3 by the walker, 4096 frames by the guest: 4106 as measured.
    expect(b.faults(() => b.writeAll(4096))).toEqual({ [WRITE | NPF_WALK]: 10, [WRITE]: 4096 });
    expect(b.faults(() => b.writeAll(4096))).toEqual({});
    // Root, L3, L2; an L1 for each 2 MiB touched: 8 of data, the tables', the low one.
    expect(b.machine.memory()).toMatchObject({ 'p2m.pages': 13, 'p2m.l1.pages': 10 });
  });

  it('are 1 in 8 under the older MMU (H5)', () => {
    const b = bare((host) => (host.fill = 'group'));
    b.map(4096);
    // The root's group, 0x1000 to 0x1007, holds the window's tables, L3, L2 and two L1s; then the frame.
    expect(b.faults(touchWindow(b))).toEqual({ [WRITE | NPF_WALK]: 1, 0: 1 });
    // The other six L1s are in one group.
    expect(b.faults(() => b.writeAll(4096))).toEqual({ [WRITE | NPF_WALK]: 1, [WRITE]: 512 });
    expect(b.machine.memory()['p2m.pages']).toBe(13);
  });

  it('are 1 for 2 MiB on large host pages, whatever the fill (H2)', () => {
    for (const fill of ['page', 'group'] as const) {
      const b = bare((host) => {
        host.pageSize = '2m';
        host.fill = fill;
      });
      b.map(4096);
      expect(b.faults(touchWindow(b))).toEqual({ [WRITE | NPF_WALK]: 1, 0: 1 });
      expect(b.faults(() => b.writeAll(4096))).toEqual({ [WRITE]: 8 });
      expect(b.machine.memory()).toMatchObject({ 'p2m.pages': 3, 'p2m.l1.pages': 0 });
    }
  });

  it('do not depend on the size of guest pages (H6)', () => {
    for (const [pageSize, expected] of [
      ['4k', 1024],
      ['2m', 2],
    ] as const) {
      const b = bare((host) => (host.pageSize = pageSize));
      b.map(1024, SIZE_2M);
      b.faults(touchWindow(b));
      expect(b.faults(() => b.writeAll(1024))[WRITE]).toBe(expected);
    }
  });

  it('are none for a write after a read (H4), nor for frames that were touched another way (H1)', () => {
    const b = bare(() => {});
    b.map(64);
    b.readAll(64);
    expect(b.faults(() => b.writeAll(64))).toEqual({});
    for (let i = 0; i < 64; i++)
      b.machine.parts.guest.mapSilently(ROOT, FIRST + 64 + i, SIZE_4K, DATA + i, FLAGS);
    expect(b.faults(() => b.writeAll(128))).toEqual({});
  });

  it('are taken by stores of the guest kernel, after which the walker finds the table there', () => {
    const b = bare(() => {});
    b.map(2);
    b.faults(touchWindow(b));
    const store = (): void => b.machine.parts.guest.storeEntry(0, L1, 1, DATA + 1, FLAGS);
    // The L1 table's frame, through the window.
    expect(b.faults(store)).toEqual({ [WRITE]: 1 });
    // L3 and L2 by the walker; two frames.
    expect(b.faults(() => b.readAll(2))).toEqual({ [WRITE | NPF_WALK]: 2, 0: 2 });
  });
});

describe('after the hypervisor has dropped everything', () => {
  it.each(['none', 'skylake', 'zen3'])('all of it faults again, on %s (H3)', (preset) => {
    const b = bare(() => {}, preset);
    b.map(4096);
    touchWindow(b)();
    b.writeAll(4096);
    const before = b.machine.counters()['tlb.flush.all']!;
    b.machine.dropTranslations();
    expect(b.machine.counters()['tlb.flush.all']).toBe(before + 1);
    expect(b.machine.memory()).toMatchObject({
      'p2m.pages': 1,
      'p2m.pages.peak': 13,
      'p2m.l1.pages': 0,
      'p2m.l4.pages': 1,
    });
    expect(b.faults(touchWindow(b))).toEqual({ [WRITE | NPF_WALK]: 3, 0: 1 });
    expect(b.faults(() => b.writeAll(4096))).toEqual({ [WRITE | NPF_WALK]: 10, [WRITE]: 4096 });
    expect(b.machine.memory()).toMatchObject({ 'p2m.pages': 13, 'p2m.pages.peak': 13 });
  });

  it('it does so in a p2m that was complete before the guest started', () => {
    const b = bare((host, all) => {
      host.populate = 'eager';
      all.guest.memory = 'warm';
    });
    b.map(8);
    expect(b.faults(() => b.writeAll(8))).toEqual({});
    b.machine.dropTranslations();
    // Root, L3, L2, L1; 8 frames.
    expect(b.faults(() => b.writeAll(8))).toEqual({ [WRITE | NPF_WALK]: 4, [WRITE]: 8 });
  });
});

describe('nested faults on unpopulated memory', () => {
  const unpopulated = (host: MachineConfig['host'], all: MachineConfig): void => {
    host.memory = 'unpopulated';
    all.ntlb = full(256); // must not hide that a page may not be written
  };

  it.each(['none', 'reference', 'skylake'])(
    'are three for a page that is read, then written, on %s (H4)',
    (preset) => {
      for (const fill of ['page', 'group'] as const) {
        const b = bare((host, all) => {
          unpopulated(host, all);
          host.fill = fill;
        }, preset);
        b.map(64);
        // Root, L3, L2, L1 by the walker, whose access is a write: memory of their own at once.
        expect(b.faults(() => b.readAll(64))).toEqual({ [WRITE | NPF_WALK]: 4, 0: 64 });
        expect(b.faults(() => b.readAll(64))).toEqual({});
        expect(b.faults(() => b.writeAll(64))).toEqual({ [PROTECTED]: 64, [WRITE]: 64 });
        expect(b.faults(() => b.writeAll(64))).toEqual({});
        expect(b.faults(() => b.readAll(64))).toEqual({});
      }
    },
  );

  it('are one for a page that is written first', () => {
    const b = bare(unpopulated);
    b.map(64);
    expect(b.faults(() => b.writeAll(64))).toEqual({ [WRITE | NPF_WALK]: 4, [WRITE]: 64 });
  });

  it('are one for a page that a loader has written, read or written by the guest', () => {
    const b = bare(unpopulated);
    b.map(8);
    for (let i = 0; i < 8; i++) b.machine.loaded(DATA + i);
    expect(b.faults(() => b.readAll(8))).toEqual({ [WRITE | NPF_WALK]: 4, 0: 8 });
    expect(b.faults(() => b.writeAll(8))).toEqual({});
  });

  it('are three for a table that was read as data before the walker came', () => {
    const b = bare(unpopulated);
    b.map(1);
    expect(b.faults(() => read(b.machine, vaOfPage(TABLES + L1 - 0x1000)))).toEqual({
      [WRITE | NPF_WALK]: 3,
      0: 1,
    });
    // L3 and L2; the L1: copied, then filled; the frame.
    expect(b.faults(() => b.readAll(1))).toEqual({
      [WRITE | NPF_WALK]: 3,
      [PROTECTED | NPF_WALK]: 1,
      0: 1,
    });
  });

  it('split a huge zero page: two for each page written after that', () => {
    const b = bare((host, all) => {
      unpopulated(host, all);
      host.pageSize = '2m';
    });
    b.map(512);
    expect(b.faults(() => b.readAll(512))).toEqual({ [WRITE | NPF_WALK]: 1, 0: 1 });
    // The first write drops the leaf; the others find frames absent whose host page is the zero page.
    expect(b.faults(() => b.writeAll(512))).toEqual({ [PROTECTED]: 1, [WRITE]: 512 + 511 });
    // One L1, of the data.
    expect(b.machine.memory()['p2m.l1.pages']).toBe(1);
  });

  it('leave the TLBs alone unless an entry was dropped', () => {
    const b = bare(unpopulated, 'reference');
    b.map(2);
    const flushes = (act: () => void): number => {
      const before = b.machine.counters()['tlb.flush.all']!;
      act();
      return b.machine.counters()['tlb.flush.all']! - before;
    };
    expect(flushes(() => b.readAll(2))).toBe(0);
    expect(flushes(() => b.writeAll(2))).toBe(2);
    expect(flushes(() => b.writeAll(2))).toBe(0);
  });
});
