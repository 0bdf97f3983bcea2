/**
 * Readers against authors: every record of a trace comes out as its author wrote it, those passed over are counted, the
 * wrong ones are reported one by one; nothing else is said. The authors (test/helpers/authors) know the formats from their
 * definitions and share nothing with the readers.
 *
 * `P2MSIM_FUZZ` is the number of traces for each reader.
 */
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS } from '../../src/trace/format.js';
import { TRACE_FORMATS } from '../../src/trace/formats/index.js';
import {
  authored,
  authoredP2mtrace,
  type AuthoredTrace,
  AUTHORS,
  openFormat,
} from '../helpers/authors/index.js';
import type { Said } from '../helpers/authors/draw.js';
import { decode, shortError } from '../helpers/traces.js';

const CASES = Number(process.env['P2MSIM_FUZZ'] ?? 150);
const TIMEOUT = 60_000 + CASES * 60;
const SKIP: ReadOptions = { ...DEFAULT_READ_OPTIONS, onError: 'skip', maxErrors: Infinity };

/** Records of a trace: few, or enough for long runs of plain ones. */
const countOf = (seed: number): number => (seed % 8 === 0 ? 300 : 1 + ((seed * 7) % 60));

/** p2mtrace has no lines. */
const withoutLines = (says: readonly Said[]): Said[] =>
  says.map((one) => (typeof one === 'string' ? one : { ...one, line: 0 }));

/** The same with a modify as a load and a store. */
const modifyAsTwo = (says: readonly Said[]): Said[] =>
  says.flatMap((one) =>
    typeof one === 'string' && one.startsWith('M') ? [`R${one.slice(1)}`, `W${one.slice(1)}`] : [one],
  );

async function check(
  format: string,
  trace: AuthoredTrace,
  seed: number,
  options: ReadOptions,
): Promise<void> {
  const chunkBytes = seed % 8 === 0 ? trace.bytes.length : 1 + ((seed * 37) % 300);
  const stream = await openFormat(format, trace.bytes, chunkBytes, options);
  const { records, error } = await decode(async () => stream);
  const what = `seed ${seed}`;
  expect(shortError(error), what).toBe('no error');
  const expected = options.modifyAsTwo ? modifyAsTwo(trace.says) : trace.says;
  const isPlain = format === 'p2mtrace';
  expect(isPlain ? withoutLines(records as Said[]) : records, what).toEqual(
    isPlain ? withoutLines(expected) : expected,
  );
  expect(Object.fromEntries(stream.passedOver ?? []), what).toEqual(trace.passes);
  expect(stream.skipped.count, what).toBe(trace.bad);
}

describe('every format', () => {
  it('has an author, but for p2mtrace, whose traces are made of those of CSV', () => {
    expect([...Object.keys(AUTHORS), 'p2mtrace'].toSorted()).toEqual(TRACE_FORMATS.names().toSorted());
  });
});

describe.each(Object.keys(AUTHORS))('the reader of %s', (format) => {
  it('says what the author wrote, no more and no less', { timeout: TIMEOUT }, async () => {
    for (let seed = 1; seed <= CASES; seed++) {
      // Every third trace has mistakes in it.
      const damaged = seed % 3 === 0;
      const trace = authored(format, seed, countOf(seed), damaged);
      await check(format, trace, seed, damaged ? SKIP : DEFAULT_READ_OPTIONS);
    }
  });

  it('reports each mistake by itself, at its place', async () => {
    for (const [i, bad] of AUTHORS[format]!.bad.entries()) {
      const before = authored(format, i + 1, 0);
      const record = typeof bad === 'string' ? Buffer.from(`${bad}\n`) : bad;
      const start = before.bytes.length > 0 && typeof bad === 'string' ? Buffer.from('\n') : Buffer.alloc(0);
      const tail = (AUTHORS[format]!.tail ?? []).map(({ bytes }) => Buffer.from(bytes));
      const head = before.bytes.subarray(0, before.bytes.length - Buffer.concat(tail).length);
      const bytes = Buffer.concat([head, start, record, ...tail]);
      const stream = await openFormat(format, bytes, 64, SKIP);
      const { records, error } = await decode(async () => stream);
      expect([String(bad), records, shortError(error), stream.skipped.count]).toEqual([
        String(bad),
        [],
        'no error',
        1,
      ]);
    }
  });
});

describe('the reader of lackey', () => {
  it('makes two accesses of a modify where that is wanted', async () => {
    for (let seed = 1; seed <= CASES; seed++) {
      await check('lackey', authored('lackey', seed, 20), seed, {
        ...DEFAULT_READ_OPTIONS,
        modifyAsTwo: true,
      });
    }
  });
});

describe('the reader of p2mtrace', () => {
  // The longest traces have more kinds of access than a block has tokens.
  it('says what the author of a CSV wrote', { timeout: TIMEOUT }, async () => {
    for (let seed = 1; seed <= CASES; seed++) {
      const trace = await authoredP2mtrace(seed, countOf(seed) * (seed % 24 === 0 ? 8 : 1));
      await check('p2mtrace', trace, seed, DEFAULT_READ_OPTIONS);
    }
  });
});
