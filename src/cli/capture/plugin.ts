/**
 * The QEMU plugin, built on this machine from the source in the package and kept for the next time.
 *
 * Its name in the cache has the digest of source and command, so that a new version is built anew.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandLine } from '../../util/shell-word.js';
import { systemReason } from '../../util/system-reason.js';
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
function interfaceVersion(text: string): number {
  const [, major = '0', minor = '0'] = /version (\d+)\.(\d+)/.exec(text) ?? [];
  const at = Number(major) * 1000 + Number(minor);
  return INTERFACES.find(([wanted, minimum]) => at >= wanted * 1000 + minimum)?.[2] ?? 1;
}

/** Says what is run. */
export function announce(words: readonly string[], context: Context): void {
  context.stderr.write(`+ ${commandLine(words)}\n`);
}

/** Throws UsageError if QEMU, which separates the plugin's options by commas, cannot be told one of the paths. */
export function refuseCommas(temporary: string, qemu: string, library: Library): void {
  const why = 'has a comma in its name, by which QEMU separates the options of a plugin';
  if (temporary.includes(','))
    throw new library.UsageError(`${temporary}: ${why}`, {
      hint: 'TMPDIR names another folder for temporary files',
    });
  if (qemu.includes(','))
    throw new library.UsageError(`${qemu}: ${why}`, {
      hint: 'name a folder in PATH without one, with a link to it, or take `--tool lackey`',
    });
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
  const name = `capture-${digest.slice(0, 16)}.so`;
  const cache = cacheFolder(context, temporary);
  const kept = join(cache, name);
  if (!cache.includes(',') && existsSync(kept)) return kept;
  const path = join(usable(cache, temporary, context), name);
  const part = `${path}.${process.pid}.part`;
  const command = [...words, '-o', part, source];
  announce(command, context);
  const built = spawnSync(command[0]!, command.slice(1), { encoding: 'utf8' });
  if (built.status !== 0 || !existsSync(part)) {
    rmSync(part, { force: true });
    const said = `${built.stderr ?? ''}`.trim();
    throw new library.UsageError('the QEMU plugin cannot be built', {
      details: said.split('\n').slice(0, 5),
      hint: /no space left|quota/i.test(said)
        ? 'XDG_CACHE_HOME names the folder in which it is kept, TMPDIR that for temporary files'
        : 'the C compiler needs the C library to build against: on Debian and Ubuntu apt-get install libc6-dev',
    });
  }
  renameSync(part, path);
  return path;
}

/** `folder` if the plugin can be kept there, else `otherwise`, and a note why. */
function usable(folder: string, otherwise: string, context: Context): string {
  if (folder === otherwise) return folder;
  const why = whyNot(folder);
  if (why === null) return folder;
  context.stderr.write(
    `note: the plugin is built anew for each capture: ${folder} ${why}; XDG_CACHE_HOME names another folder\n`,
  );
  return otherwise;
}

/** Why nothing can be kept in `folder`; null: it can, and the folder is there. */
function whyNot(folder: string): string | null {
  // As in refuseCommas: but this one can be done without.
  if (folder.includes(',')) return 'has a comma in its name, which QEMU cannot read';
  try {
    makeFolder(resolve(folder));
    accessSync(folder, constants.W_OK);
    return null;
  } catch (error) {
    return `cannot be used: ${systemReason(error)}`;
  }
}

/**
 * Makes the folder and those that it is in, one by one: `recursive` of mkdirSync never ends where the system says that
 * a folder which is there has no place for another, as /proc does (Node.js 20).
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
  } catch (error) {
    // Another capture may have made it in between.
    if (!existsSync(path)) throw error;
  }
}
