import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandLine, fileWord, shellWord } from '../../../src/util/shell-word.js';

describe('a word for the shell', () => {
  it('is quoted only if it has to be', () => {
    expect(commandLine(['p2msim', '-L', 'l1d.ways', '2,4', 'a=b@c:d%e+f/g'])).toBe(
      'p2msim -L l1d.ways 2,4 a=b@c:d%e+f/g',
    );
    expect(shellWord('walk.refs > 1')).toBe("'walk.refs > 1'");
    expect(shellWord('')).toBe("''");
  });

  it('is no option where it is the name of a file', () => {
    const names = ['a.trace', '-x', '--json', '-', './-', 'a b', "-it's", '$(x)'];
    expect(names.map(fileWord)).toEqual([
      'a.trace',
      './-x',
      './--json',
      '-',
      './-',
      "'a b'",
      "'./-it'\\''s'",
      "'$(x)'",
    ]);
  });

  it('is read back as it was', () => {
    const words = ['', ' ', "it's", '$HOME', '`x`', '\\', '"', '~', 'a\nb', '*', '#', '!', "'", '\u00e4'];
    const read = execFileSync('sh', ['-c', `printf '%s\\0' ${commandLine(words)}`], { encoding: 'utf8' });
    expect(read.split('\0').slice(0, -1)).toEqual(words);
  });
});
