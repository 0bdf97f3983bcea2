/**
 * The byte scanner and csv-parse give the same records and the same error for any file, however it
 * is cut into chunks. Files are made of cells that are mostly right and sometimes odd.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import type { CsvEngine } from '../../../../src/trace/formats/csv-stream.js';
import { openCsv } from '../../../../src/trace/formats/csv-stream.js';
import type { CsvColumn } from '../../../../src/trace/formats/csv-columns.js';
import { CSV_COLUMNS } from '../../../../src/trace/formats/csv-columns.js';
import { CSV_OPS } from '../../../../src/trace/formats/csv-rows.js';
import { bytesSource, decode, shortError } from '../../../helpers/traces.js';

const RUNS = Number(process.env['P2MSIM_SEEDS'] ?? 300);

const hex = fc.oneof(
  fc.constantFrom('0x1000', '7f3a1c2d5e10', '0xffff888000001fff', '0x7fffffffffff', '0X2000', 'ABC', '0'),
  fc.constantFrom(
    '0x800000000000',
    '0x',
    '',
    'zz',
    '0x11112222333344445',
    '00000000000001000',
    '0x7ffffffffffc',
    ' 0x3000 ',
    '-1',
  ),
  fc.bigInt({ min: 0n, max: (1n << 47n) - 1n }).map((value) => value.toString(16)),
);
const decimal = fc.constantFrom(
  '1',
  '8',
  '8',
  '64',
  '4096',
  '',
  '0',
  '-8',
  '8.0',
  '1048576',
  '1048577',
  '12345678',
  '0008',
);
const cell: Readonly<Record<string, fc.Arbitrary<string>>> = {
  op: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('R', 'W', 'X', 'M', 'RW') },
    { weight: 2, arbitrary: fc.constantFrom(...CSV_OPS) },
    { weight: 1, arbitrary: fc.constantFrom('', 'r', 'RX', ' R', 'Rest', '#', 'é') },
  ),
  va: hex,
  size: decimal,
  vcpu: fc.constantFrom('0', '0', '1', '3', '', '255', '256', 'x'),
  as: fc.constantFrom('0', '0', '', 'a', 'ab', 'ab', 'abc', ' a', 'ä', 'a\r'),
  note: fc.constantFrom(
    '',
    '',
    '\u00a0# note',
    'noflush',
    'child',
    'two words',
    '\u0000',
    'lazy+2m',
    'é',
    '#',
    '\r',
  ),
};
const other = fc.oneof(fc.constant(''), hex, fc.constantFrom('1', 'rw', '\u00a0', '\ufeff'));

/** Sometimes in quotes, rarely in broken ones. */
const dressed = (plain: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(plain, fc.nat(60)).map(([text, dice]) => {
    if (dice === 0) return `"${text}"`;
    if (dice === 1) return `"${text}`;
    if (dice === 2) return `${text}"x"`;
    return dice === 3 ? ` "${text}""" ` : text;
  });

interface File {
  readonly text: string;
  readonly chunkBytes: number;
}

const file: fc.Arbitrary<File> = fc
  .tuple(
    fc.shuffledSubarray([...CSV_COLUMNS].filter((name) => name !== 'op' && name !== 'va')),
    fc.nat(),
    fc.boolean(),
  )
  .chain(([optional, seed, quotes]) => {
    const columns: CsvColumn[] = optional.slice(0, seed % 6);
    columns.splice(seed % (columns.length + 1), 0, 'op', 'va');
    if (seed % 3 === 0) columns.reverse();
    const delimiter = [',', ',', ';', '\t'][seed % 4] ?? ',';
    const cells = columns.map((name) => {
      const plain = cell[name] ?? other;
      return quotes ? dressed(plain) : plain;
    });
    const row = fc.tuple(...cells).map((fields) => fields.join(delimiter));
    const oddity = fc.constantFrom(
      '',
      '  ',
      '# comment "with quotes"',
      ' # another',
      '\u00a0# hidden',
      '\u00a0,R,0x1000',
      'R',
      delimiter,
      '"',
      'R,0x1000,8,0,0,0,0,0,0',
    );
    const line = fc.oneof({ weight: 12, arbitrary: row }, { weight: 1, arbitrary: oddity });
    return fc.record({
      text: fc
        .tuple(fc.array(line, { maxLength: 40 }), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean())
        .map(([lines, end, last]) => [columns.join(delimiter), ...lines].join(end) + (last ? end : '')),
      chunkBytes: fc.integer({ min: 1, max: 200 }),
    });
  });

async function read(
  engine: CsvEngine,
  { text }: File,
  chunkBytes: number,
  options: ReadOptions,
): Promise<unknown> {
  const { records, error } = await decode(() =>
    openCsv(bytesSource(Buffer.from(text), chunkBytes), options, engine),
  );
  return { records, error: shortError(error), excerpt: error?.excerpt, span: error?.span };
}

describe('scanner and csv-parse', () => {
  it.each([
    ['stopping at the first bad record', DEFAULT_READ_OPTIONS],
    ['skipping bad records', { ...DEFAULT_READ_OPTIONS, onError: 'skip' as const, maxErrors: Infinity }],
  ])(
    'agree on every file, %s',
    async (_how, options) => {
      await fc.assert(
        fc.asyncProperty(file, async (sample) => {
          const reference = await read('reference', sample, sample.text.length + 1, options);
          expect(await read('scanner', sample, sample.text.length + 1, options)).toEqual(reference);
          expect(await read('scanner', sample, sample.chunkBytes, options)).toEqual(reference);
          expect(await read('reference', sample, sample.chunkBytes, options)).toEqual(reference);
        }),
        { numRuns: RUNS, seed: 20250101 },
      );
    },
    120_000,
  );

  it('agree on a long file with a few quotes in it', async () => {
    // 40,000 rows fill more than two batches; csv-parse takes 256 lines at each quote.
    const rows = Array.from({ length: 40_000 }, (_, i) =>
      i % 9_999 === 5_000 ? `MARK,,"mark ${i}"` : `${i % 2 === 0 ? 'R' : 'W'},${(i * 4096).toString(16)},`,
    );
    const sample = { text: `op,va,note\n${rows.join('\n')}\n`, chunkBytes: 0 };
    const reference = await read('reference', sample, 65_536, DEFAULT_READ_OPTIONS);
    expect(await read('scanner', sample, 65_536, DEFAULT_READ_OPTIONS)).toEqual(reference);
  });
});
