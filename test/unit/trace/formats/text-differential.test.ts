/**
 * The byte scanner and the reader of lines give the same records and the same error for any trace of the text formats
 * that have both, however it is cut into chunks. Lines are mostly right, sometimes odd, sometimes damaged by a byte.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadOptions } from '../../../../src/trace/format.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { DIN } from '../../../../src/trace/formats/din.js';
import { PINATRACE } from '../../../../src/trace/formats/pinatrace.js';
import { RW } from '../../../../src/trace/formats/rw.js';
import { XDIN } from '../../../../src/trace/formats/xdin.js';
import { openText, type TextEngine, type TextFormat } from '../../../../src/trace/text-format.js';
import { bytesSource, decode, shortError } from '../../../helpers/traces.js';

const RUNS = Number(process.env['P2MSIM_SEEDS'] ?? 150);

const address = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.bigInt({ min: 0n, max: (1n << 47n) - 1n }), fc.nat(40), fc.constantFrom('', '0x', '0x', '0X'))
      .map(([value, shift, prefix]) => prefix + (value >> BigInt(shift)).toString(16)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '0x',
      '800000000000',
      '0xffff888000001fff',
      'ffffffffffffffff',
      '10g0',
      '-1',
    ),
  },
);
const words = (right: string[], wrong: string[]) =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...right) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong, '') },
  );
const blank = words([' ', ' ', ' ', ' '], ['  ', '\t', ',']);
const size = words(
  ['1', '8', '10', '0x40', '1000', '100000'],
  ['0', '100001', 'g', '-8', '8 more', '123456789a'],
);
const code = fc.tuple(address, words([':', ':', ':'], [' :', ';'])).map(([text, colon]) => text + colon);

const CASES: readonly (readonly [string, TextFormat, fc.Arbitrary<string>])[] = [
  [
    'din',
    DIN,
    fc
      .tuple(
        words(['0', '1', '2', '3'], ['4', '5', '00', 'r']),
        blank,
        address,
        words(['', '', ''], [' note']),
      )
      .map((cells) => cells.join('')),
  ],
  [
    'xdin',
    XDIN,
    fc
      .tuple(words(['r', 'w', 'i', 'm'], ['c', 'v', 'R', '0', 'rw']), blank, address, blank, size)
      .map((cells) => cells.join('')),
  ],
  [
    'pinatrace',
    PINATRACE,
    fc.tuple(code, blank, words(['R', 'W'], ['r', 'X', 'RW']), blank, address).map((cells) => cells.join('')),
  ],
  [
    'rw',
    RW,
    fc.tuple(address, blank, words(['R', 'W'], ['r', 'RW', 'R ', 'W 8'])).map((cells) => cells.join('')),
  ],
];

/** Lines, some with a byte changed, put in or left out, in chunks. */
function traceOf(record: fc.Arbitrary<string>) {
  const mutated = fc
    .tuple(record, fc.nat(30), fc.constantFrom(...' ,:0aFgRWrx#"\r\u0000\u00e9'), fc.nat(2))
    .map(([text, at, letter, how]) => {
      const i = at % (text.length + 1);
      return text.slice(0, i) + (how === 0 ? '' : letter) + text.slice(how === 1 ? i : i + 1);
    });
  const line = fc.oneof(
    { weight: 12, arbitrary: record },
    { weight: 2, arbitrary: mutated },
    { weight: 1, arbitrary: fc.constantFrom('', '  ', '#eof', '# text', 'hello') },
  );
  return fc.record({
    text: fc
      .tuple(fc.array(line, { maxLength: 40 }), fc.constantFrom('\n', '\n', '\r\n'), fc.boolean())
      .map(([lines, end, last]) => lines.join(end) + (last ? end : '')),
    chunkBytes: fc.integer({ min: 1, max: 100 }),
  });
}

const SKIP: ReadOptions = { ...DEFAULT_READ_OPTIONS, onError: 'skip', maxErrors: Infinity };

describe.each(CASES)('scanner and reader of lines of %s', (_name, format, record) => {
  async function read(engine: TextEngine, text: string, chunkBytes: number, options: ReadOptions) {
    const stream = openText(bytesSource(Buffer.from(text), chunkBytes), options, format, engine);
    const { records, error } = await decode(async () => stream);
    const { skipped, passedOver } = stream;
    return {
      records,
      error: shortError(error),
      excerpt: error?.excerpt,
      span: error?.span,
      skipped,
      passedOver,
    };
  }

  it.each<[string, ReadOptions]>([
    ['stopping at the first bad record', DEFAULT_READ_OPTIONS],
    ['skipping bad records', SKIP],
  ])('agree on every trace, %s', async (_how, options) => {
    await fc.assert(
      fc.asyncProperty(traceOf(record), async ({ text, chunkBytes }) => {
        const reference = await read('reference', text, text.length + 1, options);
        expect(await read('scanner', text, text.length + 1, options)).toEqual(reference);
        expect(await read('scanner', text, chunkBytes, options)).toEqual(reference);
      }),
      { numRuns: RUNS, seed: 20250103 },
    );
  });
});
