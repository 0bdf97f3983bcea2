/**
 * Sandbox: a copy of the tree in a temporary folder, in which a mutation may be made and tests run. The working
 * tree is only read.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const COPIED = ['src', 'test', 'traces', 'package.json'];
/** A run that takes longer hangs: the mutation made the model run in a circle, which is a kill. */
const LIMIT_MS = 240_000;

/** Copies the tree; returns the folder. Whoever made it removes it. */
export function copyTree() {
  const folder = mkdtempSync(join(tmpdir(), 'p2msim-mutation-'));
  const settings = readdirSync(ROOT).filter((name) => /^(tsconfig.*\.json|vitest\.config\..*)$/.test(name));
  for (const name of [...COPIED, ...settings])
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Compiles src of the copy into its dist, data included. */
export function compile(folder) {
  const tsc = join(folder, 'node_modules/typescript/bin/tsc');
  const built = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`the copy does not compile:\n${built.stdout}`);
  cpSync(join(folder, 'src/validate/data'), join(folder, 'dist/validate/data'), { recursive: true });
}

/** Runs vitest in `folder`; true if it is green. `extra`: further arguments. */
export function isGreen(folder, tests, extra = []) {
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs');
  const env = { ...process.env, P2MSIM_SEEDS: '60', CI: '1' };
  const child = spawn(
    process.execPath,
    [vitest, 'run', ...tests, ...extra, '--bail', '1', '--reporter', 'dot'],
    { cwd: folder, env, detached: true, stdio: 'ignore' },
  );
  return new Promise((done) => {
    const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), LIMIT_MS);
    child.on('exit', (code) => {
      clearTimeout(timer);
      done(code === 0);
    });
  });
}
