import { describe, expect, it } from 'vitest';
import { updateBaseline } from '../../../../src/baseline.js';
import { UsageError } from '../../../../src/errors.js';
import { baselineText } from '../../../../src/report/saved/baseline.js';
import { parseSaved } from '../../../../src/report/saved/read.js';
import { savedRun, type SavedRun } from '../../../../src/report/saved/saved-run.js';
import { run, type RunOptions } from '../fixtures.js';

function saved(options: RunOptions = {}): SavedRun {
  return savedRun(run(options), 'x');
}

const HAP = saved({ mode: 'hap', counters: { 'walk.refs': 48 } });
const SHADOW = saved({ mode: 'shadow', counters: { 'walk.refs': 8 } });

function read(text: string): readonly SavedRun[] {
  return parseSaved(text, 'p2msim.baseline.json').runs;
}

describe('the text of a baseline', () => {
  it('is read back: trace, configuration, prices, what is not zero', () => {
    const [back] = read(baselineText([HAP]));
    expect(back).toMatchObject({
      mode: 'hap',
      trace: HAP.trace,
      config: HAP.config,
      prices: HAP.prices,
      replay: {},
    });
    expect([...back!.metrics].every(([key, value]) => HAP.metrics.get(key) === value && value > 0)).toBe(
      true,
    );
    expect(back!.metrics.get('walk.refs')).toBe(48);
    expect(back!.result).toBeNull();
  });

  it('does not depend on the order of the runs', () => {
    expect(baselineText([HAP, SHADOW])).toBe(baselineText([SHADOW, HAP]));
    expect(baselineText(read(baselineText([HAP, SHADOW])))).toBe(baselineText([HAP, SHADOW]));
  });

  it('has what runs share once, and a metric a line: a changed count is one changed line', () => {
    const one = baselineText([HAP, SHADOW]).split('\n');
    const counters = { 'walk.refs': 49 };
    const two = baselineText([saved({ mode: 'hap', counters }), SHADOW]).split('\n');
    expect(one.filter((line) => line.includes('"sha256": "fedcba9876543210"'))).toHaveLength(1);
    expect(one.filter((line, i) => line !== two[i])).toEqual(['        "walk.refs": 48']);
  });

  it('is refused where a merge lost what runs share', () => {
    const value = JSON.parse(baselineText([HAP])) as Record<string, unknown>;
    const lost = JSON.stringify({ ...value, configs: {} });
    expect(() => read(lost)).toThrow('a run names configs "fedcba987654", which is not in the file');
  });

  it('is refused where a merge left two lines for one metric', () => {
    const text = baselineText([HAP]);
    const line = text.split('\n').findIndex((each) => each.includes('"walk.refs": 48')) + 1;
    const twice = text.replace('"walk.refs": 48', '"walk.refs": 48,\n        "walk.refs": 49');
    expect(() => read(twice)).toThrow(`"walk.refs" is there twice, first in line ${line}; expected it once`);
  });

  it('is refused where a metric is no count', () => {
    const text = baselineText([HAP]).replace('"walk.refs": 48', '"walk.refs": 4.8');
    expect(() => read(text)).toThrow(
      'runs[0].metrics["walk.refs"] is 4.8; expected a whole number, at least 0',
    );
  });
});

describe('an update', () => {
  const later = (options: RunOptions): SavedRun => ({ ...saved(options), version: '9.0.0' });

  it('leaves a run that counted the same as it is, version and all', () => {
    const before = read(baselineText([HAP, SHADOW]));
    const same = later({ mode: 'hap', counters: { 'walk.refs': 48 } });
    const updated = updateBaseline(before, [same]);
    expect(updated).toMatchObject({ added: 0, changed: 0 });
    expect(baselineText(updated.runs)).toBe(baselineText([HAP, SHADOW]));
  });

  it('replaces what changed and adds what is new', () => {
    const counters = { 'walk.refs': 49 };
    const updated = updateBaseline([HAP], [later({ mode: 'hap', counters }), SHADOW]);
    expect(updated).toMatchObject({ added: 1, changed: 1 });
    expect(updated.runs.map((each) => [each.mode, each.version, each.metrics.get('walk.refs')])).toEqual([
      ['hap', '9.0.0', 49],
      ['shadow', '0.0.0', 8],
    ]);
  });

  it('refuses two runs for one entry, a run that ended early, and one of standard input', () => {
    expect(() => updateBaseline([], [HAP, HAP])).toThrow(
      'a.csv, hap: two runs for one entry of the baseline',
    );
    const early = saved({ manifest: { incomplete: 'a.csv:9: bad op' } });
    expect(() => updateBaseline([], [early])).toThrow(UsageError);
    expect(() => updateBaseline([], [early])).toThrow(
      'an incomplete run cannot be a baseline: a.csv:9: bad op',
    );
  });
});
