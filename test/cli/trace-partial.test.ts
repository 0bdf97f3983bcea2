/** What a conversion leaves of a damaged trace, FILE.partial: read as far as it goes, and never taken for whole. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, scratch } from './run-cli.js';

const FOLDER = scratch();
const BAD = join(FOLDER, 'bad.csv');
writeFileSync(BAD, 'op,va\nR,1000\nW,2000\nR,zz\nR,3000\n');

describe.each(['csv', 'csv.gz', 'p2mtrace'])('a partial %s', (ending) => {
  const path = join(FOLDER, `a.${ending}.partial`);
  expect(cli(['trace', 'convert', BAD, path.replace('.partial', '')]).code).toBe(3);

  it('is all there is', () => {
    expect([existsSync(path), existsSync(path.replace('.partial', ''))]).toEqual([true, false]);
  });

  it.each([[], ['--on-error', 'skip']])('has its numbers printed by info, then the error', (...words) => {
    const { code, stdout, stderr } = cli(['trace', 'info', path, ...words]);
    expect(code).toBe(3);
    const reason = 'what the trace was made from ended early, by an error';
    expect(stdout).toMatch(
      new RegExp(`^INCOMPLETE: .*: ${reason}; the numbers cover the 2 records before it\\n`),
    );
    expect(stdout).toMatch(/\n +1 read\n +1 write\n/);
    expect(stderr).toMatch(new RegExp(`^error: .*: ${reason}\nhint: `));
    const json = cli(['trace', 'info', path, '--json', ...words]);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.stdout)).toMatchObject({
      records: 2,
      incomplete: expect.stringContaining(reason) as string,
    });
  });

  it('is counted by a replay, which says so, and found by check', () => {
    const { code, stdout } = cli(['replay', path, '-r', 'json']);
    expect([code, (JSON.parse(stdout) as { counters: Record<string, number> }).counters['accesses']]).toEqual(
      [3, 2],
    );
    expect(cli(['trace', 'check', path]).code).toBe(1);
  });

  it('stays partial where it is cut', () => {
    const cut = cli(['trace', 'cut', path, join(FOLDER, 'cut.p2mtrace')]);
    expect(cut.code).toBe(3);
    expect(cut.stderr).toMatch(
      /cut\.p2mtrace\.partial: p2mtrace, 2 records, .*\n.*incomplete, as its end says\n/,
    );
    expect(cli(['trace', 'info', join(FOLDER, 'cut.p2mtrace.partial')]).code).toBe(3);
  });
});

it('a whole trace is not incomplete', () => {
  const good = join(FOLDER, 'good.csv');
  writeFileSync(good, 'op,va\nR,1000\n');
  const { code, stdout } = cli(['trace', 'info', good, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ incomplete: null, records: 1 });
});
