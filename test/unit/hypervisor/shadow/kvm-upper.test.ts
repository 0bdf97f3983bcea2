/**
 * Stores to upper tables, roots and the limit of shadow pages under KVM's shadow pager, step by step on real tables
 * (kvm_mmu_pte_write, detect_write_flooding, kvm_mmu_prepare_zap_page, fast_pgd_switch, make_mmu_pages_available;
 * docs/model.md 9). Exits and pages are derived by hand.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { L1, L2 } from '../../../../src/hypervisor/shadow/pages.js';
import {
  BareScene,
  type BareWish,
  DATA,
  L1_TABLE,
  L2_TABLE,
  L3_TABLE,
  ROOT,
  RWAD,
  UPPER,
} from '../../../helpers/bare-scene.js';
import { counted } from '../../../helpers/machine.js';

/** A warm window, and one page in use in each of regions 0 to 3. */
function inUse(policy: string, wish: BareWish = {}): BareScene {
  const s = new BareScene({ policy, ...wish });
  s.warm();
  for (const region of [0, 1, 2, 3]) {
    s.map(512 * region, 1, RWAD, DATA + region);
    s.write(512 * region);
  }
  return s;
}
const storeLink = (s: BareScene, index: number, frame = 0x1a0 + index): void =>
  s.store(L2_TABLE, index, frame, UPPER);

describe.each(['kvm', 'kvm-6.12'])('a store to an upper table under %s', (policy) => {
  it('is emulated, and drops its entry; what was below stays and is found again', () => {
    const s = inUse(policy);
    expect(s.live()).toEqual([1, 4, 2, 2, 1]);
    expect(s.exits(() => storeLink(s, 1, L1_TABLE + 1))).toEqual({ total: 1, emulate: 1 });
    expect([0, 1, 2, 3].map((region) => s.entry(512 * region) !== '-')).toEqual([true, false, true, true]);
    expect(s.live()).toEqual([1, 4, 2, 2, 1]);
    const c = counted(s.machine, () => s.write(512));
    expect([c['vmexit.pf.fixup'], c['shadow.alloc']]).toEqual([1, 0]);
  });

  it('for the third time without a use drops the shadow; the fourth finds no table', () => {
    const s = inUse(policy);
    expect(s.exits(() => [8, 9].forEach((index) => storeLink(s, index)))).toEqual({ total: 2, emulate: 2 });
    expect(s.domain.pages.find(L2_TABLE, L2)).toBeGreaterThan(0);
    expect(s.exits(() => storeLink(s, 10))).toEqual({ total: 1, emulate: 1 });
    expect(s.domain.pages.find(L2_TABLE, L2)).toBe(-1);
    expect(s.live()).toEqual([1, 4, 1, 2, 1]);
    expect(s.exits(() => storeLink(s, 11))).toEqual({ total: 1, fixup: 1 });
    expect(s.exits(() => [12, 13].forEach((index) => storeLink(s, index)))).toEqual({});
    // The touch shadows it again over the old leaf shadow, and protects it.
    expect(s.exits(() => s.write(0))).toEqual({ total: 1, fixup: 1 });
    expect(s.live()).toEqual([1, 4, 2, 2, 1]);
    expect(s.exits(() => storeLink(s, 14))).toEqual({ total: 1, emulate: 1 });
  });

  it('is counted from 0 after a fault that goes through the table, not after a touch that needs none', () => {
    const s = inUse(policy);
    s.map(5, 1, RWAD);
    [8, 9].forEach((index) => storeLink(s, index));
    s.write(0);
    expect(s.domain.floods[s.domain.pages.find(L2_TABLE, L2)]).toBe(2);
    s.read(5);
    [8, 9].forEach((index) => storeLink(s, index));
    expect(s.domain.pages.find(L2_TABLE, L2)).toBeGreaterThan(0);
    storeLink(s, 10);
    expect(s.domain.pages.find(L2_TABLE, L2)).toBe(-1);
  });

  it('that drops the shadow takes leaf shadows out of sync along, and leaves those in sync', () => {
    const s = inUse(policy);
    s.storeLeaf(1, DATA + 9, RWAD);
    [8, 9, 10].forEach((index) => storeLink(s, index));
    const { pages } = s.domain;
    expect([0, 1, 2, 3].map((region) => pages.find(L1_TABLE + region, L1) >= 0)).toEqual([
      false,
      true,
      true,
      true,
    ]);
    expect(s.unsynced()).toEqual([]);
  });

  it('to the loaded root is emulated each time: the path to the window, which goes through it, is in use', () => {
    const s = inUse(policy);
    const root = s.domain.vcpus[0]!.root;
    const clear = (): void => [8, 9, 10, 11, 12].forEach((index) => s.store(ROOT, index, 0, 0));
    expect(s.exits(clear)).toEqual({ total: 5, emulate: 5 });
    expect([s.domain.vcpus[0]!.root, s.domain.floods[root]]).toEqual([root, 1]);
    // Under another root it is a table like any other (shadow_page_table_clear_flood clears the path alone).
    s.loadCr3(s.space(0x110));
    s.writeFrame(DATA);
    // Counted from the 1 that is left of before.
    expect(s.exits(clear)).toEqual({ total: 3, emulate: 2, fixup: 1 });
    expect(s.domain.pages.find(ROOT, 4)).toBe(-1);
    expect(s.domain.vcpus[0]!.previous).toEqual([]);
  });

  it('never drops a leaf table', () => {
    const s = inUse(policy);
    for (let round = 0; round < 4; round++) {
      expect(s.exits(() => s.storeLeaf(1, DATA + round, RWAD))).toEqual({ total: 1, unsync: 1 });
      s.loadCr3();
    }
    expect(s.domain.pages.find(L1_TABLE, L1)).toBeGreaterThan(0);
  });

  it('fills no neighbours of the window entry that the table is stored through', () => {
    const s = new BareScene({ policy, window: '4k' });
    s.map(0, 1, RWAD);
    // Entry of the level-2 table (0x181), writable and dirty, its neighbours 0x182 to 0x187 not there; then a table.
    s.set(0x103, 0x182, 0x182, 0);
    s.writeFrame(L2_TABLE);
    s.set(0x103, 0x182, 0x182, RWAD);
    s.write(0);
    const c = counted(s.machine, () => storeLink(s, 9));
    expect([c['vmexit.pf.emulate'], c['shadow.prefetch']]).toEqual([1, 0]);
    expect(s.entryAt(s.window(0x182))).toBe('-');
  });
});

describe.each(['kvm', 'kvm-6.12'])('roots under %s', (policy) => {
  /** Spaces that share level 3 of the workload, with roots 0x110 on. */
  const spaces = (s: BareScene, n: number): ReturnType<BareScene['space']>[] =>
    Array.from({ length: n }, (_, i) => s.space(0x110 + i, L3_TABLE));
  const backs = (s: BareScene): number[] =>
    s.domain.vcpus[0]!.previous.map((page) => s.domain.pages.back[page]!);

  it('are kept by the last three before the loaded one, in order of use', () => {
    const s = inUse(policy);
    const first = s.guest.current[0]!;
    const [a, b, c, d] = spaces(s, 4);
    for (const space of [a!, b!, c!]) s.loadCr3(space);
    expect(backs(s)).toEqual([0x111, 0x110, ROOT]);
    s.loadCr3(a);
    expect(backs(s)).toEqual([0x112, 0x111, ROOT]);
    s.loadCr3(d);
    expect(backs(s)).toEqual([0x110, 0x112, 0x111]);
    // The one that fell off is found by hash: nothing is built.
    expect(counted(s.machine, () => s.loadCr3(first))['shadow.alloc']).toBe(0);
    expect(s.exits(() => s.write(0))).toEqual({});
  });

  it('cost one exit a switch, and for the first use one fault to link what is shared', () => {
    const s = inUse(policy);
    const [a] = spaces(s, 1);
    expect(s.exits(() => s.loadCr3(a))).toEqual({ total: 1, cr3_write: 1 });
    expect(s.exits(() => [0, 512, 1024].forEach((page) => s.write(page)))).toEqual({ total: 1, fixup: 1 });
    expect(s.live()).toEqual([1, 4, 2, 2, 2]);
  });

  it('that share tables share their shadows', () => {
    const s = inUse(policy);
    const [a] = spaces(s, 1);
    s.loadCr3(a);
    s.write(0);
    const { pages } = s.domain;
    expect(pages.parents(pages.find(L3_TABLE, 3)).size).toBe(2);
  });
});

describe.each(['kvm', 'kvm-6.12'])('the limit of shadow pages under %s', (policy) => {
  const limited = (pool: number): BareScene =>
    new BareScene({ policy, change: (config) => (config.shadow.pool = pool) });

  it('is a 50th of guest memory, at least 64', () => {
    const poolOf = (name: string): number => new BareScene({ policy: name }).machine.memory()['pool.pages'];
    // 64 MiB are 16,384 frames: 327.68.
    expect(poolOf(policy)).toBe(327);
    // A 1000th would be 16.
    const file = join(mkdtempSync(join(tmpdir(), 'p2msim-policy-')), 'small.json');
    writeFileSync(file, JSON.stringify({ base: policy, poolDivisor: 1000 }));
    expect(poolOf(file)).toBe(64);
  });

  it('holds shadow pages alone: no p2m, no snapshots', () => {
    const s = limited(40);
    s.map(0, 1, RWAD);
    s.write(0);
    const memory = s.machine.memory();
    // Root, level 3, level 2, level 1.
    expect([memory['p2m.pages'], memory['shadow.other.pages'], memory['pool.free.pages']]).toEqual([
      0,
      0,
      40 - 4,
    ]);
  });

  it('lets the oldest pages go when fewer than 5 are free, until 25 are', () => {
    const s = limited(40);
    // Root 0, level 3 and 2, then one leaf shadow a region: after r regions 3 + r pages.
    for (let region = 0; region < 32; region++) {
      s.map(512 * region, 1, RWAD, DATA + region);
      s.write(512 * region);
    }
    // 35 pages: 5 are free, which is enough for nobody to go.
    expect(s.live()).toEqual([0, 32, 1, 1, 1]);
    s.map(512 * 32, 1, RWAD, DATA + 32);
    s.write(512 * 32);
    s.map(512 * 33, 1, RWAD, DATA + 33);
    expect(s.live()).toEqual([0, 33, 1, 1, 1]);
    // 36 pages, 4 free. To have 25 free 21 go: level 3, level 2 and the leaf shadows of regions 0 to 18. The root
    // is older than all, and spared. The fault then builds three.
    const c = counted(s.machine, () => s.write(512 * 33));
    expect([c['shadow.free'], c['shadow.alloc'], c['vmexit.total']]).toEqual([21, 3, 1]);
    expect(s.live()).toEqual([0, 33 - 19 + 1, 1, 1, 1]);
    const { pages } = s.domain;
    expect([18, 19].map((region) => pages.find(L1_TABLE + region, L1) >= 0)).toEqual([false, true]);
  });

  it('spares the loaded root and three more, not a fourth', () => {
    const s = limited(36);
    const spaces = Array.from({ length: 4 }, (_, i) => s.space(0x110 + i));
    for (const space of spaces) s.loadCr3(space);
    // Five roots; the first one loaded, ROOT, is no longer at hand. The last space has the workload.
    s.set(0x113, 1, L3_TABLE, UPPER);
    for (let region = 0; region < 26; region++) {
      s.map(512 * region, 1, RWAD, DATA + region);
      s.write(512 * region);
    }
    // 5 + 2 + 25 pages left 4 free at the last fault: ROOT, level 3, level 2 and 18 leaf shadows went.
    const { pages } = s.domain;
    expect([ROOT, 0x110, 0x111, 0x112, 0x113].map((root) => pages.find(root, 4) >= 0)).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
    expect(s.live()).toEqual([0, 25 - 18 + 1, 1, 1, 4]);
  });
});

it('p2m, snapshots and a monitor table are in the pool of Xen', () => {
  for (const policy of ['xen', 'xen-oos-off']) {
    const s = new BareScene({ policy });
    const memory = s.machine.memory();
    // 256 a vcpu and 2 for each of 64 MiB. A p2m of 64 MiB in 4 KiB leaves: 32 + 1 + 1 + 1 tables.
    expect(memory['pool.pages']).toBe(256 + 128);
    expect([memory['p2m.pages'], memory['shadow.other.pages']]).toEqual([35, 4]);
    expect(memory['pool.free.pages']).toBe(256 + 128 - 35 - 4 - 1);
  }
});
