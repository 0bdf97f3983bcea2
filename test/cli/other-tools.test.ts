/**
 * What docs/collect.md shows of jq, DuckDB and pandas, run with these tools where they are installed.
 *
 * Commands after `$ ` are run in a folder that has `examples/`, frames.csv and frames.parquet; the lines below are what they
 * print. The block of Python prints the block after it. What needs a tool that is not there is skipped, with the reason printed. DuckDB is
 * the program `duckdb`, or the package @duckdb/node-api found by NODE_PATH. P2MSIM_UPDATE_GOLDEN=1 writes the outputs.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, ROOT, scratch } from './run-cli.js';

const UPDATE = process.env['P2MSIM_UPDATE_GOLDEN'] === '1';
const PATH = join(ROOT, 'docs/collect.md');
const RESULTS = 'examples/batch/frames.jsonl.gz';

const works = (program: string, ...words: string[]): boolean =>
  spawnSync(program, words, { stdio: 'ignore' }).status === 0;

function hasPackage(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

const PYTHON = ['python3', '/usr/bin/python3'].find((python) => works(python, '-c', 'import pandas'));
const OWN_DUCKDB = `duckdb() { "${process.execPath}" "${join(ROOT, 'test/helpers/duckdb.mjs')}" "\${@: -1}"; }\n`;
const DUCKDB = works('duckdb', '--version') ? '' : hasPackage('@duckdb/node-api') ? OWN_DUCKDB : null;

/** Commands after `$ ` that use `word`, with the lines of the document that they print: [from, to). */
function shown(lines: readonly string[], word: RegExp) {
  const found: { command: string; from: number; to: number }[] = [];
  for (const [i, line] of lines.entries()) {
    if (!line.startsWith('$ ') || !word.test(line)) continue;
    const to = lines.findIndex((other, at) => at > i && (other.startsWith('```') || other.startsWith('$ ')));
    found.push({ command: line.slice(2), from: i + 1, to });
  }
  return found;
}

const FOLDER = scratch();
symlinkSync(join(ROOT, 'examples'), join(FOLDER, 'examples'));

/** The files that the document makes beforehand. */
function prepared(): string {
  cli(['collect', RESULTS, '-q', '-o', join(FOLDER, 'frames.csv'), '-o', join(FOLDER, 'frames.parquet')]);
  return FOLDER;
}

function check(word: RegExp, functions: string): void {
  const cwd = prepared();
  const lines = readFileSync(PATH, 'utf8').split('\n');
  const commands = shown(lines, word).reverse();
  expect(commands.length).toBeGreaterThan(0);
  for (const { command, from, to } of commands) {
    const done = spawnSync('bash', ['-c', functions + command], { cwd, encoding: 'utf8' });
    expect(done.stderr, command).toBe('');
    const printed = done.stdout.replaceAll('\r', '').split('\n').slice(0, -1);
    if (UPDATE) lines.splice(from, to - from, ...printed);
    else expect(printed, `docs/collect.md, line ${from}: $ ${command}`).toEqual(lines.slice(from, to));
  }
  if (UPDATE) writeFileSync(PATH, lines.join('\n'));
}

/** The name of a test; where its tool is absent the test counts as skipped, and the reason is printed. */
function named(name: string, present: boolean, tool: string): string {
  if (present) return name;
  console.log(`skipped: ${tool} is not installed`);
  return `${name} (${tool} is not installed)`;
}

const JQ = works('jq', '--version');

describe('docs/collect.md', () => {
  it.skipIf(!JQ)(named('shows what jq prints', JQ, 'jq'), () => check(/\| jq /, ''));

  it.skipIf(DUCKDB === null)(
    named('shows what DuckDB prints', DUCKDB !== null, 'duckdb (or @duckdb/node-api)'),
    { timeout: 60_000 },
    () => check(/^\$ duckdb /, DUCKDB ?? ''),
  );

  it.skipIf(PYTHON === undefined)(
    named('shows what pandas prints', PYTHON !== undefined, 'pandas'),
    { timeout: 60_000 },
    () => {
      const text = readFileSync(PATH, 'utf8');
      const [, code = '', wanted = ''] = /```python\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(text) ?? [];
      const done = spawnSync(PYTHON ?? 'python3', ['-c', code], { cwd: prepared(), encoding: 'utf8' });
      expect(done.stderr).toBe('');
      const printed = `${done.stdout.trimEnd()}\n`;
      if (UPDATE) writeFileSync(PATH, text.replace(wanted, printed));
      else expect(printed).toBe(wanted);
    },
  );
});
