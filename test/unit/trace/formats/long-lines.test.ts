/**
 * Lines of nearly 1 MiB that invite an expression to try each place anew: every text format reports them as bad records, or
 * passes over them, in one pass. A quadratic expression takes minutes for any of these, which the limit of a test ends.
 */
import { describe, expect, it } from 'vitest';
import { TraceError } from '../../../../src/errors.js';
import { DEFAULT_READ_OPTIONS, SNIFF_BYTES } from '../../../../src/trace/format.js';
import { TRACE_FORMATS } from '../../../../src/trace/formats/index.js';
import { xenOperations } from '../../../../src/trace/formats/xen-ops.js';
import { openText } from '../../../../src/trace/text-format.js';
import { bytesSource } from '../../../helpers/traces.js';

/** Characters that are repeated; with what is before them, below 1 MiB. */
const LENGTH = 900 * 1024;
const of = (unit: string): string => unit.repeat(Math.ceil(LENGTH / unit.length));

const LINES: readonly (readonly [what: string, line: string])[] = [
  ['blanks', `x${of(' ')}x`],
  ['blanks in front', `${of(' ')}x`],
  ['blanks behind a call', `  401000 a${of(' ')}x`],
  ['parentheses of a call', `  401000 a${of('(')}`],
  ['parentheses', of('(')],
  ['numbers', `app ${of('7 ')}x`],
  ['one number', `app ${of('7')}x`],
  ['processes', `app ${of('7/7 [1] 1.1 ')}`],
  ['addresses', `app 7 1.100000: exceptions:page_fault_user: ${of('address=0x1 ')}x`],
  ['error codes', `app 7 1.100000: exceptions:page_fault_user: ${of('error_code=0x1 ')}x`],
  ['a name of a record', `app 7/7 1.100000: PERF_RECORD_${of('A')}\rx`],
  ['blanks behind a time', `app 7/7 1.100000:${of(' ')}x\rx`],
  ['blanks behind an event', `app 7/7 1.100000: page-faults:${of(' ')}x\rx`],
  ['colons', `app 7/7 1.100000: ${of('a:')}x`],
  ['a mapping', `app 7/7 1.100000: PERF_RECORD_MMAP2 7/7: [0x400000(0x1000) @${of(' @')}x`],
  ['blanks of an experiment', `EXP 1 ${of(' ')}\rx`],
  ['blanks of a comment', `# a: x${of(' ')}x`],
  ['colons of a comment', `# a${of(' : ')}x`],
  ['commas', of(',')],
  ['digits and commas', `r,${of('1,')}x`],
  ['signs of valgrind', of('==1')],
];

const TEXT_FORMATS = ['csv', 'din', 'gem5', 'lackey', 'perf', 'pinatrace', 'rw', 'xdin', 'xen-ops'];

/** Lines that are no bad records: comments, what is passed over, a mark. */
const NO_ERROR: Readonly<Record<string, readonly string[]>> = {
  lackey: ['signs of valgrind'],
  perf: ['a name of a record', 'blanks of a comment', 'colons of a comment'],
  'xen-ops': ['blanks of an experiment'],
};

describe('a line of 900 KiB', () => {
  it.each(TEXT_FORMATS)('is read in one pass, and reported if it is no record: %s', async (name) => {
    const accepted: string[] = [];
    for (const [what, line] of LINES) {
      const header = name === 'csv' && !line.startsWith('#') ? 'op,va\n' : '';
      const bytes = Buffer.from(`${header}${line}\n`);
      TRACE_FORMATS.get(name).sniff(bytes.subarray(0, SNIFF_BYTES));
      const error = await errorOf(name, bytes);
      if (error === null) accepted.push(what);
      else expect(error.where, what).toContain(header === '' ? ':1' : ':2');
    }
    expect(accepted).toEqual(NO_ERROR[name] ?? []);
  });
});

async function errorOf(name: string, bytes: Uint8Array): Promise<TraceError | null> {
  const format = name === 'xen-ops' ? xenOperations(false) : null;
  const source = bytesSource(bytes, 1 << 16);
  const options = DEFAULT_READ_OPTIONS;
  try {
    const stream =
      format === null
        ? await TRACE_FORMATS.get(name).open(source, options)
        : openText(source, options, format);
    for await (const chunk of stream.chunks()) expect(chunk.accesses.n).toBeLessThanOrEqual(1);
    return null;
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
}
