import { describe, expect, it } from 'vitest';
import { fittedText } from '../../../src/report/fitted-text.js';
import { sectionCells } from '../../../src/report/section-lines.js';
import { row, type Section } from '../../../src/report/section.js';
import { fittedSections } from '../../../src/report/wide-section.js';

/** Two rows, `leads` columns that name them and `values` numbers, each column 10 wide and 2 from the next. */
function wide(leads: number, values: number): Section {
  const name = (text: string, at: number): string => `${text}${at}`.padEnd(10, '.');
  const heads = [
    ...Array.from({ length: leads }, (_, at) => name('lead', at)),
    ...Array.from({ length: values }, (_, at) => name('value', at)),
  ];
  const rows = [1, 2].map((line) =>
    row(0, `row ${line}`, ...heads.map((head) => `${head.slice(0, 6)}=${line}`)),
  );
  return { title: 'label', heads, aligns: heads.map(() => 'right'), rows };
}

const titles = ({ title, heads }: Section): string[] => [title, ...heads];

describe('a section that is too wide', () => {
  it('is left alone if it fits', () => {
    // label: 5 (row 1), and six columns of 10 two apart: 5 + 6 * 12 = 77.
    expect(fittedSections(wide(1, 5), 1, 77)).toEqual([wide(1, 5)]);
    expect(fittedSections(wide(1, 5), 1, 76)).toHaveLength(2);
  });

  it('is cut into tables that each have what names the row', () => {
    const parts = fittedSections(wide(1, 5), 1, 60);
    expect(parts.map(titles)).toEqual([
      ['label', 'lead0.....', 'value0....', 'value1....', 'value2....'],
      ['label', 'lead0.....', 'value3....', 'value4....'],
    ]);
    expect(parts.map((part) => sectionCells(part)[2]?.slice(0, 3))).toEqual([
      ['row 2', 'lead0.=2', 'value0=2'],
      ['row 2', 'lead0.=2', 'value3=2'],
    ]);
  });

  it('is numbered where the names of its rows take more than half of the width', () => {
    const parts = fittedSections(wide(3, 2), 3, 60);
    expect(parts.map(titles)).toEqual([
      ['row', 'label', 'lead0.....', 'lead1.....', 'lead2.....'],
      ['row', 'value0....', 'value1....'],
    ]);
    expect(parts.map((part) => sectionCells(part)[2])).toEqual([
      ['2', 'row 2', 'lead0.=2', 'lead1.=2', 'lead2.=2'],
      ['2', 'value0=2', 'value1=2'],
    ]);
  });

  it('has its labels broken at blanks where one column beside them is too wide', () => {
    const whole: Section = {
      title: 'label',
      heads: ['count'],
      aligns: ['right'],
      rows: [
        row(1, 'a label of many words'),
        row(2, 'another one of many words', '1,234,567'),
        row(1, 'short', '1'),
      ],
    };
    // 4 + 25 + 2 + 9 = 40; at 35 columns 24 are left for labels.
    expect(fittedSections(whole, 0, 40)).toEqual([whole]);
    expect(fittedSections(whole, 0, 35).flatMap(sectionCells)).toEqual(
      [
        ['label', 'count'],
        ['  a label of many', ''],
        ['    words', ''],
        ['    another one of', ''],
        ['      many words', '1,234,567'],
        ['  short', '1'],
      ].map((cells) => cells.filter((cell, i) => i === 0 || cell !== '')),
    );
  });

  it('loses no cell, however narrow', () => {
    for (const columns of [1, 20, 33, 50, 90]) {
      const cells = fittedSections(wide(2, 9), 2, columns).flatMap((part) => sectionCells(part).flat());
      for (const cell of sectionCells(wide(2, 9)).flat())
        expect(cells, `${cell} at ${columns}`).toContain(cell);
    }
  });
});

describe('a list', () => {
  it('goes on below where the text of a line began', () => {
    const text = '  name   one two three\n    four five six seven\nshort\n';
    expect(fittedText(text, 17)).toBe(
      '  name   one two\n         three\n    four five six\n    seven\nshort\n',
    );
    expect(fittedText(text, 80)).toBe(text);
  });
});
