/**
 * A Xen experiment run alone, after the preamble, against the same one in its place in the campaign: the same
 * numbers, but for what docs/validation.md lists. 324 machines for each mode: with P2MSIM_TEST_FULL=1.
 */
import { describe, expect, it } from 'vitest';
import { completeParams } from '../../../src/scenario/params.js';
import { SUITES } from '../../../src/scenario/suites.js';
import { XEN_CAMPAIGN } from '../../../src/scenario/xen/index.js';
import { type Experiment, runCourse } from '../../../src/validate/experiment.js';
import { LAB_MODES } from '../../../src/validate/modes.js';
import type { Phase } from '../../../src/validate/phase.js';

const FULL = process.env['P2MSIM_TEST_FULL'] === '1';

/** The experiment that makes Xen give up pinning L3 shadows, which the preamble has done before. */
const GIVES_UP = 5;
/** Eight cold spaces, long after the last search for writable mappings. */
const COLD = [273, 282];
/** More pages than the pool can shadow. */
const POOL = [320, 321, 322];

/** Every number of a phase by name. */
function numbersOf({ exits, guestFaults, shadowPages, counters }: Phase): Record<string, number> {
  return { ...exits.byReason, ...exits.byClass, ...counters, exits: exits.total, guestFaults, shadowPages };
}

/** `name: alone, in the campaign` for each number that differs. */
function differences(alone: Phase, campaign: Phase): string[] {
  const [ours, theirs] = [numbersOf(alone), numbersOf(campaign)];
  return [...new Set([...Object.keys(ours), ...Object.keys(theirs)])]
    .filter((name) => (ours[name] ?? 0) !== (theirs[name] ?? 0))
    .map((name) => `${name}: ${ours[name] ?? 0}, ${theirs[name] ?? 0}`)
    .sort();
}

describe.skipIf(!FULL)('alone equals campaign (P2MSIM_TEST_FULL=1: several minutes)', () => {
  it.each(LAB_MODES.xen.names())('%s', { timeout: 900_000 }, (mode) => {
    const { scenarios } = SUITES.get('xen');
    const experiments = XEN_CAMPAIGN.map(({ scenario, params }): Experiment => ({
      suite: 'xen',
      scenario,
      params: completeParams(scenarios.get(scenario), params),
      mode,
    }));
    const campaign = runCourse({ settled: false, experiments });
    const found = new Map<number, string[]>();
    for (const [number, experiment] of experiments.entries()) {
      const [alone] = runCourse({ settled: true, experiments: [experiment] });
      const off = differences(alone!.phases![0]!, campaign[number]!.phases![0]!);
      if (off.length > 0) found.set(number, off);
    }
    expect([...found.keys()]).toEqual(mode === 'hap' ? [] : [GIVES_UP, ...COLD, ...POOL]);
    const search = ['shadow writeable brute-force: 0, 1', 'shadow writeable: linux high: 27, 26'];
    for (const number of COLD) if (mode !== 'hap') expect(found.get(number)).toEqual(search);
  });
});
