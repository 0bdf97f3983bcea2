/**
 * Where the time goes: the program under V8's sampling profiler on a hit-heavy, a miss-heavy and a fork-heavy trace, in each
 * mode; the ten functions with the most time of their own, as Markdown.
 *
 *   node bench/profile.mjs [FOLDER-FOR-TRACES]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { random } from './mixes.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** File by file, as tsc wrote it: what is published has short names for private ones. */
const PROGRAM = join(ROOT, 'dist/cli/main.js');
const MODES = ['native', 'hap', 'shadow'];
const TOP = 10;

/** Random updates over 256 MiB, one modify each: nearly every access misses both TLBs. */
function gups(records) {
  const next = random(1);
  const address = () => (0x10000000 + 8 * (next() % 2 ** 25)).toString(16);
  return Array.from({ length: records }, () => ` M ${address()},8\n`).join('');
}

/** A shell's day: fork, the child writes some pages (copy on write), executes a program, touches it, exits. */
function forks(rounds) {
  const lines = ['op,va,size,as,note'];
  for (let page = 0; page < 64; page++) lines.push(`W,${(0x400000 + 4096 * page).toString(16)},8,sh,`);
  for (let round = 0; round < rounds; round++) {
    const child = `c${round}`;
    lines.push(`FORK,,,sh,${child}`);
    for (let page = 0; page < 16; page++)
      lines.push(`W,${(0x400000 + 4096 * page).toString(16)},8,${child},`);
    lines.push(`EXEC,,,${child},`);
    for (let page = 0; page < 48; page++)
      lines.push(`W,${(0x800000 + 4096 * page).toString(16)},8,${child},`);
    lines.push(`EXIT,,,${child},`, `W,400000,8,sh,`);
  }
  return `${lines.join('\n')}\n`;
}

function traces(folder) {
  const sort = gunzipSync(readFileSync(join(ROOT, 'traces/lackey/sort.lackey.gz')));
  const files = {
    'hit-heavy (sort, 8M records)': ['hits.lackey', () => Buffer.concat([sort, sort, sort, sort])],
    'miss-heavy (random updates over 256 MiB, 8M records)': ['misses.lackey', () => gups(8e6)],
    'fork-heavy (2,000 times fork, write, exec, exit)': ['forks.csv', () => forks(2000)],
  };
  return Object.entries(files).map(([title, [name, make]]) => {
    const path = join(folder, name);
    if (!existsSync(path)) writeFileSync(path, make());
    return { title, path };
  });
}

/** Self time by function, most first: [name, share of all samples]. */
function profileOf(path, mode) {
  const folder = mkdtempSync(join(tmpdir(), 'p2msim-profile-'));
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
  const words = ['replay', path, '-m', mode, '--quiet', '--json'];
  const done = spawnSync(process.execPath, [...flags, PROGRAM, ...words], {
    maxBuffer: 1 << 28,
  });
  if (done.status !== 0) throw new Error(String(done.stderr));
  const [file] = readdirSync(folder);
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  rmSync(folder, { recursive: true });
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame.functionName || '(module)']));
  const self = new Map();
  samples.forEach((id, i) => self.set(byId.get(id), (self.get(byId.get(id)) ?? 0) + timeDeltas[i]));
  self.delete('(idle)');
  const all = [...self.values()].reduce((sum, time) => sum + time, 0);
  return [...self]
    .sort((a, b) => b[1] - a[1])
    .slice(0, TOP)
    .map(([name, time]) => [name, time / all]);
}

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'p2msim-profile-'));
for (const { title, path } of traces(folder)) {
  const columns = MODES.map((mode) => profileOf(path, mode));
  process.stdout.write(`\n### ${title}\n\n| ${MODES.join(' | ')} |\n|${' --- |'.repeat(MODES.length)}\n`);
  for (let row = 0; row < TOP; row++) {
    const cells = columns.map((column) => {
      const [name, share] = column[row] ?? ['', 0];
      return name === '' ? '' : `${(100 * share).toFixed(1)} % \`${name}\``;
    });
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}
