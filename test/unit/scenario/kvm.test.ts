/**
 * The suite `kvm` as a whole: phases of every scenario, machine, warm-up, what the guest refuses.
 */
import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../../src/arch/pte.js';
import { UsageError } from '../../../src/errors.js';
import { KVM_SUITE } from '../../../src/scenario/kvm/index.js';
import { completeParams } from '../../../src/scenario/params.js';
import { SoftMmu } from '../../../src/scenario/soft-mmu.js';
import { hex, operands, record, type Given, type Op } from '../../helpers/kvm-recorder.js';

const USED = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;
const TABLES = 0x1000;
const DATA = 0x3000;

describe('phases of the measured rows', () => {
  const TOUCH = 'first again cr3reload afterreload';
  const ROUND = 'fork parent-cr3reload switch-to-child child-cow';
  const ROWS: readonly [string, Given, string][] = [
    ['baseline', { k: 3000000 }, 'empty spin'],
    ['touch', { n: 64 }, TOUCH],
    ['touch', { n: 64, op: 1, cold: 1 }, TOUCH],
    ['touch', { n: 64, op: 2, ad: 0 }, 'read1 write1 again cr3reload afterreload'],
    ['demand', { n: 16, stride: 512, ptcold: 1 }, 'demand again'],
    ['remap', { n: 16 }, 'ptewrite+invlpg retouch again'],
    ['remap', { n: 16, var: 1 }, 'ptewrites cr3reload retouch again'],
    ['remap', { n: 16, var: 2, k: 1 }, 'ptewrites invlpgs retouch again'],
    ['unmap', { n: 16 }, 'ptewrite+invlpg redemand again'],
    ['unmap', { n: 16, var: 1 }, 'ptewrites cr3reload redemand again'],
    ['wprotect-cow', { n: 16 }, 'wprotect cr3reload reads cow again'],
    ['context-switch', { s: 2, w: 1, k: 4 }, 'warmup switches'],
    ['context-switch-pcid', { s: 2, w: 1, k: 4 }, 'warmup switches'],
    ['invlpg', { n: 16 }, 'invlpgs retouch'],
    ['invlpg', { n: 16, var: 1 }, 'invlpgs'],
    ['large-pages', { n: 4 }, 'first again'],
    ['recycle-tables', { n: 16 }, 'clear clear-again reuse512 asdata cr3reload reuse-after-reload'],
    ['fork-exit', { n: 16, m: 4, r: 1 }, `${ROUND} switch-to-parent exit parent-write`],
    ['fork-exit', { n: 16, m: 4, r: 1, var: 1 }, `${ROUND} exit switch-to-parent parent-write`],
    ['hypervisor-zap', { n: 16 }, 'before zap first again'],
    ['pd-link', { n: 4 }, 'link touch old unlink cr3reload old-again'],
    ['pd-link', { n: 4, var: 1 }, 'link old unlink cr3reload old-again'],
    ['page-ageing', { n: 16 }, 'ptewrites cr3reload retouch again'],
    ['permission-upgrade', { n: 16 }, 'ptewrites writes again'],
    ['resync-rounds', { n: 512, k: 2 }, 'rounds'],
    ['alias', { n: 16 }, 'first alias'],
    ['shared-tables', { n: 16, s: 2 }, 'space0 others'],
    ['prefetch-holes', { n: 16 }, 'others'],
    ['prefetch-holes', { n: 16, var: 1 }, 'others holes'],
    ['direct-map', { n: 16, cold: 1 }, 'first again'],
  ];

  it.each(ROWS)('%s %o', (scenario, params, phases) => {
    expect(record(scenario, params).phases.map((one) => one.phase)).toEqual(phases.split(' '));
  });

  it('come from every scenario', () => {
    expect([...new Set(ROWS.map(([scenario]) => scenario))].sort()).toEqual(
      KVM_SUITE.scenarios.names().sort(),
    );
  });
});

describe('the machine', () => {
  const hostOf = (scenario: string, given: Given) =>
    KVM_SUITE.host(completeParams(KVM_SUITE.scenarios.get(scenario), given));

  it('follows the parameters', () => {
    expect(hostOf('touch', { n: 1 })).toEqual({
      ram: 65_536,
      hugePages: false,
      populated: true,
      shadowLimit: null,
      directMapHi: 0,
      // Parameters and boot tables; code, constants and stack.
      loaded: [
        { start: 0x8, end: 0x18 },
        { start: 0x100, end: 0x1f0 },
      ],
      pcid: false,
    });
    expect(hostOf('touch', { n: 1, thp: 1, pop: 0, nrmmu: 100 })).toMatchObject({
      hugePages: true,
      populated: false,
      shadowLimit: 100,
    });
    expect(hostOf('context-switch-pcid', { s: 2, w: 1, k: 1 }).pcid).toBe(true);
  });

  it.each([
    [2048, 3 + 127, `12 7f ${hex(127 * 512)} ${hex(USED | PTE_PS)}`],
    // Root and PDPT entry, 128 entries of the PD, then 512 entries in each of the 128 tables at 0x400.
    [4, 2 + 128 + 128 * 512, `47f 1ff ffff ${hex(USED)}`],
  ])('has a window of %i KiB pages over all of its memory', (win, entries, last) => {
    const set: string[] = [];
    const params = completeParams(KVM_SUITE.scenarios.get('baseline'), { win });
    KVM_SUITE.bootTables(params, (...entry) => set.push(entry.map(hex).join(' ')));
    expect(set).toHaveLength(entries);
    expect(set.slice(0, 2)).toEqual(['10 0 11 27', '11 0 12 27']);
    expect(set.at(-1)).toBe(last);
  });
});

describe('the warm-up', () => {
  /** Frames written once before the first measured phase of a workload that does nothing. */
  function warmed(given: Given): number[] {
    const ops = record('baseline', given).all;
    // Before the warm-up proper the kernel has run: code, stack, parameters, variables.
    return operands(ops.slice(4), 'write').map((page) => Number.parseInt(page, 16));
  }
  const range = (start: number, length: number): number[] => Array.from({ length }, (_, i) => start + i);
  const KERNEL = [...range(0x8, 16), ...range(0x100, 240)];

  it('writes each frame that the parameters call for once, in order', () => {
    // Tables 64 + 2 (1024/512 + 4) = 76 and one set of 4 + 0 + 1 for each of 3 spaces; data 1024 + 3 (16 + 2) + 2*2 + 64.
    expect(warmed({ n: 1024, s: 3, w: 16, m: 2 })).toEqual([
      ...KERNEL,
      ...range(TABLES, 76 + 15),
      ...range(DATA, 1024 + 54 + 4 + 64),
    ]);
  });

  it('leaves out what is to be cold', () => {
    expect(warmed({ cold: 1, ptcold: 1 })).toEqual(KERNEL);
    expect(warmed({ cold: 1 })).toEqual([...KERNEL, ...range(TABLES, 64 + 8)]);
  });
});

describe('the kernel itself', () => {
  it('has every instruction fetched, and the entry of a fault handler as well', () => {
    const { ops, fetches } = record('demand', { n: 1, op: 1 }).phases[0]!;
    const stores = ['4 10 1 1000 27', '3 1000 0 1001 27', '2 1001 0 1002 27', '1 1002 0 3000 67'];
    expect(ops).toEqual([
      'write 1ef',
      'read 110',
      'read 8',
      'write 8000000',
      'fault 8000000',
      'write 1ef',
      'read 110',
      ...stores.map((store) => `store ${store}`),
      'write 8000000',
    ]);
    // Stack, variables, parameters, the page; the handler's look at its variables; 6 loads and 4 stores of its walk
    // (two loads and a store a level, then the entry itself); the mark.
    expect(fetches).toBe(4 + 1 + 6 + 4 + 1);
  });

  it('does the same whatever the limit of shadow pages', () => {
    const all = (given: Given): Op[] => record('context-switch', { s: 2, w: 2, k: 4, ...given }).all;
    expect(all({ nrmmu: 64 })).toEqual(all({}));
  });
});

describe('parameters that the measured guest or KVM refuses', () => {
  it.each([
    ['touch', { n: 24_576 }, 'needs 24640 data frames, and the measured guest has 24576'],
    [
      'touch',
      { n: 4096, stride: 512, cold: 1 },
      'needs 8264 page-table frames, and the measured guest has 6144',
    ],
    ['touch', { n: 1, nrmmu: 63 }, 'KVM takes no limit below 64'],
    ['touch', { n: 1, win: 8 }, 'win is 8'],
    ['demand', { n: 1, fa: 3 }, 'fa is 3'],
    ['fork-exit', { n: 8, m: 9, r: 1 }, 'm is 9; the child has n=8 pages'],
    ['context-switch', { s: 1, w: 512, k: 1, m: 513, var: 2 }, 'page 512 changes'],
    ['resync-rounds', { n: 1, k: 1, stride: 128 }, 'page 7 changes'],
    ['large-pages', { n: 57, cold: 1 }, 'memory for 56 large pages'],
    ['direct-map', { n: 3585, stride: 8 }, 'reaches beyond the 28672 cold frames'],
    ['pd-link', { n: 512 }, 'expected a whole number, 1 to 511'],
    ['context-switch-pcid', { s: 1, w: 1, k: 1, pcid: 0 }, 'pcid is'],
    ['touch', {}, 'needs parameter n'],
  ])('%s %o', (scenario, given, message) => {
    const complete = (): unknown => completeParams(KVM_SUITE.scenarios.get(scenario), given);
    expect(complete).toThrow(UsageError);
    expect(complete).toThrow(message);
  });

  it('the last ones that fit are taken', () => {
    expect(record('touch', { n: 24_512 }).phases).toHaveLength(4);
    expect(record('large-pages', { n: 56, cold: 1 }).phases).toHaveLength(2);
    expect(record('direct-map', { n: 3584, stride: 8 }).phases).toHaveLength(2);
    expect(record('pd-link', { n: 511 }).phases).toHaveLength(6);
    expect(record('resync-rounds', { n: 1, k: 1, stride: 64 }).phases).toHaveLength(1);
  });

  it('frames that only the run shows to be missing end it', () => {
    // Fault-around fills the 4096 pages between two touched ones as well: 16 * 4096 frames.
    expect(() => record('demand', { n: 129, stride: 512, fa: 512 })).toThrow(UsageError);
  });
});

it('a session runs one scenario', () => {
  const params = completeParams(KVM_SUITE.scenarios.get('baseline'), {});
  const mmu = new SoftMmu(KVM_SUITE.bootRoot);
  KVM_SUITE.bootTables(params, (...entry) => mmu.place(...entry));
  const session = KVM_SUITE.boot(mmu, params);
  session.run('baseline', params);
  expect(() => session.run('baseline', params)).toThrow('runs one scenario');
});
