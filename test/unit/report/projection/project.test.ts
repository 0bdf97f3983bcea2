import { beforeAll, describe, expect, it } from 'vitest';
import type { PointLine } from '../../../../src/batch/point-line.js';
import { cellText, PROJECTION_FORMATS } from '../../../../src/report/projection/formats.js';
import { project, type ProjectOptions } from '../../../../src/report/projection/project.js';
import { parseSaved } from '../../../../src/report/saved/read.js';
import type { SavedRun } from '../../../../src/report/saved/saved-run.js';
import { TOOL } from '../../../../src/version.js';
import { resultsFile, twelvePoints } from '../../../helpers/results-files.js';

let points: PointLine[];
let runs: readonly SavedRun[];

/** `walk.refs` of a run: 1000 for each way, 100 for shadow, and the seed squared. */
const REFS = (ways: number, mode: string, seed: number): number =>
  1000 * ways + (mode === 'shadow' ? 100 : 0) + seed ** 2;

const read = (lines: readonly PointLine[], file = 'r.jsonl'): readonly SavedRun[] =>
  parseSaved(Buffer.from(resultsFile(file, lines).bytes).toString('utf8'), file).runs;

beforeAll(async () => {
  points = (await twelvePoints()).map((line) => {
    const refs = REFS(Number(line.point['l1d.ways']), line.mode, line.seed);
    const result = line.result!;
    return { ...line, result: { ...result, counters: { ...result.counters, 'walk.refs': refs } } };
  });
  runs = read(points);
});

const PLAIN: ProjectOptions = {
  rows: null,
  columns: null,
  metrics: ['walk.refs'],
  normalize: null,
  tool: TOOL,
};
const text = (options: Partial<ProjectOptions>, of = runs): string =>
  PROJECTION_FORMATS.get('table').render(project(of, { ...PLAIN, ...options }), (bold) => bold, 100);

describe('a projection', () => {
  it('has swept keys as rows and modes as columns, averaged over seeds', () => {
    // Seeds 1 and 2 add 1 and 4: mean 2.5, s = 3/sqrt(2), half-width t(1) s / sqrt(2) = 12.7062 * 1.5 = 19.06.
    expect(text({})).toBe(
      [
        '                                 walk.refs',
        'l1d.ways              hap           shadow',
        '1         1,002.50 ±19.06  1,102.50 ±19.06',
        '2         2,002.50 ±19.06  2,102.50 ±19.06',
        '4         4,002.50 ±19.06  4,102.50 ±19.06',
        '',
        "mean ± half the width of its 95% confidence interval (Student's t) over 2 seeds",
        '',
      ].join('\n'),
    );
  });

  it('is several tables where one is wider than the terminal, each with what names its rows', () => {
    const within = (columns: number, options: Partial<ProjectOptions> = {}): string =>
      PROJECTION_FORMATS.get('table').render(
        project(runs, { ...PLAIN, ...options }),
        (bold) => bold,
        columns,
      );
    // 42 columns in one; 8 for the names, 2 between, 15 for a mode.
    expect(within(42).split('\n\n')[0]).toBe(text({}).split('\n\n')[0]);
    expect(within(41).split('\n\n').slice(0, 2)).toEqual([
      '                walk.refs\nl1d.ways              hap\n1         1,002.50 ±19.06\n2         2,002.50 ±19.06\n4         4,002.50 ±19.06',
      '                walk.refs\nl1d.ways           shadow\n1         1,102.50 ±19.06\n2         2,102.50 ±19.06\n4         4,102.50 ±19.06',
    ]);
    // Names of 8 columns are more than half of 15: rows have numbers, and the first table says what they are.
    expect(within(15).split('\n\n').slice(0, 2)).toEqual([
      'row  l1d.ways\n1    1\n2    2\n3    4',
      '           walk.refs\nrow              hap\n1    1,002.50 ±19.06\n2    2,002.50 ±19.06\n3    4,002.50 ±19.06',
    ]);
    for (const line of within(60).split('\n')) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('divides each run by the run of its seed, and averages the ratios', () => {
    const { tables } = project(runs, { ...PLAIN, normalize: 'mode=hap' });
    const ratios = [1, 2].map((seed) => REFS(1, 'shadow', seed) / REFS(1, 'hap', seed));
    expect(tables[0]?.rows[0]?.cells[0]).toEqual({ n: 2, mean: 1, halfWidth: 0 });
    expect(tables[0]?.rows[0]?.cells[1]?.mean).toBeCloseTo((ratios[0]! + ratios[1]!) / 2, 12);
    expect(text({ normalize: 'mode=hap' })).toContain('x: divided by mode=hap of the same row, run by run');
  });

  it('divides by the value of a key as well', () => {
    const { tables } = project(runs, { ...PLAIN, normalize: 'l1d.ways=1' });
    expect(tables[0]?.rows[2]?.cells[0]?.mean).toBeCloseTo((4001 / 1001 + 4004 / 1004) / 2, 12);
  });

  it('makes a table of each combination of what is neither row nor column', () => {
    const { tables } = project(runs, { ...PLAIN, rows: 'seed' });
    expect(tables.map(({ values }) => values)).toEqual([
      { 'l1d.ways': '1' },
      { 'l1d.ways': '2' },
      { 'l1d.ways': '4' },
    ]);
    expect(tables[1]?.rows.map(({ cells }) => cells)).toEqual(
      [1, 2].map((seed) =>
        ['hap', 'shadow'].map((mode) => ({ n: 1, mean: REFS(2, mode, seed), halfWidth: null })),
      ),
    );
  });

  it('with several metrics has a column of each under every mode', () => {
    const lines = text({ metrics: ['walk.refs', 'vmexit.total'], rows: 'l1d.ways,seed' }).split('\n');
    expect(lines[0]).toMatch(/^ +hap +shadow$/);
    expect(lines[1]).toMatch(
      /^l1d\.ways {2}seed {2}walk\.refs {2}vmexit\.total {2}walk\.refs {2}vmexit\.total$/,
    );
    expect(lines[2]).toMatch(/^1 +1 +1,001 +0 +1,101 +\d+$/);
  });

  it('is the same whatever the order of the files, and of a run that is there twice', () => {
    const twice = [...read(points.slice(6), 'b.jsonl'), ...read(points.slice(0, 7), 'a.jsonl')];
    expect(text({}, twice)).toBe(text({}));
  });

  it('shows a dash where no run is', () => {
    const some = read(points.filter(({ mode, point }) => mode === 'hap' || point['l1d.ways'] !== 2));
    expect(text({}, some)).toMatch(/\n2 +2,002\.50 ±19\.06 +-\n/);
    expect(text({}, some)).toContain('-: no run, or nothing to divide by');
  });

  it('as CSV is one line per number, n and half-width included', () => {
    const csv = PROJECTION_FORMATS.get('csv')
      .render(project(runs, PLAIN), (bold) => bold, 100)
      .split('\n');
    expect(csv[0]).toBe('l1d.ways,mode,metric,n,mean,half_width,incomplete');
    expect(csv[1]).toMatch(/^1,hap,walk\.refs,2,1002\.5,19\.059\d+,$/);
    expect(csv).toHaveLength(8);
  });

  it('as Markdown has one table with a head that says everything', () => {
    const lines = PROJECTION_FORMATS.get('markdown')
      .render(project(runs, PLAIN), (bold) => bold, 100)
      .split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '| l1d.ways | walk.refs, hap | walk.refs, shadow |',
      '| --- | ---: | ---: |',
      '| 1 | 1,002.50 ±19.06 | 1,102.50 ±19.06 |',
    ]);
  });
});

describe('what cannot be laid out', () => {
  it('is an unknown dimension, metric or value, with a suggestion', () => {
    expect(() => project(runs, { ...PLAIN, rows: 'l1d.wys' })).toThrow(
      "unknown dimension 'l1d.wys' (did you mean 'l1d.ways'?)",
    );
    expect(() => project(runs, { ...PLAIN, metrics: ['walk.ref'] })).toThrow(
      "no metric matches 'walk.ref' (did you mean 'walk.refs'?)",
    );
    expect(() => project(runs, { ...PLAIN, normalize: 'mode=shdow' })).toThrow(
      "no run has mode=shdow (did you mean 'shadow'?); values are hap, shadow",
    );
    expect(() => project(runs, { ...PLAIN, normalize: 'native' })).toThrow('expected DIMENSION=VALUE');
    expect(() => project(runs, { ...PLAIN, rows: 'mode', columns: 'mode' })).toThrow(
      '--row and --col both name mode',
    );
  });

  it('is two runs in one cell that differ in more than the seed: the key is named', () => {
    const other = structuredClone(points[0]!);
    const { config } = other.result!.manifest;
    Object.assign(config.effective.l1d, { entries: 8 });
    expect(() => project([...runs, ...read([other], 'other.jsonl')], PLAIN)).toThrow(
      'r.jsonl and other.jsonl: two runs with l1d.ways=1 mode=hap fall into one cell; they differ in l1d.entries',
    );
  });

  it.each([
    ['another trace', { sha256: 'f'.repeat(64) }, 'trace.sha256'],
    ['another part of the trace', { accesses: 7, whole: false }, 'trace.whole, trace.accesses'],
    ['another warm-up', { warmup: 1 }, 'trace.warmup'],
  ])('is two runs in one cell of two seeds and of %s: both files are named', (_what, trace, keys) => {
    const other = structuredClone(points[0]!);
    Object.assign(other.result!.manifest.trace, trace);
    Object.assign(other.result!.manifest.config.effective, { seed: 9 });
    expect(() => project([...runs, ...read([other], 'other.jsonl')], PLAIN)).toThrow(
      `r.jsonl and other.jsonl: two runs with l1d.ways=1 mode=hap fall into one cell; they differ in ${keys}`,
    );
  });

  it('is a run that would be divided by one of another part of the trace', () => {
    const other = structuredClone(points);
    for (const { mode, result } of other)
      if (mode === 'hap') Object.assign(result!.manifest.trace, { accesses: 7 });
    const options = { ...PLAIN, normalize: 'mode=hap' };
    expect(() => project(read(other), options)).toThrow(
      'r.jsonl: a run of shadow cannot be divided by one of hap; they differ in trace.accesses',
    );
    expect(() => project(runs, options)).not.toThrow();
  });

  it('is two runs of one configuration that counted differently', () => {
    const other = structuredClone(points[0]!);
    Object.assign(other.result!.counters, { 'walk.refs': 5 });
    expect(() => project([...runs, ...read([other], 'other.jsonl')], PLAIN)).toThrow(
      'they differ in their counts alone',
    );
  });
});

describe('a cell', () => {
  it.each([
    [null, false, '-'],
    [{ n: 1, mean: 1234567, halfWidth: null }, false, '1,234,567'],
    [{ n: 3, mean: 12, halfWidth: 0 }, false, '12 ±0'],
    [{ n: 2, mean: 2.5, halfWidth: 40.985 }, false, '2.50 ±40.98'],
    [{ n: 2, mean: 1.434, halfWidth: 0.016 }, true, '1.43x ±0.02'],
  ])('%j is printed so', (cell, ratio, shown) => {
    expect(cellText(cell, ratio)).toBe(shown);
  });
});
