import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../../src/config/schema.js';
import { MFN_OFFSET } from '../../../src/hypervisor/p2m.js';
import type { WalkReport, WalkRequest } from '../../../src/sim/run.js';
import { walkAccess } from '../../../src/sim/walk.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';
import { configOf } from '../../helpers/machine.js';

interface Wish extends Partial<Omit<WalkRequest, 'trace' | 'machine'>> {
  readonly mode?: string;
  readonly preset?: string;
  readonly change?: (config: MachineConfig) => void;
}

async function walk(lines: readonly string[], wish: Wish = {}): Promise<WalkReport> {
  const { mode = 'native', preset = 'none', change = () => {}, ...request } = wish;
  const stdin = Readable.from([Buffer.from(`${lines.join('\n')}\n`)]);
  const trace = await openTrace('-', { stdin, read: DEFAULT_READ_OPTIONS });
  const config = configOf(preset, (fresh) => {
    fresh.guest.ram = 64;
    fresh.guest.mode = 'premapped';
    change(fresh);
  });
  return walkAccess({ trace, machine: { mode, config }, at: 0, va: null, cold: false, ...request });
}

const TRACE = ['op,va', 'R,0x200000', 'W,0x201000'];
const notes = (report: WalkReport): string[] => report.phases.map((phase) => phase.what);

describe('a walk, step by step', () => {
  it('is four guest references in native mode', async () => {
    const report = await walk(TRACE);
    // Tables 0x1005 (root) to 0x1008; l2 index 1.
    expect(report.phases.at(-1)!.steps).toEqual([
      { n: 1, dimension: 'guest', level: 4, index: 0, table: 0x1005, translating: '', frame: 0x1006 },
      { n: 2, dimension: 'guest', level: 3, index: 0, table: 0x1006, translating: '', frame: 0x1007 },
      { n: 3, dimension: 'guest', level: 2, index: 1, table: 0x1007, translating: '', frame: 0x1008 },
      { n: 4, dimension: 'guest', level: 1, index: 0, table: 0x1008, translating: '', frame: 0x1009 },
    ]);
    expect([report.gfn, report.mfn, report.op, report.addressSpace]).toEqual([0x1009, 0x1009, 'R', '0']);
  });

  it('is 24 numbered references under HAP: each table is translated before it is read', async () => {
    const report = await walk(TRACE, { mode: 'hap' });
    const { steps } = report.phases.at(-1)!;
    expect(steps.map((step) => step.n)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
    const order = steps.map((step) =>
      step.dimension === 'guest' ? `g${step.level}` : `${step.translating}.n${step.level}`,
    );
    const host = (what: string): string[] => [4, 3, 2, 1].map((level) => `${what}.n${level}`);
    expect(order).toEqual([
      ...host('gL4'),
      'g4',
      ...host('gL3'),
      'g3',
      ...host('gL2'),
      'g2',
      ...host('gL1'),
      'g1',
      ...host('page'),
    ]);
    expect(report.mfn).toBe(0x1009 + MFN_OFFSET);
    expect(steps.at(-1)!.frame).toBe(0x1009 + MFN_OFFSET);
  });

  it('shows the exit and the retry under shadow paging, numbered anew', async () => {
    const report = await walk(TRACE, { mode: 'shadow' });
    expect(notes(report)).toEqual([
      'TLB miss: page walk',
      'VMEXIT pf.fixup: the shadow is filled',
      'retry: page walk',
    ]);
    expect(report.phases.map((phase) => phase.steps.map((step) => step.n))).toEqual([[1], [], [1, 2, 3, 4]]);
    expect(report.phases[0]!.steps[0]!.frame).toBeNull();
  });

  it('shows a guest fault and the retry', async () => {
    const report = await walk(TRACE, {
      change: (config) => (config.guest.mode = 'demand'),
      preset: 'reference',
    });
    expect(notes(report)[0]).toBe('TLB miss: page walk');
    expect(notes(report)).toContain('guest page fault: the guest kernel runs');
    expect(notes(report).at(-1)).toBe('retry: page walk');
  });

  it('says so when a TLB knows the page, unless it is to be cold', async () => {
    const trace = ['op,va', 'R,0x200000', 'R,0x200008', 'X,0x200000', 'X,0x200000'];
    expect(notes(await walk(trace, { at: 1, preset: 'reference' }))).toEqual(['L1 DTLB hit: no walk']);
    expect(notes(await walk(trace, { at: 2, preset: 'reference' }))).toEqual(['STLB hit']);
    expect(notes(await walk(trace, { at: 3, preset: 'reference' }))).toEqual(['L1 ITLB hit: no walk']);
    const cold = await walk(trace, { at: 1, preset: 'reference', cold: true });
    expect([notes(cold), cold.phases[0]!.steps.length]).toEqual([['TLB miss: page walk'], 4]);
  });

  it('says when a store must walk again', async () => {
    const trace = ['op,va', 'R,0x200000', 'W,0x200000'];
    const change = (config: MachineConfig): void => {
      config.guest.mode = 'demand';
      config.guest.pageSize = '2m';
    };
    // The read maps a clean 2m page, which the kernel need not touch again.
    const report = await walk(trace, {
      at: 1,
      change: (config) => {
        change(config);
        config.l1d = { entries: 4, ways: 4, policy: 'lru', sizes: '4k+2m' };
      },
    });
    expect(notes(report)).toEqual(['TLB hit without the right to write: walk again']);
  });

  it('takes an address after the whole trace, or after some of it', async () => {
    const va = { hi: 0, lo: 0x201000 };
    const whole = await walk(TRACE, { at: null, va });
    expect([whole.at, whole.op, whole.gfn]).toEqual([null, 'R', 0x100a]);
    expect((await walk(TRACE, { at: 1, va })).phases.at(-1)!.steps.length).toBe(4);
  });

  it('replays events before the record', async () => {
    const report = await walk(['op,va,as', 'R,0x200000,', 'SWITCH,,b', 'R,0x200000,'], { at: 1 });
    expect([report.addressSpace, report.gfn]).not.toEqual(['0', 0x1009]);
    expect(report.addressSpace).toBe('b');
  });

  it('needs a record that exists', async () => {
    await expect(walk(TRACE, { at: 2 })).rejects.toThrow(
      'the trace has no access number 2 (numbers count from 0)',
    );
  });
});
