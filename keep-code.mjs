/**
 * Writes lib/kept-code/: bytecode of the files of lib/, which src/chunk-loader.ts gives to V8 at a start.
 *
 * Bytecode of a function is made when it is first called. So the program is run, and what it has made then is kept: for each
 * file from the first of these commands that loads it. `node keep-code.mjs` runs all, each in a process of its own.
 *
 * It is not published: only the Node that runs the program can make it. A build makes it, and so does an installation, with
 * `--if-possible`: where that fails (or install scripts are off) the program starts slower, and that is all.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(fileURLToPath(import.meta.url));

/**
 * In the order of how often they are used, the first with all modes. `result.json` and `trace.csv` are made by commands of the same
 * list.
 */
const COMMANDS = [
  'compare trace.lackey -r table -r json=compare.json',
  'replay trace.lackey -o result.json',
  'trace convert trace.lackey trace.csv',
  'compare trace.csv --json',
  'diff result.json result.json',
  'sweep trace.csv -L stlb.entries 768,1536',
  'trace info trace.lackey',
  'trace mrc trace.lackey',
  'trace info gen:zipf,accesses=1k',
  'trace convert trace.csv trace.p2mtrace',
  'replay trace.p2mtrace',
];

/** Every kind of record, over more pages than a TLB holds. */
function lackeyText() {
  const kinds = ['I ', ' L', ' S', ' M'];
  const lines = Array.from({ length: 4000 }, (_, i) => {
    const address = 0x400000 + ((i * 0x1358) % 0x1000000);
    return `${kinds[i % 4]} ${address.toString(16).padStart(8, '0')},${1 << (i % 4)}`;
  });
  return `${lines.join('\n')}\n`;
}

async function runAndKeep(words) {
  const { codeOfLoaded, KEPT_CODE, loadChunk } = await import('./lib/chunk-loader.cjs');
  process.argv = [process.argv[0], join(ROOT, 'bin/p2msim.js'), ...words];
  process.on('exit', () => {
    for (const [name, code] of codeOfLoaded()) {
      const path = join(KEPT_CODE, name);
      if (existsSync(path)) continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, code);
    }
  });
  loadChunk('cli/main.cjs');
}

function keepAll() {
  const folder = mkdtempSync(join(tmpdir(), 'p2msim-code-'));
  writeFileSync(join(folder, 'trace.lackey'), lackeyText());
  // What is configured for the program must not decide what its build is.
  const environment = Object.entries(process.env).filter(([name]) => !/^P2MSIM_|^NODE_OPTIONS$/.test(name));
  try {
    for (const command of COMMANDS) {
      const { status, stderr } = spawnSync(
        process.execPath,
        [fileURLToPath(import.meta.url), ...command.split(' ')],
        {
          cwd: folder,
          encoding: 'utf8',
          env: Object.fromEntries(environment),
          stdio: ['ignore', 'ignore', 'pipe'],
        },
      );
      if (status !== 0) throw new Error(`p2msim ${command}: exit code ${status}: ${stderr}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function keepIfPossible() {
  // In a checkout packages are installed before anything is built.
  if (!existsSync(join(ROOT, 'lib/chunk-loader.cjs'))) return;
  try {
    keepAll();
  } catch {
    // A package that may not be written to.
  }
}

const words = process.argv.slice(2);
if (words[0] === '--if-possible') keepIfPossible();
else if (words.length > 0) await runAndKeep(words);
else keepAll();
