import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../../src/config/schema.js';
import type { CounterValues } from '../../../src/counters.js';
import { replayTrace } from '../../../src/sim/replay.js';
import type { MachineRun, ReplayOutcome, ReplayRequest } from '../../../src/sim/run.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';
import { configOf } from '../../helpers/machine.js';

const premapped = (config: MachineConfig): void => {
  config.guest.mode = 'premapped';
  config.guest.ram = 64;
};

interface Wish extends Partial<Omit<ReplayRequest, 'trace' | 'machines'>> {
  readonly modes?: readonly string[];
  readonly preset?: string;
  readonly change?: (config: MachineConfig) => void;
}

/** Replays CSV text: by default natively, premapped, with the reference TLBs. */
async function replay(lines: readonly string[], wish: Wish = {}): Promise<ReplayOutcome> {
  const { modes = ['native'], preset = 'reference', change = premapped, ...request } = wish;
  const stdin = Readable.from([Buffer.from(`${lines.join('\n')}\n`)]);
  const trace = await openTrace('-', { stdin, read: DEFAULT_READ_OPTIONS });
  const machines = modes.map((mode) => ({ mode, config: configOf(preset, change) }));
  return replayTrace({
    trace,
    machines,
    skip: 0,
    warmup: 0,
    limit: Infinity,
    interval: 0,
    lenient: false,
    strip: true,
    ...request,
  });
}

/** `n` reads of pages 1, 2, ... */
const pages = (n: number, from = 1): string[] =>
  Array.from({ length: n }, (_, i) => `R,0x${((from + i) * 4096).toString(16)}`);

const first = (outcome: ReplayOutcome): MachineRun => outcome.runs[0]!;
const count = (outcome: ReplayOutcome, key: string): number => first(outcome).counters[key]!;

/** Sum of the counters of all intervals. */
function total(run: MachineRun): CounterValues {
  const keys = Object.keys(run.counters);
  return Object.fromEntries(
    keys.map((key) => [key, run.intervals.reduce((sum, interval) => sum + interval.counters[key]!, 0)]),
  );
}

describe('which records are counted', () => {
  it('is all of them by default', async () => {
    const outcome = await replay(['op,va', ...pages(10), ...pages(10)]);
    expect([outcome.accesses, outcome.warmup, outcome.skipped, outcome.error]).toEqual([20, 0, 0, null]);
    expect([count(outcome, 'tlb.stlb.miss'), count(outcome, 'tlb.l1d.hit')]).toEqual([10, 10]);
  });

  it('skips without replaying: what was skipped is cold', async () => {
    const outcome = await replay(['op,va', ...pages(10), ...pages(10)], { skip: 10 });
    expect([outcome.accesses, outcome.skipped, count(outcome, 'tlb.stlb.miss')]).toEqual([10, 10, 10]);
  });

  it('warms up without counting: what was warmed up is hot', async () => {
    const outcome = await replay(['op,va', ...pages(10), ...pages(10)], { warmup: 10 });
    expect([outcome.accesses, outcome.warmup]).toEqual([10, 10]);
    expect([count(outcome, 'tlb.stlb.miss'), count(outcome, 'tlb.l1d.hit')]).toEqual([0, 10]);
  });

  it('stops at the limit', async () => {
    const outcome = await replay(['op,va', ...pages(10)], { skip: 2, warmup: 3, limit: 4 });
    expect([outcome.skipped, outcome.warmup, outcome.accesses]).toEqual([2, 3, 4]);
    expect([count(outcome, 'accesses'), count(outcome, 'tlb.stlb.miss')]).toEqual([4, 4]);
  });

  it('carries out events among skipped records', async () => {
    const outcome = await replay(
      ['op,va,size', ...pages(4).map((r) => `${r},1`), 'UNMAP,0x1000,4096', 'R,0x9000,1'],
      {
        skip: 4,
      },
    );
    // The region is edited, so it is not premapped: the last access faults.
    expect([outcome.events, count(outcome, 'guest.faults')]).toEqual([1, 1]);
  });

  it('needs at least one', async () => {
    await expect(replay(['op,va'])).rejects.toThrow('the trace has no access');
    await expect(replay(['op,va', ...pages(5)], { skip: 3, warmup: 2 })).rejects.toThrow(
      'nothing is left to count: the trace has 5 accesses, and --skip and --warmup take 5',
    );
    await expect(replay(['op,va,note', 'ROI,,off', 'R,0x1000,'])).rejects.toThrow(/its ROI marks leave none/);
  });
});

describe('a region of interest', () => {
  const roi = (lines: readonly string[]): string[] => [
    'op,va,note',
    ...lines.map((l) => (l.startsWith('R,') ? `${l},` : l)),
  ];

  it('begins at its mark: what came before is warm-up', async () => {
    const outcome = await replay(roi([...pages(10), 'ROI,,on', ...pages(10)]));
    expect([
      count(outcome, 'accesses'),
      count(outcome, 'tlb.stlb.miss'),
      count(outcome, 'tlb.l1d.hit'),
    ]).toEqual([10, 0, 10]);
  });

  it('ends at its mark, and what comes after is replayed uncounted', async () => {
    const outcome = await replay(roi(['ROI,,on', ...pages(3), 'ROI,,off', ...pages(5, 50)]));
    expect([outcome.accesses, count(outcome, 'accesses'), count(outcome, 'tlb.stlb.miss')]).toEqual([
      3, 3, 3,
    ]);
  });

  it('goes on counting where it comes again, without what lies between', async () => {
    const lines = [
      'ROI,,on',
      ...pages(3),
      'ROI,,off',
      ...pages(5, 50),
      'ROI,,on',
      ...pages(5, 50),
      ...pages(1, 90),
    ];
    const outcome = await replay(roi(lines));
    // 3 misses; then 5 pages that the time between brought in; then 1 miss.
    expect([
      count(outcome, 'accesses'),
      count(outcome, 'tlb.stlb.miss'),
      count(outcome, 'tlb.l1d.hit'),
    ]).toEqual([9, 4, 5]);
  });
});

describe('intervals', () => {
  const trace = ['op,va', ...pages(25), ...pages(25)];

  it('cut the counted records and add up to the totals', async () => {
    const outcome = await replay(trace, { interval: 20 });
    const run = first(outcome);
    expect(run.intervals.map(({ from, accesses }) => [from, accesses])).toEqual([
      [0, 20],
      [20, 20],
      [40, 10],
    ]);
    expect(total(run)).toEqual(run.counters);
    expect(run.intervals.map((interval) => interval.counters['tlb.stlb.miss'])).toEqual([20, 5, 0]);
  });

  it('begin after the warm-up and end at the limit', async () => {
    const run = first(await replay(trace, { skip: 3, warmup: 7, limit: 25, interval: 10 }));
    expect(run.intervals.map(({ from, accesses }) => [from, accesses])).toEqual([
      [0, 10],
      [10, 10],
      [20, 5],
    ]);
    expect(total(run)).toEqual(run.counters);
  });

  it('have no empty one at the end', async () => {
    expect(first(await replay(trace, { interval: 25 })).intervals.length).toBe(2);
  });

  it('carry memory as it was then', async () => {
    const run = first(await replay(['op,va', 'W,0x1000', 'W,0x80000000'], { interval: 1, change: () => {} }));
    // 6 tables before; L3, L2, L1; then L2 and L1 of another GiB.
    expect(run.intervals.map((interval) => interval.memory['guest.pages'])).toEqual([9, 11]);
  });

  it('add up across marks of a region of interest', async () => {
    const lines = [
      'op,va,note',
      ...pages(4).map((r) => `${r},`),
      'ROI,,on',
      ...pages(9).map((r) => `${r},`),
      'ROI,,off',
    ];
    const run = first(
      await replay([...lines, 'R,0x1000,', 'ROI,,on', 'R,0x99000,', 'R,0x9a000,'], { interval: 5 }),
    );
    expect(total(run)).toEqual(run.counters);
  });
});

describe('a bad record', () => {
  it('ends the replay with an error, and what was counted before it stays', async () => {
    const outcome = await replay(['op,va', ...pages(7), 'Q,0x1000', ...pages(7)], { interval: 3 });
    expect(outcome.error?.place.line).toBe(9);
    expect([outcome.accesses, count(outcome, 'accesses')]).toEqual([7, 7]);
    expect(first(outcome).intervals.map((interval) => interval.accesses)).toEqual([3, 3, 1]);
  });

  it('before anything was counted is the error, and no result of zeros', async () => {
    const wrong = { name: 'TraceError', message: expect.stringMatching(/^"Q" is not an op/) as string };
    await expect(replay(['op,va', 'Q,0x1000'])).rejects.toMatchObject(wrong);
    await expect(replay(['op,va', 'R,0x1000', 'Q,0x1000'], { skip: 1 })).rejects.toMatchObject(wrong);
    // An event is something that was counted.
    const outcome = await replay(['op,va,note', 'MARK,,a', 'Q,0x1000,']);
    expect([outcome.error?.exitCode, outcome.accesses, outcome.events]).toEqual([3, 0, 1]);
  });
});

describe('several machines', () => {
  const trace = ['op,va', ...pages(40), 'W,0x1000', 'W,0x2000', 'X,0x400000', ...pages(9, 300)];
  const change = (config: MachineConfig): void => void (config.guest.ram = 64);

  it('fed in one pass count what each counts alone', async () => {
    const modes = ['native', 'hap', 'shadow'];
    const together = await replay(trace, { modes, preset: 'skylake', change, interval: 13 });
    for (const [i, mode] of modes.entries()) {
      const alone = await replay(trace, { modes: [mode], preset: 'skylake', change, interval: 13 });
      expect(together.runs[i]).toEqual(alone.runs[0]);
    }
  });

  it('end with the same guest', async () => {
    const outcome = await replay(trace, { modes: ['native', 'hap', 'shadow'], preset: 'skylake', change });
    expect(new Set(outcome.runs.map((run) => run.guestDigest)).size).toBe(1);
  });

  it('say what their numbers rest on', async () => {
    const outcome = await replay(trace, { modes: ['hap', 'shadow'], change });
    expect(outcome.runs[0]!.assumptions[0]).toMatch(
      /^guest demand: the first touch of a page is a guest page fault/,
    );
    expect(outcome.runs[0]!.assumptions).toContain(
      "the trace has no events: every page-table edit is the guest kernel model's",
    );
    expect(outcome.runs[1]!.assumptions.some((line) => line.startsWith('shadow policy xen'))).toBe(true);
  });
});

describe('events that a mode cannot take', () => {
  const trace = ['op,va,gfn,order,note', 'R,0x1000,,,', 'SHARE,,0x5,0,', 'R,0x2000,,,'];

  it('end the replay with a message that names the line, and lose nothing counted before', async () => {
    const outcome = await replay(trace);
    expect(outcome.error?.message).toMatch(/SHARE is a host-side event/);
    expect(outcome.error?.place.line).toBeGreaterThan(1);
  });

  it('are an assumption when lenient', async () => {
    const outcome = await replay(trace, { lenient: true });
    expect(outcome.accesses).toBe(2);
    expect(first(outcome).assumptions.at(-1)).toMatch(/^1 events passed over \(--lenient\): SHARE/);
  });
});

describe('progress', () => {
  it('is told after each chunk, in records', async () => {
    const seen: number[] = [];
    await replay(['op,va', ...pages(5)], { onProgress: (records) => seen.push(records) });
    expect(seen.at(-1)).toBe(5);
  });
});

describe('switches that the guest makes on its own account', () => {
  const every = (n: number) => (config: MachineConfig) => {
    premapped(config);
    config.guest.switchEvery = n;
  };
  /** Reads of four pages by turns: in a TLB that is not flushed they miss once each. */
  const turns = (n: number): string[] => Array.from({ length: n }, (_, i) => pages(1, 1 + (i % 4))[0]!);

  it('flush the TLB: 40 reads with a switch after every 10 miss 4 pages in each of 4 slices', async () => {
    const outcome = await replay(['op,va', ...turns(40)], { change: every(10) });
    // The fourth switch comes after the last read: 4 switches of two CR3 loads, 3 of which a read sees.
    expect([count(outcome, 'guest.cr3'), count(outcome, 'tlb.stlb.miss')]).toEqual([8, 16]);
    expect(first(outcome).assumptions).toContain(
      'after every 10 accesses the guest switches to a process that touches nothing, and back',
    );
  });

  it('with PCID flush nothing', async () => {
    const change = (config: MachineConfig): void => {
      every(10)(config);
      config.guest.pcid = true;
    };
    const outcome = await replay(['op,va', ...turns(40)], { change });
    expect([count(outcome, 'guest.cr3'), count(outcome, 'tlb.stlb.miss')]).toEqual([8, 4]);
  });

  it('count the same when sure hits are stripped, in every mode', async () => {
    const lines = ['op,va', ...turns(1000)];
    const modes = ['native', 'hap', 'shadow'];
    const [stripped, each] = [
      await replay(lines, { modes, change: every(7) }),
      await replay(lines, { modes, change: every(7), strip: false }),
    ];
    expect(stripped.runs.map(({ counters }) => counters)).toEqual(each.runs.map(({ counters }) => counters));
    expect(stripped.addressSpaces).toBe(1);
  });

  it('are refused for a scripted guest', async () => {
    await expect(
      replay(
        ['# guest: scripted', '# direct-map: 0xffff880000000000', '# root: 0x800000', 'op,va', 'R,0x1000'],
        {
          change: (config) => {
            config.guest.switchEvery = 10;
          },
        },
      ),
    ).rejects.toThrow('whose switches are in the trace, and guest.switchEvery is 10');
  });
});
