import { describe, expect, it } from 'vitest';
import { experimentCell, experimentLines, experimentSection } from '../../../src/report/experiment-lines.js';
import { PLAIN_OPTIONS } from '../../../src/report/output.js';
import type { ExperimentReport } from '../../../src/report/result.js';

const REPORT: ExperimentReport = {
  name: 'x',
  question: 'Which?',
  axis: 'size',
  columns: [
    { group: 'a long group', head: 'n', unit: 'count' },
    { group: 'c', head: 'hap', unit: 'rate' },
    { group: 'c', head: 'shadow', unit: 'ratio' },
  ],
  rows: [
    { label: '1', values: [1000, 2.345, null] },
    { label: '16', values: [50, 0, 1] },
    { label: '32', values: [0, 0, 1] },
  ],
  bars: 0,
  verdict: [],
};

describe('the table of an experiment', () => {
  it('has a head over each group that ends where the group does, and a bar a row', () => {
    // 1000 is the longest bar, 20 marks; 50 is 1 of 20; nothing is no mark.
    expect(experimentLines(REPORT, PLAIN_OPTIONS)).toEqual([
      '      a long group             c',
      'size             n   hap  shadow  n a long group',
      '1            1,000  2.35       -  ####################',
      '16              50  0.00   1.00x  #',
      '32               0  0.00   1.00x',
    ]);
  });

  it('is cut where groups end if it is wider than it may be, with the bars beside the last part that has room', () => {
    const lines = (columns: number) => experimentLines(REPORT, { ...PLAIN_OPTIONS, columns });
    // 4 for sizes, 2 + 12 under the long group, 2 + 4 and 2 + 6 for c, 2 + 20 for bars.
    expect(lines(54).join('\n')).toBe(experimentLines(REPORT, PLAIN_OPTIONS).join('\n'));
    expect(lines(53).slice(-6)).toEqual([
      '32               0  0.00   1.00x',
      '',
      'size  n a long group',
      '1     ####################',
      '16    #',
      '32',
    ]);
    const narrow = lines(31);
    expect(narrow.slice(0, 7)).toEqual([
      '      a long group',
      'size             n',
      '1            1,000',
      '16              50',
      '32               0',
      '',
      '                 c',
    ]);
    expect(lines(40).slice(0, 2)).toEqual(lines(53).slice(0, 2));
  });

  it('says the group in each head of Markdown', () => {
    expect(experimentSection(REPORT).heads).toEqual(['a long group, n', 'c, hap', 'c, shadow']);
    expect(experimentSection(REPORT).rows[0]).toEqual({
      depth: 0,
      label: '1',
      cells: ['1,000', '2.35', '-'],
    });
  });

  it('writes numbers by their unit', () => {
    expect(experimentCell(1234567.6, { unit: 'count' })).toBe('1,234,568');
    expect(experimentCell(1234.5, { unit: 'rate' })).toBe('1,234.50');
    expect(experimentCell(50.917, { unit: 'ratio' })).toBe('50.92x');
    expect(experimentCell(null, { unit: 'ratio' })).toBe('-');
  });
});
