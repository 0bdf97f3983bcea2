/**
 * A document as its reader goes through it: a folder that has what ships (examples, traces), in which the files that the
 * document names are written and its commands are run, from the first to the last.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { BIN, plainEnvironment, ROOT, scratch } from '../cli/run-cli.js';
import { type Block, blocksOf, type Shown } from './document.js';

/** What a reader has; a document writes nothing there. */
const SHIPPED = ['bin', 'docs', 'examples', 'traces'];

const succeeds = (program: string, ...words: string[]): boolean =>
  spawnSync(program, words, { stdio: 'ignore' }).status === 0;

function hasPackage(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name);
    return true;
  } catch {
    return false;
  }
}

const PANDAS = ['python3', '/usr/bin/python3'].find((python) => succeeds(python, '-c', 'import pandas'));
const FAULTS = ['record', '-q', '-o', '/dev/null', '-e', 'exceptions:page_fault_user', '--', 'true'];

/** Programs that can be there and not do what documents ask of them: what to say then. */
const UNFIT: Record<string, () => string | null> = {
  python3: () => (PANDAS === undefined ? 'pandas' : null),
  duckdb: () =>
    succeeds('duckdb', '--version') || hasPackage('@duckdb/node-api') ? null : 'duckdb (or @duckdb/node-api)',
  perf: () => (succeeds('perf', ...FAULTS) ? null : 'perf with the right to trace page faults'),
};

/** The programs that a command line calls: the first words of its parts, and what they call. */
function programsOf(command: string): string[] {
  const emulator = /\btrace capture /.test(command) ? ['qemu-x86_64', 'gcc'] : [];
  const bare = command.replace(/'[^']*'|"(?:[^"\\]|\\.)*"/g, 'TEXT');
  const words = bare.split(/&&|[|;()]/).map((part) => part.trim().split(/\s+/)[0] ?? '');
  return [...emulator, ...words.filter((word) => word !== '' && !word.includes('='))];
}

const asked = new Map<string, string | null>([['p2msim', null]]);

/** What this machine has not got of a program; null: nothing. */
function lacking(program: string): string | null {
  const known = asked.get(program);
  if (known !== undefined) return known;
  const present = succeeds('sh', '-c', `command -v ${program}`) ? null : program;
  const answer = UNFIT[program]?.() ?? (program in UNFIT ? null : present);
  asked.set(program, answer);
  return answer;
}

/** What this machine has not got for the commands of a block, which build on each other. */
export function missingFor({ commands }: Block): string[] {
  const programs = new Set(commands.flatMap(({ command }) => programsOf(command)));
  return [...programs].flatMap((program) => lacking(program) ?? []);
}

/** `p2msim` and what stands in for other programs, as files of a folder for the search path. */
function programs(): string {
  const folder = scratch();
  symlinkSync(BIN, join(folder, 'p2msim'));
  symlinkSync(process.execPath, join(folder, 'node'));
  if (PANDAS !== undefined) writeProgram(join(folder, 'python3'), `exec ${PANDAS} "$@"`);
  if (!succeeds('duckdb', '--version')) {
    const own = join(ROOT, 'test/helpers/duckdb.mjs');
    writeProgram(join(folder, 'duckdb'), `exec "${process.execPath}" "${own}" "\${@: -1}"`);
  }
  return folder;
}

function writeProgram(path: string, line: string): void {
  writeFileSync(path, `#!/usr/bin/env bash\n${line}\n`);
  chmodSync(path, 0o755);
}

export class Page {
  readonly folder = scratch();
  readonly #blocks: readonly Block[];
  readonly #lines: readonly string[];
  readonly #environment: Record<string, string>;
  #written = 0;

  constructor(lines: readonly string[]) {
    this.#lines = lines;
    this.#blocks = blocksOf(lines);
    for (const name of SHIPPED) symlinkSync(join(ROOT, name), join(this.folder, name));
    mkdirSync(join(this.folder, 'node_modules/.bin'), { recursive: true });
    symlinkSync(ROOT, join(this.folder, 'node_modules/p2msim'));
    symlinkSync(BIN, join(this.folder, 'node_modules/.bin/p2msim'));
    writeFileSync(join(this.folder, 'package.json'), '{"private": true}\n');
    const path = `${programs()}:${process.env['PATH'] ?? ''}`;
    this.#environment = plainEnvironment({ PATH: path, HOME: scratch(), npm_config_offline: 'true' });
  }

  /** The files that the document shows above this line. */
  #writeFiles(before: number): void {
    const shown = this.#blocks.filter(({ from, to }) => from >= this.#written && to <= before);
    for (const { file, from, to } of shown) {
      if (file === null) continue;
      const [top = ''] = file.split('/');
      if (SHIPPED.includes(top)) throw new Error(`line ${from}: ${file} would be written into the sources`);
      mkdirSync(join(this.folder, dirname(file)), { recursive: true });
      writeFileSync(join(this.folder, file), `${this.#lines.slice(from, to).join('\n')}\n`);
    }
    this.#written = before;
  }

  /** What a command prints: standard output, standard error, and `[exit N]` if N is not 0. */
  run({ command, at }: Shown): string[] {
    this.#writeFiles(at);
    const { stdout, stderr, status } = spawnSync('bash', ['-c', command], {
      cwd: this.folder,
      encoding: 'utf8',
      env: this.#environment,
      maxBuffer: 1 << 28,
    });
    const text = `${stdout}${stderr}${status === 0 ? '' : `[exit ${status}]\n`}`;
    return text.replaceAll('\r', '').replace(/\n+$/, '').split('\n');
  }
}

/** True if `got` is `wanted`, in which a line `...` stands for any number of lines, but not for a failure. */
export function matches(wanted: readonly string[], got: readonly string[]): boolean {
  const failure = (lines: readonly string[]): string =>
    lines.find((line) => /^\[exit .*\]$/.test(line)) ?? '';
  return failure(wanted) === failure(got) && stretches(wanted, got);
}

function stretches(wanted: readonly string[], got: readonly string[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return got.length === 0;
  if (first === '...') return got.some((_, at) => stretches(rest, got.slice(at))) || stretches(rest, []);
  return got[0] === first && stretches(rest, got.slice(1));
}

/** Runs a command and holds what it prints against the lines that the document has below it. */
export function check(path: string, lines: readonly string[], page: Page, shown: Shown): void {
  const got = page.run(shown);
  const wanted = lines.slice(shown.from, shown.to).join('\n').replace(/\n+$/, '').split('\n');
  if (wanted.includes('...') && matches(wanted, got)) return;
  expect(got.join('\n'), `${path}, line ${shown.at + 1}: $ ${shown.command}`).toBe(wanted.join('\n'));
}
