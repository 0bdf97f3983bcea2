/**
 * A scenario written as a trace and replayed gives the exits of the scenario itself.
 */
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import { completeParams } from '../../../src/scenario/params.js';
import type { ScenarioParams } from '../../../src/scenario/scenario.js';
import { findScenario } from '../../../src/scenario/suites.js';
import { writeScenarioTrace } from '../../../src/scenario/trace-text.js';
import { replayTrace } from '../../../src/sim/replay.js';
import type { MachineRun } from '../../../src/sim/run.js';
import { checkTrace } from '../../../src/trace/check.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { type OpenTrace, openTrace } from '../../../src/trace/open.js';
import { createLab } from '../../../src/validate/lab.js';
import { configOf } from '../../helpers/machine.js';

type Given = Record<string, number | string>;

function textOf(scenario: string, given: Given): string {
  const { suite, scenario: known } = findScenario(scenario);
  const pieces: string[] = [];
  writeScenarioTrace(suite, known, completeParams(known, given), (text) => pieces.push(text));
  return pieces.join('');
}

const open = (text: string): Promise<OpenTrace> =>
  openTrace('-', { stdin: Readable.from([Buffer.from(text)]), read: DEFAULT_READ_OPTIONS });

/** The region of a trace under shadow paging without TLBs, as on the measured machine. */
async function replayed(text: string, policy: string): Promise<MachineRun> {
  const config = configOf('none', (c) => {
    c.vendor = 'amd';
    c.guest.ram = 1024;
    c.shadow.policy = policy;
    c.shadow.pool = 0;
  });
  const trace = await open(text);
  const whole = { skip: 0, warmup: 0, limit: Infinity, interval: 0, lenient: false, strip: true };
  const outcome = await replayTrace({ trace, machines: [{ mode: 'shadow', config }], ...whole });
  expect(outcome.error).toBeNull();
  return outcome.runs[0]!;
}

/** What the region of the same scenario counts, run directly. */
function inLab(scenario: string, params: ScenarioParams, mode: string): Readonly<Record<string, number>> {
  const { suite } = findScenario(scenario);
  const lab = createLab(suite, mode, params);
  const counted: Record<string, number>[] = [];
  lab.mark = () => void counted.push(lab.machine.counters());
  const session = suite.boot(lab, params);
  session.settleHeuristics?.();
  session.run(scenario, params);
  const [before, after] = counted.slice(-2);
  return Object.fromEntries(Object.entries(after!).map(([key, value]) => [key, value - before![key]!]));
}

describe('fork_exit of 64 pages, 8 of them copied, as a trace', () => {
  const given = { r: 1, pages: 64, cow: 8 };
  let text = '';
  let run: MachineRun;
  beforeAll(async () => {
    text = textOf('fork_exit', given);
    run = await replayed(text, 'xen');
  }, 60_000);

  it('takes 63 exits, derived by hand', () => {
    const { counters } = run;
    // CR3: flush after fork, to the child, two flushes at exit, back to the parent.
    expect(counters['vmexit.cr3_write']).toBe(5);
    // 8 pages copied by the child and 8 made writable by the parent, one #PF of the guest and one INVLPG each.
    expect([counters['vmexit.invlpg'], counters['vmexit.pf.guest']]).toEqual([16, 16]);
    // 16 refills after INVLPG; the child reads 64 pages, 32 a fill; two kernel slots of its new root.
    // Table stores: unsync of the parent's L1 at fork, of the child's at its first copy and at exit (a CR3 load
    // re-synced it), of the parent's at its first write; and the child's L2, L3 and L4 entries when they are cleared.
    expect(counters['vmexit.pf']).toBe(16 + 16 + 64 / 32 + 2 + 6);
    expect(counters['vmexit.total']).toBe(5 + 16 + 42);
    expect(counters['guest.faults']).toBe(16);
  });

  it('gives what the scenario itself does, exit by exit', () => {
    expectSame(['fork_exit', given, 'shadow'], run.counters);
  });

  it('has a scripted guest, a region of interest, and nothing to complain about', async () => {
    expect(text).toContain('# guest: scripted\n# direct-map: 0xffff880000000000\n# root: 0x800000\n');
    expect(text.match(/^ROI.*$/gm)).toEqual(['ROI,,,,,,,,on', 'ROI,,,,,,,,off']);
    expect(text.match(/^MARK.*$/gm)).toEqual(['MARK,,,,,,,,region']);
    expect(run.assumptions[0]).toContain('guest scripted');
    expect((await checkTrace(await open(text))).findings).toEqual([]);
  });
});

type Case = readonly [string, Given, 'shadow' | 'shadow-nooos'];

/** Exits of every reason and kind, work of the shadow code, faults of the guest. */
function workOf(counters: Readonly<Record<string, number>>): Record<string, number> {
  const entries = Object.entries(counters).filter(
    ([key, n]) => n !== 0 && /^(vmexit|shadow)\.|^guest\.faults$/.test(key),
  );
  return Object.fromEntries(entries);
}

/** The scenario in the lab counts what its trace, replayed, counted. */
function expectSame([scenario, given, mode]: Case, counters: Readonly<Record<string, number>>): void {
  const lab = inLab(scenario, completeParams(findScenario(scenario).scenario, given), mode);
  expect(workOf(counters)).toEqual(workOf(lab));
  expect(counters['vmexit.total']).toBeGreaterThan(0);
}

/** Each case boots two guests, and writes and reads a trace of 200,000 lines. */
const FULL = process.env['P2MSIM_TEST_FULL'] === '1';

describe.skipIf(!FULL)('more traces and the scenarios themselves (P2MSIM_TEST_FULL=1: a minute)', () => {
  const cases: readonly Case[] = [
    ['mix', { seed: 9, steps: 200, spaces: 3 }, 'shadow'],
    ['fork_exit', { r: 2, pages: 40, cow: 5 }, 'shadow-nooos'],
    ['cpuid', { n: 5 }, 'shadow'],
    ['demand_fault', { n: 64, order: 'scatter' }, 'shadow'],
    ['table_as_data', { m: 2, used: 3, mode: 'linked' }, 'shadow-nooos'],
    ['large_touch', { n: 2, per: 40, kind: 'read_then_write', a: 0, d: 0 }, 'shadow'],
    ['pge_flush', { n: 3, w: 2 }, 'shadow'],
  ];

  it.each(cases)('%s %o, %s', { timeout: 60_000 }, async (...each) => {
    const [scenario, given, mode] = each;
    const run = await replayed(textOf(scenario, given), mode === 'shadow' ? 'xen' : 'xen-oos-off');
    expectSame(each, run.counters);
  });
});
