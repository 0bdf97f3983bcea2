/** The program of the benches: flags and their mistakes. What it measures is not for tests. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { plainEnvironment, ROOT } from './run-cli.js';

function bench(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'bench/run.mjs'), ...args], {
    encoding: 'utf8',
    env: plainEnvironment(),
  });
  return { status, stdout, stderr };
}

describe('npm run bench', () => {
  it('lists the rows that a pattern names', () => {
    const { status, stdout } = bench('--list', '--rows', 'memory.page.*');
    expect([status, stdout]).toEqual([
      0,
      'memory.page.hap                resident bytes a distinct page, dense, hap\n' +
        'memory.page.shadow             resident bytes a distinct page, dense, shadow\n',
    ]);
  });

  it.each([
    [['--rows', 'nix'], 'bench: no row is called nix; --list prints the names of all rows\n'],
    [['--rounds', '0'], 'bench: --rounds is a number from 1, not 0\n'],
  ])('says what is wrong with %j', (args, message) => {
    expect(bench(...args)).toEqual({ status: 2, stdout: '', stderr: message });
  });

  it('measures a row and ends well whatever the time', () => {
    const { status, stdout } = bench('--quick', '--rounds', '1', '--rows', 'start.help');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /empty module [\d.]+ \(.*--help [\d.]+ \(.*\) ms\n {4}[\d.]+x, floor <= 1.6x, goal <= 1.2x: /,
    );
  });
});
