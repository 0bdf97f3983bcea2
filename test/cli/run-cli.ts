/** Runs the built program as a user would: a process, its three streams, its exit code. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = join(ROOT, 'bin/p2msim.js');

if (!existsSync(join(ROOT, 'lib/cli/main.js'))) throw new Error('lib/ is missing; run `npm run build` first');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The environment of a plain pipe: nothing about colour, terminals or CI, and none of our variables, nor of the npm that
 * runs the tests: an npx below it would take them for its own.
 */
export function plainEnvironment(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(P2MSIM_.*|npm_.*|FORCE_COLOR|NO_COLOR|CI|COLUMNS|TERM|NODE_OPTIONS)$/.test(name),
  );
  const inherited = kept.flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, value]],
  );
  return { ...Object.fromEntries(inherited), LC_ALL: 'C', TZ: 'UTC', ...extra };
}

export function cli(
  args: readonly string[],
  options: { readonly input?: string; readonly env?: Record<string, string>; readonly cwd?: string } = {},
): CliResult {
  const done = spawnSync(process.execPath, [BIN, ...args], {
    cwd: options.cwd ?? ROOT,
    encoding: 'utf8',
    env: plainEnvironment(options.env),
    input: options.input ?? '',
    maxBuffer: 1 << 28,
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** Runs `script` in a shell in which `p2msim` is the built program. */
export function shell(script: string, env: Record<string, string> = {}): CliResult {
  const done = spawnSync('bash', ['-c', `p2msim() { "${process.execPath}" "${BIN}" "$@"; }\n${script}`], {
    cwd: ROOT,
    encoding: 'utf8',
    env: plainEnvironment(env),
    maxBuffer: 1 << 28,
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** A new empty folder. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'p2msim-test-'));
}

/** Writes a file into a new folder; returns its path. */
export function file(name: string, text: string): string {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
}
