/**
 * Closed-form tables: references of a walk for every pair of page sizes, what walk caches skip, how large a
 * p2m is. Every cell is a walk of the real machine and an integer worked out by hand.
 */
import { describe, expect, it, vi } from 'vitest';
import { defaultConfig } from '../../src/config/defaults.js';
import type { MachineConfig } from '../../src/config/schema.js';
import { P2m } from '../../src/hypervisor/p2m.js';
import { hapPoolPages, shadowPoolPages } from '../../src/hypervisor/pool.js';
import { createMachine, type Machine } from '../../src/sim/machine.js';
import { EMPTY_HEADER, type P2mRange } from '../../src/trace/event.js';
import { read, va } from '../helpers/machine.js';
import { during, full } from '../helpers/one-access.js';

// Quick on a quiet machine; a busy one may need longer than the default of 5 s.
vi.setConfig({ testTimeout: 60_000 });

type Mode = 'native' | 'hap' | 'shadow';
type PageSizeName = MachineConfig['host']['pageSize'];

const ADDRESS = va({ l4: 1, l3: 2, l2: 3, l1: 4 });
const SIZES = ['4k', '2m', '1g'] as const;

/** No TLB, no walk caches; the guest's tables exist with A=D=1 before the first access. */
function bareConfig(): MachineConfig {
  const config = defaultConfig('none');
  config.guest.mode = 'premapped';
  return config;
}

function machineOf(mode: Mode, config: MachineConfig, p2m: readonly P2mRange[] = []): Machine {
  return createMachine({ mode, config }, { ...EMPTY_HEADER, p2m });
}

/** References of one walk on a machine as it is. */
function refs(machine: Machine): { all: number; guest: number; nested: number } {
  const counted = during(machine, () => read(machine, ADDRESS));
  expect(counted('walk.count')).toBe(1);
  return {
    all: counted('walk.refs'),
    guest: counted('walk.refs.guest'),
    nested: counted('walk.refs.nested'),
  };
}

describe('references of a cold walk without caches', () => {
  // G guest entries are read: levels less 0, 1, 2 for 4K, 2M, 1G leaves. Each of the G tables and the data
  // page is found in the p2m first: H entries, levels less 0, 1, 2. So G (H + 1) + H; native: G.
  //                                 native   4-level host: 4K  2M  1G   5-level host: 4K  2M  1G
  const TABLE: readonly (readonly [4 | 5, PageSizeName, number, readonly number[], readonly number[]])[] = [
    [4, '4k', 4, [24, 19, 14], [29, 24, 19]], // G = 4: 4*5+4, 4*4+3, 4*3+2; 4*6+5, 4*5+4, 4*4+3
    [4, '2m', 3, [19, 15, 11], [23, 19, 15]], // G = 3: 3*5+4, 3*4+3, 3*3+2; 3*6+5, 3*5+4, 3*4+3
    [4, '1g', 2, [14, 11, 8], [17, 14, 11]], // G = 2: 2*5+4, 2*4+3, 2*3+2; 2*6+5, 2*5+4, 2*4+3
    [5, '4k', 5, [29, 23, 17], [35, 29, 23]], // G = 5: 5*5+4, 5*4+3, 5*3+2; 5*6+5, 5*5+4, 5*4+3
    [5, '2m', 4, [24, 19, 14], [29, 24, 19]], // G = 4
    [5, '1g', 3, [19, 15, 11], [23, 19, 15]], // G = 3
  ];

  describe.each(TABLE)('%s-level guest, %s leaves', (levels, leaf, native, fourLevels, fiveLevels) => {
    it(`native: ${native}`, () => {
      const config = bareConfig();
      config.guest.levels = levels;
      config.guest.pageSize = leaf;
      expect(refs(machineOf('native', config))).toEqual({ all: native, guest: native, nested: 0 });
    });

    const cells = SIZES.flatMap((size, i) => [
      { hostLevels: 4 as const, size, expected: fourLevels[i]! },
      { hostLevels: 5 as const, size, expected: fiveLevels[i]! },
    ]);
    it.each(cells)('$hostLevels-level host, $size leaves: $expected', ({ hostLevels, size, expected }) => {
      const config = bareConfig();
      config.guest.levels = levels;
      config.guest.pageSize = leaf;
      config.host.levels = hostLevels;
      config.host.pageSize = size;
      expect(refs(machineOf('hap', config))).toEqual({
        all: expected,
        guest: native,
        nested: expected - native,
      });
    });
  });

  it('is the same wherever in the tables the address is', () => {
    const machine = machineOf('hap', bareConfig());
    for (const at of [va({}), va({ l4: 255, l3: 511, l2: 511, l1: 511 }), va({ l4: 7, l1: 511 })]) {
      expect(during(machine, () => read(machine, at))('walk.refs')).toBe(24);
    }
  });
});

describe('references when tables and data have host leaves of different sizes', () => {
  // Guest tables come from gfn 0x1000 up; data is mapped to 0x8000 (same GiB) or 0x40000 (the second GiB,
  // where nothing asks for smaller leaves, so it is one 1G leaf). 4 tables of (H + 1), then the data's H.
  const LOW = 0x8000;
  const HIGH = 0x40000;
  const tablesAre = (pageSize: PageSizeName): P2mRange => ({ gfn: 0, count: LOW, pageSize });
  const dataIs = (pageSize: PageSizeName): P2mRange => ({ gfn: LOW, count: 512, pageSize });
  it.each([
    ['4k', '4k', LOW, [tablesAre('4k'), dataIs('4k')], 24], // 4*(4+1) + 4
    ['4k', '2m', LOW, [tablesAre('4k')], 23], // 4*(4+1) + 3
    ['4k', '1g', HIGH, [tablesAre('4k')], 22], // 4*(4+1) + 2
    ['2m', '4k', LOW, [tablesAre('2m'), dataIs('4k')], 20], // 4*(3+1) + 4
    ['2m', '2m', LOW, [tablesAre('2m')], 19], // 4*(3+1) + 3
    ['2m', '1g', HIGH, [tablesAre('2m')], 18], // 4*(3+1) + 2
  ] as const)('tables in %s leaves, data in a %s leaf', (_tables, _data, gfn, ranges, expected) => {
    const config = defaultConfig('none');
    config.guest.ram = 2048;
    config.host.pageSize = '1g';
    const machine = machineOf('hap', config, ranges);
    const perm = { read: true, write: true, exec: false };
    machine.event({
      kind: 'map',
      vcpu: 0,
      line: 0,
      va: ADDRESS,
      bytes: 4096,
      gfn,
      perm,
      how: 'populate',
      pageSize: null,
    });
    expect(refs(machine)).toEqual({ all: expected, guest: 4, nested: expected - 4 });
  });
});

/** Only the cache of entries that skips `skipped` levels: 1 = PML4E, 2 = PDPTE, 3 = PDE; 0: none. */
function skipping(skipped: number): Pick<MachineConfig['npwc'], 'l5' | 'l4' | 'l3' | 'l2'> {
  return {
    l5: full(0),
    l4: full(skipped === 1 ? 16 : 0),
    l3: full(skipped === 2 ? 16 : 0),
    l2: full(skipped === 3 ? 16 : 0),
  };
}

describe('what walk caches skip: 4K guest and host leaves, 4 levels', () => {
  function warmRefs(
    gs: number,
    hs: number,
    semantics: 'combined' | 'gpa',
    nestedTlb: boolean = false,
  ): number {
    const config = bareConfig();
    config.pwc = { ...skipping(gs), semantics };
    config.npwc = skipping(hs);
    config.ntlb = full(nestedTlb ? 16 : 0);
    const machine = machineOf('hap', config);
    read(machine, ADDRESS);
    return refs(machine).all;
  }

  // (a) Entries give the host address of the next table: 4-gs guest entries, and as many translations
  // (the tables after the first one, and the data), one more for the root if nothing is skipped.
  it.each([
    [0, [24, 19, 14, 9], 4], // 4 + 5*4, 5*3, 5*2, 5*1
    [1, [15, 12, 9, 6], 3], // 3 + 3*4, 3*3, 3*2, 3*1
    [2, [10, 8, 6, 4], 2], // 2 + 2*4, 2*3, 2*2, 2*1
    [3, [5, 4, 3, 2], 1], // 1 + 1*4, 1*3, 1*2, 1*1
  ])('combined entries, %s guest levels skipped', (gs, row, nestedTlbHits) => {
    expect([0, 1, 2, 3].map((hs) => warmRefs(gs, hs, 'combined'))).toEqual(row);
    expect(warmRefs(gs, 0, 'combined', true)).toBe(nestedTlbHits);
  });

  // (b) Entries give the guest address of the next table: it is translated as well, 5-gs translations.
  it.each([
    [0, [24, 19, 14, 9], 4], // 4 + 5*4, 5*3, 5*2, 5*1
    [1, [19, 15, 11, 7], 3], // 3 + 4*4, 4*3, 4*2, 4*1
    [2, [14, 11, 8, 5], 2], // 2 + 3*4, 3*3, 3*2, 3*1
    [3, [9, 7, 5, 3], 1], // 1 + 2*4, 2*3, 2*2, 2*1
  ])('guest-physical entries, %s guest levels skipped', (gs, row, nestedTlbHits) => {
    expect([0, 1, 2, 3].map((hs) => warmRefs(gs, hs, 'gpa'))).toEqual(row);
    expect(warmRefs(gs, 0, 'gpa', true)).toBe(nestedTlbHits);
  });

  // (c) One dimension: 4-gs. A shadow maps 4K whatever the guest's leaf is, so its walks have four levels.
  it.each([
    ['native', '4k', [4, 3, 2, 1]],
    ['shadow', '4k', [4, 3, 2, 1]],
    ['shadow', '2m', [4, 3, 2, 1]],
    // The PDE of a 2M page is its leaf and never a cached table pointer: with a PDE cache alone nothing is skipped.
    ['native', '2m', [3, 2, 1, 3]],
    ['native', '1g', [2, 1, 2, 2]],
  ] as const)('%s, guest leaves %s', (mode, leaf, row) => {
    const found = [0, 1, 2, 3].map((gs) => {
      const config = bareConfig();
      config.guest.pageSize = leaf;
      config.pwc = { ...skipping(gs), semantics: 'combined' };
      const machine = machineOf(mode, config);
      read(machine, ADDRESS);
      return refs(machine).all;
    });
    expect(found).toEqual(row);
  });

  it('takes the deepest hit when every level is cached', () => {
    const config = bareConfig();
    config.pwc = { l5: full(0), l4: full(4), l3: full(4), l2: full(4), semantics: 'combined' };
    const machine = machineOf('native', config);
    read(machine, ADDRESS);
    const again = during(machine, () => read(machine, ADDRESS));
    expect([again('walk.refs'), again('pwc.guest.l2.hit')]).toEqual([1, 1]);
    // Another L1 table of the same L2: the PDPTE entry is the deepest, two levels are left.
    const next = during(machine, () => read(machine, va({ l4: 1, l3: 2, l2: 4 })));
    expect([next('walk.refs'), next('pwc.guest.l3.hit')]).toEqual([2, 1]);
  });
});

describe('p2m table pages of a guest whose RAM is all mapped', () => {
  function pages(gib: number, pageSize: PageSizeName, maxSize: number = 2): number {
    const p2m = new P2m({ levels: 4, pageSize, populate: 'eager', layout: 'flat' }, [], maxSize);
    p2m.setRam(gib * 2 ** 18, true);
    expect(p2m.total).toBe(p2m.pages.reduce((sum, n) => sum + n, 0));
    return p2m.total;
  }

  // Per GiB 512 L1 tables and one L2; one L3 per 512 GiB; the root.
  it.each([
    [1, 515], // 512 + 1 + 1 + 1
    [4, 2054], // 2048 + 4 + 1 + 1
    [16, 8210], // 8192 + 16 + 1 + 1
    [64, 32834], // 32768 + 64 + 1 + 1
  ])('%s GiB in 4K leaves: %s', (gib, expected) => {
    expect(pages(gib, '4k')).toBe(expected);
  });

  // No L1 tables: per GiB one L2, one L3 per 512 GiB, the root.
  it.each([
    [1, 3],
    [4, 6],
    [16, 18],
    [64, 66],
    [128, 130],
    [256, 258],
    [1024, 1027], // 1024 + 2 + 1
  ])('%s GiB in 2M leaves: %s', (gib, expected) => {
    expect(pages(gib, '2m')).toBe(expected);
  });

  // One L3 per 512 GiB and the root.
  it.each([
    [1, 2],
    [4, 2],
    [16, 2],
    [64, 2],
    [128, 2],
    [256, 2],
    [1024, 3],
  ])('%s GiB in 1G leaves: %s', (gib, expected) => {
    expect(pages(gib, '1g')).toBe(expected);
  });

  it('is at most 2M leaves where the user of the p2m cannot take 1G', () => {
    expect(pages(4, '1g', 1)).toBe(6);
  });

  it('has one page more with five levels', () => {
    const p2m = new P2m({ levels: 5, pageSize: '4k', populate: 'eager', layout: 'flat' }, [], 2);
    p2m.setRam(2 ** 18, true);
    expect(p2m.total).toBe(516);
  });

  it("has an L1 table for the first 2 MiB when Xen's builder lays memory out", () => {
    // Below 2 MiB (VGA hole and all) leaves are 4K, above 2M: one L1, one L2, one L3, the root.
    const p2m = new P2m({ levels: 4, pageSize: '2m', populate: 'eager', layout: 'xen' }, [], 2);
    p2m.setRam(2 ** 18, true);
    expect(p2m.total).toBe(4);
  });

  it('is what a machine reports', () => {
    const config = defaultConfig('none');
    config.guest.ram = 1024;
    for (const mode of ['hap', 'shadow'] as const) {
      const memory = machineOf(mode, config).memory();
      expect([memory['p2m.pages'], memory['p2m.l1.pages'], memory['p2m.l2.pages']]).toEqual([515, 512, 1]);
    }
  });
});

describe("the toolstack's pool", () => {
  // 4 KiB x (256 per vcpu + 1 per MiB of RAM for the p2m + 1 per MiB for shadows).
  it.each([
    [4, 16, 68, 132], // 4 MiB + 64 MiB; + 64 MiB
    [1, 1, 5, 9], // 1 MiB + 4 MiB; + 4 MiB
    [1, 4, 17, 33],
  ])('%s vcpus, %s GiB: hap %s MiB, shadow %s MiB', (vcpus, gib, hapMiB, shadowMiB) => {
    const ram = gib * 2 ** 18;
    expect(hapPoolPages(vcpus, ram)).toBe(hapMiB * 256);
    expect(shadowPoolPages(vcpus, ram)).toBe(shadowMiB * 256);
  });

  it('is what a machine reports', () => {
    const config = defaultConfig('none');
    config.guest.ram = 1024;
    expect(machineOf('hap', config).memory()['pool.pages']).toBe(5 * 256);
    expect(machineOf('shadow', config).memory()['pool.pages']).toBe(9 * 256);
  });
});
