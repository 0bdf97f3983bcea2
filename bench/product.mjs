/**
 * The one place where the benches reach into p2msim: machines and decoded traces, in this process.
 *
 * Only what a replay itself uses: records become columns in a Pass and every machine replays those (sim/pass.ts,
 * sim/crew.ts). Where the inside of p2msim changes, this file follows.
 */
import { resolveConfig } from '../dist/config/load.js';
import { parseAssignment } from '../dist/config/values.js';
import { createMachine } from '../dist/sim/machine.js';
import { Pass } from '../dist/sim/pass.js';
import { BATCH_CAPACITY, createBatch } from '../dist/trace/access.js';
import { EMPTY_HEADER } from '../dist/trace/event.js';
import { DEFAULT_READ_OPTIONS } from '../dist/trace/format.js';
import { openTrace } from '../dist/trace/open.js';
import { emptyRecords } from './mixes.mjs';
import { ENGINE_SETTINGS } from './settings.mjs';

/** The configuration of preset `reference` with `settings` (`key=value`) on top. */
export function configOf(settings = ENGINE_SETTINGS) {
  const parsed = settings.map((text) => parseAssignment(text, 'bench'));
  return resolveConfig({ preset: 'reference', settings: parsed }).config;
}

/**
 * A machine and the function that feeds it one batch, as a replay of one machine does.
 * `backend`: a plugin that is not built in.
 */
export function driverOf(mode, { settings = ENGINE_SETTINGS, strip = true, backend } = {}) {
  const config = configOf(settings);
  const pass = new Pass(strip ? [config] : null);
  const machine = createMachine({ mode, config, backend }, EMPTY_HEADER, { ids: pass.ids });
  const feed = (batch) => {
    pass.nextChunk();
    pass.replay(machine, batch, 0, batch.n);
  };
  return { machine, feed, counters: () => machine.counters() };
}

/** Records as the batches that a replay is fed with. */
export function batchesOf(records) {
  const batches = [];
  for (let from = 0; from < records.n; from += BATCH_CAPACITY) {
    const to = Math.min(records.n, from + BATCH_CAPACITY);
    const batch = createBatch();
    batch.n = to - from;
    for (const column of ['hi', 'lo', 'op', 'size']) batch[column].set(records[column].subarray(from, to));
    batches.push(batch);
  }
  return batches;
}

export function openForBench(path) {
  return openTrace(path, { format: undefined, stdin: undefined, read: DEFAULT_READ_OPTIONS });
}

/**
 * `n` records of a trace file, begun again at its end as often as needed; `data`: without fetches.
 */
export async function recordsOf(path, n, { data = false } = {}) {
  const records = emptyRecords(n);
  let at = 0;
  while (at < n) {
    const before = at;
    const trace = await openForBench(path);
    for await (const { accesses } of trace.chunks()) {
      at = append(records, at, accesses, data);
      if (at === n) break;
    }
    await trace.close();
    if (at === before) throw new Error(`${path} has no record to replay`);
  }
  return records;
}

function append(records, start, batch, data) {
  let at = start;
  for (let i = 0; i < batch.n && at < records.n; i++) {
    if (data && batch.op[i] === 2) continue;
    records.hi[at] = batch.hi[i];
    records.lo[at] = batch.lo[i];
    records.op[at] = batch.op[i];
    records.size[at++] = batch.size[i];
  }
  return at;
}
