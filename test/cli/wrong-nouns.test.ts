/** Mistakes that are near to something that works: the message says to what. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cli, scratch } from './run-cli.js';

const TRACE = resolve('traces/examples/plain.csv');
const FOLDER = scratch();
const SAVED = 'error: dir: is a directory; expected saved results\n';
const EITHER = 'error: dir: is a directory; expected a trace or saved results\n';
const SWEEP = ['sweep', TRACE];

beforeAll(() => {
  mkdirSync(join(FOLDER, 'dir'));
  writeFileSync(join(FOLDER, 'hap.json'), cli(['replay', TRACE, '--json']).stdout);
  writeFileSync(join(FOLDER, 'line.json'), cli(['replay', TRACE, '-r', 'ndjson']).stdout);
  expect(cli(['baseline', 'update', TRACE, '-b', join(FOLDER, 'base.json')]).code).toBe(0);
  writeFileSync(join(FOLDER, 'cut.json'), '{\n  "schema": "p2msim.baseline/1",\n  "configs": {');
});

describe('a mistake', () => {
  it.each<[string, string[], number, string]>([
    ['a folder to collect', ['collect', 'dir'], 3, SAVED],
    ['a folder to table', ['table', 'dir'], 3, SAVED],
    ['a folder as baseline', ['baseline', 'check', '-b', 'dir'], 3, SAVED],
    ['a folder for a baseline', ['baseline', 'update', 'dir'], 3, EITHER],
    ['a folder against a baseline', ['baseline', 'check', 'dir', '-b', 'base.json'], 3, EITHER],
    ['a folder to diff with', ['diff', 'hap.json', 'dir'], 3, EITHER],
    ['a folder to compare', ['compare', 'dir'], 3, EITHER],
    ['a folder to replay', ['replay', 'dir'], 3, 'error: dir: is a directory; expected a trace file\n'],
    [
      'a single result to collect',
      ['collect', 'hap.json'],
      3,
      'error: hap.json: is p2msim.result/1, which is no results file of a batch\nhint: `p2msim table hap.json` and',
    ],
    [
      'a result in a line',
      ['collect', 'line.json'],
      3,
      'error: line.json: is p2msim.result/1, which is no results',
    ],
    [
      'a baseline that is cut off',
      ['baseline', 'check', '-b', 'cut.json'],
      3,
      'hint: take it from version control again, or remove it and let `p2msim baseline update TRACE...`',
    ],
    ['modes as a key', [...SWEEP, '-L', 'mode', 'hap,shadow'], 2, 'hint: modes are given by `-m hap,shadow`'],
    ['traces as a key', [...SWEEP, '-L', 'trace', 'a,b'], 2, 'hint: several traces are given by `traces = '],
    [
      'a range of words',
      [...SWEEP, '-P', 'guest.pageSize', '4k', '2m'],
      2,
      'error: -P: the values of guest.pageSize are no numbers, so that there is no range of them\n' +
        'hint: list them: `-L guest.pageSize 4k,2m,1g`',
    ],
    [
      'a range of presets',
      [...SWEEP, '-P', 'preset', 'a', 'b'],
      2,
      'hint: list them: `-L preset skylake,haswell',
    ],
    [
      'an option of other commands',
      ['replay', TRACE, '--jobs', '0'],
      2,
      'error: --jobs is no option of this command; it is one of compare, diff, ',
    ],
    ['an option of a subcommand', ['replay', TRACE, '--quantum', '1'], 2, 'it is one of trace merge\n'],
    ['an option that is a slip', ['replay', TRACE, '--presett', 'x'], 2, '(Did you mean --preset?)'],
    [
      'the beginning of a metric',
      ['replay', TRACE, '--fail-on', 'memory.p2m > 10'],
      2,
      "unknown metric 'memory.p2m' (did you mean 'memory.p2m.pages'?)",
    ],
  ])('with %s is told what to do', (_, words, code, message) => {
    const result = cli(words, { cwd: FOLDER });
    expect(result.stderr).toContain(message);
    expect(result.code).toBe(code);
  });

  it('in the keys of a specification is shown in its line', () => {
    writeFileSync(join(FOLDER, 's.toml'), `traces = ["${TRACE}"]\n[axes]\nmode = ["hap"]\n`);
    expect(cli(['sweep', 's.toml'], { cwd: FOLDER }).stderr).toMatch(
      /^error: s\.toml:3:1: 'mode' is no configuration key\n {2}3 \| mode = .*\n.*\nhint: modes are given by /,
    );
  });
});

describe('the heading of a sweep', () => {
  it('names every preset that was swept, and one alone as before', () => {
    expect(cli([...SWEEP, '-L', 'preset', 'skylake,zen2']).stdout).toContain(
      '2 points  preset, presets skylake, zen2\n',
    );
    expect(cli([...SWEEP, '-L', 'seed', '1,2']).stdout).toContain('2 points  seed, preset skylake\n');
  });
});
