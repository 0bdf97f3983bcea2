/**
 * The reference of KVM's shadow paging against numbers derived by hand from rule 9 of docs/model.md: how entries are made.
 *
 * Frames are warm (written once through the window) unless a test says otherwise, so that what is counted
 * is the work area's own. N pages, T leaf tables.
 */
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../src/config/schema.js';
import { BARE } from './bare-config.js';
import { A, make, P, PS, RW, US } from './entry.js';
import { KvmRig, RWAD } from './kvm-rig.js';
import { booted, build, config, each, inUse, onDemand } from './kvm-steps.js';

describe('first touches', () => {
  it.each([
    ['A=D=1: a fill brings the group of 8', RWAD, 1, 1024 / 8],
    ['A=0: only the page itself', P + RW + US, 1, 1024],
    ['every second page: its neighbours are not there', RWAD, 2, 1024],
  ])('%s', (_, flags, stride, exits) => {
    const rig = booted();
    build(rig, 1024, flags, stride);
    expect(rig.exits(() => each(1024, (i) => rig.read(rig.page(i * stride)))).total).toBe(exits);
  });

  it('takes N/8 exits to read and N more to write pages with D=0', () => {
    const rig = booted();
    build(rig, 256, P + RW + US + A);
    expect(rig.exits(() => each(256, (i) => rig.read(rig.page(i)))).total).toBe(32);
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i)))).total).toBe(256);
  });

  it('takes none for what was touched, not even after a CR3 load', () => {
    const rig = booted();
    inUse(rig, 256);
    rig.load();
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i))))).toEqual({});
  });

  // Entries before the hole are prefetched; those after it are not reached by the scan.
  it.each([
    [0, 7],
    [4, 1 + 3],
    [7, 1],
  ])('stops prefetching at a hole in place %i: %i exits for a group', (hole, exits) => {
    const rig = booted();
    each(8, (i) => rig.set(rig.page(i), i === hole ? 0 : make(rig.frame(), RWAD)));
    rig.load();
    const touched = rig.exits(() => each(8, (i) => i !== hole && rig.read(rig.page(i))));
    expect(touched.total).toBe(exits);
  });
});

describe('demand faults', () => {
  it('take 2N + 2T exits: guest fault and fill; per table a store emulated and one let through', () => {
    const rig = booted();
    onDemand(rig);
    rig.load();
    const exits = rig.exits(() => each(1024, (i) => rig.write(rig.page(i))));
    // Stores that are emulated: of the PML4 entry (nothing below is shadowed yet) and of the second PDE.
    // Stores let through: the first to each leaf table after the fill that shadowed it.
    expect(exits).toEqual({
      total: 2 * 1024 + 4,
      'pf.guest': 1024,
      'pf.fixup': 1024,
      'pf.emulate': 2,
      'pf.unsync': 2,
    });
  });

  it('take 3 exits each where every page has a leaf table of its own', () => {
    const rig = booted();
    onDemand(rig);
    rig.load();
    expect(rig.exits(() => each(64, (i) => rig.write(rig.page(i * 512)))).total).toBe(3 * 64);
  });

  it('take N/16 + N/8 + 2T exits where the guest maps 16 at once', () => {
    const rig = booted();
    onDemand(rig, 16);
    rig.load();
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i)))).total).toBe(16 + 32 + 2);
  });
});

describe('large pages', () => {
  function large(rig: KvmRig, n: number, flags = RWAD): number {
    const base = 0x5000;
    each(n, (i) => rig.set(rig.page(i * 512), make(base + i * 512, flags + PS), 2));
    rig.load();
    return base;
  }

  it('over 4 KiB host pages are split: one direct page and 64 fills per 2 MiB', () => {
    const rig = booted();
    large(rig, 2);
    const before = rig.kvm.memory()['shadow.fl1.pages']!;
    expect(rig.exits(() => each(1024, (i) => rig.read(rig.page(i)))).total).toBe(128);
    expect(rig.kvm.memory()['shadow.fl1.pages']! - before).toBe(2);
  });

  it('share the direct page with the window: 1 exit per 2 MiB', () => {
    const rig = booted();
    const base = large(rig, 2);
    rig.warm(base, 1024);
    expect(rig.exits(() => each(1024, (i) => rig.write(rig.page(i)))).total).toBe(2);
  });

  it('over 2 MiB host pages take one exit and no page, until a table lies inside', () => {
    const rig = booted('kvm', { host: { ...BARE.host, pageSize: '2m' } });
    const base = large(rig, 2);
    const before = rig.kvm.memory()['shadow.fl1.pages']!;
    expect(rig.exits(() => each(1024, (i) => rig.write(rig.page(i)))).total).toBe(2);
    expect(rig.kvm.memory()['shadow.fl1.pages']!).toBe(before);
    // A table page inside the first: the mapping loses W; the next store splits it, reads do not fault.
    const table = base + 5;
    rig.store(table, 0, make(rig.frame(), RWAD));
    rig.set(rig.page(2 * 512), make(table, P + RW + US + A), 2);
    rig.read(rig.page(2 * 512));
    expect(rig.exits(() => each(512, (i) => rig.read(rig.page(i))))).toEqual({});
    expect(rig.exits(() => rig.write(rig.page(0)))).toEqual({ total: 1, 'pf.fixup': 1 });
    expect(rig.kvm.memory()['shadow.fl1.pages']! - before).toBe(1);
  });
});

describe('host memory', () => {
  const host: MachineConfig['host'] = { ...BARE.host, populate: 'lazy', memory: 'unpopulated' };
  const guest: MachineConfig['guest'] = { ...BARE.guest, memory: 'cold' };

  function cold(): KvmRig {
    const rig = new KvmRig(config('kvm', { host, guest }));
    rig.boot(64, 64);
    each(256, (i) => rig.set(rig.page(i), make(0x9000 + i, RWAD)));
    rig.load();
    return rig;
  }

  it('that is absent is not prefetched: N exits for N stores', () => {
    const rig = cold();
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i)))).total).toBe(256);
  });

  it('that was read first costs 2 more per store: the copy drops the entry, the retry fills it', () => {
    const rig = cold();
    expect(rig.exits(() => each(256, (i) => rig.read(rig.page(i)))).total).toBe(256);
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i)))).total).toBe(512);
  });

  it('is kept when the memory slot goes, and everything is filled again', () => {
    const rig = booted();
    inUse(rig, 256);
    rig.kvm.dropTranslations();
    expect(rig.kvm.memory()['shadow.pages']).toBe(1);
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i))))).toEqual({ total: 32, 'pf.fixup': 32 });
  });
});
