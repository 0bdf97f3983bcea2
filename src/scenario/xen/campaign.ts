/**
 * XEN_CAMPAIGN: the 324 experiments that ran on Xen, in the order in which they ran, on one machine.
 */
import type { ScenarioParams } from '../scenario.js';

export interface Experiment {
  readonly scenario: string;
  readonly params: ScenarioParams;
}

const run = (scenario: string, params: ScenarioParams = {}): Experiment => ({ scenario, params });

function sparse(n: number, kind: string, a: number, d: number): Experiment {
  return run('sparse_touch', { n, kind, a, d });
}

function switches(
  spaces: number,
  w: number,
  k: number,
  state: 'warm' | 'cold',
  ptewrites: number,
): Experiment {
  return run('context_switch', { spaces, w, k, state, ptewrites });
}

/** Baselines; then more than two pinned L4 shadows, after which Xen pins no L3 any more; flushes. */
function* opening(): Generator<Experiment> {
  yield* [run('empty'), run('empty'), run('cpuid', { n: 100 })];
  yield* [sparse(64, 'write', 1, 1), run('empty')];
  yield* [switches(8, 1, 8, 'cold', 0), run('empty')];
  yield* [sparse(64, 'write', 1, 1), run('empty')];
  for (const n of [16, 64]) yield run('pge_flush', { n, w: 64 });
}

function* touches(n: number): Generator<Experiment> {
  for (const kind of ['read_touch', 'write_touch', 'read_then_write']) {
    for (const [a, d] of [
      [0, 0],
      [1, 0],
      [1, 1],
    ] as const)
      yield run(kind, { n, a, d, order: 'asc', pass: 1 });
    for (const order of ['desc', 'scatter']) yield run(kind, { n, a: 1, d: 1, order, pass: 1 });
    yield run(kind, { n, a: 0, d: 0, order: 'asc', pass: 2 });
  }
}

function* faults(n: number): Generator<Experiment> {
  const fault = (kind: string, ad: number, faultaround: number, order: string, pte: string): Experiment =>
    run('demand_fault', { n, kind, ad, faultaround, order, pte });
  for (const ad of [1, 0]) for (const kind of ['write', 'read']) yield fault(kind, ad, 1, 'asc', 'rw');
  yield fault('write', 1, 1, 'scatter', 'rw');
  for (const kind of ['read', 'write']) yield fault(kind, 1, 16, 'asc', 'rw');
  for (const ad of [1, 0]) yield fault('read', ad, 16, 'asc', 'ro');
}

function* changes(n: number): Generator<Experiment> {
  const used = { a: 1, d: 1 };
  for (const flush of ['invlpg', 'cr3']) {
    yield run('remap', { n, flush, phase: 'change', ...used });
    yield run('unmap', { n, flush, phase: 'clear' });
    yield run('remap', { n, flush, phase: 'retouch', ...used });
    yield run('unmap', { n, flush, phase: 'refault' });
    yield run('remap', { n, flush, phase: 'retouch', a: 0, d: 0 });
  }
  yield run('remap', { n, flush: 'invlpg', phase: 'interleaved', ...used });
  yield run('remap', { n, flush: 'invlpg', phase: 'interleaved', a: 0, d: 0 });
  yield run('wrprotect', { n, phase: 'protect' });
  for (const handler of ['copy', 'reuse']) yield run('wrprotect', { n, phase: 'cow', handler });
  yield run('age', { n, flush: 'cr3', phase: 'clear', kind: 'read' });
  for (const kind of ['read', 'write']) yield run('age', { n, flush: 'cr3', phase: 'retouch', kind });
  yield run('age', { n, flush: 'none', phase: 'retouch', kind: 'read' });
  for (const touch of [0, 1]) yield run('invlpg_present', { n, touch });
  yield run('read_touch_upper_a0', { n });
}

function* tables(m: number): Generator<Experiment> {
  yield* [sparse(m, 'read', 0, 0), sparse(m, 'read', 1, 1), sparse(m, 'write', 1, 1)];
  for (const kind of ['read', 'write', 'read_then_write']) {
    for (const bit of [0, 1])
      for (const per of [1, 512]) yield run('large_touch', { n: m, per, kind, a: bit, d: bit });
  }
  yield run('large_invlpg', { n: m });
  for (const phase of ['link', 'link_touch', 'unlink', 'unlink_spread']) yield run('l2_write', { m, phase });
  for (const mode of ['unlinked', 'linked', 'linked_one_store', 'unlinked_one_store']) {
    for (const used of [1, 64]) yield run('table_as_data', { m, used, mode });
  }
}

function* roundRobin(): Generator<Experiment> {
  const rounds = (count: number, between: string, tableCount: number): Experiment =>
    run('oos_round_robin', { tables: tableCount, rounds: count, between });
  for (let k = 1; k <= 8; k++) for (const between of ['none', 'cr3', 'invlpg']) yield rounds(16, between, k);
  for (const between of ['none', 'cr3']) yield rounds(64, between, 4);
}

function* spaces(w: number): Generator<Experiment> {
  for (const n of [16, 64]) yield run('cr3_reload', { n, w });
  yield* [switches(2, w, 16, 'warm', 0), switches(2, w, 64, 'warm', 0), switches(8, w, 64, 'warm', 0)];
  yield* [switches(8, w, 8, 'cold', 0), switches(2, w, 2, 'cold', 0)];
  yield* [switches(2, w, 64, 'warm', 1), switches(8, w, 64, 'warm', 1)];
}

/** Iterations, pages and pages copied. */
const FORKS: readonly (readonly [number, number, number])[] = [
  [1, 256, 32],
  [4, 256, 32],
  [8, 256, 32],
  [4, 1024, 32],
  [4, 1024, 256],
  [4, 256, 0],
  [4, 4096, 256],
];

/** Seed, steps, spaces. */
const MIXES: readonly (readonly [number, number, number])[] = [
  [1, 500, 2],
  [2, 2000, 3],
  [3, 4000, 8],
  [4, 2000, 1],
];

/** Pages and passes. */
const POOLS: readonly (readonly [number, number])[] = [
  [1024, 3],
  [2048, 3],
  [2048, 1],
  [4096, 2],
];

function* closing(): Generator<Experiment> {
  yield run('cr3_reload', { n: 64, w: 0 });
  for (const [r, pages, cow] of FORKS) yield run('fork_exit', { r, pages, cow });
  for (const used of [1, 64]) {
    for (const values of ['zero', 'nonzero_notpresent', 'present'])
      for (const linked of [1, 0]) yield run('l2_table_as_data', { used, values, linked });
  }
  for (const [seed, steps, count] of MIXES) yield run('mix', { seed, steps, spaces: count });
  for (const [n, passes] of POOLS) yield run('shadow_pool', { n, passes });
  yield run('empty');
}

function* campaign(): Generator<Experiment> {
  yield* opening();
  for (const n of [256, 1024, 4096]) yield* [...touches(n), ...faults(n), ...changes(n)];
  for (const m of [4, 16, 64]) yield* tables(m);
  yield* roundRobin();
  for (const w of [1, 16, 64]) yield* spaces(w);
  yield* closing();
}

export const XEN_CAMPAIGN: readonly Experiment[] = [...campaign()];
