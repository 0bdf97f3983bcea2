/**
 * Leaf tables out of sync under KVM's shadow pager, step by step on real tables: what lets them go, what a sync, an
 * INVLPG, a reflected fault and a CR3 load do (mmu_try_to_unsync_pages, FNAME(sync_page), FNAME(invlpg), kvm_sync_spte,
 * kvm_mmu_sync_roots, kvm_inject_emulated_page_fault; docs/model.md 9). Exits and entries are derived by hand.
 */
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../../../src/config/schema.js';
import { PTE_A, PTE_D, PTE_RW } from '../../../../src/arch/pte.js';
import {
  BareScene,
  type BareWish,
  DATA,
  L1_TABLE,
  L2_TABLE,
  L3_TABLE,
  READ_ONLY,
  RWAD,
  UPPER,
} from '../../../helpers/bare-scene.js';
import { counted } from '../../../helpers/machine.js';

/** A warm window, and pages 0..7 in use, A and D set. */
function inUse(policy: string, wish: BareWish = {}): BareScene {
  const s = new BareScene({ policy, ...wish });
  s.warm();
  s.map(0, 8, RWAD);
  s.write(0);
  return s;
}
const OTHER = DATA + 0x100;

describe.each(['kvm', 'kvm-6.12'])('a leaf table under %s', (policy) => {
  it('goes out of sync at the first store, and further ones are free', () => {
    const s = inUse(policy);
    expect(s.exits(() => s.storeLeaf(3, OTHER, RWAD))).toEqual({ total: 1, unsync: 1 });
    expect(s.unsynced()).toEqual([L1_TABLE]);
    expect(s.exits(() => [0, 1, 2, 7, 511].forEach((page) => s.storeLeaf(page, OTHER, RWAD)))).toEqual({});
    // Nothing is synced yet: the old frames are mapped.
    expect(s.entry(3)).toBe(`rw ${(DATA + 3).toString(16)}`);
  });

  it('goes out of sync by a read that maps it writable', () => {
    const s = new BareScene({ policy, window: '4k' });
    s.map(0, 8, RWAD);
    s.write(0);
    // The window has no entry for the table yet; the fill of one would grant stores.
    expect(s.exits(() => s.readFrame(L1_TABLE))).toEqual({ total: 1, unsync: 1 });
    expect([s.unsynced(), s.entryAt(s.window(L1_TABLE))]).toEqual([
      [L1_TABLE],
      `rw ${L1_TABLE.toString(16)}`,
    ]);
    expect(s.exits(() => s.storeLeaf(3, OTHER, RWAD))).toEqual({});
  });

  it('stays in sync where a prefetch maps it: read-only', () => {
    const s = new BareScene({ policy, window: '4k' });
    s.map(0, 8, RWAD);
    s.write(0);
    s.readFrame(L1_TABLE + 1);
    expect([s.unsynced(), s.entryAt(s.window(L1_TABLE))]).toEqual([[], `r- ${L1_TABLE.toString(16)}`]);
    expect(s.exits(() => s.storeLeaf(3, OTHER, RWAD))).toEqual({ total: 1, unsync: 1 });
  });

  it('goes out of sync with all its shadows, and comes back with all', () => {
    const s = inUse(policy);
    s.set(L2_TABLE, 1, L1_TABLE, UPPER & ~PTE_RW);
    s.read(512);
    s.storeLeaf(3, OTHER, RWAD);
    expect(s.unsynced()).toEqual([L1_TABLE, L1_TABLE]);
    expect(counted(s.machine, () => s.loadCr3())['shadow.resync']).toBe(2);
    expect(s.unsynced()).toEqual([]);
    expect([s.entry(3), s.entry(512 + 3)]).toEqual(['-', '-']);
  });

  it('is synced and protected again by a CR3 load: the next store is an exit', () => {
    const s = inUse(policy);
    s.storeLeaf(3, OTHER, RWAD);
    expect(s.exits(() => s.loadCr3())).toEqual({ total: 1, cr3_write: 1 });
    expect([s.unsynced(), s.row(0, 7)]).toEqual([[], 'www.wwww']);
    expect(s.exits(() => s.storeLeaf(5, OTHER, RWAD))).toEqual({ total: 1, unsync: 1 });
  });

  it('shows by kind of change what a sync does to an entry', () => {
    const s = inUse(policy);
    s.storeLeaf(0, OTHER, RWAD);
    s.storeLeaf(1, 0, 0);
    s.storeLeaf(2, DATA + 2, RWAD & ~PTE_RW);
    s.storeLeaf(3, DATA + 3, RWAD & ~PTE_A);
    s.storeLeaf(4, DATA + 4, RWAD & ~PTE_D);
    const c = counted(s.machine, () => s.loadCr3());
    // Moved, gone, A clear: dropped. W or D clear: read-only in place.
    expect(s.row(0, 7)).toBe('..r.rwww');
    expect(c['shadow.resync_entries']).toBe(5);
    expect(s.exits(() => [2, 4].forEach((page) => s.read(page)))).toEqual({});
  });

  it('below another root than the one that is loaded stays out of sync, and writable', () => {
    const s = inUse(policy);
    const other = s.space(0x110);
    s.storeLeaf(3, OTHER, RWAD);
    expect(s.exits(() => s.loadCr3(other))).toEqual({ total: 1, cr3_write: 1 });
    expect(s.unsynced()).toEqual([L1_TABLE]);
    expect(s.exits(() => s.storeLeaf(5, OTHER, RWAD))).toEqual({ total: 1, fixup: 1 });
    expect(s.exits(() => s.storeLeaf(6, OTHER, RWAD))).toEqual({});
  });

  it('is synced before a table above it is linked into another root', () => {
    const s = inUse(policy);
    const other = s.space(0x110, L3_TABLE);
    s.storeLeaf(3, OTHER, RWAD);
    s.loadCr3(other);
    expect(s.unsynced()).toEqual([L1_TABLE]);
    expect(s.exits(() => s.read(0))).toEqual({ total: 1, fixup: 1 });
    // The sync dropped entry 3 and left entry 0 without A: the fault changes it, and its prefetch fills 3 anew.
    expect([s.unsynced(), s.entry(3)]).toEqual([[], `rw ${OTHER.toString(16)}`]);
  });

  it('lets a write through to a page that has got W, one exit a page', () => {
    const s = new BareScene({ policy });
    s.warm();
    s.map(0, 8, READ_ONLY);
    s.read(0);
    const give = (page: number): void => s.storeLeaf(page, DATA + page, RWAD);
    expect(s.exits(() => [0, 1, 2].forEach(give))).toEqual({ total: 1, unsync: 1 });
    expect(s.exits(() => [0, 1, 2].forEach((page) => s.write(page)))).toEqual({ total: 3, fixup: 3 });
    expect(s.row(0, 7)).toBe('wwwrrrrr');
  });

  it('has the entry of a reflected fault brought up to date, if the fault is one of rights', () => {
    const s = new BareScene({ policy });
    s.warm();
    s.map(0, 8, READ_ONLY);
    s.read(0);
    s.storeLeaf(2, OTHER, READ_ONLY);
    s.storeLeaf(3, 0, 0);
    expect([s.entry(2), s.row(0, 7)]).toEqual([`r- ${(DATA + 2).toString(16)}`, 'rrrrrrrr']);
    expect(s.exits(() => s.write(2))).toEqual({ total: 1, guest: 1 });
    // 6.1 fills the new entry at once, 6.12 drops the old one.
    expect(s.entry(2)).toBe(policy === 'kvm' ? `r- ${OTHER.toString(16)}` : '-');
    // A write to a page that is read-only in the guest too; page 3 is still mapped though the guest has it no more.
    expect(s.exits(() => s.read(3))).toEqual({});
    expect(s.exits(() => s.write(3))).toEqual({ total: 1, guest: 1 });
    // The guest's own fault has P clear: nothing is brought up to date.
    expect(s.entry(3)).toBe(`r- ${(DATA + 3).toString(16)}`);
  });
});

describe('INVLPG under a KVM policy', () => {
  const moved = (policy: string): BareScene => {
    const s = inUse(policy);
    s.storeLeaf(2, OTHER, RWAD);
    s.storeLeaf(3, OTHER + 1, RWAD & ~PTE_A);
    s.storeLeaf(4, DATA + 4, RWAD & ~PTE_RW);
    // Page 3 has A clear and is not filled again; 6.12 fills none.
    const c = counted(s.machine, () => [2, 3, 4].forEach((page) => s.invlpg(page)));
    expect([c['vmexit.total'], c['shadow.prefetch']]).toEqual([3, policy === 'kvm' ? 2 : 0]);
    return s;
  };

  it('of an out-of-sync table drops the entry and fills it again (6.1)', () => {
    const s = moved('kvm');
    // The table stays out of sync.
    expect([s.entry(2), s.row(0, 7)]).toEqual([`rw ${OTHER.toString(16)}`, 'www.rwww']);
    expect(s.unsynced()).toEqual([L1_TABLE]);
    expect(s.exits(() => s.write(2))).toEqual({});
  });

  it('of an out-of-sync table syncs the entry and fills nothing (6.12)', () => {
    const s = moved('kvm-6.12');
    expect(s.row(0, 7)).toBe('ww..rwww');
    expect(s.unsynced()).toEqual([L1_TABLE]);
    expect(s.exits(() => s.write(2))).toEqual({ total: 1, fixup: 1 });
  });

  it.each([
    ['kvm', 'rw'],
    ['kvm-6.12', 'r-'],
  ])('of another mapping of an out-of-sync table: %s leaves it %s', (policy, rights) => {
    const s = new BareScene({ policy, window: '4k' });
    const alias = 0x1f0;
    s.set(0x103, alias, L1_TABLE, RWAD);
    s.map(0, 8, RWAD);
    s.write(0);
    // The table is in sync when its alias is prefetched: read-only. Then it goes out of sync by its own window page,
    // and so does the table of the window.
    s.readFrame(alias + 1);
    s.storeLeaf(3, OTHER, RWAD);
    s.store(0x103, 5, 5, RWAD);
    expect([s.unsynced(), s.entryAt(s.window(alias))]).toEqual([
      [L1_TABLE, 0x103],
      `r- ${L1_TABLE.toString(16)}`,
    ]);
    s.guest.invlpg(0, s.window(alias));
    // A new entry may be writable, all shadows being out of sync; a synced one only if it was (make_spte, can_unsync).
    expect(s.entryAt(s.window(alias))).toBe(`${rights} ${L1_TABLE.toString(16)}`);
  });

  it.each(['kvm', 'kvm-6.12'])('of a table in sync leaves the entry (%s)', (policy) => {
    const s = inUse(policy);
    expect(s.exits(() => [0, 300, 5000].forEach((page) => s.invlpg(page)))).toEqual({ total: 3, invlpg: 3 });
    expect(s.row(0, 7)).toBe('wwwwwwww');
  });

  it.each(['kvm', 'kvm-6.12'])('reaches the roots at hand, three of them, not a fourth (%s)', (policy) => {
    // Five roots, each with a leaf table of its own.
    const s = inUse(policy);
    const spaces = [0, 1, 2, 3].map((n) => {
      const [l3, l2] = [0x120 + 2 * n, 0x121 + 2 * n];
      const l1 = 0x140 + n;
      s.set(l3, 0, l2, UPPER);
      s.set(l2, 0, l1, UPPER);
      s.set(l1, 0, DATA + 32 + n, RWAD);
      return { space: s.space(0x110 + n, l3), l1 };
    });
    for (const { space } of spaces) {
      s.loadCr3(space);
      s.write(0);
    }
    // At hand beside the loaded one (3): roots 2, 1, 0; the first one, with L1_TABLE, is not.
    for (const { l1 } of spaces) s.store(l1, 0, OTHER, RWAD & ~PTE_A);
    s.storeLeaf(0, OTHER, RWAD & ~PTE_A);
    s.invlpg(0);
    const { pages } = s.domain;
    const entries = [...spaces.map(({ l1 }) => l1), L1_TABLE].map(
      (l1) => pages.entries[pages.find(l1, 1)]![0] !== 0,
    );
    expect(entries).toEqual([false, false, false, false, true]);
  });

  it.each(['kvm', 'kvm-6.12'])('flushes the page, not everything, on AMD too (%s)', (policy) => {
    const s = inUse(policy, { change: (config) => (config.vendor = 'amd') });
    const c = counted(s.machine, () => s.invlpg(0));
    expect([c['tlb.flush.page'], c['tlb.flush.all']]).toEqual([1, 0]);
  });
});

describe.each(['kvm', 'kvm-6.12'])('address-space tags under %s', (policy) => {
  const tagged = (): BareScene =>
    inUse(policy, { change: (config: MachineConfig) => (config.guest.pcid = true) });
  const invpcid = (s: BareScene): void =>
    s.machine.event({ kind: 'invpcid', vcpu: 0, line: 0, type: 2, pcid: 0, va: { hi: 0, lo: 0 } });

  it('let a CR3 load without a flush leave tables out of sync and writable', () => {
    const s = tagged();
    s.storeLeaf(3, OTHER, RWAD);
    const c = counted(s.machine, () => s.loadCr3(undefined, true));
    expect([c['vmexit.cr3_write'], c['tlb.flush.all']]).toEqual([1, 0]);
    expect(s.unsynced()).toEqual([L1_TABLE]);
    expect(s.exits(() => s.storeLeaf(4, OTHER, RWAD))).toEqual({});
    s.loadCr3();
    expect([s.unsynced(), s.row(0, 7)]).toEqual([[], 'www..www']);
  });

  it('make INVPCID an exit that syncs', () => {
    const s = tagged();
    s.storeLeaf(3, OTHER, RWAD);
    expect(s.exits(() => invpcid(s))).toEqual({ total: 1, invpcid: 1 });
    expect([s.unsynced(), s.row(0, 7)]).toEqual([[], 'www.wwww']);
  });

  it('have a global flush sync what is below the loaded root, and put stale roots at hand away', () => {
    const s = tagged();
    s.storeLeaf(3, OTHER, RWAD);
    const [first, second] = [s.guest.current[0]!, s.space(0x110)];
    s.loadCr3(s.space(0x111), true);
    s.loadCr3(second, true);
    const { vcpus, pages } = s.domain;
    const atHand = (): number[] => vcpus[0]!.previous.map((page) => pages.back[page]!);
    expect(atHand()).toEqual([0x111, 0x100]);
    s.machine.event({ kind: 'flushall', vcpu: 0, line: 0 });
    expect([atHand(), s.unsynced()]).toEqual([[0x111], [L1_TABLE]]);
    s.loadCr3(first, true);
    s.machine.event({ kind: 'flushall', vcpu: 0, line: 0 });
    expect([atHand(), s.unsynced()]).toEqual([[0x110, 0x111], []]);
  });
});

describe('a hypervisor that drops its translations', () => {
  it.each(['kvm', 'kvm-6.12'])('keeps nothing but an empty root (%s)', (policy) => {
    const s = inUse(policy);
    s.storeLeaf(3, OTHER, RWAD);
    expect(s.exits(() => s.machine.dropTranslations())).toEqual({});
    expect([s.live(), s.unsynced()]).toEqual([[0, 0, 0, 0, 1], []]);
    // As from a cold start: one exit for the group, whose tables are protected afresh.
    expect(s.exits(() => s.write(0))).toEqual({ total: 1, fixup: 1 });
    expect(s.entry(3)).toBe(`rw ${OTHER.toString(16)}`);
    expect(s.exits(() => s.writeFrame(DATA))).toEqual({ total: 1, fixup: 1 });
    expect(s.live()).toEqual([1, 1, 2, 2, 1]);
  });

  it.each(['xen', 'xen-oos-off'])('empties the loaded root and unpins the others (%s)', (policy) => {
    const s = inUse(policy);
    const other = s.space(0x110);
    s.loadCr3(other);
    s.machine.dropTranslations();
    expect(s.live()).toEqual([0, 0, 0, 0, 1]);
    expect(s.domain.pages.back[s.domain.vcpus[0]!.root]).toBe(0x110);
  });
});
