import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { beforeAll, describe, expect, it } from 'vitest';
import { collect, collectionLines, numberRanges, type ResultsInput } from '../../../src/batch/collect.js';
import { collectionText, contradictionText } from '../../../src/batch/collection-text.js';
import { EXPORTS } from '../../../src/batch/exports/index.js';
import { formatPointLine, type PointLine } from '../../../src/batch/point-line.js';
import { parseSaved } from '../../../src/report/saved/read.js';
import { Rng } from '../../helpers/random-config.js';
import { failedPoint, resultsFile, SWEEP, twelvePoints } from '../../helpers/results-files.js';

let points: PointLine[];
/** The file that one process would have written. */
let whole: ResultsInput;

beforeAll(async () => {
  points = await twelvePoints();
  whole = resultsFile('whole.jsonl', points);
});

/** A result with another count. */
function changed(line: PointLine, key: string): PointLine {
  const result = line.result!;
  return {
    ...line,
    result: { ...result, counters: { ...result.counters, [key]: 1 + (result.counters[key] ?? 0) } },
  };
}

const text = ({ bytes }: ResultsInput): string => Buffer.from(bytes).toString('utf8');

describe('collected results files', () => {
  it('are the same bytes, however points were divided and in whatever order they were done', () => {
    for (let seed = 0; seed < 20; seed++) {
      const rng = new Rng(seed);
      const shards = Array.from({ length: rng.int(1, 5) }, () => [] as PointLine[]);
      const order = points.map((line) => ({ line, key: rng.next() })).sort((a, b) => a.key - b.key);
      for (const { line } of order) {
        rng.pick(shards).push(line);
        // Some points were run twice: with the same result.
        if (rng.chance(20)) rng.pick(shards).push(line);
      }
      const files = shards.map((lines, i) => resultsFile(`shard-${i}.jsonl`, lines));
      const collection = collect(files);
      expect(collectionLines(collection), `seed ${seed}`).toBe(text(whole));
      expect(collection.missing).toEqual([]);
      expect(collection.repeated).toBe(shards.flat().length - 12);
    }
  });

  it('name the points that are missing, and what a process left without its end', () => {
    const cut = whole.bytes.subarray(0, whole.bytes.length - 10);
    const collection = collect([
      { file: 'cut.jsonl', bytes: cut },
      resultsFile('few.jsonl', points.slice(0, 3), 12),
    ]);
    expect(collection.missing).toEqual([12]);
    expect(collection.torn).toEqual(['cut.jsonl:13']);
    expect(collectionText(collection)).toBe(
      [
        `batch ${SWEEP.slice(0, 8)}: 11 of 12 points from 2 files`,
        '  3 lines repeated, the same bytes each time: dropped',
        '  a last line without its end, passed over: cut.jsonl:13',
        '  MISSING 1 point: 12',
        'hint: run the sweep again with `--results FILE --resume`, and collect again; --partial takes what is there',
        '',
      ].join('\n'),
    );
  });

  it('without a header have the gaps between their points', () => {
    const bytes = Buffer.from([points[4]!, points[1]!].map(formatPointLine).join(''));
    const collection = collect([{ file: 'points.jsonl', bytes }]);
    expect(collection.points).toBeNull();
    expect(collection.missing).toEqual([1, 3, 4]);
    expect(collectionLines(collection)).toBe([points[1]!, points[4]!].map(formatPointLine).join(''));
    expect(collectionText(collection)).toContain('no file says how many points there should be');
  });

  it('contradict each other where a point has two results', () => {
    const other = changed(points[4]!, 'walk.refs');
    const collection = collect([whole, resultsFile('late.jsonl', [points[0]!, other])]);
    const refs = points[4]!.result!.counters['walk.refs']!;
    // The header is line 1, so point 5 is line 6 there and line 3 here.
    expect(collection.contradictions).toEqual([
      {
        number: 5,
        places: ['whole.jsonl:6', 'late.jsonl:3'],
        differ: [`result.counters.walk.refs: ${refs} and ${refs + 1}`],
      },
    ]);
    expect(contradictionText(collection)).toMatch(
      /^error: point 5 has two results: whole\.jsonl:6 and late\.jsonl:3\n {2}result\.counters/,
    );
  });

  it('contradict each other within one file, too', () => {
    const { contradictions } = collect([
      resultsFile('one.jsonl', [points[0]!, changed(points[0]!, 'walk.count')]),
    ]);
    expect(contradictions.map(({ places }) => places)).toEqual([['one.jsonl:2', 'one.jsonl:3']]);
  });

  it('take what is done for what failed, and of two failures the same one in any order', () => {
    const [first, second, third] = points;
    const [a, b] = [failedPoint(second!, 'a'), failedPoint(second!, 'b')];
    const one = resultsFile('one.jsonl', [failedPoint(first!), a, third!], 3);
    const two = resultsFile('two.jsonl', [first!, b], 3);
    const [forth, back] = [collect([one, two]), collect([two, one])];
    expect(collectionLines(forth)).toBe(collectionLines(back));
    expect(forth.lines).toEqual([first, a, third]);
    expect([forth.superseded, forth.repeated, forth.missing]).toEqual([2, 0, []]);
    expect(collectionText(forth)).toContain('  FAILED 1 point: 2\n    2: internal: a\n');
    expect(collectionText(forth)).toContain(
      '\nhint: delete the lines of failed points, then run the sweep again with',
    );
  });

  it('of different batches, or of different versions, are refused', () => {
    const foreign = points.map((line) => ({ ...line, sweep: 'cd'.repeat(32) }));
    const bare = { file: 'other.jsonl', bytes: Buffer.from(formatPointLine(foreign[0]!)) };
    expect(() => collect([whole, bare])).toThrow('whole.jsonl and other.jsonl:1 are of different batches');
    expect(() => collect([whole, resultsFile('old.jsonl', [], 12, '0.0.9')])).toThrow('old.jsonl by 0.0.9');
  });

  it('that hold nothing are refused; a header alone says what is missing', () => {
    expect(() => collect([{ file: 'empty.jsonl', bytes: new Uint8Array() }])).toThrow(
      'no point is there to collect',
    );
    expect(collect([resultsFile('begun.jsonl', [], 3)]).missing).toEqual([1, 2, 3]);
  });
});

describe('exports', () => {
  const write = async (format: string, lines = points, metrics: string | null = null) =>
    EXPORTS.get(format).write(collect([resultsFile('r.jsonl', lines)]), { metrics });

  it('as CSV have a row a point and a column a fact, swept key and metric', async () => {
    const csv = String(await write('csv', points, 'walk.refs,cost.cycles'));
    const [head, first, ...rest] = csv.trimEnd().split('\n');
    expect(head).toBe(
      'number,id,name,status,trace,trace.sha256,mode,preset,seed,version,l1d.ways,walk.refs,cost.cycles,error',
    );
    const { result, id, trace } = points[0]!;
    expect(first).toBe(
      `1,${id},,ok,${trace.path},${trace.sha256},hap,skylake,1,${result!.tool.version},1,${result!.counters['walk.refs']},${result!.cost.cycles},`,
    );
    expect(rest).toHaveLength(11);
  });

  it('leave the metrics of a point that failed empty, and say why it did', async () => {
    const csv = String(
      await write('csv', [failedPoint(points[0]!, 'no, "memory"'), points[1]!], 'walk.refs'),
    );
    expect(csv.split('\n')[1]).toMatch(/,failed,.*,hap,,1,,1,,"internal: no, ""memory"""$/);
  });

  it('as Markdown show few columns, with separators', async () => {
    const lines = String(await write('markdown', points, 'cost.cycles')).split('\n');
    expect(lines[0]).toBe('| point | status | trace | mode | preset | seed | l1d.ways | cost.cycles |');
    expect(lines[2]).toMatch(
      /^\| 1 \| ok \| traces\/examples\/fork\.csv \| hap \| skylake \| 1 \| 1 \| \d+,\d{3} \|$/,
    );
  });

  it('as JSON are read back as saved results', async () => {
    const json = String(await write('json', [...points.slice(0, 11), failedPoint(points[11]!)]));
    const value = JSON.parse(json) as Record<string, unknown>;
    expect(value).toMatchObject({ schema: 'p2msim.collection/1', points: 12, missing: [], failed: [12] });
    const { runs } = parseSaved(json, 'all.json');
    expect(runs).toHaveLength(11);
    expect(runs[0]?.point).toEqual({ 'l1d.ways': 1, seed: 1 });
  });

  it('as Parquet are read back with their types: integers, text, null where a point failed', async () => {
    const lines = [points[0]!, failedPoint(points[1]!)];
    const bytes = (await write('parquet', lines)) as Uint8Array;
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const { schema, key_value_metadata: facts } = parquetMetadata(file);
    const types = new Map(
      schema.map(({ name, type, converted_type: converted }) => [name, [type, converted]]),
    );
    expect(types.get('number')).toEqual(['INT64', undefined]);
    expect(types.get('mode')).toEqual(['BYTE_ARRAY', 'UTF8']);
    expect(types.get('l1d.ways')).toEqual(['INT64', undefined]);
    expect(types.get('walk.refs')).toEqual(['INT64', undefined]);
    expect(facts).toContainEqual({ key: 'p2msim.sweep', value: SWEEP });
    const rows = await parquetReadObjects({ file });
    const counters = points[0]!.result!.counters;
    expect(rows[0]).toMatchObject({ number: 1n, mode: 'hap', error: null, 'l1d.ways': 1n });
    expect(rows[0]!['walk.refs']).toBe(BigInt(counters['walk.refs']!));
    expect(rows[1]).toMatchObject({ status: 'failed', 'walk.refs': null, error: 'internal: out of memory' });
  });

  it('as Parquet write a key that takes numbers and `auto` as text, switches as booleans', async () => {
    const swept = (values: object): PointLine => ({ ...points[0]!, ...values });
    const lines = [
      swept({ number: 1, point: { 'shadow.pool': 'auto', 'guest.pcid': true } }),
      swept({ number: 2, id: 'ef'.repeat(32), point: { 'shadow.pool': 64, 'guest.pcid': false } }),
    ];
    const bytes = (await write('parquet', lines, 'walk.refs')) as Uint8Array;
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const rows = await parquetReadObjects({ file });
    expect(rows.map((row) => [row['shadow.pool'], row['guest.pcid']])).toEqual([
      ['auto', true],
      ['64', false],
    ]);
  });

  it('are the same bytes each time', async () => {
    for (const format of EXPORTS.names()) {
      expect(Buffer.from(await write(format)).equals(Buffer.from(await write(format))), format).toBe(true);
    }
  });
});

describe('numbers in ranges', () => {
  it.each([
    [[], ''],
    [[4], '4'],
    [[1, 2, 3, 7, 9, 10], '1-3, 7, 9-10'],
  ])('%j', (numbers, ranges) => {
    expect(numberRanges(numbers)).toBe(ranges);
  });
});
