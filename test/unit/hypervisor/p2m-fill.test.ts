import { describe, expect, it } from 'vitest';
import { SIZE_1G } from '../../../src/arch/paging.js';
import { defaultConfig } from '../../../src/config/defaults.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { HostMemory } from '../../../src/hypervisor/host-memory.js';
import { P2m, P2M_ABSENT, P2M_READ_ONLY } from '../../../src/hypervisor/p2m.js';
import { P2mFill } from '../../../src/hypervisor/p2m-fill.js';

const RAM = 0x10000;

function filling(host: Partial<MachineConfig['host']>): {
  readonly p2m: P2m;
  readonly memory: HostMemory;
  readonly fill: P2mFill;
} {
  const config = { ...defaultConfig('none').host, ...host };
  const p2m = new P2m(config, [], SIZE_1G);
  p2m.setRam(RAM, false);
  const memory = new HostMemory(config, (gfn) => p2m.leafSize(gfn));
  return { p2m, memory, fill: new P2mFill(p2m, memory, config.fill) };
}

/** Frames 0..15 as the p2m has them: `-` absent, `r` read-only, `w` writable. */
function entries(p2m: P2m, first = 0): string {
  return Array.from({ length: 16 }, (_, i) => leafAt(p2m, first + i)).join('');
}

function leafAt(p2m: P2m, gfn: number): string {
  let below = 0;
  for (let level = p2m.levels; level >= 1 && below >= 0; level--) below = p2m.below(below, gfn, level);
  return below === P2M_ABSENT ? '-' : below === P2M_READ_ONLY ? 'r' : 'w';
}

describe('a nested fault on populated memory', () => {
  it('maps one page, writable, even for a read (H4)', () => {
    const { p2m, fill } = filling({});
    expect([fill.fill(5, false), entries(p2m)]).toEqual([true, '-----w----------']);
  });

  it('maps a whole host page of 2 MiB', () => {
    const { p2m, fill } = filling({ pageSize: '2m', fill: 'group' });
    fill.fill(700, true);
    expect([p2m.pages[1], p2m.isMapped(511), p2m.isMapped(512), p2m.isMapped(1023)]).toEqual([
      0,
      false,
      true,
      true,
    ]);
  });

  it('fills the aligned group of eight under the older MMU (H5), and no more', () => {
    const { p2m, fill } = filling({ fill: 'group' });
    fill.fill(5, true);
    expect(entries(p2m)).toBe('wwwwwwww--------');
    fill.fill(8, false);
    expect(entries(p2m)).toBe('wwwwwwwwwwwwwwww');
  });
});

describe('a group on memory that is not all there', () => {
  /** Frames `there` have host memory; then a write to frame 8 + `at` faults. */
  function after(there: number[], at: number): string {
    const { p2m, memory, fill } = filling({ fill: 'group', memory: 'unpopulated' });
    for (const i of there) memory.touchSilently(8 + i);
    fill.fill(8 + at, true);
    return entries(p2m, 8).slice(0, 8);
  }

  it.each([
    // Nothing else is there: as without groups (H5: unpopulated N).
    [[], 3, '---w----'],
    // Two runs, 0-2 and 4-7, each filled from its start as far as memory is there.
    [[0, 1, 4], 3, 'ww-ww---'],
    [[0, 1, 2, 4, 5, 6, 7], 3, 'wwwwwwww'],
    // The run 0-2 stops at 1; frame 2 is not tried; the run 4-7 is another.
    [[0, 2, 4, 5], 3, 'w--www--'],
    // A run whose first frame is absent ends it all: frames 4-7 are not tried.
    [[1, 2, 4, 5, 6, 7], 3, '---w----'],
    // No run before the faulting frame.
    [[1, 2, 3], 0, 'wwww----'],
    // The run ends at the faulting frame.
    [[0, 1, 2], 7, 'www----w'],
  ] as const)('with %j there, a fault at %i', (there, at, expected) => {
    expect(after([...there], at)).toBe(expected);
  });

  it('passes over entries that are mapped, which begin a new run', () => {
    const { p2m, memory, fill } = filling({ fill: 'group', memory: 'unpopulated' });
    fill.fill(2, true);
    expect(entries(p2m)).toBe('--w-------------');
    for (const gfn of [0, 3, 4]) memory.touchSilently(gfn);
    fill.fill(7, true);
    // Run 0-1: 0 filled, 1 absent. 2 mapped. Run 3-6: 3 and 4 filled, 5 absent.
    expect(entries(p2m)).toBe('w-www--w--------');
  });

  it('does not take the zero page: it has to be had for writing', () => {
    const { p2m, memory, fill } = filling({ fill: 'group', memory: 'unpopulated' });
    memory.bring(1, false);
    memory.touchSilently(2);
    fill.fill(0, true);
    expect(entries(p2m)).toBe('w---------------');
  });
});

describe('a nested fault on unpopulated memory', () => {
  it('maps the zero page read-only; the write after it drops the entry, the next fills it (H4)', () => {
    const { p2m, fill } = filling({ memory: 'unpopulated' });
    expect([fill.fill(5, false), leafAt(p2m, 5)]).toEqual([true, 'r']);
    expect([fill.fill(5, true), leafAt(p2m, 5)]).toEqual([false, '-']);
    expect([fill.fill(5, true), leafAt(p2m, 5)]).toEqual([true, 'w']);
    // Tables stay: root, L3, L2, L1.
    expect(p2m.total).toBe(4);
  });

  it('is retried when the host copies a page that the p2m does not map', () => {
    const { p2m, memory, fill } = filling({ memory: 'unpopulated' });
    memory.bring(5, false);
    expect([fill.fill(5, true), leafAt(p2m, 5)]).toEqual([false, '-']);
  });

  it('splits a huge zero page: its 2 MiB leaf goes, and comes back page by page', () => {
    const { p2m, fill } = filling({ memory: 'unpopulated', pageSize: '2m' });
    fill.fill(512, false);
    expect([leafAt(p2m, 512), leafAt(p2m, 1023), p2m.pages[1]]).toEqual(['r', 'r', 0]);
    expect([fill.fill(515, true), leafAt(p2m, 512), leafAt(p2m, 515)]).toEqual([false, '-', '-']);
    expect([fill.fill(515, true), leafAt(p2m, 512), leafAt(p2m, 515)]).toEqual([true, '-', 'w']);
    expect([fill.fill(512, false), leafAt(p2m, 512), p2m.pages[1]]).toEqual([true, 'r', 1]);
  });

  it('maps 2 MiB writable where the first touch is a write', () => {
    const { p2m, fill } = filling({ memory: 'unpopulated', pageSize: '2m' });
    fill.fill(515, true);
    expect([leafAt(p2m, 512), leafAt(p2m, 1024), p2m.pages[1]]).toEqual(['w', '-', 0]);
  });
});
