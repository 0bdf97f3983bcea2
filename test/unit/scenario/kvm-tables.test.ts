/**
 * Scenarios of the suite `kvm` about table pages: recycle-tables, pd-link, hypervisor-zap.
 */
import { describe, expect, it } from 'vitest';
import { hex, operands, phase, record, workloadPages } from '../../helpers/kvm-recorder.js';

const CODE = 0x100;

describe('tables that come and go', () => {
  const cleared = (variant: number, word: string): string[] =>
    operands(phase(record('recycle-tables', { n: 1024, var: variant }), 'clear'), word);

  it('recycle-tables clears the root, PDPT, PD and T = 2 leaf tables of the second space', () => {
    // The first space needs no table before the second one is made: 1000 root, 1001, 1002, 1003 and 1004 leaf.
    const list = ['1000', '1001', '1002', '1003', '1004'];
    expect(cleared(0, 'zero')).toEqual(list.toReversed());
    expect(cleared(1, 'zero')).toEqual(list);
    expect(cleared(2, 'data')).toEqual(list.toReversed().map((table) => `${table} 100 0 0`));
  });

  it('recycle-tables writes 512 words in each of them, 1 in each at the end, and maps them at 1.5 TiB', () => {
    const recorder = record('recycle-tables', { n: 1024 });
    const words = operands(phase(recorder, 'reuse512'), 'data');
    expect(words).toHaveLength(5 * 512);
    // 0x1a7: bits 8 (global), 7, 5, 2, 1, 0; the global bit is kept as 8.
    expect(words[0x1a7]).toBe(`1004 1a7 0 ${hex(0xa7 | 8)}`);
    expect(operands(phase(recorder, 'reuse-after-reload'), 'data')[0]).toBe('1004 0 0 1');
    expect(workloadPages(phase(recorder, 'asdata'), 'write')).toEqual(
      [0, 1, 2, 3, 4].map((i) => 0x10000000 + i),
    );
  });

  it('pd-link links and unlinks N entries of one page directory', () => {
    const recorder = record('pd-link', { n: 3 });
    // 1000 PDPT, 1001 PD, 1002 leaf of slot 0; the ready tables follow.
    expect(operands(phase(recorder, 'link'), 'store')).toEqual([
      '2 1001 1 1003 27',
      '2 1001 2 1004 27',
      '2 1001 3 1005 27',
    ]);
    expect(workloadPages(phase(recorder, 'touch'), 'write')).toEqual([512, 1024, 1536]);
    expect(operands(phase(recorder, 'unlink'), 'store')).toEqual([
      '2 1001 1 0 0',
      '2 1001 2 0 0',
      '2 1001 3 0 0',
    ]);
    expect(workloadPages(phase(record('pd-link', { n: 3, var: 2 }), 'link'), 'write')).toEqual([0, 0, 0]);
  });

  it('hypervisor-zap runs on: code first, then stack, variables, parameters, pages', () => {
    const recorder = record('hypervisor-zap', { n: 2 });
    expect(phase(recorder, 'zap')).toEqual(['drop', `fetch ${hex(CODE)}`]);
    expect(phase(recorder, 'first')).toEqual([
      'write 1ef',
      'read 110',
      'read 8',
      'write 8000000',
      'write 8000001',
    ]);
  });
});
