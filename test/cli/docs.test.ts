/**
 * The documentation is true: every `$ p2msim ...` (or `$ node bin/p2msim.js ...`) in a fenced block is run from
 * the root of the project, and what it prints is compared with the lines that follow it.
 *
 * Standard output comes first, then standard error, then `[exit N]` if N is not 0. A line `...` stands for any
 * number of lines. Lines after other commands (`$ npm ci`) are not looked at. `P2MSIM_UPDATE_GOLDEN=1` writes
 * what is printed into the documents instead, except where there are `...`.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, shell } from './run-cli.js';

const UPDATE = process.env['P2MSIM_UPDATE_GOLDEN'] === '1';
const OURS = /^\$ (?:p2msim|node bin\/p2msim\.js)(?= |$)/;

/** One command of a document and the lines that it should print: [from, to) of the document's lines. */
interface Shown {
  readonly command: string;
  readonly from: number;
  readonly to: number;
}

function documents(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name))
      .sort();
  return ['README.md', 'CHANGELOG.md', 'traces/README.md', ...inFolder('docs'), ...inFolder('examples')];
}

/** The commands in the fenced blocks of `lines`. */
export function commandsIn(lines: readonly string[]): Shown[] {
  const found: Shown[] = [];
  let fenced = false;
  for (let i = 0; i < lines.length; i++) {
    if (lines[i]?.startsWith('```') === true) fenced = !fenced;
    if (!fenced || !OURS.test(lines[i] ?? '')) continue;
    let command = lines[i]?.slice(2) ?? '';
    while (command.endsWith('\\')) command = `${command.slice(0, -1)}${lines[++i]?.trim() ?? ''}`;
    const from = i + 1;
    let to = from;
    while (to < lines.length && !/^(\$ |```)/.test(lines[to] ?? '')) to++;
    found.push({ command, from, to });
    i = to - 1;
  }
  return found;
}

function printed(command: string): string[] {
  const { code, stdout, stderr } = shell(command.replace(/^node bin\/p2msim\.js/, 'p2msim'));
  const text = `${stdout}${stderr}${code === 0 ? '' : `[exit ${code}]\n`}`;
  return text.replace(/\n+$/, '').split('\n');
}

/** `lines` without blank lines at the end. */
function trimmed(lines: readonly string[]): string[] {
  return lines.join('\n').replace(/\n+$/, '').split('\n');
}

/** True if `got` is `wanted`, in which a line `...` stands for any number of lines. */
export function matches(wanted: readonly string[], got: readonly string[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return got.length === 0;
  if (first === '...') return got.some((_, at) => matches(rest, got.slice(at))) || matches(rest, []);
  return got[0] === first && matches(rest, got.slice(1));
}

function check(path: string, lines: string[], shown: Shown): void {
  const got = printed(shown.command);
  const wanted = trimmed(lines.slice(shown.from, shown.to));
  if (wanted.includes('...') && matches(wanted, got)) return;
  expect(got.join('\n'), `${path}, line ${shown.from}: $ ${shown.command}`).toBe(wanted.join('\n'));
}

/** Writes what the commands print into the document, last command first. */
function update(path: string, lines: string[]): void {
  for (const shown of commandsIn(lines).reverse()) {
    if (!lines.slice(shown.from, shown.to).includes('...')) {
      lines.splice(shown.from, shown.to - shown.from, ...printed(shown.command));
    }
  }
  writeFileSync(join(ROOT, path), lines.join('\n'));
}

describe.each(documents())('%s', { timeout: 60_000 }, (path) => {
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
  if (UPDATE) update(path, lines);
  const commands = commandsIn(lines);

  it.runIf(commands.length > 0).each(commands)('shows what `$command` prints', (shown) => {
    check(path, lines, shown);
  });

  it('links to files that exist', () => {
    const links = [...lines.join('\n').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
      ([, target]) => target ?? '',
    );
    const missing = links.filter((target) => !existsSync(join(ROOT, path, '..', target)));
    expect(missing).toEqual([]);
  });
});

describe('the README', () => {
  it('shows a comparison of a real trace', () => {
    const lines = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n');
    const compares = commandsIn(lines).filter(({ command }) => /compare traces\/lackey/.test(command));
    expect(compares).not.toEqual([]);
    expect(compares.some(({ from, to }) => !lines.slice(from, to).includes('...'))).toBe(true);
  });

  it('says nothing on its first screen that the comparison does not print', () => {
    const [prose = '', block = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('```\n$ node', 2);
    const said = [...prose.matchAll(/\d{1,3}(?:,\d{3})+/g)].map(([number]) => number);
    expect(said.length).toBeGreaterThan(1);
    for (const number of said) expect(block).toContain(number);
  });
});

describe('this test', () => {
  it('finds commands in fenced blocks only, and joins continued lines', () => {
    const text = ['$ p2msim a', '```', '$ p2msim b \\', '  c', 'out', '$ npm ci', 'x', '```', 'p2msim d'];
    expect(commandsIn(text)).toEqual([{ command: 'p2msim b c', from: 4, to: 5 }]);
  });

  it('lets `...` stand for any number of lines', () => {
    expect(matches(['a', '...', 'd'], ['a', 'b', 'c', 'd'])).toBe(true);
    expect(matches(['a', '...', 'd'], ['a', 'd'])).toBe(true);
    expect(matches(['a', '...'], ['a'])).toBe(true);
    expect(matches(['a', '...', 'd'], ['a', 'b'])).toBe(false);
    expect(matches(['a'], ['a', 'b'])).toBe(false);
  });
});
