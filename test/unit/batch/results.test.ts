import { describe, expect, it } from 'vitest';
import {
  type BatchHeader,
  formatBatchHeader,
  formatPointLine,
  parsePointLine,
  type PointLine,
} from '../../../src/batch/point-line.js';
import { missingNumbers, parseResults, type ResultsFile } from '../../../src/batch/results.js';
import { TraceError } from '../../../src/errors.js';
import { parseSaved } from '../../../src/report/saved/read.js';
import { run } from '../report/fixtures.js';

const SWEEP = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);

const HEADER: BatchHeader = {
  schema: 'p2msim.batch/1',
  tool: { name: 'p2msim', version: '0.0.0' },
  sweep: SWEEP,
  points: 4,
  shard: null,
};

/** The n-th point: its id is its number in 64 digits. */
function point(number: number, more: Partial<PointLine> = {}): PointLine {
  return {
    schema: 'p2msim.point/1',
    sweep: SWEEP,
    number,
    id: String(number).padStart(64, '0'),
    name: null,
    point: { 'stlb.entries': 768 * number },
    trace: { path: 'a.csv', sha256: 'c'.repeat(64) },
    mode: 'hap',
    seed: 1,
    status: 'ok',
    result: run({ counters: { 'walk.refs': number } }),
    error: null,
    ...more,
  };
}

const FAILED = point(3, {
  status: 'failed',
  result: null,
  error: { kind: 'trace', message: 'a.csv:7: no such event' },
});

function read(...lines: readonly (PointLine | BatchHeader | string)[]): ResultsFile {
  const text = lines.map((line) => {
    if (typeof line === 'string') return line;
    return line.schema === 'p2msim.point/1' ? formatPointLine(line) : formatBatchHeader(line);
  });
  return parseResults(Buffer.from(text.join('')), 'r.jsonl');
}

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof TraceError) return `${error.where}: ${error.message}`;
    throw error;
  }
  return 'nothing was thrown';
}

describe('a line', () => {
  it.each([
    ['a point', point(1)],
    ['a named point', point(2, { name: 'as sold' })],
    ['a point that failed', FAILED],
  ])('of %s is read back as it was written', (_, line) => {
    expect(parsePointLine(formatPointLine(line), 'r.jsonl:1')).toEqual(line);
  });

  it('is the same text in whatever order its fields were set', () => {
    const line = point(1);
    const reversed = Object.fromEntries(Object.entries(line).reverse()) as unknown as PointLine;
    expect(formatPointLine(reversed)).toBe(formatPointLine(line));
  });

  it.each([
    ['has no id', { id: undefined }, 'id is missing; expected a text'],
    ['has a short id', { id: 'abc' }, 'id is "abc"; expected a SHA-256 digest of 64 hexadecimal digits'],
    ['is numbered 0', { number: 0 }, 'number is 0; expected a whole number, at least 1'],
    ['is ok without a result', { result: null }, 'status is "ok"; expected "failed", for there is no result'],
    ['says no status', { status: 'done' }, 'status is "done"; expected "ok", for there is a result'],
  ])('that %s is refused with its place', (_, more, message) => {
    const text = JSON.stringify({ ...point(1), ...more });
    expect(errorOf(() => parsePointLine(text, 'r.jsonl:5'))).toBe(`r.jsonl:5: ${message}`);
  });
});

describe('a results file', () => {
  it('has a header and points, those that failed too', () => {
    const { header, points, duplicates, foreign, torn } = read(HEADER, point(2), FAILED);
    expect(header).toEqual(HEADER);
    expect(points.map(({ line, at }) => [line.number, at])).toEqual([
      [2, 2],
      [3, 3],
    ]);
    expect([duplicates, foreign, torn]).toEqual([[], [], null]);
  });

  it('may be empty', () => {
    expect(read()).toMatchObject({ header: null, points: [], torn: null });
  });

  it('is read up to a last line without its end, at every place where that can break off', () => {
    const whole = formatBatchHeader(HEADER) + formatPointLine(point(1));
    const last = formatPointLine(point(2));
    const middle = Math.floor(last.length / 2);
    for (const length of [1, 2, middle, last.length - 1]) {
      const { points, torn } = read(whole + last.slice(0, length));
      expect(points.map(({ line }) => line.number)).toEqual([1]);
      expect(torn).toEqual({ at: 3, offset: whole.length, bytes: length });
    }
  });

  it('counts the bytes before a torn line, not its characters', () => {
    const named = point(1, { name: 'größer' });
    const whole = formatPointLine(named);
    expect(read(whole, '{').torn?.offset).toBe(whole.length + 2);
  });

  it('sets apart what is there twice, and what belongs to another batch', () => {
    const { points, duplicates, foreign } = read(HEADER, point(1), point(1), point(2, { sweep: OTHER }));
    expect([points, duplicates, foreign].map((list) => list.map(({ at }) => at))).toEqual([[2], [3], [4]]);
  });

  it('of joined shards has a header of the whole batch', () => {
    const shard = (index: number): BatchHeader => ({ ...HEADER, shard: { index, of: 2 } });
    expect(read(shard(1), point(1), shard(2), point(2)).header).toEqual(HEADER);
  });

  it('with headers of two batches is refused', () => {
    expect(errorOf(() => read(HEADER, { ...HEADER, sweep: OTHER }))).toBe(
      'r.jsonl:2: the header of another batch than the lines before it',
    );
  });

  it('with a broken line before the last is refused', () => {
    expect(errorOf(() => read(HEADER, '{"schema":\n', point(1)))).toBe(
      'r.jsonl:2: the line is not JSON; expected a point of a batch',
    );
  });

  it('says which numbers are not there', () => {
    expect(missingNumbers(HEADER.points, [point(2), FAILED])).toEqual([1, 4]);
  });

  it('is read by diff like other saved results', () => {
    const { runs } = parseSaved(formatBatchHeader(HEADER) + formatPointLine(point(2)), 'r.jsonl');
    expect(runs.map(({ mode, point: values }) => [mode, values])).toEqual([
      ['hap', { 'stlb.entries': 1536 }],
    ]);
  });
});
