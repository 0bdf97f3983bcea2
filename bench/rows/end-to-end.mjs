/**
 * End-to-end rows: a lackey text file to a result by the real program, against Dinero IV, and the same under HAP and shadow.
 *
 * Where Dinero IV is not in PATH its time is derived: what its command line took on 8M data records of the same program, scaled
 * by the speed of this machine: that of reference/tlb.c in the same run over that of tlb.c there.
 */
import { findProgram, Reference, runProgram, shellSeconds } from '../children.mjs';
import { compareCounters } from '../digest.mjs';
import { ENGINE_SETTINGS } from '../settings.mjs';
import { textOf, traceSource } from '../traces.mjs';

const OVER_DINERO = { floor: 1, goal: 2, better: 'higher' };
/**
 * Nanoseconds of user time a record: Dinero IV's command line (10.0, 10.2, 7.8 and 4.5 M records a second), and tlb.c on the
 * same kind of machine, an AMD EPYC at 2.4 GHz. Traces that Dinero was not timed on: the mean factor.
 */
const MEASURED = {
  python: { dinero: 100, tlb: 6.1 },
  sqlite: { dinero: 98, tlb: 5.5 },
  matmul: { dinero: 128, tlb: 7.1 },
  gups: { dinero: 222, tlb: 10.2 },
};
const FACTORS = Object.values(MEASURED).map(({ dinero, tlb }) => dinero / tlb);
const MEAN_FACTOR = FACTORS.reduce((a, b) => a + b, 0) / FACTORS.length;

function factorOf(trace) {
  const measured = MEASURED[trace];
  return measured === undefined ? MEAN_FACTOR : measured.dinero / measured.tlb;
}

/** Flags of configuration A. */
export const REFERENCE_FLAGS = ['-p', 'reference', '--guest', 'premapped', '--json', '-q'];
/** The same with the walk caches of the engine rows. */
export const WALK_FLAGS = [...REFERENCE_FLAGS, ...ENGINE_SETTINGS.flatMap((text) => ['--set', text])];

/** Nanoseconds of user time a record. */
export function replayCost(context, args, n) {
  return (runProgram(context, args).user * 1e3) / n;
}

async function openDinero(context, trace) {
  if (traceSource(trace) === null) return { unavailable: 'P2MSIM_BENCH_TRACES does not have it' };
  const real = findProgram('dineroIV');
  if (real === null && context.references === null) {
    return { unavailable: 'neither dineroIV nor a C compiler in PATH' };
  }
  const { text, binary, n } = await textOf(context, trace);
  if (real !== null) return againstRealDinero(context, { text, n, real });
  const reference = new Reference(context.references.tlb, binary);
  const factor = factorOf(trace);
  let counters = null;
  let result = null;
  const pass = async () => {
    const { seconds, counters: counted } = await reference.pass();
    counters ??= counted;
    return (seconds / n) * 1e9;
  };
  await pass();
  return {
    notes: [`Dinero IV derived: ${factor.toFixed(1)} x tlb.c`],
    baseline: async () => (await pass()) * factor,
    subject: async () => {
      const run = runProgram(context, ['replay', text, '-m', 'native', ...REFERENCE_FLAGS]);
      result = JSON.parse(run.stdout);
      return (run.user * 1e3) / n;
    },
    check: async () => [compareCounters({ C: counters, p2msim: result.counters })],
    close: () => reference.close(),
  };
}

/** Extended din text on its standard input: `r ADDRESS SIZE`, `w`, `i`. */
function againstRealDinero(context, { text, n, real }) {
  const din = `${text}.din`;
  const script = `/^ L/{print "r",$2,$3} /^ [SM]/{print "w",$2,$3} /^I/{print "i",$2,$3}`;
  shellSeconds(`tr ',' ' ' < '${text}' | awk '${script}' > '${din}'`);
  const level1 = ['d', 'i'].map((side) => `-l1-${side}size 256k -l1-${side}bsize 4k -l1-${side}assoc 4`);
  const flags = `-informat D ${level1.join(' ')} -l2-usize 6m -l2-ubsize 4k -l2-uassoc 12`;
  return {
    notes: ['Dinero IV itself'],
    baseline: async () => (shellSeconds(`'${real}' ${flags} < '${din}'`).user / n) * 1e9,
    subject: async () => replayCost(context, ['replay', text, '-m', 'native', ...REFERENCE_FLAGS], n),
    close: () => {},
  };
}

async function openMode(context, { trace, mode }) {
  const { text, n } = await textOf(context, trace);
  const replay = (which) => replayCost(context, ['replay', text, '-m', which, ...WALK_FLAGS], n);
  return { baseline: async () => replay('native'), subject: async () => replay(mode), close: () => {} };
}

const TRACES = ['sort', 'cc1-with-instructions', 'python', 'sqlite', 'matmul', 'gups'];
const KINDS = [
  { trace: 'sort', kind: 'hit-heavy', target: { floor: 1.5, goal: 1.1, better: 'lower' } },
  { trace: 'gups', kind: 'miss-heavy', target: { floor: 4, goal: 2.5, better: 'lower' } },
];

export const END_TO_END_ROWS = [
  ...TRACES.map((trace) => ({
    id: `text.${trace}`,
    title: `lackey text to result, native, ${trace}, speed over Dinero IV`,
    target: OVER_DINERO,
    unit: 'ns/record',
    sides: ['Dinero IV', 'p2msim'],
    open: (context) => openDinero(context, trace),
  })),
  ...KINDS.flatMap(({ trace, kind, target }) =>
    ['hap', 'shadow'].map((mode) => ({
      id: `mode.${mode}.${trace}`,
      title: `${mode} over native, ${kind} (${trace})`,
      target,
      unit: 'ns/record',
      sides: ['native', mode],
      open: (context) => openMode(context, { trace, mode }),
    })),
  ),
];
