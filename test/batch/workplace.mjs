/** What test:slurm and test:parallel share: a folder to work in, commands that are logged, and the comparison. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const BIN = join(ROOT, 'bin/p2msim.js');
export const SPEC = 'sweep.toml';

const { values } = parseArgs({
  options: { log: { type: 'string' }, 'no-install': { type: 'boolean', default: false } },
});

/** A folder with the specification and the traces, in which every command runs. */
export const FOLDER = mkdtempSync(join(tmpdir(), 'p2msim-batch-'));
cpSync(join(ROOT, 'test/batch', SPEC), join(FOLDER, SPEC));
symlinkSync(join(ROOT, 'traces'), join(FOLDER, 'traces'));

const lines = [];

/** Prints a line, and keeps it for --log, without what only this machine has. */
export function say(text) {
  const plain = text
    .replaceAll(FOLDER, 'FOLDER')
    .replaceAll(ROOT, 'P2MSIM/')
    .replaceAll(process.execPath, 'node')
    .replaceAll(hostname(), 'HOST');
  lines.push(plain);
  console.log(plain);
}

export function finish(code) {
  if (values.log !== undefined) writeFileSync(values.log, `${lines.join('\n')}\n`);
  if (code === 0) rmSync(FOLDER, { recursive: true });
  process.exitCode = code;
}

/** Runs a shell line and logs it with what it prints; throws where it fails. */
export function run(command, env = {}) {
  say(`$ ${command}`);
  const done = spawnSync('bash', ['-c', `p2msim() { "${process.execPath}" "${BIN}" "$@"; }\n${command}`], {
    cwd: FOLDER,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  const text = `${done.stdout}${done.stderr}`.trimEnd();
  if (text !== '') say(text);
  if (done.status !== 0) throw new Error(`exit ${done.status}: ${command}`);
  return done.stdout.trim();
}

/** Programs have to be there; if not, Debian's packages are installed, or named. */
export function need(programs, packages) {
  const missing = () => programs.filter((name) => spawnSync('which', [name]).status !== 0);
  if (missing().length === 0) return true;
  const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!values['no-install'] && process.getuid?.() === 0) {
    console.log(`$ ${install}`);
    spawnSync('sh', ['-c', `apt-get update && ${install}`], { stdio: 'inherit' });
  }
  if (missing().length === 0) return true;
  console.log(`missing: ${missing().join(', ')}; on Debian: ${install} (as root)`);
  rmSync(FOLDER, { recursive: true });
  return false;
}

/** Compares what was collected with the sweep of one process, byte by byte. */
export function compare(collected, spec = SPEC) {
  const single = `single-${collected}`;
  run(`p2msim sweep ${spec} --results points-${single}`);
  run(`p2msim collect points-${single} -o ${single}`);
  const [one, other] = [collected, single].map((name) => readFileSync(join(FOLDER, name)));
  run(`sha256sum ${collected} ${single}`);
  if (!one.equals(other)) throw new Error(`${collected} is not the sweep of one process`);
  say(`ok: ${collected} is the sweep of one process, byte by byte (${one.length} bytes)`);
}
