/**
 * What a start loads: which files of the package, by the loader's own account. Time is not for tests (`npm run bench -- --rows
 * 'start.*'`), but what makes it is: a static import in the wrong place brings a part back that no replay needs.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), 'p2msim-loaded-'));
const LIST = join(FOLDER, 'loaded');

/** Hooks of the module loader that write down every file of lib/ and every package that is loaded. */
const HOOKS = `
import { appendFileSync } from 'node:fs';
export async function load(url, context, next) {
  appendFileSync(${JSON.stringify(LIST)}, url + '\\n');
  return next(url, context);
}`;
const REGISTER = `
import { register } from 'node:module';
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(HOOKS)}));`;

/** Paths below lib/ (and URLs of anything else that is no part of Node.js) that a command loads. */
function loadedBy(...words: readonly string[]): string[] {
  writeFileSync(LIST, '');
  const register = `data:text/javascript,${encodeURIComponent(REGISTER)}`;
  execFileSync(process.execPath, ['--import', register, join(ROOT, 'bin/p2msim.js'), ...words], {
    cwd: FOLDER,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lib = pathToFileURL(join(ROOT, 'lib/')).href;
  const urls = readFileSync(LIST, 'utf8').trim().split('\n');
  return urls
    .filter((url) => !/^(node|data):|\/bin\/p2msim\.js$/.test(url))
    .map((url) => url.replace(lib, ''));
}

function trace(name: string, text: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, text);
  return path;
}

const textOf = (file: string): string => readFileSync(join(ROOT, 'lib', file), 'utf8');

const START = ['base.js', 'cli/main.js', 'rolldown-runtime.js'];
const REPLAY = [...START, 'replay.js'].toSorted();

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
    expect(others).toContain('csv-stream.js');
    expect(others.filter((file) => !file.startsWith('csv-'))).toEqual([]);
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
  ])('to replay lackey has no code of %s in it', (_, name) => {
    const definition = new RegExp(`(?:function|class|const|var) ${name}\\b`);
    expect(REPLAY.filter((file) => definition.test(textOf(file)))).toEqual([]);
    const others = [textOf('index.js'), textOf('judging.js'), textOf('trace-tools.js'), textOf('zstd.js')];
    const rest = [...others, textOf('open-generated.js'), textOf('p2mtrace-stream.js')];
    // The name is what it is called: otherwise the line above says nothing.
    expect(rest.some((text) => definition.test(text))).toBe(true);
  });

  it('is ASCII, which V8 scans faster', () => {
    expect(REPLAY.filter((file) => /[^\0-\x7f]/.test(textOf(file)))).toEqual([]);
  });
});
