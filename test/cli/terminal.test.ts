import { describe, expect, it } from 'vitest';
import { excerptLines } from '../../src/cli/error-text.js';
import { progressLine } from '../../src/cli/progress.js';
import { colorChoice, outputColumns, wantsColor, wantsUnicode } from '../../src/cli/terminal.js';

const TERMINAL = { isTTY: true, columns: 80 };
const PIPE = {};

describe('colour', () => {
  it.each([
    ['a terminal', TERMINAL, 'auto', {}, true],
    ['a pipe', PIPE, 'auto', {}, false],
    ['a dumb terminal', TERMINAL, 'auto', { TERM: 'dumb' }, false],
    ['NO_COLOR', TERMINAL, 'auto', { NO_COLOR: '1' }, false],
    ['an empty NO_COLOR', TERMINAL, 'auto', { NO_COLOR: '' }, true],
    ['FORCE_COLOR', PIPE, 'auto', { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', TERMINAL, 'auto', { FORCE_COLOR: '0' }, false],
    ['FORCE_COLOR over NO_COLOR', PIPE, 'auto', { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    ['--color never over FORCE_COLOR', TERMINAL, 'never', { FORCE_COLOR: '1' }, false],
    ['--color always over NO_COLOR', PIPE, 'always', { NO_COLOR: '1' }, true],
  ] as const)('with %s', (_what, stream, choice, environment, wanted) => {
    expect(wantsColor(stream, choice, environment)).toBe(wanted);
  });

  it('is read from the words before they are parsed', () => {
    expect(colorChoice(['replay', '--color', 'never'])).toBe('never');
    expect(colorChoice(['replay', '--color=always'])).toBe('always');
    expect(colorChoice(['replay', '--color'])).toBe('auto');
    expect(colorChoice(['replay', 'always'])).toBe('auto');
  });
});

describe('the width of tables', () => {
  it('is that of the terminal or of COLUMNS, from 40 to 100', () => {
    expect(outputColumns({ columns: 80 }, {})).toBe(80);
    expect(outputColumns({ columns: 200 }, {})).toBe(100);
    expect(outputColumns({}, { COLUMNS: '72' })).toBe(72);
    expect(outputColumns({}, { COLUMNS: '10' })).toBe(100);
    expect(outputColumns({}, {})).toBe(100);
  });
});

describe('an excerpt', () => {
  it('puts the carets under the field', () => {
    expect(excerptLines(48213, '103,0,R,0x7fq0,8', 9, 6)).toEqual([
      '  48213 | 103,0,R,0x7fq0,8',
      '        |         ^^^^^^',
    ]);
  });

  it('shows no control character', () => {
    expect(excerptLines(1, 'a\u001b[31mb\tc', undefined, 1)).toEqual(['  1 | a [31mb c']);
  });

  it('cuts a long line around the field', () => {
    const [line = '', carets = ''] = excerptLines(7, `${'a'.repeat(500)}BAD${'c'.repeat(500)}`, 501, 3);
    expect(line).toHaveLength('  7 | '.length + 100);
    expect(line.slice(carets.indexOf('^'), carets.lastIndexOf('^') + 1)).toBe('BAD');
  });
});

describe('progress', () => {
  it('says how far it is where the size is known', () => {
    expect(progressLine('a.csv', 1_200_000, 43, 100)).toBe('a.csv  1,200,000 records  43%');
    expect(progressLine('-', 5, 43, null)).toBe('-  5 records');
  });
});

describe('characters beyond ASCII', () => {
  it.each([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_US.UTF-8', TERM: 'dumb' }, false],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'C.UTF-8' }, true],
    [{ LANG: 'C.UTF-8', LC_ALL: '' }, true],
    [{}, false],
  ])('with %o: %s', (environment, wanted) => {
    expect(wantsUnicode(environment)).toBe(wanted);
  });
});
