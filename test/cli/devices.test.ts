/** Places that are no files: full ones, endless ones, and files of somebody else. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cli, file, shell } from './run-cli.js';

const TRACE = 'traces/examples/fork.csv';
const SWEEP = ['sweep', TRACE, '-L', 'stlb.entries', '768,1536'];

describe('standard output that is full', () => {
  it('is one line of an error, and no check that failed', () => {
    for (const command of [`compare ${TRACE} -m hap`, `replay ${TRACE} --json`, 'presets', '--help']) {
      const { code, stderr } = shell(
        `p2msim ${command} -q > /dev/full`.replace('presets -q', 'presets').replace('--help -q', '--help'),
      );
      expect(stderr, command).toMatch(
        /^error: standard output cannot be written: no space left on the device$/m,
      );
      expect(stderr, command).not.toContain('at ');
      expect(code, command).toBe(2);
    }
  });

  it('is said, and not that a trace was written', () => {
    const { code, stderr } = shell(`p2msim trace convert ${TRACE} - --to csv > /dev/full`);
    expect([code, stderr]).toEqual([
      2,
      'error: standard output cannot be written: no space left on the device\n',
    ]);
  });

  it('is named where it is a file', () => {
    const { code, stderr } = cli(['compare', TRACE, '-q', '-o', '/dev/full']);
    expect(stderr).toBe('error: /dev/full: cannot be written: no space left on the device\n');
    expect(code).toBe(2);
  });
});

describe('a device in the place of a file', () => {
  it('is refused as a trace, a saved result and a baseline: some never end', () => {
    for (const words of [
      ['replay', '/dev/zero'],
      ['diff', '/dev/zero', '/dev/zero'],
      ['baseline', 'update', TRACE, '-b', '/dev/full'],
    ]) {
      const { code, stderr } = cli(words);
      expect(stderr, words.join(' ')).toContain('is a device; expected a file');
      expect(code, words.join(' ')).toBe(3);
    }
  });

  it('is refused for results, and leaves no lock', () => {
    for (const place of ['/dev/full', '.']) {
      const { code, stderr } = cli([...SWEEP, '--results', place]);
      expect(stderr).toContain(`error: ${place}: is no regular file`);
      expect(code).toBe(2);
      expect(existsSync(`${place}.lock`)).toBe(false);
    }
    const { code, stderr } = cli([...SWEEP, '--results', '/no/such/r.jsonl']);
    expect(stderr).toContain('error: /no/such/r.jsonl: cannot be written');
    expect(code).toBe(2);
  });
});

describe("somebody else's file", () => {
  it.each(['{"a":1}', 'hello', '{"schema":"p2msim.batch'])(
    'is not taken for a torn line unless it is one: %s',
    (text) => {
      const path = file('other.json', text);
      const { code, stderr } = cli([...SWEEP, '--results', path, '--resume']);
      const ours = text.startsWith('{"schema"');
      expect(code).toBe(ours ? 0 : 3);
      if (ours) return;
      // With a bracket it may be a line of ours that was cut; else the file is somebody's from the start.
      const what = text.startsWith('{')
        ? ':1: is no line of a results file'
        : ': is no results file of a batch';
      expect(stderr).toContain(`error: ${path}${what}`);
      expect(readFileSync(path, 'utf8')).toBe(text);
      expect(existsSync(`${path}.lock`)).toBe(false);
    },
  );
});
