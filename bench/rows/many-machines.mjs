/**
 * Rows of commands that run more than one machine, or none: compare, sweep, stripping, the miss-ratio curve; and what it costs
 * that several backend classes are alive.
 */
import { hasCommand, Worker } from '../children.mjs';
import { textOf } from '../traces.mjs';
import { REFERENCE_FLAGS, replayCost, WALK_FLAGS } from './end-to-end.mjs';

/** Twelve ways each: 16 to 2,048 sets. */
const STLB_SIZES = [192, 384, 768, 1536, 3072, 6144, 12288, 24576];
const SWEPT = ['-m', 'native', '-L', 'stlb.entries', STLB_SIZES.join(',')];

/** A row of two commands over the same file; `uses` is the command that may not be there yet. */
function commandRow({ id, title, target, sides, trace, format, uses, baseline, subject }) {
  const open = async (context) => {
    if (uses !== undefined && !hasCommand(context, ...uses)) {
      return { unavailable: `p2msim has no command '${uses.join(' ')}'` };
    }
    const { text, n } = await textOf(context, trace, format);
    return {
      baseline: async () => replayCost(context, baseline(text), n),
      subject: async () => replayCost(context, subject(text), n),
      close: () => {},
    };
  };
  return { id, title, target, unit: 'ns/record', sides, open };
}

const replayUnder = (mode, flags) => (text) => ['replay', text, '-m', mode, ...flags];

async function openBackends(context) {
  const n = String(Math.min(context.records, 4_000_000));
  const alone = new Worker('backends', ['one', n]);
  const among = new Worker('backends', ['six', n]);
  const cost = async (worker) => ((await worker.ask({ what: 'pass' })).seconds / Number(n)) * 1e9;
  for (let pass = 0; pass < 3; pass++) {
    await cost(alone);
    await cost(among);
  }
  return {
    baseline: () => cost(alone),
    subject: () => cost(among),
    close: () => [alone, among].forEach((worker) => worker.close()),
  };
}

export const MANY_MACHINE_ROWS = [
  commandRow({
    id: 'compare',
    title: 'compare of native, hap, shadow over one replay, hit-heavy',
    target: { floor: 3, goal: 1.8, better: 'lower' },
    sides: ['replay hap', 'compare'],
    trace: 'sort',
    baseline: replayUnder('hap', WALK_FLAGS),
    subject: (text) => ['compare', text, ...WALK_FLAGS],
  }),
  commandRow({
    id: 'sweep',
    title: 'sweep of 8 TLB configurations over one replay, local trace',
    target: { floor: 3, goal: 1.3, better: 'lower' },
    sides: ['replay native', 'sweep'],
    trace: 'sort',
    uses: ['sweep'],
    baseline: replayUnder('native', REFERENCE_FLAGS),
    subject: (text) => ['sweep', text, ...SWEPT, ...REFERENCE_FLAGS],
  }),
  commandRow({
    id: 'strip',
    title: 'replay without stripping over replay, hit-heavy',
    sides: ['replay', '--no-strip'],
    trace: 'sort',
    baseline: replayUnder('hap', WALK_FLAGS),
    subject: replayUnder('hap', [...WALK_FLAGS, '--no-strip']),
  }),
  commandRow({
    id: 'mrc',
    title: 'exact miss-ratio curve over one replay, zipf',
    target: { floor: 1.2, goal: 0.7, better: 'lower' },
    sides: ['replay hap', 'trace mrc'],
    trace: 'zipf',
    format: 'csv',
    uses: ['trace', 'mrc'],
    baseline: replayUnder('hap', WALK_FLAGS),
    subject: (text) => ['trace', 'mrc', text],
  }),
  {
    id: 'backends',
    title: 'six backend classes alive over one, hit-heavy',
    target: { floor: 1.3, goal: 1.1, better: 'lower' },
    unit: 'ns/access',
    sides: ['one class', 'six classes'],
    open: openBackends,
  },
];
