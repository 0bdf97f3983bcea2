/**
 * Xen's prefetch, its guesses and its flushes, step by step on real tables (sh_prefetch, _sh_propagate, sh_remove_write_access,
 * svm_invlpg; docs/model.md 6.3, 6.4, 6.7).
 */
import { describe, expect, it } from 'vitest';
import { PTE_A } from '../../../../src/arch/pte.js';
import { BareScene, CLEAN, DATA, L1_TABLE, READ_ONLY, RWAD } from '../../../helpers/bare-scene.js';
import { counted } from '../../../helpers/machine.js';

describe.each(['xen', 'xen-oos-off'])('prefetch under %s', (policy) => {
  it('goes 32 entries forward from the fault', () => {
    const s = new BareScene({ policy });
    s.map(0, 64, RWAD);
    s.read(4);
    expect(s.row(0, 39)).toBe('....' + 'w'.repeat(32) + '....');
  });

  it('passes over absent entries, and read-only ones', () => {
    const s = new BareScene({ policy });
    s.map(0, 8, RWAD);
    s.set(L1_TABLE, 2, 0, 0);
    s.set(L1_TABLE, 4, DATA + 4, READ_ONLY);
    s.read(0);
    expect(s.row(0, 8)).toBe('ww.wrwww.');
  });

  it('ends at an entry that is there already', () => {
    const s = new BareScene({ policy });
    s.map(0, 8, RWAD);
    s.set(L1_TABLE, 3, 0, 0);
    s.read(2);
    s.set(L1_TABLE, 3, DATA + 3, RWAD);
    s.read(0);
    // Entry 2 is there: 3 stays empty.
    expect(s.row(0, 7)).toBe('www.wwww');
  });

  it('ends at an entry with A clear, and at a clean one', () => {
    const s = new BareScene({ policy });
    s.map(0, 8, RWAD);
    s.set(L1_TABLE, 2, DATA + 2, RWAD & ~PTE_A);
    s.set(L1_TABLE, 6, DATA + 6, CLEAN);
    [0, 4].forEach((page) => s.read(page));
    expect(s.row(0, 7)).toBe('ww..ww..');
  });
});

describe('an entry withheld for its A bit', () => {
  it.each(['xen', 'xen-oos-off'])('is not empty: the next scan ends there (%s)', (policy) => {
    const s = new BareScene({ policy });
    s.warm();
    s.map(0, 8, RWAD);
    s.read(0);
    // A store to a table in sync is emulated (oos=0), or seen at the next CR3 load: entry 2 is withheld.
    s.storeLeaf(2, DATA + 2, RWAD & ~PTE_A);
    s.loadCr3();
    expect(s.row(0, 3)).toBe('ww?w');
    // The guest sets A again unseen, and entries 1 and 3 are lost: a scan from 1 does not reach 3.
    s.set(L1_TABLE, 2, DATA + 2, RWAD);
    const { pages } = s.domain;
    for (const index of [1, 3]) pages.setLeaf(pages.find(L1_TABLE, 1), index, 0);
    s.read(1);
    expect(s.row(0, 3)).toBe('ww?.');
  });
});

describe('a direct map that Xen guesses at', () => {
  const BASES = [0xffff8800, 0xffff8100, 0x00000100, 0xfffffe00, 0xffffff00];
  const search = (policy: string, windowHi: number): Record<string, number> => {
    const s = new BareScene({ policy, windowHi, window: '4k' });
    s.writeFrame(L1_TABLE);
    s.map(0, 1, RWAD);
    const c = counted(s.machine, () => s.read(0));
    return { guess: c['shadow.wr_guess']!, bf: c['shadow.wr_bf']! };
  };

  it.each(['xen', 'xen-oos-off'].flatMap((policy) => BASES.map((base) => [policy, base] as const)))(
    '%s, at %i: the one writable mapping is found without a search',
    (policy, base) => {
      expect(search(policy, base)).toEqual({ guess: 1, bf: 0 });
    },
  );

  it.each(['xen', 'xen-oos-off'])("is not modern Linux's: all leaf shadows are searched (%s)", (policy) => {
    expect(search(policy, 0xffff8880)).toEqual({ guess: 0, bf: 1 });
  });
});

describe('INVLPG on AMD under Xen', () => {
  it.each(['xen', 'xen-oos-off'])('takes a new ASID: everything goes (%s)', (policy) => {
    const s = new BareScene({ policy, change: (config) => (config.vendor = 'amd') });
    s.map(0, 1, RWAD);
    s.read(0);
    const c = counted(s.machine, () => s.invlpg(0));
    expect([c['tlb.flush.page'], c['tlb.flush.all']]).toEqual([0, 1]);
  });
});

describe('address-space tags under Xen', () => {
  it.each(['xen', 'xen-oos-off'])(
    'are hidden: a no-flush load flushes, INVPCID raises #UD (%s)',
    (policy) => {
      const s = new BareScene({ policy, change: (config) => (config.guest.pcid = true) });
      s.warm();
      s.map(0, 1, RWAD);
      s.read(0);
      const c = counted(s.machine, () => s.loadCr3(undefined, true));
      expect([c['vmexit.cr3_write'], c['tlb.flush.all']]).toEqual([1, 1]);
      const invpcid = { kind: 'invpcid', vcpu: 0, line: 0, type: 2, pcid: 0, va: { hi: 0, lo: 0 } } as const;
      expect(() => s.machine.event(invpcid)).toThrow(/Xen hides INVPCID from a guest under shadow paging/);
    },
  );
});

describe('a store to a protected table with oos=0', () => {
  it('is emulated after the fault has been handled as any other: the window entry is filled, its neighbours too', () => {
    const s = new BareScene({ policy: 'xen-oos-off', window: '4k' });
    s.map(0, 1, RWAD);
    s.writeFrame(L1_TABLE);
    s.read(0);
    // The leaf table is a table now, its window entry read-only. The next frames' entries are lost.
    const { pages } = s.domain;
    const leaf = pages.find(0x103, 1);
    for (let i = 1; i < 32; i++) pages.setLeaf(leaf, L1_TABLE + i, 0);
    const c = counted(s.machine, () => s.storeLeaf(5, DATA, RWAD));
    expect([c['vmexit.pf.emulate'], c['shadow.prefetch']]).toEqual([1, 31]);
  });
});
