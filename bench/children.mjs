/**
 * Child processes: measured Node programs, workers that repeat a task on request, C references, shell commands.
 *
 * A worker lives through all rounds of its row, so that rounds measure warm code and no start; it waits while the
 * other side of the row works.
 */
import { fork, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

const HERE = fileURLToPath(new URL('.', import.meta.url));
export const PROGRAM = join(HERE, '..', 'bin', 'p2msim.js');
const USAGE = pathToFileURL(join(HERE, 'usage.mjs')).href;

/** To the program, P2MSIM_* is configuration. */
function cleanEnvironment(more = {}) {
  const kept = Object.entries(process.env).filter(([name]) => !/^P2MSIM_|^NODE_OPTIONS$/.test(name));
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...more };
}

export class ChildFailed extends Error {
  constructor(what, code, stderr) {
    super(`${what} ended with ${code}: ${stderr.trim().split('\n').slice(0, 3).join(' | ')}`);
    this.code = code;
    this.stderr = stderr;
  }
}

/** Runs a Node program to its end: what it printed, microseconds of CPU, KiB at its peak. */
export function runNode(context, args) {
  const usage = join(context.folder, 'usage.json');
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--import', USAGE, ...args], {
    env: cleanEnvironment({ BENCH_USAGE_FILE: usage }),
    cwd: context.folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status !== 0) throw new ChildFailed(args.join(' '), status ?? signal, stderr);
  return { stdout, ...JSON.parse(readFileSync(usage, 'utf8')) };
}

/** Runs p2msim to its end. */
export function runProgram(context, args) {
  return runNode(context, [PROGRAM, ...args]);
}

/** True if p2msim knows the command: `--help` of one it does not know fails. */
export function hasCommand(context, ...words) {
  try {
    return runProgram(context, [...words, '--help']).stdout.includes(`p2msim ${words.join(' ')}`);
  } catch {
    return false;
  }
}

/** Runs a shell command; seconds of CPU, user and system, of all its processes. */
export function shellSeconds(command) {
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `{ ${command}\n} >/dev/null 2>&1; times`], {
    env: cleanEnvironment(),
    encoding: 'utf8',
  });
  const times = /(\d+)m([\d.]+)s (\d+)m([\d.]+)s\s*$/.exec(stdout);
  if (status !== 0 || times === null) throw new ChildFailed(command, status, stderr);
  const [, userMinutes, user, systemMinutes, system] = times.map(Number);
  return { user: userMinutes * 60 + user, system: systemMinutes * 60 + system };
}

/** The path of `name` among the folders of PATH, or null. */
export function findProgram(name) {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** A file of workers/ in a process of its own; `ask` sends it a request and waits for the answer. */
export class Worker {
  #child;
  #answer = null;

  constructor(name, args = [], nodeOptions = []) {
    this.#child = fork(join(HERE, 'workers', `${name}.mjs`), args, {
      execArgv: nodeOptions,
      env: cleanEnvironment(),
    });
    this.#child.on('message', (message) => this.#answer?.resolve(message));
    this.#child.on('exit', (code) =>
      this.#answer?.reject(new Error(`worker ${name} ended with ${code} in the middle of its work`)),
    );
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#child.send(request, (error) => error && reject(error));
    }).finally(() => (this.#answer = null));
  }

  close() {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** A C reference over a file of records; `pass` replays all of them once more. */
export class Reference {
  #child;
  #lines;

  constructor(binary, file, records) {
    const args = records === undefined ? [file] : [file, String(records)];
    this.#child = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async pass() {
    this.#child.stdin.write('pass\n');
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('a C reference ended in the middle of its work');
    return JSON.parse(value);
  }

  close() {
    this.#child.stdin.end();
  }
}
