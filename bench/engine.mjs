/**
 * Child process of the engine rows: replays a file of records (mixes.mjs) on p2msim's engine or on the naive replayer;
 * prints CPU seconds of the replay alone and the counters.
 *
 *   node engine.mjs naive|p2msim|setup RECORDS [MODE] [REPEAT]
 */
import { readFileSync } from 'node:fs';
import { parseAssignment, resolveConfig } from '../dist/index.js';
import { LocalCrew } from '../dist/sim/crew.js';
import { createMachine } from '../dist/sim/machine.js';
import { createBatch } from '../dist/trace/access.js';
import { EMPTY_HEADER } from '../dist/trace/event.js';
import { naiveReplay } from './reference/naive.mjs';

/** The geometry of reference.c. */
const SETTINGS = [
  'guest.mode=premapped',
  'guest.ram=32GiB',
  'pwc.l2.entries=32',
  'pwc.l2.ways=4',
  'pwc.l3.entries=16',
  'pwc.l3.ways=4',
  'pwc.l4.entries=4',
  'pwc.l4.ways=4',
  'ntlb.entries=128',
  'ntlb.ways=4',
  'npwc.l2.entries=32',
  'npwc.l2.ways=4',
  'cache.enabled=off',
];

const [kind, path, mode = 'hap', repeat = '1'] = process.argv.slice(2);
const settings = SETTINGS.map((text) => parseAssignment(text, 'bench'));
const { config } = resolveConfig({ preset: 'reference', settings });

function chunksOf(records) {
  const size = 16384;
  const n = records.length / 3;
  return Array.from({ length: Math.ceil(n / size) }, (_, chunk) => {
    const accesses = createBatch();
    accesses.n = Math.min(size, n - chunk * size);
    for (let i = 0; i < accesses.n; i++) {
      const at = 3 * (chunk * size + i);
      accesses.lo[i] = records[at];
      accesses.hi[i] = records[at + 1];
      accesses.op[i] = records[at + 2] & 255;
      accesses.size[i] = records[at + 2] >>> 8;
    }
    return { accesses, events: [], eventAt: [], rawBytes: 0 };
  });
}

/** CPU seconds of `work`, user and system. */
function timed(work) {
  const before = process.cpuUsage();
  const counters = work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (user + system) / 1e6, counters };
}

function root() {
  const machine = createMachine({ mode: 'native', config }, EMPTY_HEADER);
  return machine.parts.guest.current[0].root;
}

function p2msim(chunks) {
  const order = { header: EMPTY_HEADER, lacks: [], eventless: true, file: path, strip: true, lenient: false };
  const crew = new LocalCrew({ ...order, machines: [{ mode, config }] });
  return timed(() => {
    for (let i = 0; i < Number(repeat); i++) {
      for (const chunk of chunks) crew.carryOut(chunk, [{ kind: 'accesses', from: 0, to: chunk.accesses.n }]);
    }
    return crew.finish([], 0).runs[0].counters;
  });
}

const file = kind === 'setup' ? null : readFileSync(path);
const records = file && new Uint32Array(file.buffer, file.byteOffset, file.length / 4);
const outcome =
  kind === 'setup'
    ? { root: root() }
    : kind === 'naive'
      ? timed(() => naiveReplay(records, root()))
      : p2msim(chunksOf(records));
process.stdout.write(`${JSON.stringify(outcome)}\n`);
