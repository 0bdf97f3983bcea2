/**
 * Scenarios of the suite `kvm`: what the guest does in each phase, counted by hand from its description.
 *
 * T is the number of leaf tables; a fresh mapping region costs one store in the root, one in the PDPT and one in the
 * PD for each leaf table.
 */
import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_P, PTE_PS, PTE_RW, PTE_US } from '../../../src/arch/pte.js';
import { count, hex, operands, phase, record, workloadPages, type Op } from '../../helpers/kvm-recorder.js';

const USED = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;
const CODE = 0x100;
const DATA = 0x3000;

describe('touch', () => {
  it('maps ascending frames and visits the pages in a permuted order', () => {
    const recorder = record('touch', { n: 256, order: 1, op: 1 });
    const pages = workloadPages(phase(recorder, 'first'), 'write');
    // 0x9e3779b1 mod 256 = 0xb1 = 177: multiples of 177 modulo 256.
    expect(pages.slice(0, 5)).toEqual([0, 177, 98, 19, 196]);
    expect(new Set(pages).size).toBe(256);
    expect(operands(recorder.all, 'store').slice(0, 5)).toEqual([
      '4 10 1 1000 27',
      '3 1000 0 1001 27',
      '2 1001 0 1002 27',
      `1 1002 0 3000 ${hex(USED)}`,
      `1 1002 1 3001 ${hex(USED)}`,
    ]);
  });

  it('reads all, then writes all', () => {
    const recorder = record('touch', { n: 8, op: 2, stride: 3 });
    const stepped = [0, 3, 6, 9, 12, 15, 18, 21];
    expect(workloadPages(phase(recorder, 'read1'), 'read')).toEqual(stepped);
    expect(workloadPages(phase(recorder, 'write1'), 'write')).toEqual(stepped);
    expect(phase(recorder, 'cr3reload')).toEqual(['cr3 10', `fetch ${hex(CODE)}`]);
  });
});

describe('demand', () => {
  it.each([
    // T = 2: a store for each page, 2 PD entries, 1 PDPT entry, 1 root entry.
    [{ n: 1024, op: 1 }, 1024, 1024 + 4, 0],
    [{ n: 1024, fa: 16 }, 64, 1024 + 4, 0],
    // The fault handler zeroes each frame first.
    [{ n: 1024, m: 1 }, 1024, 1024 + 4, 1024],
    // Tables are there.
    [{ n: 1024, var: 1 }, 1024, 1024, 0],
    // The last page of each leaf table is there as well.
    [{ n: 1024, var: 2 }, 1022, 1022, 0],
    // T = N = 64, under one PD.
    [{ n: 64, stride: 512 }, 64, 64 + 66, 0],
  ])('%o: %i faults, %i stores, %i frames zeroed', (given, faults, stores, zeroed) => {
    const recorder = record('demand', given);
    const ops = phase(recorder, 'demand');
    expect([count(ops, 'fault'), count(ops, 'store'), count(ops, 'zero')]).toEqual([faults, stores, zeroed]);
    expect(count(phase(recorder, 'again'), 'fault')).toBe(0);
  });

  it('takes cold frames from 144 MiB and cold tables from 248 MiB', () => {
    const ops = phase(record('demand', { n: 2, cold: 1, ptcold: 1 }), 'demand');
    expect(operands(ops, 'store').map((store) => store.split(' ')[3])).toEqual([
      'f800',
      'f801',
      'f802',
      '9000',
      '9001',
    ]);
  });
});

describe('changes of entries', () => {
  it('remap gives page i frame N + i, with an INVLPG each, all at the end, or none', () => {
    for (const [variant, invlpgs] of [
      [0, 16],
      [1, 0],
    ] as const) {
      const recorder = record('remap', { n: 16, var: variant });
      const ops = phase(recorder, variant === 0 ? 'ptewrite+invlpg' : 'ptewrites');
      expect(operands(ops, 'store')[3]).toBe(`1 1002 3 ${hex(DATA + 16 + 3)} ${hex(USED)}`);
      expect([count(ops, 'store'), count(ops, 'invlpg')]).toEqual([16, invlpgs]);
    }
    expect(count(phase(record('remap', { n: 16, var: 2 }), 'invlpgs'), 'invlpg')).toBe(16);
  });

  it('unmap clears, then faults once a page', () => {
    const recorder = record('unmap', { n: 16 });
    expect(operands(phase(recorder, 'ptewrite+invlpg'), 'store')[2]).toBe('1 1002 2 0 0');
    expect(count(phase(recorder, 'redemand'), 'fault')).toBe(16);
  });

  it('wprotect-cow breaks a page by clear, flush, set; by set, flush; or reopens it', () => {
    const first = (variant: number): Op[] =>
      phase(record('wprotect-cow', { n: 16, var: variant }), 'cow')
        .filter((op) => !op.startsWith('read '))
        .slice(4, 8);
    const [copy, set, flush] = ['copy 3010 3000', `store 1 1002 0 3010 ${hex(USED)}`, 'invlpg 8000000'];
    expect(phase(record('wprotect-cow', { n: 16 }), 'cow').slice(0, 5)).toEqual([
      'write 1ef',
      'read 110',
      'read 8',
      'write 8000000',
      'fault 8000000',
    ]);
    expect(first(0)).toEqual([copy, 'store 1 1002 0 0 0', flush, set]);
    expect(first(1)).toEqual([copy, set, flush, 'write 8000000']);
    expect(first(2)).toEqual([`store 1 1002 0 3000 ${hex(USED)}`, flush, 'write 8000000', 'write 8000001']);
  });

  it('page-ageing clears A, D or both; permission-upgrade sets W', () => {
    const flags = (scenario: string, variant: number): string =>
      operands(phase(record(scenario, { n: 1, var: variant }), 'ptewrites'), 'store')[0]!
        .split(' ')
        .at(-1)!;
    expect([0, 1, 2].map((variant) => flags('page-ageing', variant))).toEqual(['47', '27', '7']);
    expect(flags('permission-upgrade', 0)).toBe(hex(USED));
  });

  it('resync-rounds rewrites entry 7 of each leaf table, two frames in turn', () => {
    const ops = phase(record('resync-rounds', { n: 1024, k: 2 }), 'rounds');
    // Frames 3000 .. 33ff are mapped. A round: T = 2 stores, a reload, 2 writes.
    expect(operands(ops, 'store')).toEqual([
      '1 1002 7 3400 67',
      '1 1003 7 3400 67',
      '1 1002 7 3401 67',
      '1 1003 7 3401 67',
    ]);
    expect(workloadPages(ops, 'write')).toEqual([7, 519, 7, 519]);
    expect(count(ops, 'cr3')).toBe(2);
    expect(count(phase(record('resync-rounds', { n: 1024, k: 2, var: 1 }), 'rounds'), 'write')).toBe(0);
    expect(count(phase(record('resync-rounds', { n: 1024, k: 2, var: 2 }), 'rounds'), 'cr3')).toBe(0);
  });

  it('invlpg of absent pages leaves the tables empty', () => {
    const recorder = record('invlpg', { n: 16, var: 1 });
    expect(operands(recorder.all, 'store')).toHaveLength(3);
    expect(count(phase(recorder, 'invlpgs'), 'invlpg')).toBe(16);
  });
});

describe('spaces', () => {
  it('context-switch goes round, and rewrites m entries of the incoming space before the load', () => {
    const ops = phase(record('context-switch', { s: 2, w: 2, k: 3, m: 1, var: 2 }), 'switches');
    // Space 0: root 10, frame set aside 3000, pages 3001 3002. Space 1: root 1003, aside 3003, leaf table 1006.
    expect(operands(ops, 'cr3')).toEqual(['10', '1003', '10']);
    expect(operands(ops, 'store')).toEqual(['1 1002 0 3000 67', '1 1006 0 3003 67', '1 1002 0 3000 67']);
    expect(workloadPages(ops, 'write')).toEqual([0, 1, 0, 1, 0, 1]);
    const alone = phase(record('context-switch', { s: 2, w: 2, k: 3, var: 1 }), 'switches');
    expect(operands(alone, 'cr3')).toEqual(['10', '10', '10']);
  });

  it('context-switch rotates m frames over m pages', () => {
    const ops = phase(record('context-switch', { s: 1, w: 4, k: 2, m: 2, var: 2 }), 'switches');
    expect(operands(ops, 'store').map((store) => store.split(' ')[3])).toEqual([
      '3000',
      '3001',
      '3000',
      '3001',
    ]);
  });

  it('context-switch-pcid tags space s with s + 1; only var=0 keeps translations and needs INVLPG', () => {
    const given = { s: 2, w: 2, k: 2, m: 1 };
    const kept = phase(record('context-switch-pcid', given), 'switches');
    expect(operands(kept, 'cr3')).toEqual(['10 1 noflush', '1003 2 noflush']);
    expect(count(kept, 'invlpg')).toBe(2);
    const flushed = phase(record('context-switch-pcid', { ...given, var: 1 }), 'switches');
    expect(operands(flushed, 'cr3')).toEqual(['10 1 flush', '1003 2 flush']);
    expect(count(flushed, 'invlpg')).toBe(0);
  });

  it('shared-tables copies entry 1 of the root', () => {
    const recorder = record('shared-tables', { n: 4, s: 3 });
    expect(operands(recorder.all, 'store').slice(-4)).toEqual([
      '4 1003 0 11 27',
      '4 1003 1 1000 27',
      '4 1004 0 11 27',
      '4 1004 1 1000 27',
    ]);
    expect(workloadPages(phase(recorder, 'others'), 'write')).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

  describe('fork-exit', () => {
    const recorder = record('fork-exit', { n: 1024, m: 32, r: 2 });

    it('copies N entries; write-protects those that are writable; zeroes recycled tables', () => {
      // Root's window entry; PDPT, PD and T = 2 leaf tables linked; N child entries; N, then M parent entries.
      expect(count(phase(recorder, 'fork', 0), 'store')).toBe(1 + 4 + 1024 + 1024);
      expect(count(phase(recorder, 'fork', 1), 'store')).toBe(1 + 4 + 1024 + 32);
      expect(count(phase(recorder, 'fork', 0), 'zero')).toBe(0);
      expect(count(phase(recorder, 'fork', 1), 'zero')).toBe(5);
    });

    it('copies M pages in the child, reopens M in the parent', () => {
      for (const round of [0, 1]) {
        const child = phase(recorder, 'child-cow', round);
        expect([
          count(child, 'fault'),
          count(child, 'copy'),
          count(child, 'store'),
          count(child, 'invlpg'),
        ]).toEqual([32, 32, 64, 32]);
        const parent = phase(recorder, 'parent-write', round);
        expect([count(parent, 'fault'), count(parent, 'copy'), count(parent, 'store')]).toEqual([32, 0, 32]);
        // N leaf entries, T of the PD, one of the PDPT, one of the root.
        expect(count(phase(recorder, 'exit', round), 'store')).toBe(1024 + 2 + 1 + 1);
      }
    });

    it('takes freed frames and tables last in, first out', () => {
      const copies = operands(phase(recorder, 'child-cow', 1), 'copy');
      expect(copies[0]).toBe(`${hex(DATA + 1024 + 31)} ${hex(DATA)}`);
      expect(copies[31]).toBe(`${hex(DATA + 1024)} ${hex(DATA + 31)}`);
      // Freed: leaf 1007 and 1008, PD, PDPT, root 1004; the next root is the one freed last.
      expect(operands(phase(recorder, 'fork', 1), 'zero')).toEqual(['1004', '1005', '1006', '1008', '1007']);
    });
  });
});

describe('touching', () => {
  it('prefetch-holes leaves one page of eight to the end, with entries of another kind', () => {
    const recorder = record('prefetch-holes', { n: 16, k: 4, var: 2, order: 1, op: 1 });
    expect(workloadPages(phase(recorder, 'others'), 'write')).toEqual([
      15, 14, 13, 11, 10, 9, 8, 7, 6, 5, 3, 2, 1, 0,
    ]);
    expect(workloadPages(phase(recorder, 'holes'), 'read')).toEqual([4, 12]);
    const flags = [0, 1, 2, 3].map((variant) =>
      operands(record('prefetch-holes', { n: 1, var: variant }).all, 'store')
        .at(-1)!
        .split(' ')
        .at(-1),
    );
    expect(flags).toEqual(['0', '7', '65', '27']);
  });

  it('large-pages maps 2 MiB entries and touches one byte of each, or of each 4 KiB', () => {
    const recorder = record('large-pages', { n: 2, cold: 1 });
    expect(operands(recorder.all, 'store').slice(-1)).toEqual([`2 1001 1 9200 ${hex(USED | PTE_PS)}`]);
    expect(workloadPages(phase(recorder, 'first'), 'read')).toEqual([0, 512]);
    expect(
      workloadPages(phase(record('large-pages', { n: 2, var: 1, op: 1 }), 'again'), 'write'),
    ).toHaveLength(1024);
  });

  it('alias writes the same frames at two places', () => {
    const recorder = record('alias', { n: 2 });
    expect(workloadPages(phase(recorder, 'alias'), 'write')).toEqual([0x10000000, 0x10000001]);
    const leaves = operands(recorder.all, 'store').filter((store) => store.startsWith('1 '));
    expect(leaves.map((store) => store.split(' ')[3])).toEqual(['3000', '3000', '3001', '3001']);
  });

  it('direct-map stores 1, then 2, at the start of cold frames', () => {
    const recorder = record('direct-map', { n: 2, stride: 8 });
    expect(phase(recorder, 'first')).toEqual(['data 9000 0 0 1', 'data 9008 0 0 1']);
    expect(phase(recorder, 'again')).toEqual(['data 9000 0 0 2', 'data 9008 0 0 2']);
  });
});
