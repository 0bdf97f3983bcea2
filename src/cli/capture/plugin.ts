/**
 * The QEMU plugin, built on this machine from the source in the package and kept for the next time.
 *
 * Its name in the cache has the digest of source and command, so that a new version is built anew.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PLUGIN_SOURCE } from '../../version.js';
import type { Context, Library } from '../context.js';
import type { QemuTools } from './tools.js';

/** Major and minor version of QEMU that brought a version of the plugin interface, latest first. */
const INTERFACES: readonly (readonly [major: number, minor: number, version: number])[] = [
  [9, 2, 4],
  [9, 1, 3],
  [9, 0, 2],
  [0, 0, 1],
];

/** Version of the plugin interface of the QEMU that calls itself `text`. */
export function interfaceVersion(text: string): number {
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  const at = Number(major) * 1000 + Number(minor);
  return INTERFACES.find(([wanted, minimum]) => at >= wanted * 1000 + minimum)?.[2] ?? 1;
}

/** A command as one would type it. */
export function commandLine(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(' ');
}

/** Says what is run. */
export function announce(words: readonly string[], context: Context): void {
  context.stderr.write(`+ ${commandLine(words)}\n`);
}

/** Where what can be made again is kept; `otherwise` if there is no home. */
function cacheFolder(context: Context, otherwise: string): string {
  const { XDG_CACHE_HOME: cache = '', HOME: home = '' } = context.environment;
  if (cache !== '') return join(cache, 'p2msim');
  return home === '' ? otherwise : join(home, '.cache', 'p2msim');
}

/** Path of the built plugin. */
export function buildPlugin(
  { qemu, compiler }: QemuTools,
  temporary: string,
  context: Context,
  library: Library,
): string {
  const asked = spawnSync(qemu, ['-version'], { encoding: 'utf8' });
  const source = fileURLToPath(PLUGIN_SOURCE);
  const words = [compiler, '-O2', '-shared', '-fPIC', `-DP2M_API=${interfaceVersion(asked.stdout ?? '')}`];
  const digest = createHash('sha256').update(readFileSync(source)).update(words.join(' ')).digest('hex');
  const folder = usable(cacheFolder(context, temporary), temporary);
  const path = join(folder, `capture-${digest.slice(0, 16)}.so`);
  if (existsSync(path)) return path;
  const part = `${path}.${process.pid}.part`;
  const command = [...words, '-o', part, source];
  announce(command, context);
  const built = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' });
  if (built.status !== 0 || !existsSync(part)) {
    rmSync(part, { force: true });
    const details = `${built.stderr ?? ''}`.trim().split('\n').slice(0, 5);
    throw new library.UsageError('the QEMU plugin cannot be built', {
      details,
      hint: 'the C compiler needs the C library to build against: on Debian and Ubuntu apt-get install libc6-dev',
    });
  }
  renameSync(part, path);
  return path;
}

/** QEMU separates the plugin's options by commas, so its path can have none. */
function usable(folder: string, otherwise: string): string {
  try {
    mkdirSync(folder, { recursive: true });
    return folder.includes(',') ? otherwise : folder;
  } catch {
    return otherwise;
  }
}
