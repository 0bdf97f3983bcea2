/**
 * The shape of the sources: who imports whom, who touches the process, how long files are, what no file says.
 *
 * docs/ARCHITECTURE.md describes these rules.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A folder (or a file at the top of src/) imports from those to its left and from itself. */
const ORDER: readonly (readonly string[])[] = [
  ['util', 'errors.ts', 'counters.ts'],
  ['kernels'],
  ['arch'],
  ['config'],
  ['trace'],
  ['guest'],
  ['scenario'],
  ['hypervisor'],
  ['mmu'],
  ['sim'],
  ['validate'],
  ['cost'],
  ['report'],
  ['version.ts', 'prepare.ts', 'run-result.ts'],
  ['batch'],
  ['experiments'],
  ['schema'],
  ['capture'],
  [
    'api.ts',
    'sweep.ts',
    'diff.ts',
    'baseline.ts',
    'budgets.ts',
    'engine.ts',
    'judging.ts',
    'trace-tools.ts',
    'index.ts',
  ],
  ['cli'],
  // Of the built package: it loads files by their names and imports none.
  ['chunk-loader.ts'],
];

/** Files of the library that the command line may import; all but the first so that less need be loaded. */
const OPEN_TO_CLI = [
  'index.ts',
  'engine.ts',
  'judging.ts',
  'trace-tools.ts',
  'version.ts',
  'util/shell-word.ts',
  'util/system-reason.ts',
];

const MAX_LINES = 300;
/** Visible exemption, on a line of its own: the reason is part of it. */
const EXEMPT = /^\/\/ exempt from the size limit: .{10,}$/m;

interface Source {
  /** Path below src/, with slashes. */
  readonly path: string;
  readonly text: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => posix.join(entry.parentPath.slice(ROOT.length).replaceAll('\\', '/'), entry.name))
    .sort();
}

const SOURCES: readonly Source[] = filesBelow('src')
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: path.slice('src/'.length), text: readFileSync(join(ROOT, path), 'utf8') }));

/** Folder below src/, or the file itself if it is at the top. */
function unitOf(path: string): string {
  return path.split('/')[0] ?? path;
}

function rank(path: string): number {
  return ORDER.findIndex((units) => units.includes(unitOf(path)));
}

/** What a module imports or re-exports, as written. */
function importsOf(text: string): string[] {
  const found = withoutComments(text).matchAll(/(?:\bfrom|\bimport\s*\(?)\s*'([^']+)'/g);
  return [...found].map(([, target]) => target ?? '');
}

/** Imports from other files of src/, as paths below src/. */
function localImports({ path, text }: Source): string[] {
  return importsOf(text)
    .filter((target) => target.startsWith('.'))
    .map((target) => posix.join(dirname(path), target.replace(/\.js$/, '.ts')));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1');
}

/** Without comments and the insides of strings. */
function codeOf(text: string): string {
  return withoutComments(text).replaceAll(/'(?:[^'\\\n]|\\.)*'/g, "''");
}

describe('the folders of src/', () => {
  it('are all in the order', () => {
    expect(SOURCES.filter(({ path }) => rank(path) < 0).map(({ path }) => path)).toEqual([]);
  });

  it('import to the left only', () => {
    const wrong = SOURCES.flatMap((source) =>
      localImports(source)
        .filter((target) => rank(target) > rank(source.path))
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('import files that exist, with their ending', () => {
    const known = new Set(SOURCES.map(({ path }) => path));
    // AssemblyScript's imports have none.
    const sources = SOURCES.filter(({ path }) => !path.startsWith('kernels/assembly/'));
    const wrong = sources.flatMap((source) =>
      localImports(source)
        .filter((target) => !known.has(target))
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('leave the library to src/index.ts and its parts where the command line needs it', () => {
    const wrong = SOURCES.filter(({ path }) => unitOf(path) === 'cli').flatMap((source) =>
      localImports(source)
        .filter((target) => unitOf(target) !== 'cli' && !OPEN_TO_CLI.includes(target))
        .map((target) => `${source.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the process', () => {
  const library = SOURCES.filter(({ path }) => !['cli', 'chunk-loader.ts'].includes(unitOf(path)));

  it('is touched by cli/ alone', () => {
    const wrong = library.filter(
      ({ text }) =>
        /\b(?:process|console)\s*[.[]/.test(codeOf(text)) || importsOf(text).includes('node:process'),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  it('gives no clock and no chance to a result', () => {
    const wrong = library.filter(({ text }) =>
      /\bDate\b|\bMath\.random\b|\bperformance\./.test(codeOf(text)),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe('a source file', () => {
  it(`has at most ${MAX_LINES} lines, or says why not`, () => {
    const long = SOURCES.filter(({ text }) => text.split('\n').length - 1 > MAX_LINES);
    expect(long.filter(({ text }) => !EXEMPT.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('asks for no exemption that it does not need', () => {
    const short = SOURCES.filter(({ text }) => text.split('\n').length - 1 <= MAX_LINES);
    expect(short.filter(({ text }) => EXEMPT.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('has named exports only', () => {
    expect(SOURCES.filter(({ text }) => /^export default\b/m.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('opens with what it is about', () => {
    expect(SOURCES.filter(({ text }) => !text.startsWith('/**')).map(({ path }) => path)).toEqual([]);
  });
});

describe('the sources named by counters', { timeout: 60_000 }, () => {
  it('exist', async () => {
    const { COUNTERS, MEMORY_COUNTERS } = await import('../../src/index.js');
    const known = new Set(SOURCES.map(({ path }) => path));
    const named = [...COUNTERS, ...MEMORY_COUNTERS].flatMap(
      ({ source }) => source.match(/[\w/-]+\.ts/g) ?? [],
    );
    expect([...new Set(named)].filter((path) => !known.has(path))).toEqual([]);
  });
});

describe('the reference simulator', () => {
  it('takes nothing but types from src/', () => {
    const values = filesBelow('test/reference')
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
      .flatMap((path) => {
        const text = withoutComments(readFileSync(join(ROOT, path), 'utf8'));
        return [...text.matchAll(/^(import|export)\s+(?!type\b)[^;]*?'((?:\.\.\/)+src\/[^']+)'/gm)].map(
          ([, , target]) => `${path} imports values from ${target}`,
        );
      });
    expect(values).toEqual([]);
  });
});

describe('no file', () => {
  // Spelled in pieces, so that this file is not among those it finds.
  const machine = ['/ro' + 'ot/', '/wo' + 'rk/', '/ho' + 'me/\\w', 'sha' + 'red/(?:design|model|traces)'];
  const forbidden = new RegExp(machine.join('|'));
  const folders = ['src', 'test', 'docs', 'bin', 'examples', 'bench', '.ci', 'traces'];
  const top = ['README.md', 'CHANGELOG.md', 'LICENSE', 'package.json', 'vitest.config.ts'];

  it('names a path of the machine it was written on', () => {
    const present = new Set(readdirSync(ROOT));
    const files = [
      ...folders.filter((folder) => present.has(folder)).flatMap(filesBelow),
      ...top.filter((path) => present.has(path)),
    ].filter((path) => !/\.(?:gz|bin|got)$/.test(path));
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((path) => forbidden.test(readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
  });
});
