/**
 * What is published: the files in the tarball, and the types that a user's compiler finds.
 *
 * Packing and installing for real takes the network and minutes; .ci/run does that.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ROOT, plainEnvironment, scratch } from './run-cli.js';

interface Packed {
  /** Bytes of the tarball, and of what is in it. */
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** `npm pack --dry-run`; without scripts, because a build would change dist/ under other tests. */
function dryRun(): Packed {
  // Under npm or npx the environment carries their own words and options.
  const environment = Object.entries(plainEnvironment()).filter(([name]) => !/^npm_/i.test(name));
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: Object.fromEntries(environment),
    maxBuffer: 1 << 26,
  });
  expect(status, stderr).toBe(0);
  const parsed = JSON.parse(stdout) as Packed[] | Record<string, Packed>;
  const [packed] = Object.values(parsed);
  if (packed === undefined) throw new Error('npm pack named no package');
  return packed;
}

describe('the package', () => {
  let packed: Packed;
  let paths: readonly string[];

  beforeAll(() => {
    packed = dryRun();
    paths = packed.files.map(({ path }) => path);
  }, 60_000);

  it.each([
    'package.json',
    'README.md',
    'LICENSE',
    'CHANGELOG.md',
    'bin/p2msim.js',
    'lib/capture/qemu-plugin.c',
    'lib/index.js',
    'lib/index.d.ts',
    'lib/cli/main.js',
    'lib/LICENSES.txt',
    'LICENSES/README.md',
    'LICENSES/GPL-2.0-or-later.txt',
    'docs/ARCHITECTURE.md',
    'docs/model.md',
    'docs/formats.md',
    'docs/metrics.md',
    'docs/validation.md',
    'lib/validate/data/xen.json',
    'lib/validate/data/kvm.json',
    'lib/validate/worker.js',
    'lib/crew-worker.js',
    'lib/chunk-loader.cjs',
    'lib/replay.cjs',
    'bin/package.json',
    'keep-code.mjs',
    'examples/my-backend/flat-nested.mjs',
    'traces/examples/fork.csv',
    'traces/lackey/cc1-with-instructions.lackey.gz',
    'traces/lackey/sort.lackey.gz',
  ])('contains %s', (path) => {
    expect(paths).toContain(path);
  });

  it('names the licence of the plugin beside that of the rest, as the file itself does', () => {
    const { license } = JSON.parse(readFileSync('package.json', 'utf8')) as { license: string };
    expect(license).toBe('MIT AND GPL-2.0-or-later');
    expect(readFileSync('src/capture/qemu-plugin.c', 'utf8')).toContain(
      'SPDX-License-Identifier: GPL-2.0-or-later',
    );
    expect(readFileSync('LICENSE', 'utf8')).toMatch(/^MIT License/);
    expect(readFileSync('LICENSES/GPL-2.0-or-later.txt', 'utf8')).toMatch(
      /^\s*GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991/,
    );
  });

  it('contains neither sources, tests nor left-overs', () => {
    const known =
      /^(?:lib|bin|traces|examples|docs|LICENSES)\/|^(?:package\.json|keep-code\.mjs|README\.md|LICENSE|CHANGELOG\.md)$/;
    expect(paths.filter((path) => !known.test(path))).toEqual([]);
    expect(paths.filter((path) => /\.(?:got|tgz|log|test\.\w+)$|(?:^|\/)\./.test(path))).toEqual([]);
  });

  // Two real traces of 3.5 MB, hardly compressible, make most of it; traces/ has a limit of 4 MiB.
  it('stays below 5 MiB packed and 8 MiB unpacked', () => {
    expect(packed.size).toBeLessThan(5 * 2 ** 20);
    expect(packed.unpackedSize).toBeLessThan(8 * 2 ** 20);
  });

  it('has a program that the system can start', () => {
    expect(readFileSync(join(ROOT, 'bin/p2msim.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('depends on nothing that is only in devDependencies', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    const code = paths.filter((path) => /^lib\/(?!kept-code\/).*\.c?js$/.test(path));
    const imports =
      /^(?:import|export)\b[^;'=]*?\bfrom ["']([^"'.][^"']*)["'];|\b(?:importModule|require\$?\d*)\(["'`]([^"'`.\s]+)["'`]\)/gm;
    const imported = code.flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(imports)]
        .map(([, fixed, lazy]) => fixed ?? lazy ?? '')
        .filter((name) => !isBuiltin(name))
        .map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name),
    );
    expect(imported).toEqual(expect.arrayContaining(['chalk', 'cli-table3', 'csv-parse']));
    const missing = [...new Set(imported)].filter((name) => !(name in manifest.dependencies));
    expect(missing).toEqual([]);
  });
});

/** Files of lib/ with code, by name. */
function code(name: string): string {
  return readFileSync(join(ROOT, 'lib', name), 'utf8');
}

describe('the built files', () => {
  it('hold the worker of every kind of thread beside the file that starts it', () => {
    const workers = ['thread-crew.cjs', 'index.cjs', 'validate/validate.cjs'].flatMap((name) =>
      [...code(name).matchAll(/\bWorker\(new URL\(["'`]([^"'`]+)["'`]/g)].map(([, path]) =>
        join('lib', dirname(name), path ?? ''),
      ),
    );
    expect(workers).toEqual(['lib/crew-worker.js', 'lib/batch-thread.js', 'lib/validate/worker.js']);
    for (const path of workers) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });
});

const CONSUMER = `
import { type BackendPlugin, type CompareResult, TraceError, backends, compare, replay } from 'p2msim';

const native: BackendPlugin = backends.get('native');
const { result, error } = await compare({ trace: 'a.csv', modes: [native.name, 'hap'] });
const wide: CompareResult = result;
const exits: number | undefined = wide.results[0]?.counters['vmexit.total'];
const one = await replay({ trace: 'a.csv', settings: [] });
const pages: number = one.result.memory['p2m.pages'];
const place: string | null = error instanceof TraceError ? error.where : null;
// @ts-expect-error: results are read-only
one.result.mode = 'shadow';
export { exits, pages, place };
`;

/** A project of a user's with the package installed, type-checked under nodenext. */
function typecheck(files: (folder: string) => void, options: Readonly<Record<string, unknown>> = {}): string {
  const folder = scratch();
  mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
  symlinkSync(ROOT, join(folder, 'node_modules/p2msim'));
  symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2023',
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    ...options,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*'] }));
  files(folder);
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout, stderr } = spawnSync(tsc, ['-p', folder], { cwd: folder, encoding: 'utf8' });
  return stdout + stderr;
}

describe('the types of the package', { timeout: 60_000 }, () => {
  it('resolve under nodenext, with every library checked', () => {
    expect(typecheck((folder) => writeFileSync(join(folder, 'consumer.ts'), CONSUMER))).toBe('');
  });

  it('are checked: a wrong one is found', () => {
    const wrong = CONSUMER.replace("backends.get('native')", 'backends.get(1)');
    expect(typecheck((folder) => writeFileSync(join(folder, 'consumer.ts'), wrong))).toContain('TS2345');
  });

  it('fit the example backend', () => {
    const copy = (folder: string): void =>
      copyFileSync(join(ROOT, 'examples/my-backend/flat-nested.mjs'), join(folder, 'flat-nested.mjs'));
    expect(typecheck(copy, { allowJs: true, checkJs: true, noImplicitAny: false })).toBe('');
  });
});
