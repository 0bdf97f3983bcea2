/** docs/json.md, "Into a file": what the ending of an output's name chooses, command by command. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cli, ROOT, scratch } from './run-cli.js';

const TRACE = join(ROOT, 'traces/examples/fork.csv');
const RESULTS = join(ROOT, 'examples/batch/frames.jsonl.gz');
const HAP = join(ROOT, 'examples/diff/hap.json');

/** How a file begins that a form has written. */
const BEGINS: Readonly<Record<string, RegExp>> = {
  json: /^\{\n/,
  ndjson: /^\{"schema"/,
  jsonl: /^\{"schema":"p2msim\.batch/,
  csv: /^(mode|trace|number),|^# format: p2msim-csv/,
  markdown: /^(\||- |#)/,
  junit: /^<\?xml/,
  parquet: /^PAR1/,
  table: /^(?![{|<-]|PAR1|\w+,)/,
};

/** Rows of the table: endings, and the form for reports, `table`, `collect` and traces. */
const ROWS = [
  ...readFileSync(join(ROOT, 'docs/json.md'), 'utf8').matchAll(/^\| (?:any other, )?(`\..*?)\|(.*)\|$/gm),
].flatMap(([, endings = '', rest = '']) => {
  const forms = rest.split('|').map((cell) => /^\w+/.exec(cell.trim())?.[0] ?? '');
  return [...endings.matchAll(/`(\.\w+)`/g)].map(([, ending = '']): [string, string[]] => [ending, forms]);
});

const COMMANDS: readonly (readonly [name: string, words: (path: string) => string[]])[] = [
  ['replay', (path) => ['replay', TRACE, '--fail-on', 'walk.refs > 1M', '-o', path]],
  ['table', (path) => ['table', HAP, '-o', path]],
  ['collect', (path) => ['collect', RESULTS, '-o', path]],
  ['trace convert', (path) => ['trace', 'convert', TRACE, path]],
];

describe('the ending of an output', { timeout: 60_000 }, () => {
  it('is described for all that there are', () => {
    expect(ROWS.map(([ending]) => ending)).toEqual([
      '.json',
      '.ndjson',
      '.jsonl',
      '.csv',
      '.md',
      '.xml',
      '.parquet',
      '.txt',
    ]);
    for (const [, forms] of ROWS) expect(forms).toHaveLength(COMMANDS.length);
  });

  it.each(
    ROWS.flatMap(([ending, forms]) =>
      COMMANDS.map(([name, words], i) => [ending, name, forms[i]!, words] as const),
    ),
  )('%s of %s is %s', (ending, _name, form, words) => {
    const folder = scratch();
    const path = join(folder, `OUT${ending.toUpperCase()}.gz`);
    const { code, stderr } = cli(words(path));
    if (form === 'error') {
      expect(stderr).toMatch(/name (does not say|says nothing)|says nothing of/);
      return expect(code).toBe(2);
    }
    expect(code).toBe(0);
    expect(gunzipSync(readFileSync(path)).toString('latin1').slice(0, 100)).toMatch(BEGINS[form] ?? /^$/);
  });
});
