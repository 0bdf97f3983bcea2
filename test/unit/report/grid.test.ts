import { describe, expect, it } from 'vitest';
import { besideOrBelow, gridLines, wrap } from '../../../src/report/grid.js';

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
