/**
 * One scenario by itself: parameters of the user's, the same rules; and what is said of words that are wrong.
 */
import { describe, expect, it } from 'vitest';
import { scenarioText } from '../../../src/report/validation.js';
import { runScenario, validate } from '../../../src/validate/validate.js';

describe('a scenario by itself', () => {
  it('gives one phase called region for Xen: sparse_touch is one exit per page whatever is missing', () => {
    // 23 pages, each with its own L1: 23 exits, 23 L1 + 1 L2 + 1 L3 shadows (the root is loaded).
    const run = runScenario({ suite: 'xen', scenario: 'sparse_touch', params: { n: '23', kind: 'write' } });
    expect(run).toMatchObject({ suite: 'xen', scenario: 'sparse_touch', mode: 'shadow' });
    expect(run.params).toMatchObject({ n: 23, kind: 'write' });
    expect(run.phases).toHaveLength(1);
    const [phase] = run.phases;
    expect(phase).toMatchObject({ phase: 'region', seq: 0, guestFaults: 0, shadowPages: 25 });
    expect(phase?.exits.total).toBe(23);
    expect(phase?.exits.byClass).toEqual({ 'region:NPW': 23 });
    expect(scenarioText(run, 100)).toMatch(/region {2}exits +23\n/);
  });

  it('says of a pool experiment what it lacks beside the measured one, and of no other', () => {
    const run = {
      suite: 'xen',
      scenario: 'shadow_pool',
      params: { n: 20 },
      mode: 'shadow',
      phases: [],
    } as const;
    const text = scenarioText(run, 60);
    expect(text).toMatch(/^note: by itself this finds in the pool what the boot left$/m);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(60);
    for (const other of [{ mode: 'hap' }, { scenario: 'remap' }, { suite: 'kvm' } as const]) {
      expect(scenarioText({ ...run, ...other }, 60)).not.toContain('note:');
    }
  });

  it('gives the phases of the guest for KVM: N/8 fills for pages in use, 1 exit per CR3 load', () => {
    // 200 dense pages with A=D=1: 200/8 fills by prefetch; the second pass and the one after a reload are free.
    const run = runScenario({ suite: 'kvm', scenario: 'touch', params: { n: 200, op: 1 } });
    expect(run.phases.map(({ phase, seq, exits }) => [phase, seq, exits.total])).toEqual([
      ['first', 0, 25],
      ['again', 1, 0],
      ['cr3reload', 2, 1],
      ['afterreload', 3, 0],
    ]);
  });

  it('finds the suite by the name of the scenario, if only one has it', () => {
    expect(runScenario({ scenario: 'cpuid', params: { n: 3 }, mode: 'hap' }).phases[0]?.exits).toMatchObject({
      total: 3,
      byReason: { CPUID: 3 },
    });
    expect(() => runScenario({ scenario: 'remap' })).toThrow(
      "suites xen and kvm both have a scenario 'remap'",
    );
  });

  it.each([
    [{ scenario: 'frok_exit' }, "unknown scenario 'frok_exit' (did you mean 'fork_exit'?)"],
    [{ suite: 'kmv', scenario: 'touch' }, "unknown suite 'kmv' (did you mean 'kvm'?)"],
    [{ suite: 'xen', scenario: 'touhc' }, "unknown scenario 'touhc'"],
    [{ scenario: 'fork_exit', mode: 'shadow-noos' }, "(did you mean 'shadow-nooos'?)"],
    [{ suite: 'kvm', scenario: 'touch', mode: 'shadow-nooos' }, "unknown mode of suite kvm 'shadow-nooos'"],
    [{ scenario: 'fork_exit', params: { page: 4 } }, "has no parameter 'page' (did you mean 'pages'?)"],
    [{ scenario: 'fork_exit', params: { r: 'x' } }, "r is 'x'; expected a whole number"],
  ])('says what is wrong with %o', (request, message) => {
    expect(() => runScenario(request)).toThrow(message);
  });

  it('says which suites there are', async () => {
    await expect(validate({ suites: ['zen'] })).rejects.toThrow(
      "unknown suite 'zen' (did you mean 'xen'?); suites are xen, kvm, published",
    );
  });
});
