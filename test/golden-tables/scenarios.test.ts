/**
 * Hand-derived scenarios of accesses and flushes: the exact VMEXITs and walk references of small streams
 * under HAP and shadow paging (policy `xen`), one vcpu. Stores to tables are in table-stores.test.ts.
 *
 * No TLB and no walk caches, except where a scenario is about hits: then 64 + 1536 entries. Not here:
 * host-side events (log-dirty, p2m edits, sharing), which no mode takes yet, and devices.
 */
import { describe, expect, it, vi } from 'vitest';
import { pageHi, pageLo, SIZE_2M } from '../../src/arch/paging.js';
import { PTE_A, PTE_PS, PTE_RW } from '../../src/arch/pte.js';
import {
  BOTH,
  CLEAN,
  DATA,
  DIRTY,
  expectExits,
  type Mode,
  region,
  scene,
  USER,
  withTlb,
} from '../helpers/scene.js';
import type { Counted } from '../helpers/one-access.js';

// Quick on a quiet machine; a busy one may need longer than the default of 5 s.
vi.setConfig({ testTimeout: 60_000 });

describe('1: one read of a mapped page', () => {
  it('hap: 24 references, no exit', () => {
    const s = scene('hap');
    s.map(region(0), 64, DIRTY);
    const c = s.count(() => s.read(region(0)));
    expectExits(c, {});
    expect(c('walk.refs')).toBe(24);
  });

  it('shadow: one fixup, three new shadows, 31 entries filled ahead', () => {
    const s = scene('shadow');
    s.map(region(0), 64, DIRTY);
    const before = s.pages();
    const c = s.count(() => s.read(region(0)));
    expectExits(c, { fixup: 1 });
    // The first walk stops at the empty sL4 entry: 1 reference. The retry: 4.
    expect(c('walk.refs')).toBe(1 + 4);
    expect(c('shadow.prefetch')).toBe(31); // 32 with the one that faulted
    expect(s.pages() - before).toBe(3); // sL3, sL2, sL1
  });
});

describe.each(BOTH)('2: the same page again (%s)', (mode) => {
  it('hits the TLB: no walk, no exit', () => {
    const s = scene(mode, withTlb);
    s.map(region(0), 1, DIRTY);
    s.read(region(0));
    const c = s.count(() => s.read(region(0)));
    expectExits(c, {});
    expect([c('walk.count'), c('tlb.l1d.hit')]).toEqual([0, 1]);
  });
});

describe('3 and 4: reading the 512 pages of one table in order', () => {
  function readAll(mode: Mode, flags: number): Counted {
    const s = scene(mode);
    s.map(region(0), 512, flags);
    return s.count(() => {
      for (let i = 0; i < 512; i++) s.read(region(0) + i);
    });
  }

  it.each([
    ['A=D=1', DIRTY],
    ['RW, D=0', CLEAN],
  ])('hap, %s: 512 x 24 references, no exit', (_, flags) => {
    const c = readAll('hap', flags);
    expectExits(c, {});
    expect(c('walk.refs')).toBe(512 * 24);
  });

  it('3, shadow, A=D=1: one fixup per 32 pages', () => {
    const c = readAll('shadow', DIRTY);
    expectExits(c, { fixup: 512 / 32 });
    // 512 walks to the end; of 16 that fault the first stops at sL4, the others at sL1.
    expect(c('walk.refs')).toBe(512 * 4 + 1 + 15 * 4);
  });

  it('3, shadow, read-only pages with A=1: the same, D does not matter', () => {
    expectExits(readAll('shadow', USER | PTE_A), { fixup: 16 });
  });

  it('4, shadow, RW pages with D=0: prefetch stops at once, a fixup per page', () => {
    expectExits(readAll('shadow', CLEAN), { fixup: 512 });
  });
});

describe('5: a read, then a write of a page with A=1, D=0', () => {
  it('hap: no exit; the walker sets D', () => {
    const s = scene('hap');
    s.map(region(0), 1, CLEAN);
    const c = s.count(() => {
      s.read(region(0));
      s.write(region(0));
    });
    expectExits(c, {});
    expect(c('walk.ad_updates')).toBe(1);
  });

  it('shadow: a read-only fill, then a fixup for D', () => {
    const s = scene('shadow');
    s.map(region(0), 1, CLEAN);
    expectExits(
      s.count(() => s.read(region(0))),
      { fixup: 1 },
    );
    expectExits(
      s.count(() => s.write(region(0))),
      { fixup: 1 },
    );
    expectExits(
      s.count(() => s.write(region(0))),
      {},
    );
  });
});

describe('6: a write of a page with A=D=0', () => {
  it('hap: no exit; the walker sets both bits in one update', () => {
    const s = scene('hap');
    s.map(region(0), 1, USER | PTE_RW);
    const c = s.count(() => s.write(region(0)));
    expectExits(c, {});
    expect(c('walk.ad_updates')).toBe(1);
  });

  it("shadow: one fixup; the hypervisor's walk sets both", () => {
    const s = scene('shadow');
    s.map(region(0), 1, USER | PTE_RW);
    expectExits(
      s.count(() => s.write(region(0))),
      { fixup: 1 },
    );
    const { flags } = s.guest.tables.find(
      s.guest.current[0]!.root,
      4,
      pageHi(region(0)),
      pageLo(region(0)),
      s.guest.place,
    );
    expect(flags).toBe(DIRTY);
  });
});

describe('7: the 512 pieces of a 2M guest page, in order', () => {
  function readPieces(mode: Mode, hostPages: '4k' | '2m'): { c: Counted; added: number } {
    const s = scene(mode, (config) => {
      withTlb(config);
      config.host.pageSize = hostPages;
    });
    s.guest.mapSilently(s.guest.current[0]!.root, region(0), SIZE_2M, DATA, DIRTY);
    const before = s.pages();
    const c = s.count(() => {
      for (let i = 0; i < 512; i++) s.read(region(0) + i);
    });
    return { c, added: s.pages() - before };
  }

  it('hap over 4K host leaves: 512 fills of 4K, 19 references each', () => {
    const { c } = readPieces('hap', '4k');
    expectExits(c, {});
    // 3 guest entries, (3 + 1) translations of 4.
    expect([c('walk.refs'), c('tlb.fill.4k'), c('tlb.fill.2m')]).toEqual([512 * 19, 512, 0]);
  });

  it('hap over 2M host leaves: one fill of 2M, 15 references', () => {
    const { c } = readPieces('hap', '2m');
    expectExits(c, {});
    // 3 guest entries, (3 + 1) translations of 3.
    expect([c('walk.refs'), c('tlb.fill.4k'), c('tlb.fill.2m')]).toEqual([15, 0, 1]);
  });

  it.each(['4k', '2m'] as const)(
    'shadow over %s host leaves: splintered, 16 fixups, one fl1 page',
    (hostPages) => {
      const { c, added } = readPieces('shadow', hostPages);
      expectExits(c, { fixup: 512 / 32 });
      expect([c('tlb.fill.4k'), c('tlb.fill.2m')]).toEqual([512, 0]);
      // 512 walks to the end; the first fault stops at sL4, 15 at the fl1 entry.
      expect(c('walk.refs')).toBe(512 * 4 + 1 + 15 * 4);
      expect(added).toBe(3); // sL3, sL2, fl1
    },
  );

  it('shadow, descending: what is above is filled already, so a fixup each', () => {
    const s = scene('shadow');
    s.guest.mapSilently(s.guest.current[0]!.root, region(0), SIZE_2M, DATA, DIRTY);
    const c = s.count(() => {
      for (let i = 511; i >= 0; i--) s.read(region(0) + i);
    });
    expectExits(c, { fixup: 512 });
  });
});

describe('14: INVLPG of a page, then a read of it', () => {
  it('hap: no exit; one walk refills the TLB', () => {
    const s = scene('hap', withTlb);
    s.map(region(0), 1, DIRTY);
    s.read(region(0));
    const c = s.count(() => {
      s.invlpg(region(0));
      s.read(region(0));
    });
    expectExits(c, {});
    expect([c('tlb.stlb.miss'), c('walk.refs')]).toEqual([1, 24]);
  });

  it('shadow, table in sync: the exit, and one walk', () => {
    const s = scene('shadow', withTlb);
    s.map(region(0), 1, DIRTY);
    s.read(region(0));
    const c = s.count(() => {
      s.invlpg(region(0));
      s.read(region(0));
    });
    expectExits(c, { invlpg: 1 });
    expect([c('tlb.stlb.miss'), c('walk.refs')]).toEqual([1, 4]);
  });

  it('shadow, table out of sync: its entry is dropped, so a fixup too', () => {
    const s = scene('shadow', withTlb);
    s.map(region(0), 1, DIRTY);
    s.read(region(0));
    expectExits(
      s.count(() => s.rewrite(region(0))),
      { unsync: 1 },
    );
    const c = s.count(() => {
      s.invlpg(region(0));
      s.read(region(0));
    });
    expectExits(c, { invlpg: 1, fixup: 1 });
  });

  it('shadow, splintered 2M page: the whole TLB goes', () => {
    const s = scene('shadow', withTlb);
    s.guest.mapSilently(s.guest.current[0]!.root, region(0), SIZE_2M, DATA, DIRTY);
    s.map(region(1), 1, DIRTY, DATA + 512);
    const all = [region(0), region(0) + 1, region(1)];
    all.forEach(s.read);
    const c = s.count(() => {
      s.invlpg(region(0));
      all.forEach(s.read);
    });
    expectExits(c, { invlpg: 1 });
    expect([c('tlb.flush.all'), c('tlb.stlb.miss')]).toEqual([1, 3]);
    const { flags } = s.guest.tables.find(
      s.guest.current[0]!.root,
      4,
      pageHi(region(0)),
      pageLo(region(0)),
      s.guest.place,
    );
    expect(flags & PTE_PS).toBe(PTE_PS);
  });
});

describe('16: SWITCH B, A, B, A with 4 pages each, everything entered before', () => {
  function run(mode: Mode, pcid: boolean): Counted {
    const s = scene(mode, (config) => {
      withTlb(config);
      config.guest.pcid = pcid;
    });
    const other = s.guest.space('B');
    s.map(region(0), 4, DIRTY);
    s.map(region(0), 4, DIRTY, DATA + 64, other);
    const enter = (as: string): void => {
      s.machine.event({ kind: 'switch', as, noflush: false, vcpu: 0, line: 0 });
      for (let i = 0; i < 4; i++) s.read(region(0) + i);
    };
    ['0', 'B', '0'].forEach(enter);
    return s.count(() => ['B', '0', 'B', '0'].forEach(enter));
  }

  it('hap without PCID: no exit; each switch flushes, 4 walks of 24', () => {
    const c = run('hap', false);
    expectExits(c, {});
    expect([c('guest.cr3'), c('walk.count'), c('walk.refs')]).toEqual([4, 16, 16 * 24]);
  });

  it('hap with PCID: no exit, no flush, no walk', () => {
    const c = run('hap', true);
    expectExits(c, {});
    expect([c('guest.cr3'), c('walk.count'), c('tlb.flush.asid')]).toEqual([4, 0, 0]);
  });

  it.each([false, true])('shadow (guest PCID %s): 4 exits, refills of 4, not one fixup', (pcid) => {
    const c = run('shadow', pcid);
    expectExits(c, { cr3: 4 });
    expect([c('walk.count'), c('walk.refs')]).toEqual([16, 16 * 4]);
  });
});
