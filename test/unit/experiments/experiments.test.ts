import { describe, expect, it } from 'vitest';
import { defaultConfig } from '../../../src/config/defaults.js';
import { resolveConfig } from '../../../src/config/load.js';
import { presets } from '../../../src/config/presets/index.js';
import { change } from '../../../src/experiments/columns.js';
import { EXPERIMENTS } from '../../../src/experiments/index.js';
import { experimentMachines, experimentResult, planExperiment } from '../../../src/experiments/run.js';
import { factorLabel, scaledArray } from '../../../src/experiments/scale.js';
import { explain } from '../../../src/report/explain.js';
import { prepareMachines } from '../../../src/prepare.js';
import type { ExperimentReport, RunResult } from '../../../src/report/result.js';
import { backends } from '../../../src/mmu/index.js';
import { TOOL } from '../../../src/version.js';

/** The experiment called `name` on the first records of a real trace. */
async function run(name: string, preset: string, limit: number, settings: readonly string[] = []) {
  const experiment = EXPERIMENTS.get(name);
  const plan = planExperiment(experiment, defaultConfig(preset));
  const given = settings.map((text) => {
    const [key = '', value = ''] = text.split('=');
    return { key, value, origin: 'test' };
  });
  const trace = 'traces/lackey/sort.lackey.gz';
  const options = { trace, preset, limit, settings: given };
  const { result } = await (await prepareMachines(options, experimentMachines(plan))).run();
  return { plan, results: result, sweep: experimentResult(plan, result, TOOL) };
}

/** Values of a column, row by row. */
function values(report: ExperimentReport | undefined, group: string, head: string): (number | null)[] {
  const at = report!.columns.findIndex((column) => column.group === group && column.head === head);
  return report!.rows.map((row) => row.values[at]!);
}

describe.each(EXPERIMENTS.all())('experiment $name', (experiment) => {
  it('has rows that can be configured on every core, or says what the core lacks', () => {
    for (const preset of presets.names()) {
      const { stlb, pwc, npwc } = defaultConfig(preset);
      const lacks =
        (experiment.name === 'tlb-size' && stlb.entries === 0) ||
        (experiment.name === 'walk-caches' && pwc.l2.entries + npwc.l2.entries === 0);
      if (lacks) {
        expect(() => planExperiment(experiment, defaultConfig(preset))).toThrow('to make smaller or larger');
        continue;
      }
      const plan = planExperiment(experiment, defaultConfig(preset));
      for (const { settings } of experimentMachines(plan)) resolveConfig({ preset, settings: [...settings] });
      expect(plan.rows.length).toBeGreaterThan(3);
    }
  });

  it('asks for modes that there are, and draws a column that it has', () => {
    expect(experiment.modes.filter((mode) => !backends.has(mode))).toEqual([]);
    const { group, head } = experiment.bars;
    expect(experiment.columns.some((column) => column.group === group && column.head === head)).toBe(true);
  });

  it('gives a number in every cell, and sentences', { timeout: 60_000 }, async () => {
    const { sweep } = await run(experiment.name, 'skylake', 3000);
    const { rows, columns, verdict } = sweep.experiment!;
    for (const row of rows) expect(row.values).toHaveLength(columns.length);
    expect(
      rows.flatMap((row) => row.values).filter((value) => value !== null && !Number.isFinite(value)),
    ).toEqual([]);
    expect(verdict.length).toBeGreaterThan(0);
    for (const sentence of verdict) expect(sentence).toMatch(/^[A-Z0-9a-z].*[^ ]\.$/);
    expect(verdict.join(' ')).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe('numbers of experiments', () => {
  it('levels: without TLBs and walk caches a walk makes (g+1)(h+1)-1 references', async () => {
    // Tables are there from the start, every access walks, and nothing is cached: no walk is shorter.
    const { sweep } = await run('levels', 'none', 500, ['guest.mode=premapped']);
    const refs = (mode: string): (number | null)[] => values(sweep.experiment, 'references/walk', mode);
    expect(refs('hap').slice(4)).toEqual([24, 29, 29, 35]);
    expect(refs('native').slice(4)).toEqual([4, 4, 5, 5]);
  });

  it('exit-cost: each row is walks, and exits at the price of the row', async () => {
    const { sweep, results } = await run('exit-cost', 'skylake', 3000);
    const { byGroup } = results.find(({ mode }) => mode === 'shadow')!.cost;
    const walks = byGroup.tlb + byGroup.walk;
    const exits = byGroup.exit + byGroup.hypervisor;
    expect(exits).toBeGreaterThan(0);
    // Per 1000 of 3000 accesses: a third of the cycles.
    const wanted = [0, 1 / 64, 1 / 16, 1 / 4, 1 / 2, 1, 2, 4].map((price) => (walks + price * exits) / 3);
    const shadow = values(sweep.experiment, 'cycles/1000', 'shadow');
    shadow.forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 6));
    expect(results).toHaveLength(3);
  });

  it('switch-rate: what a switch adds is the difference to none by the number of switches', async () => {
    const { sweep, results } = await run('switch-rate', 'skylake', 9000);
    const cycles = (every: number, mode: string): number =>
      results.find(
        (one: RunResult) => one.mode === mode && one.manifest.config.effective.guest.switchEvery === every,
      )!.cost.cycles;
    // A switch after 3000, 6000 and 9000 accesses.
    const added = Math.round((cycles(3000, 'native') - cycles(0, 'native')) / 3);
    expect(sweep.experiment!.verdict[0]).toContain(` adds ${added} cycles natively, `);
    expect(values(sweep.experiment, 'CR3', 'loads').at(-1)).toBe(6);
  });

  it('keep the swept keys with each point, so that other reporters name them', async () => {
    const { sweep } = await run('oos-slots', 'skylake', 500);
    expect(sweep.axes).toEqual([{ key: 'shadow.oosSlots', values: [0, 1, 2, 3, 4, 6, 8, 16] }]);
    expect(sweep.points.slice(0, 3).map(({ mode, point }) => [mode, point?.['shadow.oosSlots']])).toEqual([
      ['hap', 0],
      ['shadow', 0],
      ['hap', 1],
    ]);
  });
});

describe('scaled arrays', () => {
  const array = (entries: number, ways: number) => ({ entries, ways, policy: 'lru' as const });

  it('lose and gain sets, and ways only where there is one set left', () => {
    // 128 sets of 12: a quarter is 32 sets.
    expect(scaledArray('stlb', array(1536, 12), 1 / 4)).toEqual({ 'stlb.entries': 384, 'stlb.ways': 12 });
    // One set of 16: a quarter is 4 ways.
    expect(scaledArray('ntlb', array(16, 16), 1 / 4)).toEqual({ 'ntlb.entries': 4, 'ntlb.ways': 4 });
    expect(scaledArray('ntlb', array(16, 16), 4)).toEqual({ 'ntlb.entries': 64, 'ntlb.ways': 16 });
    // Two entries: a quarter is none, and the last one stays.
    expect(scaledArray('pwc.l5', array(2, 2), 1 / 4)).toEqual({ 'pwc.l5.entries': 1, 'pwc.l5.ways': 1 });
  });

  it('are absent at 0, and stay absent where they were', () => {
    expect(scaledArray('stlb', array(1536, 12), 0)).toEqual({ 'stlb.entries': 0, 'stlb.ways': 12 });
    expect(scaledArray('stlb', array(0, 0), 4)).toEqual({ 'stlb.entries': 0, 'stlb.ways': 0 });
  });

  it('are labelled by their factor', () => {
    expect([0, 1 / 16, 0.5, 1, 4].map(factorLabel)).toEqual(['0', '1/16', '1/2', '1', '4']);
  });
});

describe('a ratio in words', () => {
  it.each([
    [0.49, '51% less than none'],
    [1.034, '3.4% more than none'],
    [2, '100% more than none'],
    [1.0001, 'as much as none'],
  ])('%f', (ratio, words) => {
    expect(change(ratio, 'none')).toBe(words);
  });
});

describe('explain', () => {
  it.each(EXPERIMENTS.all().map((each) => [each.name, each] as const))(
    'knows all that stands over the table of %s',
    (_name, { axis, columns, bars }) => {
      const heads = columns.flatMap(({ group, head }) => [group, head]);
      for (const label of [axis, ...heads, `${bars.head} ${bars.group}`])
        expect(explain(label), label).toMatch(/\n {2}\S/);
    },
  );

  it('knows which column the bars draw', () => {
    expect(explain('hap cycles/1000')).toBe(`${explain('cycles/1000')}\n${explain('hap')}`);
    expect(() => explain('hap cycles/2000')).toThrow("nothing to explain under 'hap cycles/2000'");
  });

  it('knows configuration keys, which are swept', () => {
    expect(explain('STLB.entries')).toMatch(/^stlb\.entries\n  meaning entries of the second-level TLB/);
  });
});
