/**
 * The byte scanner and the reader of lines give the same records and the same error for any lackey trace, however it is
 * cut into chunks. Lines are mostly right, sometimes odd, sometimes damaged by a byte.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import type { TextEngine } from '../../../../src/trace/text-format.js';
import { openLackey } from '../../../../src/trace/formats/lackey.js';
import { bytesSource, decode, shortError } from '../../../helpers/traces.js';

const RUNS = Number(process.env['P2MSIM_SEEDS'] ?? 300);

const kind = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(' L ', ' S ', ' M ', 'I  ') },
  { weight: 1, arbitrary: fc.constantFrom(' Q ', 'L ', ' L', 'I ', 'I   ', '  L ', ' l ', '\tL ', '') },
);
const address = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .tuple(fc.bigInt({ min: 0n, max: (1n << 47n) - 1n }), fc.nat(40), fc.nat(16), fc.boolean())
      .map(([value, shift, width, upper]) => {
        const text = (value >> BigInt(shift)).toString(16).padStart(width, '0');
        return upper ? text.toUpperCase() : text;
      }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '',
      '0x1000',
      '0X1000',
      '800000000000',
      '7fffffffffff',
      'ffff888000001fff',
      'ffffffffffffffff',
      'fffffffffffffff8',
      '00000000000001000',
      '10g0',
      'fffffffc',
      ' 1000',
    ),
  },
);
const size = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('1', '2', '4', '8', '16', '32', '512', '1048576') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '0', '1048577', '12345678', '00000008', '0008', '8 ', ' 8', '8,', '-1'),
  },
);
const record = fc.tuple(kind, address, fc.constantFrom(',', ',', ',', ',', ',', ',', ', ', '', ' '), size);
/** A line with one byte changed, put in or left out. */
const mutated = fc
  .tuple(record, fc.nat(30), fc.constantFrom(...' ,0aFgLSMI#"\r\u0000\u00e9'), fc.nat(2))
  .map(([cells, at, letter, how]) => {
    const line = cells.join('');
    const i = at % (line.length + 1);
    return line.slice(0, i) + (how === 0 ? '' : letter) + line.slice(how === 1 ? i : i + 1);
  });
const line = fc.oneof(
  { weight: 12, arbitrary: record.map((cells) => cells.join('')) },
  { weight: 2, arbitrary: mutated },
  { weight: 1, arbitrary: fc.constantFrom('', '  ', '==12== text', '--12-- text', '==12= text', 'hello') },
);
const trace = fc.record({
  text: fc
    .tuple(fc.array(line, { maxLength: 60 }), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean())
    .map(([lines, end, last]) => lines.join(end) + (last ? end : '')),
  chunkBytes: fc.integer({ min: 1, max: 100 }),
});

async function read(
  engine: TextEngine,
  text: string,
  chunkBytes: number,
  options: ReadOptions,
): Promise<unknown> {
  const { records, error } = await decode(() =>
    openLackey(bytesSource(Buffer.from(text), chunkBytes), options, engine),
  );
  return { records, error: shortError(error), excerpt: error?.excerpt, span: error?.span };
}

const SKIP: ReadOptions = { ...DEFAULT_READ_OPTIONS, onError: 'skip', maxErrors: Infinity };

describe('scanner and reader of lines', () => {
  it.each<[string, ReadOptions]>([
    ['stopping at the first bad record', DEFAULT_READ_OPTIONS],
    ['skipping bad records', SKIP],
    ['with modifies as two', { ...SKIP, modifyAsTwo: true }],
  ])(
    'agree on every trace, %s',
    async (_how, options) => {
      await fc.assert(
        fc.asyncProperty(trace, async ({ text, chunkBytes }) => {
          const reference = await read('reference', text, text.length + 1, options);
          expect(await read('scanner', text, text.length + 1, options)).toEqual(reference);
          expect(await read('scanner', text, chunkBytes, options)).toEqual(reference);
          expect(await read('reference', text, chunkBytes, options)).toEqual(reference);
        }),
        { numRuns: RUNS, seed: 20250102 },
      );
    },
    120_000,
  );
});
