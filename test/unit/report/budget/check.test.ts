import { beforeAll, describe, expect, it } from 'vitest';
import { judgeDiff, judgeRuns } from '../../../../src/budgets.js';
import type { Check } from '../../../../src/report/budget/check-report.js';
import { parseBudget } from '../../../../src/report/budget/expression.js';
import { movedText } from '../../../../src/report/budget/check-view.js';
import { diff } from '../../../../src/diff.js';
import { readSaved } from '../../../../src/report/saved/read.js';
import type { SavedRun } from '../../../../src/report/saved/saved-run.js';

let hap: SavedRun;

beforeAll(async () => {
  hap = (await readSaved('examples/diff/hap.json')).runs[0]!;
});

/** The run with other counts. */
const counted = (metrics: Readonly<Record<string, number>>): SavedRun => ({
  ...hap,
  metrics: new Map([...hap.metrics, ...Object.entries(metrics)]),
});

function judge(expression: string, head: SavedRun, base: SavedRun | null = null): Check {
  const baseline = base === null ? null : { file: 'base.json', schema: '', runs: [base] };
  const { checks } = judgeRuns([parseBudget(expression, '--fail-on')], [head], baseline);
  expect(checks).toHaveLength(1);
  return checks[0]!;
}

describe('an absolute budget', () => {
  // hap.json: walk.refs 161.
  it.each([
    ['walk.refs > 161', 'ok', '161, limit 161'],
    ['walk.refs > 160', 'failed', 'limit 160, found 161: over by 1'],
    ['walk.refs > 160.5', 'failed', 'limit 160, found 161: over by 1'],
    ['walk.refs >= 162', 'ok', '161, limit 161'],
    ['walk.refs >= 161', 'failed', 'limit 160, found 161: over by 1'],
    ['walk.refs < 161', 'ok', '161, limit 161'],
    ['walk.refs < 162', 'failed', 'limit 162, found 161: under by 1'],
    ['walk.refs <= 160', 'ok', '161, limit 161'],
    ['walk.refs <= 161', 'failed', 'limit 162, found 161: under by 1'],
    ['walk.refs == 161', 'failed', 'found 161, which it may not be'],
    ['walk.refs == 160', 'ok', '161, may not be 160'],
  ])('%s: %s', (expression, status, said) => {
    expect(judge(expression, hap)).toMatchObject({ status, said, base: null, value: 161 });
  });

  it('of a ratio is exact: 161 references of 59 walks', () => {
    // 161 / 59 = 2.7288...; 59 x 2.75 = 162.25 > 161, 59 x 2.7 = 159.3 < 161.
    expect(judge('walk.refs.ratio > 2.75', hap).status).toBe('ok');
    expect(judge('walk.refs.ratio > 2.7', hap)).toMatchObject({
      status: 'failed',
      said: 'limit 2.7000, found 2.7288: over by 0.0288',
    });
    const half = counted({ 'walk.refs': 59, 'walk.count': 118 });
    expect(judge('walk.refs.ratio > 0.5', half).status).toBe('ok');
    expect(judge('walk.refs.ratio >= 0.5', half).said).toBe(
      'limit 0.5000, found 0.5000: which it may not reach',
    );
  });

  it('of cycles is that of the report: by records, of which one may be two accesses', () => {
    // fork.csv has 39 records, one of which crosses a page border; 12,113 / 39 = 310.5897...
    expect(hap.trace.accesses).toBe(39);
    expect(judge('cost.cycles.ratio > 310.5898', hap)).toMatchObject({ status: 'ok' });
    expect(judge('cost.cycles.ratio > 310.5897', hap)).toMatchObject({ status: 'failed' });
    expect(judge('guest.faults.ratio > 0', hap).said).toMatch(/found 0\.5641: /);
  });

  it('is not checked where there is nothing to divide by, or no such metric', () => {
    const idle = counted({ 'ntlb.hit': 0, 'ntlb.miss': 0 });
    expect(judge('ntlb.hit.ratio < 0.5', idle)).toMatchObject({
      status: 'skipped',
      said: 'not checked: there is no ntlb.hit.ratio in this run: ntlb.hit + ntlb.miss is 0',
    });
  });
});

describe('a relative budget', () => {
  it('fails by one count, and passes by none', () => {
    // 1% over 3,550,944 is 3,586,453.44: 3,586,453 passes, 3,586,454 does not.
    const base = counted({ 'walk.refs': 3_550_944 });
    expect(judge('walk.refs > +1%', counted({ 'walk.refs': 3_586_453 }), base)).toMatchObject({
      status: 'ok',
      said: '3,550,944 -> 3,586,453, limit 3,586,453',
    });
    expect(judge('walk.refs > +1%', counted({ 'walk.refs': 3_586_454 }), base)).toMatchObject({
      status: 'failed',
      said: 'base 3,550,944, limit 3,586,453, found 3,586,454: over by 1',
      base: 3_550_944,
      limit: 3_586_453,
      excess: 1,
    });
  });

  it('is not moved by what doubles make of a percentage', () => {
    // 100 + 100 x 0.07 is 107.00000000000001 in doubles, and 100 x 1.1 is 110.00000000000001; a limit of them is whole.
    const base = counted({ 'walk.refs': 100 });
    expect(judge('walk.refs >= +7%', counted({ 'walk.refs': 107 }), base).status).toBe('failed');
    expect(judge('walk.refs > +10%', counted({ 'walk.refs': 110 }), base).status).toBe('ok');
    expect(judge('walk.refs > +10%', counted({ 'walk.refs': 111 }), base).status).toBe('failed');
  });

  it('takes changes and decreases', () => {
    const base = counted({ 'walk.refs': 100 });
    const at = (refs: number, expression: string) =>
      judge(expression, counted({ 'walk.refs': refs }), base).status;
    expect([at(105, 'walk.refs > +5'), at(106, 'walk.refs > +5')]).toEqual(['ok', 'failed']);
    expect([at(95, 'walk.refs < -5'), at(94, 'walk.refs < -5')]).toEqual(['ok', 'failed']);
    expect([at(90, 'walk.refs > -10%'), at(91, 'walk.refs > -10%')]).toEqual(['ok', 'failed']);
    expect([at(100, 'walk.refs == +0'), at(101, 'walk.refs == +0')]).toEqual(['failed', 'ok']);
  });

  it('of a base of zero allows no increase in percent', () => {
    const base = counted({ 'vmexit.total': 0 });
    expect(judge('vmexit.total > +50%', counted({ 'vmexit.total': 1 }), base).status).toBe('failed');
    expect(judge('vmexit.total > +50%', counted({ 'vmexit.total': 0 }), base).status).toBe('ok');
  });

  it('of a ratio compares the ratios', () => {
    // 161/59 against 160/59: 0.6% more.
    const base = counted({ 'walk.refs': 160 });
    expect(judge('walk.refs.ratio > +1%', hap, base).status).toBe('ok');
    expect(judge('walk.refs.ratio > +0.5%', hap, base).status).toBe('failed');
  });

  it('says what moved with it, relatives first', () => {
    const head = counted({
      'walk.refs': 171,
      'walk.refs.nested': 16,
      'kernel.walk.refs': 9999,
      'tlb.stlb.miss': 36,
      'cost.cycles': 99_999,
    });
    const { moved } = judge('walk.refs > +1%', head, hap);
    // Of the others, cycles rise by 87,886 and the kernel's references by 9,898; both come after what is not derived.
    expect(moved.map(({ key }) => key)).toEqual([
      'walk.refs.nested',
      'tlb.stlb.miss',
      'cost.cycles',
      'kernel.walk.refs',
    ]);
    // 6 -> 16 is +10, 34 -> 36 is +2 of 34.
    expect(movedText(moved.slice(0, 2))).toBe('walk.refs.nested +10 (+166.67%), tlb.stlb.miss +2 (+5.88%)');
    expect(judge('walk.refs > +100%', head, hap).moved).toEqual([]);
  });
});

describe('the runs that are judged', () => {
  it('are those of the mode that a budget names', () => {
    const shadow = { ...hap, mode: 'shadow' };
    const budgets = ['shadow:walk.refs > 1', 'walk.refs > 1'].map((text) => parseBudget(text, '--fail-on'));
    const { checks } = judgeRuns(budgets, [hap, shadow], null);
    expect(checks.map(({ mode, budget }) => `${mode} ${budget}`)).toEqual([
      'shadow shadow:walk.refs > 1',
      'hap walk.refs > 1',
      'shadow walk.refs > 1',
    ]);
  });

  it('have to be in the baseline, on the same trace and machine', () => {
    const relative = [parseBudget('walk.refs > +1%', '--fail-on')];
    const baseline = { file: 'base.json', schema: '', runs: [hap] };
    const other = { ...hap, mode: 'shadow' };
    expect(() => judgeRuns(relative, [hap, other], baseline)).toThrow(
      'base.json holds no run of traces/examples/fork.csv under mode shadow',
    );
    const ways = {
      ...hap,
      config: { ...hap.config, values: new Map([...hap.config.values, ['l1d.ways', 2]]) },
    };
    expect(() => judgeRuns(relative, [ways as SavedRun], baseline)).toThrow('the configurations differ');
    expect(judgeRuns(relative, [ways as SavedRun], baseline, ['config']).checks).toHaveLength(1);
  });

  it('are not judged where they ended early', () => {
    const early = { ...hap, incomplete: 'bad.csv:3: no' };
    expect(judge('walk.refs > 1', early)).toMatchObject({
      status: 'skipped',
      said: 'not checked: the run is incomplete: bad.csv:3: no',
    });
    expect(judge('walk.refs > +1%', early, hap).status).toBe('skipped');
  });

  it('are the heads of a diff', () => {
    const files = [
      { file: 'a.json', schema: '', runs: [hap] },
      { file: 'b.json', schema: '', runs: [{ ...counted({ 'walk.refs': 162 }), file: 'b.json' }] },
    ];
    const result = diff({ results: files });
    const failing = (text: string): boolean[] =>
      judgeDiff([parseBudget(text, '--fail-on')], result).checks.map(({ status }) => status === 'failed');
    expect([failing('walk.refs > +0'), failing('walk.refs > +1')]).toEqual([[true], [false]]);
  });
});

describe('a run that is in the base of a diff only', () => {
  it('is listed, and not checked', () => {
    const shadow = { ...hap, mode: 'shadow' };
    const result = diff({
      results: [
        { file: 'a.json', schema: '', runs: [hap, shadow] },
        { file: 'b.json', schema: '', runs: [{ ...hap, file: 'b.json' }] },
      ],
    });
    const { checks } = judgeDiff([parseBudget('walk.refs > +0', '--fail-on')], result);
    expect(checks.map(({ mode, status, said }) => [mode, status, said])).toEqual([
      ['hap', 'ok', '161 -> 161, limit 161'],
      ['shadow', 'skipped', 'not checked: there is no such run'],
    ]);
  });
});

describe('a budget per interval', () => {
  const slice = (from: number, refs: number) => ({
    from,
    accesses: 10,
    metrics: new Map([['walk.refs', refs]]),
  });
  const sliced = (...refs: number[]): SavedRun => ({ ...hap, slices: refs.map((n, i) => slice(10 * i, n)) });
  const judged = (expression: string, head: SavedRun, base: SavedRun | null = null): readonly Check[] =>
    judgeRuns(
      [parseBudget(expression, '--fail-on')],
      [head],
      base === null ? null : { file: 'base.json', schema: '', runs: [base] },
    ).checks;

  it('is kept by the slices that can be judged, and lists the others', () => {
    const walks = (from: number, count: number) => ({
      ...slice(from, count),
      metrics: new Map([
        ['walk.refs', count],
        ['walk.count', count],
      ]),
    });
    const head = { ...hap, slices: [walks(0, 4), walks(10, 0), walks(20, 2)] };
    expect(judged('interval:walk.refs.ratio > 1', head)).toMatchObject([
      {
        status: 'skipped',
        interval: 10,
        said: 'not checked: there is no walk.refs.ratio in this run: walk.count is 0',
      },
      { status: 'ok', interval: null, said: '2 of 3 slices keep it' },
    ]);
    expect(judged('interval:walk.refs.ratio >= 1', head).map(({ status }) => status)).toEqual([
      'failed',
      'skipped',
      'failed',
    ]);
  });

  it('is kept by each slice, or names every one that does not', () => {
    expect(judged('interval:walk.refs > 7', sliced(5, 7, 6))).toMatchObject([
      { status: 'ok', interval: null, said: 'each of 3 slices keeps it' },
    ]);
    expect(judged('interval:walk.refs > 5', sliced(5, 7, 6))).toMatchObject([
      { status: 'failed', interval: 10, said: 'limit 5, found 7: over by 2' },
      { status: 'failed', interval: 20, said: 'limit 5, found 6: over by 1' },
    ]);
  });

  it('is relative to the same slice of the baseline', () => {
    expect(judged('interval:walk.refs > +0', sliced(5, 7), sliced(6, 6))).toMatchObject([
      { status: 'failed', interval: 10, said: 'base 6, limit 6, found 7: over by 1' },
    ]);
  });
});
