/**
 * Golden cases: a folder each, with `cmd` (a shell line) and the exact `stdout`, `stderr` and `exit`.
 *
 * A file that is missing means empty output, or exit 0. On a mismatch the output is left beside the
 * expectation as `*.got`. `P2MSIM_UPDATE_GOLDEN=1` writes the expectations instead of comparing.
 */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { shell } from '../cli/run-cli.js';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const UPDATE = process.env['P2MSIM_UPDATE_GOLDEN'] === '1';
const PARTS = ['stdout', 'stderr', 'exit'] as const;
type Part = (typeof PARTS)[number];

function run(folder: string): Record<Part, string> {
  const command = readFileSync(join(folder, 'cmd'), 'utf8');
  const { code, stdout, stderr } = shell(command, { NO_COLOR: '1', COLUMNS: '100' });
  return { stdout, stderr, exit: code === 0 ? '' : `${code}\n` };
}

function expected(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function update(path: string, text: string): void {
  if (text === '') rmSync(path, { force: true });
  else writeFileSync(path, text);
}

const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join(FOLDER, entry.name, 'cmd')))
  .map((entry) => entry.name)
  .sort();

describe('golden output', () => {
  it.each(cases)('of %s', (name) => {
    const folder = join(FOLDER, name);
    const got = run(folder);
    for (const part of PARTS) {
      const path = join(folder, part);
      if (UPDATE) update(path, got[part]);
      update(`${path}.got`, got[part] === expected(path) ? '' : got[part]);
    }
    for (const part of PARTS) expect(got[part], `${name}/${part}`).toBe(expected(join(folder, part)));
  });
});
