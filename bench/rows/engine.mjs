/**
 * Engine rows: records in memory to counters, HAP with walk caches and nested TLB, against the same algorithm in C or,
 * without a compiler, written naively.
 *
 * All sides replay the same records again and again, state kept: the first pass, with its first touches and cold code,
 * is checked but not timed.
 */
import { join } from 'node:path';
import { Reference, Worker } from '../children.mjs';
import { compareCounters } from '../digest.mjs';
import { shippedTrace } from '../traces.mjs';

const MISS_HEAVY = { floor: 2.2, goal: 1.6, better: 'lower' };
const HIT_HEAVY = { floor: 7, goal: 4, better: 'lower' };
const OVER_NAIVE = { floor: 7, goal: 7, better: 'higher' };

const MIXES = [
  { name: 'zipf', title: 'engine, zipf 0.99 over 1M pages, HAP', target: MISS_HEAVY },
  { name: 'uniform', title: 'engine, uniform over 4M pages, HAP', target: MISS_HEAVY },
  { name: 'triad', title: 'engine, three streams, HAP', target: HIT_HEAVY },
  { name: 'matmul', title: 'engine, matrix product, HAP', target: HIT_HEAVY },
  { name: 'lackey', title: 'engine, lackey records of sort, HAP', target: HIT_HEAVY },
];

const sourceOf = (name) => (name === 'lackey' ? `data:${shippedTrace('sort')}` : name);

/** Records of the check with the naive replayer, which takes microseconds for each. */
const CHECKED = 65536;
/** Records replayed before the first round. */
const WARM = 2_000_000;

async function openEngine(context, { name }) {
  if (context.references === null) return { unavailable: 'no C compiler in PATH' };
  const binary = join(context.folder, `${name}.records`);
  const n = context.records;
  const worker = new Worker('engine', [sourceOf(name), String(n), 'hap', binary]);
  await worker.ask({ what: 'ready' });
  const reference = new Reference(context.references.hap, binary);
  const counters = { C: null, p2msim: null };
  const cost = (who, { seconds, counters: counted }) => {
    counters[who] = counted;
    return (seconds / n) * 1e9;
  };
  const session = {
    baseline: async () => cost('C', await reference.pass()),
    subject: async () => cost('p2msim', await worker.ask({ what: 'pass' })),
    check: async () => [compareCounters(counters), await checkNaive(context, binary, worker)],
    close: () => [worker, reference].forEach((child) => child.close()),
  };
  return warm(session, n);
}

/** The first records by all three. */
async function checkNaive(context, binary, worker) {
  const { counters } = await worker.ask({ what: 'check', count: CHECKED });
  const reference = new Reference(context.references.hap, binary, counters.accesses);
  const naive = new Worker('naive', [binary, String(counters.accesses)]);
  const counted = {
    C: (await reference.pass()).counters,
    naive: (await naive.ask({ what: 'pass' })).counters,
    p2msim: counters,
  };
  reference.close();
  naive.close();
  return compareCounters(counted);
}

async function openNaive(context) {
  const binary = join(context.folder, 'naive.records');
  const n = Math.min(context.records, context.quick ? 250_000 : 1_000_000);
  const worker = new Worker('engine', ['zipf', String(n), 'hap', binary]);
  await worker.ask({ what: 'ready' });
  const naive = new Worker('naive', [binary]);
  const counters = { naive: null, p2msim: null };
  const pass = async (who, child) => {
    const { seconds, counters: counted } = await child.ask({ what: 'pass' });
    counters[who] = counted;
    return (seconds / n) * 1e9;
  };
  const session = {
    baseline: () => pass('naive', naive),
    subject: () => pass('p2msim', worker),
    check: async () => [compareCounters(counters)],
    close: () => [worker, naive].forEach((child) => child.close()),
  };
  return warm(session, n);
}

/** As many passes as it takes for all code to be compiled. */
async function warm(session, n) {
  for (let done = 0; done < WARM; done += n) {
    await session.baseline();
    await session.subject();
  }
  return session;
}

export const ENGINE_ROWS = [
  ...MIXES.map(({ name, title, target }) => ({
    id: `engine.${name}`,
    title,
    target,
    unit: 'ns/access',
    sides: ['C', 'p2msim'],
    open: (context) => openEngine(context, { name }),
  })),
  {
    id: 'engine.naive',
    title: 'engine, zipf, speed over the naive replayer',
    target: OVER_NAIVE,
    unit: 'ns/access',
    sides: ['naive', 'p2msim'],
    open: openNaive,
  },
];
