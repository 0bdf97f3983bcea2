/**
 * What a start loads: which files of the package, by the loader's own account. Time is not for tests (`npm run bench -- --rows
 * 'start.*'`), but what makes it is: a static import in the wrong place brings a part back that no replay needs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { beforeEach, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), 'p2msim-loaded-'));
const LIST = join(FOLDER, 'loaded');

/** Writes down every file of code that is read: by Node for a package, by src/chunk-loader.ts for a file of lib/. */
const RECORDER = join(FOLDER, 'recorder.cjs');
writeFileSync(
  RECORDER,
  `
const fs = require('node:fs');
const { readFileSync, appendFileSync } = fs;
fs.readFileSync = (path, ...rest) => {
  if (/\\.c?js$/.test(String(path))) appendFileSync(${JSON.stringify(LIST)}, path + '\\n');
  return readFileSync(path, ...rest);
};`,
);
/** The same of ES modules, which are read in another way. */
const HOOKS = `
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(LIST)}, url + '\\n');
  return next(url, context);
}`;
const REGISTER = `
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(HOOKS)}));`;

/** What a command loads. */
function loadedBy(...words: readonly string[]): string[] {
  return loadedByNode(join(ROOT, 'bin/p2msim.js'), ...words);
}

/** Paths below lib/ (and those of anything else that is no part of Node.js) of the code that a script loads. */
function loadedByNode(...words: readonly string[]): string[] {
  writeFileSync(LIST, '');
  const register = `data:text/javascript,${encodeURIComponent(REGISTER)}`;
  const flags = ['--require', RECORDER, '--import', register];
  execFileSync(process.execPath, [...flags, ...words], {
    cwd: FOLDER,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const paths = readFileSync(LIST, 'utf8').trim().split('\n');
  const own = paths.map((path) => path.replace(join(ROOT, 'lib/'), ''));
  return own.filter((path) => !/^(?:node|data):|\/bin\/p2msim\.js$|^kept-code\//.test(path));
}

function trace(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

const textOf = (file: string): string => readFileSync(join(ROOT, 'lib', file), 'utf8');

const START = ['base.cjs', 'chunk-loader.cjs', 'cli/main.cjs', 'rolldown-runtime.cjs'];
const REPLAY = [...START, 'replay.cjs'].toSorted();

describe('what is loaded', () => {
  it.each(['--version', '--help'])('for %s: the words of the commands, and no engine', (word) => {
    expect(loadedBy(word).toSorted()).toEqual(START);
  });

  it('to replay lackey: the engine, and nothing else', () => {
    expect(loadedBy('replay', trace('a.lackey', ' L 1ffeffe7e0,8\n S 1ffeffe7e8,8\n')).toSorted()).toEqual(
      REPLAY,
    );
  });

  it('to replay a CSV: its reader as well', () => {
    const others = loadedBy('replay', trace('a.csv', 'op,va\nR,0x1000\n')).filter(
      (file) => !REPLAY.includes(file),
    );
    expect(others).toContain('csv-stream.cjs');
    expect(others.filter((file) => !file.startsWith('csv-'))).toEqual([]);
  });

  it.each(['index.js', 'validate/worker.js'])('for lib/%s: no package', (file) => {
    const loaded = loadedByNode(join(ROOT, 'lib', file));
    expect(loaded).toContain('replay.cjs');
    expect(loaded.filter((path) => path.includes('node_modules'))).toEqual([]);
  });

  it.each([
    ['budgets', 'judgeBudgets'],
    ['diffs', 'diffSaved'],
    ['baselines', 'replayBaseline'],
    ['batches', 'planBatch'],
    ['generators', 'openGenerated'],
    ['writers of traces', 'BlockWriter'],
    ['zstd', 'ZstdFrames'],
    ['p2mtrace', 'P2mtraceReader'],
    ['schemas', 'jsonSchema'],
    ['completion', 'splitLine'],
  ])('to replay lackey has no code of %s in it', (_, name) => {
    const definition = new RegExp(`(?:function|class|const|var) ${name}\\b`);
    expect(REPLAY.filter((file) => definition.test(textOf(file)))).toEqual([]);
    const others = [
      textOf('index.cjs'),
      textOf('judging.cjs'),
      textOf('trace-tools.cjs'),
      textOf('zstd.cjs'),
    ];
    const rest = [
      ...others,
      textOf('open-generated.cjs'),
      textOf('p2mtrace-stream.cjs'),
      textOf('words.cjs'),
    ];
    // The name is what it is called: otherwise the line above says nothing.
    expect(rest.some((text) => definition.test(text))).toBe(true);
  });

  it('is ASCII, which V8 scans faster', () => {
    expect(REPLAY.filter((file) => /[^\0-\x7f]/.test(textOf(file)))).toEqual([]);
  });

  describe('bytecode that is kept', () => {
    const KEPT = `lib/kept-code/${process.version}-${process.platform}-${process.arch}`;
    const CHUNKS = REPLAY.filter((file) => file !== 'chunk-loader.cjs');
    /** A package of one's own to break. */
    const copy = join(FOLDER, 'copy');
    const words = ['replay', trace('b.lackey', ' L 1ffeffe7e0,8\n S 1ffeffe7e8,8\n'), '--json'];
    const run = (root: string, ...more: string[]): string =>
      execFileSync(process.execPath, [join(root, 'bin/p2msim.js'), ...words, ...more], { encoding: 'utf8' });
    /** Rewrites the file at `path` below the copy. */
    const edit = (path: string, change: (bytes: Buffer) => Buffer | string): void =>
      writeFileSync(join(copy, path), change(readFileSync(join(copy, path))));

    beforeEach(() => {
      rmSync(copy, { recursive: true, force: true });
      for (const part of ['lib', 'bin', 'package.json'])
        cpSync(join(ROOT, part), join(copy, part), { recursive: true });
      symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    });

    it('is there for every file of a start, and V8 takes it', () => {
      // Where the tests run under another Node than the build did, there is that one's.
      expect(readdirSync(join(ROOT, 'lib/kept-code')).length).toBeGreaterThan(0);
      if (!existsSync(join(ROOT, KEPT))) return;
      for (const file of CHUNKS) {
        const cachedData = readFileSync(join(ROOT, KEPT, file)).subarray(32);
        const script = new Script(textOf(file), { filename: `p2msim/lib/${file}`, cachedData });
        expect(script.cachedDataRejected, file).toBe(false);
      }
    });

    it('changes nothing where it is missing, cut or not bytecode', () => {
      const expected = run(ROOT);
      mkdirSync(join(copy, KEPT, 'cli'), { recursive: true });
      writeFileSync(join(copy, KEPT, 'replay.cjs'), 'no bytecode');
      writeFileSync(join(copy, KEPT, 'cli/main.cjs'), '');
      expect(run(copy)).toBe(expected);
      rmSync(join(copy, 'lib/kept-code'), { recursive: true });
      expect(run(copy)).toBe(expected);
    });

    // V8 itself takes both: it looks at the lengths alone.
    it('is left alone where a bit of it is wrong', () => {
      const expected = run(ROOT);
      for (const part of [0.2, 0.5, 0.8]) {
        edit(join(KEPT, 'replay.cjs'), (bytes) => {
          bytes[Math.floor(bytes.length * part)]! ^= 4;
          return bytes;
        });
        expect(run(copy)).toBe(expected);
      }
    });

    it('is left alone where the text is another one of the same length', () => {
      edit('lib/replay.cjs', (bytes) =>
        bytes.toString('latin1').replaceAll('p2msim.result', 'P2MSIM.RESULT'),
      );
      expect(JSON.parse(run(copy))).toMatchObject({
        schema: expect.stringMatching(/^P2MSIM\.RESULT/) as unknown,
      });
    });

    it('does not say where it was made', () => {
      for (const file of CHUNKS) {
        if (existsSync(join(ROOT, KEPT)))
          expect(readFileSync(join(ROOT, KEPT, file)).includes(ROOT), file).toBe(false);
      }
      const { stderr } = spawnSync(
        process.execPath,
        [join(copy, 'bin/p2msim.js'), 'replay', 'not-there.csv', '--debug'],
        {
          encoding: 'utf8',
        },
      );
      expect(stderr).toContain('(p2msim/lib/replay.cjs:');
      expect(stderr).not.toContain(ROOT);
    });
  });
});
