/**
 * Kills a sweep with SIGKILL at random moments, over and over, and checks after each time what is in its results file.
 *
 *     node test/batch/kill.mjs [--kills 50] [--seed 1] [--log FILE]
 *
 * After every kill: all lines that were there before are there, byte for byte; all whole lines are lines of the sweep as
 * it runs undisturbed; no point is there twice. A kill seldom strikes inside a write, so in every third round the file is
 * also cut somewhere inside its last line, as by a loss of power. When all points are done the file is compared with
 * that of the undisturbed run, and the sweep begins anew. Each round prints where it struck and which line was repaired.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BIN = join(ROOT, 'bin/p2msim.js');
const SWEEP = (
  'sweep traces/lackey/sort.lackey.gz -m native,hap,shadow -L stlb.entries 384,768,1536 -P seed 1 8 --step +1 ' +
  '--limit 4000 --jobs 2 --results'
).split(' ');
/** Of the rounds that kill by time: up to about when the first points are done. */
const LONGEST_MS = 400;
/** Of the others: most bytes by which the file grows first. */
const MOST_GROWTH = 500_000;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    log: { type: 'string' },
  },
});

/** mulberry32: uniform in [0, 1). */
function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const log = [];
function say(text) {
  log.push(text);
  console.log(text);
}

function fail(text) {
  say(`FAIL ${text}`);
  if (values.log !== undefined) writeFileSync(values.log, `${log.join('\n')}\n`);
  process.exit(1);
}

function wholeLines(path) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
}

const sorted = (lines) => [...lines].sort();

const sizeOf = (file) => (existsSync(file) ? statSync(file).size : 0);

/** Every fourth kill by time, which strikes the start; the others when the file has grown by so many bytes. */
function chooseMoment(round) {
  if (round % 4 === 0) return { ms: Math.floor(random() * LONGEST_MS) };
  return { bytes: 1 + Math.floor(random() * MOST_GROWTH) };
}

/** Runs until it ends or the moment comes; resolves to whether it was killed, and what it said. */
function runAndKill(args, moment) {
  return new Promise((resolve) => {
    const start = sizeOf(path);
    const child = spawn(process.execPath, [BIN, ...args], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
    const strike = () => child.kill('SIGKILL');
    const timer = moment.ms === undefined ? undefined : setTimeout(strike, moment.ms);
    const watcher =
      moment.bytes === undefined
        ? undefined
        : watch(folder, () => sizeOf(path) - start >= moment.bytes && strike());
    let errors = '';
    child.stderr.on('data', (data) => (errors += data));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      watcher?.close();
      if (signal === null && code !== 0) fail(`exit ${code}: ${errors}`);
      resolve({ killed: signal !== null, errors });
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'p2msim-kill-'));
const reference = join(folder, 'reference.jsonl');
const path = join(folder, 'r.jsonl');
const undisturbed = spawnSync(process.execPath, [BIN, ...SWEEP, reference], { cwd: ROOT, encoding: 'utf8' });
if (undisturbed.status !== 0) fail(`the undisturbed run: ${undisturbed.stderr}`);
const expected = new Set(wholeLines(reference));
say(
  `node ${process.version}; ${expected.size - 1} points, ${statSync(reference).size} bytes; seed ${values.seed}`,
);

const random = generator(Number(values.seed));
const counts = { struck: 0, torn: 0, cut: 0, repaired: 0, finished: 0 };
const places = { start: 0, middle: 0 };

function checkFile(before, round) {
  const lines = wholeLines(path);
  for (const [i, line] of before.entries())
    if (lines[i] !== line) fail(`round ${round}: line ${i + 1} was lost`);
  for (const [i, line] of lines.entries())
    if (!expected.has(line)) fail(`round ${round}: line ${i + 1} is wrong`);
  if (new Set(lines).size !== lines.length) fail(`round ${round}: a line is there twice`);
  return lines;
}

/** The last line loses its end, as when power fails before the disk has all of it. */
function cut(lines) {
  const last = Buffer.byteLength(lines.at(-1)) + 1;
  const keep = 1 + Math.floor(random() * (last - 1));
  const size = statSync(path).size;
  truncateSync(path, size - last + keep);
  counts.cut += 1;
  return `; cut after ${keep} of ${last} bytes of line ${lines.length}`;
}

let before = [];
/** Size of the file after the last round. */
let left = 0;
for (let round = 1; counts.struck < Number(values.kills); round++) {
  const moment = chooseMoment(round);
  const { killed, errors } = await runAndKill([...SWEEP, path, '--resume'], moment);
  const [, at, bytes] = /:(\d+): a torn line of (\d+) bytes/.exec(errors) ?? [];
  const repaired = at === undefined ? undefined : `line ${at}, ${bytes} bytes of it,`;
  if (repaired !== undefined) counts.repaired += 1;
  let lines = checkFile(before, round);
  const size = sizeOf(path);
  const whole = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
  const when = moment.ms === undefined ? `${moment.bytes} bytes` : `${moment.ms} ms`;
  let what = killed ? `killed after ${when}, ${lines.length} lines (${before.length} before)` : 'finished';
  if (repaired !== undefined) what += `; ${repaired} was repaired`;
  if (killed) {
    counts.struck += 1;
    places[lines.length === before.length ? 'start' : 'middle'] += 1;
    if (size > whole && size === left) {
      what += '; not repaired yet';
    } else if (size > whole) {
      counts.torn += 1;
      what += `; torn: ${size - whole} bytes of line ${lines.length + 1}`;
    } else if (round % 3 === 0 && lines.length > 0) {
      what += cut(lines);
      lines = lines.slice(0, -1);
    }
  } else {
    counts.finished += 1;
    if (sorted(lines).join('\n') !== sorted(expected).join('\n'))
      fail(`round ${round}: not the undisturbed lines`);
    rmSync(path);
    lines = [];
  }
  say(`round ${round}: ${what}`);
  before = lines;
  left = sizeOf(path);
}

// What is there now has to be completed by one run without a kill.
const last = await runAndKill([...SWEEP, path, '--resume'], { ms: 600_000 });
if (last.killed) fail('the last run did not end');
const end = checkFile(before, 'last');
if (sorted(end).join('\n') !== sorted(expected).join('\n')) fail('the end: not the undisturbed lines');
say(
  `ok: ${counts.struck} kills (${places.start} before a new line, ${places.middle} between lines), ` +
    `${counts.torn} torn by the kill, ${counts.cut} cut, ${counts.finished + 1} sweeps complete`,
);
rmSync(folder, { recursive: true });
if (values.log !== undefined) writeFileSync(values.log, `${log.join('\n')}\n`);
