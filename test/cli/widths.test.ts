/** Tables stay within the terminal, or COLUMNS, from 40 columns on; wider than 100 they do not get. */
import { describe, expect, it } from 'vitest';
import { cli } from './run-cli.js';

const FORK = 'traces/examples/fork.csv';
const TABLES: Readonly<Record<string, readonly string[]>> = {
  'intervals of a run': ['replay', FORK, '--interval', '10'],
  'a comparison': ['compare', FORK],
  'a comparison, every metric': ['compare', FORK, '--all'],
  'a sweep': ['sweep', FORK, '-L', 'l1d.ways', '2,4', '-m', 'hap,shadow'],
  'an experiment': ['sweep', FORK, '--experiment', 'page-sizes'],
  'an experiment with long numbers': ['sweep', FORK, '--experiment', 'exit-cost'],
  'a diff': [
    'diff',
    'examples/diff/hap.json',
    'examples/diff/shadow.json',
    '--metrics',
    'walk.*,vmexit.total',
  ],
};

/** Lines of the report, without those that name files and digests, which are as long as they are. */
const tableLines = (
  words: readonly string[],
  columns: number,
  env: Record<string, string> = {},
): string[] => {
  const { code, stdout } = cli([...words], { env: { ...env, COLUMNS: String(columns) } });
  expect(code).toBe(0);
  return stdout.split('\n').filter((line) => !/sha256|\.json/.test(line));
};

/** What is in the cells: the same at every width. */
const cellsOf = (lines: readonly string[]): Set<string> =>
  new Set(lines.flatMap((line) => line.match(/\d[\d,.]*(?:%|x)?/g) ?? []));

describe.each(Object.entries(TABLES))('%s', { timeout: 60_000 }, (_what, words) => {
  const widest = tableLines(words, 200);

  // Names of metrics are not broken: the longest and a number of seven characters take 41 columns.
  const least = words.includes('--all') ? 60 : 40;

  it.each([40, 60, 80, 120, 200].filter((columns) => columns >= least))('at %i columns', (columns) => {
    const lines = tableLines(words, columns);
    const most = Math.min(columns, 100);
    expect(lines.filter((line) => line.length > most)).toEqual([]);
    // Nothing is lost on the way.
    const cells = cellsOf(lines);
    expect([...cellsOf(widest)].filter((cell) => !cells.has(cell))).toEqual([]);
  });
});

describe('the bars of an experiment', () => {
  it.each(['C', 'en_US.UTF-8'])('are ASCII under LC_ALL=%s', (locale) => {
    const lines = tableLines(TABLES['an experiment']!, 80, { LC_ALL: locale });
    expect(lines.join('\n')).toMatch(/^2m\/4k +#{20}$/m);
    expect(lines.join('\n')).toMatch(/^[\n -~]*$/);
  });
});
