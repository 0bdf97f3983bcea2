import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Align, besideOrBelow, gridLines, tableGrid, wrap } from '../../../src/report/grid.js';

describe('gridLines', () => {
  it('makes nothing of nothing', () => expect(gridLines([], ['left'])).toEqual([]));

  it('aligns columns, fills short rows and leaves no trailing blanks or colours', () => {
    expect(gridLines([['name', 'n'], ['  a', '1,000'], [], ['bc']], ['left', 'right'])).toEqual([
      'name      n',
      '  a   1,000',
      '',
      'bc',
    ]);
  });

  it('measures visible text only', () => {
    const red = (text: string): string => `\u001b[31m${text}\u001b[39m`;
    expect(
      gridLines(
        [
          [red('a'), '1'],
          ['bb', '2'],
        ],
        ['left', 'right'],
      ),
    ).toEqual([`${red('a')}   1`, 'bb  2']);
  });

  // A wide character takes two columns: cli-table3 knows, and such text goes to it.
  it('gives wide characters their two columns', () => {
    const rows = [
      ['\u8868', 'x'],
      ['abc', 'y'],
    ];
    expect(gridLines(rows, ['left', 'left'])).toEqual(['\u8868   x', 'abc  y']);
  });

  it('makes the lines of cli-table3 without it', () => {
    const code = fc.constantFrom('', '\u001b[1m', '\u001b[31m');
    const ends: Record<string, string> = { '': '', '\u001b[1m': '\u001b[22m', '\u001b[31m': '\u001b[39m' };
    const word = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 });
    const cell = fc
      .tuple(code, word)
      .map(([start, text]) => (text.trim() === '' ? text : start + text + (ends[start] ?? '')));
    const align = fc.constantFrom<Align>('left', 'right');
    const grid = fc.array(align, { minLength: 1, maxLength: 4 }).chain((aligns) =>
      fc.tuple(
        fc.array(fc.array(cell, { minLength: 1, maxLength: aligns.length }), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.constant(aligns),
      ),
    );
    fc.assert(
      fc.property(grid, ([rows, aligns]) => {
        expect(gridLines(rows, aligns)).toEqual(tableGrid(rows, aligns));
      }),
    );
  });
});

describe('besideOrBelow', () => {
  it('puts blocks side by side as long as they fit', () => {
    expect(besideOrBelow(['ab', 'c'], ['x', 'y', 'z'], 6)).toEqual(['ab   x', 'c    y', '     z']);
    expect(besideOrBelow(['ab', 'c'], ['x'], 5)).toEqual(['ab', 'c', '', 'x']);
    expect(besideOrBelow(['ab'], [], 80)).toEqual(['ab']);
  });
});

describe('wrap', () => {
  it('breaks at blanks and indents what follows', () => {
    expect(wrap('one two three', 9, '- ')).toEqual(['- one two', '  three']);
    expect(wrap('incomprehensible word', 5)).toEqual(['incomprehensible', 'word']);
    expect(wrap('', 5, '- ')).toEqual(['- ']);
  });
});
