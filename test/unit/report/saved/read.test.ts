import { describe, expect, it } from 'vitest';
import { TraceError } from '../../../../src/errors.js';
import { metricValues } from '../../../../src/report/metric-values.js';
import { PLAIN_OPTIONS, type Output } from '../../../../src/report/output.js';
import { REPORTERS } from '../../../../src/report/reporters/index.js';
import { parseSaved } from '../../../../src/report/saved/read.js';
import { savedRun } from '../../../../src/report/saved/saved-run.js';
import { compare, run } from '../fixtures.js';

const HAP = run({ mode: 'hap', counters: { 'walk.refs': 48 } });
const SHADOW = run({ mode: 'shadow', counters: { 'walk.refs': 8, 'vmexit.total': 1 } });

function written(reporter: string, output: Output): string {
  return REPORTERS.get(reporter).render(output, PLAIN_OPTIONS);
}

/** The message with its place, as the command line prints it. */
function refusal(text: string): string {
  try {
    parseSaved(text, 'base.json');
  } catch (error) {
    if (error instanceof TraceError) return `${error.where}: ${error.message}`;
    throw error;
  }
  return 'read';
}

/** `run()` as JSON with some of its fields replaced. */
function changed(change: (value: Record<string, unknown>) => void): string {
  const value = JSON.parse(JSON.stringify(run())) as Record<string, unknown>;
  change(value);
  return JSON.stringify(value);
}

describe('a saved result', () => {
  it.each(['json', 'ndjson'])('is read back from %s as it was', (reporter) => {
    const saved = parseSaved(written(reporter, HAP), 'a.json');
    expect(saved.schema).toBe('p2msim.result/1');
    expect(saved.runs).toEqual([savedRun(HAP, 'a.json')]);
    expect([...saved.runs[0]!.metrics]).toEqual(metricValues(HAP));
  });

  it.each(['json', 'ndjson'])('of a comparison, or several, is a run per mode (%s)', (reporter) => {
    const one = parseSaved(written(reporter, compare([HAP, SHADOW])), 'a.json');
    expect(one.runs.map((saved) => saved.mode)).toEqual(['hap', 'shadow']);
    const two = parseSaved(written(reporter, [compare([HAP, SHADOW]), compare([HAP])]), 'a.json');
    expect(two.runs.map((saved) => saved.mode)).toEqual(['hap', 'shadow', 'hap']);
    // As 0.1.0 wrote several, before lists had a schema.
    const bare = parseSaved(JSON.stringify([compare([HAP, SHADOW]), HAP]), 'a.json');
    expect(bare.runs.map((saved) => saved.mode)).toEqual(['hap', 'shadow', 'hap']);
  });

  it('of a sweep keeps the point of every run', () => {
    const point = { ...HAP, point: { 'stlb.entries': 768 } };
    const sweep = { schema: 'p2msim.sweep/1' as const, tool: HAP.tool, axes: [], points: [point] };
    expect(parseSaved(written('json', sweep), 'a.json').runs[0]!.point).toEqual({ 'stlb.entries': 768 });
  });

  it('may have metrics that this version does not know, and lack some', () => {
    const text = changed((value) => {
      value['counters'] = { accesses: 3, 'later.metric': 4 };
    });
    const [saved] = parseSaved(text, 'a.json').runs;
    expect(saved!.metrics.get('later.metric')).toBe(4);
    expect(saved!.metrics.has('walk.refs')).toBe(false);
  });
});

describe('what is no saved result', () => {
  it('is refused with the place and the reason', () => {
    expect(refusal('')).toBe('base.json: is empty; expected a saved result');
    expect(refusal('op,va\nR,0x1000\n')).toMatch(
      /^base\.json:1:1: is no saved result, which is JSON; expected one$/,
    );
    expect(refusal('{\n  "schema": }')).toMatch(/^base\.json:2:13: not JSON: expected a value, found '}'/);
    expect(refusal('[]')).toBe('base.json: holds no result');
    expect(refusal('3')).toBe('base.json:1:1: the file is 3; expected an object');
    expect(refusal('{"a": 1}')).toBe('base.json: is JSON, but not a result of p2msim: it has no "schema"');
  });

  it('is refused where it breaks off', () => {
    const text = JSON.stringify(run(), null, 2);
    expect(refusal(text.slice(0, text.indexOf('"events"')))).toMatch(/^base\.json:\d+:\d+: not JSON: /);
    const lines = written('ndjson', [HAP, SHADOW]);
    expect(refusal(lines.slice(0, -20))).toMatch(/^base\.json:2:\d+: not JSON: it breaks off here/);
  });

  it('is refused by schema: of a later version, of something else, misspelt', () => {
    const schema = (id: string): string => changed((value) => (value['schema'] = id));
    expect(refusal(schema('p2msim.result/9'))).toBe(
      'base.json: schema is "p2msim.result/9", written by p2msim 0.0.0; this version reads up to "p2msim.result/1"',
    );
    expect(refusal(schema('p2msim.cost/1'))).toMatch(/schema is "p2msim\.cost\/1".*expected a result: /);
    expect(refusal(schema('p2msim.reslut/1'))).toMatch(/did you mean "p2msim\.result\/1"\?/);
  });

  it('is refused by the field that is wrong', () => {
    // What is missing has the place of what it is missing in.
    expect(refusal(changed((value) => delete value['manifest']))).toBe(
      'base.json:1:1: manifest is missing; expected an object',
    );
    expect(refusal(changed((value) => (value['counters'] = { 'walk.refs': 'x' })))).toMatch(
      /^base\.json:1:\d+: counters\["walk\.refs"\] is "x"; expected a whole number, at least 0$/,
    );
    expect(refusal(changed((value) => (value['memory'] = { pages: -1 })))).toMatch(
      /^base\.json:1:\d+: memory\.pages is -1;/,
    );
    const inList = JSON.stringify({ schema: 'p2msim.compare/1', results: [run(), {}] });
    const at = inList.lastIndexOf('{}') + 1;
    expect(refusal(inList)).toBe(`base.json:1:${at}: results[1].manifest is missing; expected an object`);
  });

  it('is refused with line and column of what is wrong, also in lists and lines', () => {
    const wrong = { ...run(), counters: { 'walk.refs': 'x' } };
    const lines = (text: string): string[] => text.split('\n');
    const pretty = JSON.stringify([run(), wrong], null, 2);
    const line = lines(pretty).indexOf('      "walk.refs": "x"') + 1;
    // Six blanks, 11 characters of the name, a colon and a blank stand before it.
    expect(refusal(pretty)).toMatch(new RegExp(`^base\\.json:${line}:20: \\[1\\]\\.counters`));
    const ndjson = `${JSON.stringify(run())}\n\n${JSON.stringify(wrong)}\n`;
    const column = JSON.stringify(wrong).indexOf('"x"') + 1;
    expect(refusal(ndjson)).toMatch(new RegExp(`^base\\.json:3:${column}: \\[1\\]\\.counters`));
  });
});

describe('a name that is there twice', () => {
  const twice = (text: string): string => text.replace('"walk.refs":48', '"walk.refs":48,"walk.refs":49');
  const line = JSON.stringify(HAP);

  it.each([
    // The second name stands 15 characters after the first.
    ['in a result', line, 1, 15],
    ['in the second line', `${JSON.stringify(SHADOW)}\n${line}`, 2, 15],
    ['in an item of a list', `[${line}]`, 1, 16],
  ])('%s is refused with its place', (_, text, at, offset) => {
    const column = line.indexOf('"walk.refs":48') + 1 + offset;
    expect(refusal(text)).toBe('read');
    expect(refusal(twice(text))).toBe(
      `base.json:${at}:${column}: "walk.refs" is there twice, first in line ${at}; expected it once`,
    );
  });

  it('is not what looks like one inside a text', () => {
    expect(
      refusal(changed((value) => Object.assign(value, { description: 'a "walk.refs": 1, "b": 2' }))),
    ).toBe('read');
  });
});
