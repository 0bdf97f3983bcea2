import { describe, expect, it } from 'vitest';
import { PLAIN_OPTIONS, type Output, type ReporterOptions } from '../../../src/report/output.js';
import { REPORTERS } from '../../../src/report/reporters/index.js';
import { createTableMemory } from '../../../src/counters.js';
import { compare, run } from './fixtures.js';

function render(name: string, output: Output, options: Partial<ReporterOptions> = {}): string {
  return REPORTERS.get(name).render(output, { ...PLAIN_OPTIONS, ...options });
}

const INTERVAL = {
  from: 0,
  accesses: 10,
  counters: { accesses: 10, 'tlb.stlb.miss': 1 },
  memory: createTableMemory(),
};

const NATIVE = run({ mode: 'native', counters: { 'walk.count': 2, 'walk.refs': 8, 'pte.l1': 8 } });
const HAP = run({ mode: 'hap', counters: { 'walk.count': 2, 'walk.refs': 48, 'pte.l1': 48 } });
const SHADOW = run({
  mode: 'shadow',
  counters: { 'walk.count': 2, 'walk.refs': 8, 'pte.l1': 8, 'vmexit.total': 1, 'vmexit.cr3_write': 1 },
});

describe('every reporter', () => {
  it.each(REPORTERS.names())('%s renders an empty result, a comparison and a list', (name) => {
    for (const output of [run(), compare([]), compare([run()]), [], [run(), compare([NATIVE, HAP])]]) {
      const text = render(name, output);
      expect(text === '' || text.endsWith('\n')).toBe(true);
      expect(text).not.toMatch(/NaN|Infinity|undefined/);
      expect(text).not.toContain('\u001b');
    }
  });

  it.each(REPORTERS.names())('%s gives the same bytes twice', (name) => {
    const output = compare([NATIVE, HAP, SHADOW]);
    expect(render(name, output)).toBe(render(name, output));
  });

  it('suggests the reporter that was meant', () => {
    expect(() => REPORTERS.get('jsn')).toThrow("unknown reporter 'jsn' (did you mean 'json'?)");
  });
});

describe('json', () => {
  it('is the result itself, two blanks deep', () => {
    const result = compare([NATIVE, HAP]);
    expect(JSON.parse(render('json', result))).toEqual(result);
    expect(render('json', result)).toMatch(/^\{\n {2}"schema": "p2msim\.compare\/1",\n/);
  });
});

describe('ndjson', () => {
  it('puts intervals, runs and the verdict on lines of their own', () => {
    const lines = render('ndjson', compare([run({ mode: 'hap', intervals: [INTERVAL] }), SHADOW]))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line['schema'])).toEqual([
      'p2msim.interval/1',
      'p2msim.result/1',
      'p2msim.result/1',
      'p2msim.verdict/1',
    ]);
    expect(lines[0]).toMatchObject({ mode: 'hap', trace: 'a.csv', from: 0, accesses: 10 });
    expect(lines[1]).toMatchObject({ mode: 'hap', intervals: [] });
    expect(lines[3]).toMatchObject({ winner: 'hap', loser: 'shadow' });
  });
});

describe('csv', () => {
  it('has one line per number', () => {
    const text = render('csv', compare([NATIVE, HAP]), { metrics: 'walk.refs,cost.cycles' });
    expect(text).toBe(
      [
        'mode,trace,key,value',
        'native,a.csv,walk.refs,8',
        'native,a.csv,cost.cycles,32',
        'hap,a.csv,walk.refs,48',
        'hap,a.csv,cost.cycles,192',
        '',
      ].join('\n'),
    );
  });

  it('quotes what needs it', () => {
    const text = render('csv', run({ trace: { path: 'a,"b".csv' } }), { metrics: 'walk.refs' });
    expect(text).toBe('mode,trace,key,value\nhap,"a,""b"".csv",walk.refs,0\n');
  });
});

describe('markdown', () => {
  it('writes a table with aligned numbers, and escapes names', () => {
    const text = render('markdown', compare([NATIVE, HAP, SHADOW]));
    expect(text).toContain('|  | native | hap | shadow |\n| --- | ---: | ---: | ---: |\n');
    expect(text).toContain(
      '| walk references | 8 | 48 | 8 |\n| &nbsp;&nbsp;per walk | 4.00 | 24.00 | 4.00 |\n',
    );
    expect(text).toContain('| &nbsp;&nbsp;write to CR3: CR\\_ACCESS / CR3\\_WRITE | - | 0 | 1 |');
  });

  it('flags an incomplete run first', () => {
    const text = render('markdown', run({ manifest: { incomplete: 'a.csv:9: bad op' } }));
    expect(text).toMatch(
      /^> \*\*INCOMPLETE: a\.csv:9: bad op; the numbers cover the 1,000 records before it\*\*\n/,
    );
  });
});
