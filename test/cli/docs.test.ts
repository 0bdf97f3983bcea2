/**
 * The documentation is true: every `$ ...` of a fenced block is run, from the first to the last of a page, in a folder
 * that has what ships and the files that the page shows (test/helpers/page.ts), and what it prints is compared with the
 * lines that follow it.
 *
 * Standard output comes first, then standard error, then `[exit N]` if N is not 0. A line `...` stands for any
 * number of lines. A block that needs a program which is not there is skipped, with the reason; what needs QEMU, valgrind or
 * Slurm is run by a script of its own (`scriptOf`). YAML is run by ci-jobs.test.ts. `P2MSIM_UPDATE_GOLDEN=1` writes what is
 * printed into the documents instead, except where there are `...`.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Block,
  blocksOf,
  documents,
  inlineCommands,
  linesOf,
  scriptOf,
  strayCommands,
} from '../helpers/document.js';
import { check, matches, missingFor, Page } from '../helpers/page.js';
import { cli, ROOT } from './run-cli.js';

const UPDATE = process.env['P2MSIM_UPDATE_GOLDEN'] === '1';

/** Why the commands of a block are not run here; null: they are. */
function reason(block: Block): string | null {
  const script = scriptOf(block);
  if (script !== null) return `run by npm run ${script}`;
  const missing = missingFor(block);
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : null;
}

/** Writes what the commands print into the document. */
function update(path: string, lines: string[]): void {
  const page = new Page(lines);
  const printed = blocksOf(lines)
    .filter((block) => block.commands.length > 0 && reason(block) === null)
    .flatMap(({ commands }) => commands.map((shown) => ({ ...shown, got: page.run(shown) })));
  for (const { from, to, got } of printed.reverse()) {
    const silent = got.length === 1 && got[0] === '';
    if (!lines.slice(from, to).includes('...')) lines.splice(from, to - from, ...(silent ? [] : got));
  }
  writeFileSync(join(ROOT, path), lines.join('\n'));
}

const commandsOf = (help: string): string[] =>
  [...help.matchAll(/^ {2}([a-z]+) (?:[[<]| )/gm)].map(([, name = '']) => name);

const SUBCOMMANDS = commandsOf(cli(['--help']).stdout);

describe.each(documents())('%s', { timeout: 60_000 }, (path) => {
  const lines = linesOf(path);
  if (UPDATE) update(path, lines);
  const blocks = blocksOf(lines);
  const page = new Page(lines);

  for (const block of blocks) {
    if (block.commands.length === 0) continue;
    const skipped = reason(block);
    if (skipped !== null) console.log(`skipped: ${path}, line ${block.from + 1}: ${skipped}`);
    const name = `shows what $command prints${skipped === null ? '' : ` (${skipped})`}`;
    it.skipIf(skipped !== null).each(block.commands)(name, (shown) => check(path, lines, page, shown));
  }

  it('has no command of ours that no test runs', () => {
    expect(strayCommands(lines, SUBCOMMANDS), 'write `$ ` before it, with what it prints below').toEqual([]);
  });

  it('has no file of configuration that no command reads', () => {
    const unused = blocks
      .filter(({ language }) => language === 'toml' || language === 'json')
      .filter(({ file, to }) => !isRead(file, blocks, to))
      .map(
        ({ file, from }) => `line ${from}: ${file ?? 'a file without a name: end the line above in `NAME`:'}`,
      );
    expect(unused).toEqual([]);
  });

  it('links to files that exist', () => {
    const links = [...lines.join('\n').matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(
      ([, target]) => target ?? '',
    );
    const missing = links.filter((target) => !existsSync(join(ROOT, path, '..', target)));
    expect(missing).toEqual([]);
  });
});

/** True if a command below line `after` names the file, or finds it by itself. */
function isRead(file: string | null, blocks: readonly Block[], after: number): boolean {
  if (file === null) return false;
  const isDefault = /^p2msim\.config\.(?:json|toml)$/.test(file);
  const commands = blocks.filter(({ from }) => from > after).flatMap((block) => block.commands);
  return commands.some(({ command }) => (isDefault ? command.startsWith('p2msim ') : command.includes(file)));
}

describe('docs/batch.md', () => {
  it('shows the specification that ships', () => {
    const lines = linesOf('docs/batch.md');
    const shown = blocksOf(lines).find(({ file }) => file === 'study.toml');
    expect(lines.slice(shown?.from, shown?.to)).toEqual(linesOf('docs/examples/tlb-study.toml').slice(0, -1));
  });
});

describe('the README', () => {
  const lines = linesOf('README.md');

  it('shows a comparison of a real trace', () => {
    const commands = blocksOf(lines).flatMap((block) => block.commands);
    const compares = commands.filter(({ command }) => /compare traces\/lackey/.test(command));
    expect(compares).not.toEqual([]);
    expect(compares.some(({ from, to }) => !lines.slice(from, to).includes('...'))).toBe(true);
  });

  it('says nothing on its first screen that the comparison does not print', () => {
    const [prose = '', block = ''] = lines.join('\n').split('```\n$ node', 2);
    const said = [...prose.matchAll(/\d{1,3}(?:,\d{3})+/g)].map(([number]) => number);
    expect(said.length).toBeGreaterThan(1);
    for (const number of said) expect(block).toContain(number);
  });
});

describe('the documents', () => {
  it('have jobs of other systems where tests run them: batch-jobs.test.ts, ci-jobs.test.ts', () => {
    const jobs = documents().flatMap((path) =>
      blocksOf(linesOf(path))
        .filter(({ language }) => language === 'yaml')
        .map(({ file }) => `${path}: ${file}`),
    );
    expect(jobs).toEqual([
      'docs/batch.md: job.yaml',
      'docs/batch.md: .gitlab-ci.yml',
      'docs/ci.md: .github/workflows/p2msim.yml',
      'docs/ci.md: .gitlab-ci.yml',
    ]);
  });

  const helps = new Map<string, string>();
  const helpOf = (command: string): string => {
    const known = helps.get(command) ?? cli([...command.split(' '), '--help']).stdout;
    helps.set(command, known);
    return known;
  };

  it('name in running text only commands and options that there are', () => {
    const below = ['trace', 'baseline'].flatMap((name) =>
      commandsOf(helpOf(name)).map((one) => `${name} ${one}`),
    );
    const commands = [...below, ...SUBCOMMANDS];
    const shown = documents().flatMap((path) => inlineCommands(linesOf(path)));
    expect(shown.length).toBeGreaterThan(50);
    const wrong = shown.filter((words) => {
      const command = commands.find((name) => `${words} `.startsWith(`${name} `));
      const [own = ''] = words.split(' -- ');
      const options = [...own.matchAll(/ (--?[a-z][\w-]*)/g)].map(([, option = '']) => option);
      return command === undefined || options.some((option) => !helpOf(command).includes(` ${option}`));
    });
    expect(wrong).toEqual([]);
  });
});

describe('this test', () => {
  const TEXT = [
    '$ p2msim a',
    '```',
    '$ p2msim b \\',
    '  c',
    'out',
    '$ npm ci',
    'x',
    '```',
    'In `f.toml`:',
    '',
    '```toml',
    'seed = 1',
    '```',
  ];

  it('finds commands in fenced blocks only, joins continued lines, and knows the files that a page names', () => {
    const [first, second] = blocksOf(TEXT);
    expect(first?.commands).toEqual([
      { command: 'p2msim b c', at: 2, from: 4, to: 5 },
      { command: 'npm ci', at: 5, from: 6, to: 7 },
    ]);
    expect(second).toEqual({ language: 'toml', file: 'f.toml', from: 11, to: 12, commands: [] });
    const at = { command: 'cat f.toml; (exit 3)', at: 13, from: 14, to: 14 };
    expect(new Page(TEXT).run(at)).toEqual(['seed = 1', '[exit 3]']);
    expect(new Page(TEXT).run({ ...at, at: 9 })[0]).toMatch(/No such file/);
  });

  it.each([
    [['```', 'p2msim compare a.csv', '```'], 1],
    [['```', 'cd x && npx p2msim compare a.csv', 'node bin/p2msim.js walk a.csv', '```'], 2],
    [['```python', '# p2msim collect a.jsonl', '```'], 1],
    [['', '    p2msim compare a.csv', '    parallel p2msim replay ::: a b', ''], 2],
    [['p2msim compare a.csv'], 1],
    [['p2msim compares traces.', 'p2msim walks.'], 0],
    [['```', 'p2msim compare a.csv', '$ p2msim compare b.csv', 'p2msim compare c.csv', '```'], 1],
    [['```', '$ p2msim compare b.csv', 'hint: p2msim explain cost', '```'], 0],
    [['```yaml', '- p2msim compare a.csv', '```'], 0],
  ])('finds in %j so many commands that nothing runs: %i', (lines, count) => {
    expect(strayCommands(lines, ['compare', 'walk'])).toHaveLength(count);
  });

  it('knows the commands of p2msim', () => {
    expect(SUBCOMMANDS).toEqual(expect.arrayContaining(['compare', 'trace', 'baseline', 'collect']));
  });

  it('is told by scripts what they run', () => {
    const slurm = readFileSync(join(ROOT, 'test/batch/slurm.mjs'), 'utf8');
    const commands = documents().flatMap((path) =>
      blocksOf(linesOf(path)).filter((b) => scriptOf(b) === 'test:slurm'),
    );
    expect(commands.length).toBeGreaterThan(0);
    for (const { command } of commands.flatMap((b) => b.commands)) expect(slurm).toContain(command);
  });

  it('lets `...` stand for any number of lines', () => {
    expect(matches(['a', '...', 'd'], ['a', 'b', 'c', 'd'])).toBe(true);
    expect(matches(['a', '...', 'd'], ['a', 'd'])).toBe(true);
    expect(matches(['a', '...'], ['a'])).toBe(true);
    expect(matches(['a', '...', 'd'], ['a', 'b'])).toBe(false);
    expect(matches(['a'], ['a', 'b'])).toBe(false);
    expect(matches(['...'], ['a', '[exit 1]'])).toBe(false);
    expect(matches(['...', '[exit 1]'], ['a', '[exit 1]'])).toBe(true);
  });
});
