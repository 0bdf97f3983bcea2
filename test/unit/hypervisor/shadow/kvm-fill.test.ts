/**
 * How KVM's shadow pager fills entries, step by step on real tables. Exits and entries are derived from the rules
 * of docs/model.md 9 (FNAME(fetch), FNAME(pte_prefetch), mmu_set_spte, kvm_mmu_hugepage_adjust); frames of the
 * window are warm where a test says so.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D } from '../../../../src/arch/pte.js';
import { L1, L3, SH_P } from '../../../../src/hypervisor/shadow/pages.js';
import {
  BareScene,
  CLEAN,
  DATA,
  L1_TABLE,
  L2_TABLE,
  L3_TABLE,
  READ_ONLY,
  ROOT,
  RWAD,
  UPPER,
  WORK,
} from '../../../helpers/bare-scene.js';
import { counted } from '../../../helpers/machine.js';

describe.each(['kvm', 'kvm-6.12'])('a fill under %s', (policy) => {
  const scene = (wish = {}): BareScene => new BareScene({ policy, ...wish });

  it('builds every missing level in one exit, and the aligned eight', () => {
    const s = scene();
    s.map(0, 16, RWAD);
    expect(s.exits(() => s.read(5))).toEqual({ total: 1, fixup: 1 });
    // Types fl1, l1, l2, l3, l4: the root was there.
    expect(s.live()).toEqual([0, 1, 1, 1, 1]);
    expect(s.row(0, 15)).toBe('wwwwwwww........');
    expect(s.exits(() => [0, 1, 2, 3, 4, 6, 7].forEach((page) => s.write(page)))).toEqual({});
    expect(s.exits(() => s.read(8))).toEqual({ total: 1, fixup: 1 });
    expect(s.live()).toEqual([0, 1, 1, 1, 1]);
  });

  it('scans the group from its first entry, and ends at an absent one', () => {
    const s = scene();
    s.map(0, 16, RWAD);
    s.set(L1_TABLE, 3, 0, 0);
    s.read(6);
    expect(s.row(0, 7)).toBe('www...w.');
    // An entry that is there already is passed over: 0 to 2, and 6.
    s.set(L1_TABLE, 3, DATA + 3, RWAD);
    s.read(4);
    expect(s.row(0, 7)).toBe('wwwwwwww');
  });

  it('ends at an entry with A clear, not at one that is clean or read-only', () => {
    const s = scene();
    s.map(0, 24, RWAD);
    s.set(L1_TABLE, 2, DATA + 2, RWAD & ~PTE_A);
    s.set(L1_TABLE, 10, DATA + 10, CLEAN);
    s.set(L1_TABLE, 18, DATA + 18, READ_ONLY);
    [7, 15, 23].forEach((page) => s.read(page));
    expect(s.row(0, 7)).toBe('ww.....w');
    expect(s.row(8, 15)).toBe('wwrwwwww');
    expect(s.row(16, 23)).toBe('wwrwwwww');
  });

  it('costs one exit a page where A is clear, and sets A, for a store D', () => {
    const s = scene();
    s.map(0, 8, RWAD & ~PTE_A & ~PTE_D);
    expect(s.exits(() => [0, 1, 2, 3].forEach((page) => s.read(page)))).toEqual({ total: 4, fixup: 4 });
    expect(s.exits(() => [4, 5].forEach((page) => s.write(page)))).toEqual({ total: 2, fixup: 2 });
    expect(s.row(0, 7)).toBe('rrrrww..');
    expect([0, 4, 6].map((page) => s.flags(page) & (PTE_A | PTE_D))).toEqual([PTE_A, PTE_A | PTE_D, 0]);
  });

  it('maps a clean page read-only: the first store costs one exit more', () => {
    const s = scene();
    s.map(0, 8, CLEAN);
    s.read(0);
    expect(s.row(0, 7)).toBe('rrrrrrrr');
    expect(s.exits(() => s.write(3))).toEqual({ total: 1, fixup: 1 });
    expect(s.row(0, 7)).toBe('rrrwrrrr');
  });

  it('leaves the neighbours of an entry that was as it would be written (RET_PF_SPURIOUS)', () => {
    const s = scene();
    s.warm();
    s.map(0, 1, RWAD);
    s.read(0);
    for (let page = 1; page < 8; page++) s.storeLeaf(page, DATA + page, RWAD);
    // The CR3 load syncs the table, and writes entry 0 again without A; the walk of this read sets A.
    s.loadCr3();
    expect(s.exits(() => s.read(0))).toEqual({});
    // Three stores to the level-2 table drop its shadow; the leaf shadow below is found again as it was.
    for (const index of [7, 8, 9]) s.store(L2_TABLE, index, 0, 0);
    expect(s.exits(() => s.read(0))).toEqual({ total: 1, fixup: 1 });
    expect(s.row(0, 7)).toBe('w.......');
    // Entry 1 is new: its fill takes the rest along.
    s.read(1);
    expect(s.row(0, 7)).toBe('wwwwwwww');
  });

  it('takes the neighbours along again where the hardware had set D meanwhile', () => {
    const s = scene();
    s.warm();
    s.map(0, 1, RWAD);
    s.read(0);
    for (let page = 1; page < 8; page++) s.storeLeaf(page, DATA + page, RWAD);
    s.loadCr3();
    s.write(0);
    for (const index of [7, 8, 9]) s.store(L2_TABLE, index, 0, 0);
    // make_spte leaves D out of an entry that was writable: what was A and D becomes A, a change.
    s.read(0);
    expect(s.row(0, 7)).toBe('wwwwwwww');
  });

  it('never writes a withheld entry: what a sync drops ends the next scan', () => {
    const s = scene();
    s.warm();
    s.map(0, 8, RWAD);
    s.read(0);
    s.storeLeaf(1, DATA + 1, RWAD & ~PTE_A);
    for (let page = 2; page < 8; page++) s.storeLeaf(page, DATA + 32 + page, RWAD);
    s.loadCr3();
    expect(s.row(0, 7)).toBe('w.......');
    s.read(7);
    // Entry 0 is there; entry 1 is empty and has A clear: the scan ends before 2 to 6.
    expect(s.row(0, 7)).toBe('w......w');
  });

  it('shadows a table once for each set of rights above it', () => {
    const s = scene();
    s.map(0, 8, RWAD);
    // Region 1 is the same leaf table, read-only from above.
    s.set(L2_TABLE, 1, L1_TABLE, UPPER & ~2);
    s.read(0);
    s.read(512);
    expect(s.row(0, 7) + s.row(512, 519)).toBe('wwwwwwwwrrrrrrrr');
    const { pages } = s.domain;
    expect(pages.shadowsOf(L1_TABLE).map((page) => pages.rights[page])).toEqual([2, 3]);
    expect(s.exits(() => s.write(512))).toEqual({ total: 1, guest: 1 });
  });

  it('has no prefetch into frames that the host has nothing for, and drops the zero page at a store', () => {
    const s = scene({
      change: (config: { host: { memory: string } }) => (config.host.memory = 'unpopulated'),
    });
    s.map(0, 8, RWAD);
    expect(s.exits(() => [0, 1].forEach((page) => s.read(page)))).toEqual({ total: 2, fixup: 2 });
    expect(s.row(0, 7)).toBe('rr......');
    // One exit in which the host copies the zero page and has the entry dropped, one to map the copy.
    expect(s.exits(() => s.write(0))).toEqual({ total: 2, fixup: 2 });
    expect(s.row(0, 7)).toBe('wr......');
  });
});

describe.each(['kvm', 'kvm-6.12'])('superpages under %s', (policy) => {
  /** A 2 MiB page at workload page 512 r, of frames DATA + 512 r on. */
  function big(s: BareScene, region: number, flags: number, frame = DATA + 512 * region): void {
    s.set(ROOT, 1, L3_TABLE, UPPER);
    s.set(L3_TABLE, 0, L2_TABLE, UPPER);
    s.set(L2_TABLE, region, frame, flags | 0x80);
  }
  const hugeHost = (config: { host: { pageSize: string } }): void => void (config.host.pageSize = '2m');

  it('on 4 KiB host pages are splintered, filled eight by eight', () => {
    const s = new BareScene({ policy });
    big(s, 0, RWAD);
    expect(s.exits(() => s.read(9))).toEqual({ total: 1, fixup: 1 });
    expect(s.row(0, 16)).toBe('........wwwwwwww.');
    expect(s.live()).toEqual([1, 0, 1, 1, 1]);
  });

  it('are filled no further back than the group begins, where the table ends before the group does', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'p2msim-policy-')), 'nine.json');
    writeFileSync(file, JSON.stringify({ base: policy, prefetchEntries: 9 }));
    const s = new BareScene({ policy: file });
    big(s, 0, RWAD);
    // Groups of nine: the last one begins at 504 and has eight entries.
    s.read(510);
    expect(s.row(501, 511)).toBe('...wwwwwwww');
  });

  it('share the splintered shadow with other mappings of the same rights', () => {
    const s = new BareScene({ policy });
    s.writeFrame(DATA + 3);
    big(s, 0, RWAD & ~4); // As the window: but the window's tables have U, and this page has not.
    big(s, 1, RWAD, DATA);
    s.read(512);
    expect(s.live()[0]).toBe(1);
    expect(s.row(512, 519)).toBe('wwwwwwww');
    s.read(0);
    expect(s.live()[0]).toBe(2);
  });

  it('that are clean have a shadow of their own, which a store replaces', () => {
    const s = new BareScene({ policy });
    big(s, 0, CLEAN);
    s.read(0);
    expect(s.row(0, 8)).toBe('rrrrrrrr.');
    expect(s.exits(() => s.write(9))).toEqual({ total: 1, fixup: 1 });
    // The new shadow has writable entries only where it was touched.
    expect(s.row(0, 16)).toBe('........wwwwwwww.');
    expect(s.live()[0]).toBe(2);
  });

  it('on 2 MiB host pages are one entry, one exit, no leaf shadow', () => {
    const s = new BareScene({ policy, change: hugeHost });
    big(s, 0, RWAD);
    expect(s.exits(() => [0, 1, 300, 511].forEach((page) => s.write(page)))).toEqual({ total: 1, fixup: 1 });
    expect([s.entry(0), s.live()[0]]).toEqual([`2m rw ${DATA.toString(16)}`, 0]);
  });

  it('of which a frame is a table are splintered, and the table is protected in the large entry before', () => {
    const s = new BareScene({ policy, change: hugeHost });
    s.writeFrame(DATA);
    expect(s.entryAt(s.window(DATA))).toBe(`2m rw ${DATA.toString(16)}`);
    // A leaf table in that range: shadowed by the read, it may not be written any longer.
    s.map(0, 1, RWAD, DATA + 600);
    s.set(L2_TABLE, 0, DATA + 5, UPPER);
    s.set(DATA + 5, 0, DATA + 600, RWAD);
    s.read(0);
    expect(s.entryAt(s.window(DATA))).toBe(`2m r- ${DATA.toString(16)}`);
    // The store splinters the mapping and lets the table go out of sync, in one exit.
    expect(s.exits(() => s.store(DATA + 5, 1, DATA + 601, RWAD))).toEqual({ total: 1, unsync: 1 });
    expect(s.entryAt(s.window(DATA + 5))).toBe(`rw ${(DATA + 5).toString(16)}`);
    expect(s.unsynced()).toEqual([DATA + 5]);
    // Where no table is left in the range, the large entry comes back with the next fault.
    for (const page of s.domain.pages.shadowsOf(DATA + 5)) s.domain.pages.zap(page);
    s.writeFrame(DATA + 100);
    expect(s.entryAt(s.window(DATA))).toBe(`2m rw ${DATA.toString(16)}`);
  });

  it('are not counted in the reverse map any longer once they are splintered', () => {
    const s = new BareScene({ policy, change: hugeHost });
    s.writeFrame(DATA + 7);
    const { reverse } = s.domain.pages;
    expect(reverse!.largeEntriesOf(DATA + 511)).toHaveLength(1);
    s.map(0, 1, RWAD, DATA + 600);
    s.set(L2_TABLE, 0, DATA + 5, UPPER);
    s.set(DATA + 5, 0, DATA + 600, RWAD);
    s.read(0);
    s.writeFrame(DATA + 7);
    expect(reverse!.largeEntriesOf(DATA + 511)).toEqual([]);
    expect(reverse!.entriesOf(DATA + 7)).toHaveLength(1);
  });
});

describe('marks of entries', () => {
  it('count prefetched entries as filled, without A', () => {
    const s = new BareScene();
    s.map(0, 8, RWAD);
    expect(counted(s.machine, () => s.read(0))['shadow.prefetch']).toBe(7);
    const { pages, marks, vcpus } = s.domain;
    const leaf = pages.find(L1_TABLE, L1);
    expect(pages.entries[leaf]![3]! & SH_P).toBe(SH_P);
    // Entry 3 was prefetched writable: D without A. Entry 0 faulted: both.
    expect([0, 3].map((index) => marks!.isDirty(leaf, index))).toEqual([true, true]);
    expect(marks!.filled(leaf, 3, false, true)).toBe(true);
    expect(marks!.filled(leaf, 0, false, true)).toBe(false);
    expect(pages.find(L3_TABLE, L3)).toBeGreaterThan(vcpus[0]!.root);
    expect(s.entryAt(WORK + 600)).toBe('-');
  });
});
