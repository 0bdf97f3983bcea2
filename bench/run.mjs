/**
 * `npm run bench`: measures the rows, prints them, writes JSON and Markdown. README.md in this folder says what each row is.
 *
 * Exit code 1 if counters of p2msim and a reference differ, or a row fell over; never for a time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './machine-info.mjs';
import { machineText, markdown, rowText, writeInto } from './output.mjs';
import { buildReferences } from './references.mjs';
import { isSound, measureRow } from './rounds.mjs';
import { DECODE_ROWS } from './rows/decode.mjs';
import { END_TO_END_ROWS } from './rows/end-to-end.mjs';
import { ENGINE_ROWS } from './rows/engine.mjs';
import { MANY_MACHINE_ROWS } from './rows/many-machines.mjs';
import { MEMORY_ROWS } from './rows/memory.mjs';
import { PEER_ROWS } from './rows/peers.mjs';
import { START_UP_ROWS } from './rows/start-up.mjs';
import { chosenRows } from './select.mjs';

const ROWS = [
  ...ENGINE_ROWS,
  ...END_TO_END_ROWS,
  ...MANY_MACHINE_ROWS,
  ...DECODE_ROWS,
  ...MEMORY_ROWS,
  ...START_UP_ROWS,
  ...PEER_ROWS,
];

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  rows: { type: 'string' },
  rounds: { type: 'string' },
  json: { type: 'string' },
  markdown: { type: 'string' },
  docs: { type: 'boolean', default: false },
  list: { type: 'boolean', default: false },
};

const DOCUMENT = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
const print = (text) => process.stdout.write(`${text}\n`);

/** What was asked for; a mistake in it ends the program with a message and code 2. */
function readFlags() {
  try {
    const { values } = parseArgs({ options: OPTIONS });
    const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
    if (!Number.isInteger(rounds) || rounds < 1)
      throw new Error(`--rounds is a number from 1, not ${values.rounds}`);
    return { ...values, rounds, rows: chosenRows(ROWS, values.rows) };
  } catch (error) {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exit(2);
  }
}

function createContext({ quick, rounds }) {
  const folder = mkdtempSync(join(tmpdir(), 'p2msim-bench-'));
  const { compiler, references } = buildReferences(folder);
  return { folder, quick, rounds, records: quick ? 500_000 : 8_000_000, compiler, references, print };
}

async function measureAll(rows, context) {
  const measured = [];
  for (const row of rows) {
    let result;
    try {
      result = await measureRow(row, context);
    } catch (error) {
      result = { id: row.id, title: row.title, unavailable: error.message, failed: row.optional !== true };
    }
    measured.push(result);
    print(rowText(result));
  }
  return measured;
}

async function main() {
  const flags = readFlags();
  if (flags.list) return flags.rows.forEach(({ id, title }) => print(`${id.padEnd(30)} ${title}`));
  const context = createContext(flags);
  try {
    const { rounds, records, quick } = context;
    const about = { machine: describeMachine(context.compiler), rounds, records, quick };
    print(`${machineText(about)}\nCPU user time; median (min..max) of interleaved rounds\n`);
    const report = { ...about, rows: await measureAll(flags.rows, context) };
    if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(report, null, 2)}\n`);
    if (flags.markdown !== undefined) writeFileSync(flags.markdown, markdown(report));
    if (flags.docs) await writeInto(DOCUMENT, markdown(report));
    process.exitCode = isSound(report.rows) ? 0 : 1;
  } finally {
    rmSync(context.folder, { recursive: true, force: true });
  }
}

await main();
