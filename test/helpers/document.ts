/**
 * What a document in Markdown shows: blocks of code, commands in them, files of the reader's.
 *
 * A line `$ ...` of a fenced block is a command; the lines below it, to the next one, are what it prints. A block whose
 * line before ends in a name, "`study.toml`:", is that file. Everything is tied to line numbers, since update mode writes
 * outputs back.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** One command, the line where it is, and the lines that it should print: [from, to) of the document's lines. */
export interface Shown {
  readonly command: string;
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/** A block of code, fenced or indented: [from, to) of the document's lines, without the fences. */
export interface Block {
  readonly language: string;
  readonly file: string | null;
  readonly from: number;
  readonly to: number;
  readonly commands: readonly Shown[];
}

/** All documents, from the root of the project. */
export function documents(): string[] {
  const inFolder = (folder: string): string[] =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name))
      .sort();
  const folders = ['docs', 'examples', 'traces', 'bench', 'test'];
  return ['README.md', 'CHANGELOG.md', ...folders.flatMap(inFolder)];
}

export function linesOf(path: string): string[] {
  return readFileSync(join(ROOT, path), 'utf8').split('\n');
}

const FENCE = /^ *(?:```|~~~)/;
const COMMAND = /^\$ /;

/** The name that the last line above `fence` gives to the block below. */
function fileAt(lines: readonly string[], fence: number): string | null {
  let above = fence - 1;
  while (above > 0 && lines[above]?.trim() === '') above--;
  return /`([\w./-]+\.\w+)`:$/.exec(lines[above] ?? '')?.[1] ?? null;
}

function commandsIn(lines: readonly string[], from: number, to: number): Shown[] {
  const found: Shown[] = [];
  for (let i = from; i < to; i++) {
    if (!COMMAND.test(lines[i] ?? '')) continue;
    const at = i;
    let command = lines[i]?.slice(2) ?? '';
    while (command.endsWith('\\')) command = `${command.slice(0, -1)}${lines[++i]?.trim() ?? ''}`;
    let end = i + 1;
    while (end < to && !COMMAND.test(lines[end] ?? '')) end++;
    found.push({ command, at, from: i + 1, to: end });
    i = end - 1;
  }
  return found;
}

/** The end of the indented block that begins at `from`; `from` if none does. */
function indentedEnd(lines: readonly string[], from: number): number {
  const blank = (at: number): boolean => (lines[at] ?? '').trim() === '';
  if (from === 0 || !blank(from - 1)) return from;
  let to = from;
  while (to < lines.length && (/^ {4}/.test(lines[to] ?? '') || (to > from && blank(to)))) to++;
  return to;
}

export function blocksOf(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    if (!FENCE.test(lines[i] ?? '')) {
      const to = indentedEnd(lines, i);
      if (to === i) continue;
      blocks.push({ language: 'indented', file: null, from: i, to, commands: [] });
      i = to - 1;
      continue;
    }
    const from = i + 1;
    let to = from;
    while (to < lines.length && !FENCE.test(lines[to] ?? '')) to++;
    const language = (lines[i] ?? '').trim().slice(3);
    blocks.push({ language, file: fileAt(lines, i), from, to, commands: commandsIn(lines, from, to) });
    i = to;
  }
  return blocks;
}

/** Scripts of package.json that run what takes more than Node, a shell and small tools, from the same documents. */
const SCRIPTS: readonly (readonly [script: string, commands: RegExp])[] = [
  ['test:capture', /\btrace capture |^(?:valgrind|perf) /],
  ['test:slurm', /^sh study\.sh /],
];

/** The script that runs this block; null: `npm test` does. */
export function scriptOf({ commands }: Block): string | null {
  return SCRIPTS.find(([, own]) => commands.some(({ command }) => own.test(command)))?.[0] ?? null;
}

/** A call of ours at the beginning of a command; in prose the name of a subcommand has to follow. */
const OURS = /(?:^|[|;&(]|\bnpx|\bparallel|[-#] )\s*(?:p2msim|node \S*bin\/p2msim\.js) +(?=[a-z-])/;

/** `npm ci && COMMAND`, of a command that the document shows elsewhere. */
function isInstallation(line: string, blocks: readonly Block[]): boolean {
  const command = /^npm ci && (.*)/.exec(line)?.[1];
  return blocks.some(({ commands }) => commands.some((shown) => shown.command === command));
}

/** Lines of ours that nothing runs: in code without `$ ` (YAML is run by ci-jobs.test.ts), and at the beginning of prose. */
export function strayCommands(lines: readonly string[], subcommands: readonly string[]): string[] {
  const blocks = blocksOf(lines);
  const inProse = new RegExp(`^\\s*p2msim (?:${subcommands.join('|')})\\b`);
  return lines.flatMap((line, at) => {
    const block = blocks.find(({ from, to }) => from <= at && at < to);
    const firstCommand = block?.commands[0]?.at ?? Infinity;
    if (block?.language === 'yaml' || at >= firstCommand || isInstallation(line, blocks)) return [];
    return (block === undefined ? inProse : OURS).test(line) ? [`line ${at + 1}: ${line.trim()}`] : [];
  });
}

/** What follows `p2msim` in the code of running text, which may be broken over lines. */
export function inlineCommands(lines: readonly string[]): string[] {
  const blocks = blocksOf(lines);
  const prose = lines.filter((_, at) => !blocks.some(({ from, to }) => from - 1 <= at && at <= to));
  const calls = prose.join('\n').matchAll(/`(?:npx )?(?:p2msim|node bin\/p2msim\.js)\s+([a-z][^`]*)`/g);
  return [...calls].map(([, words = '']) => words.replaceAll(/\s+/g, ' '));
}
