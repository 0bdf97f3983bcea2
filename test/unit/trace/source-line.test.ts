/** Messages on a p2mtrace name no line of its own file, which has none, but that of what it was made from. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { TraceError } from '../../../src/errors.js';
import { checkTrace } from '../../../src/trace/check.js';
import { convertTrace } from '../../../src/trace/convert.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { type OpenTrace, openTrace } from '../../../src/trace/open.js';
import { errorIn } from '../../../src/trace/source-line.js';
import { TRACE_WRITERS } from '../../../src/trace/writers/index.js';

const CSV = 'op,va,as\n# a remark\nR,1000,\nEXIT,,9\n';

function open(bytes: Uint8Array | string): Promise<OpenTrace> {
  return openTrace('-', { stdin: Readable.from([Buffer.from(bytes)]), read: DEFAULT_READ_OPTIONS });
}

async function packed(text: string): Promise<OpenTrace> {
  const parts: Uint8Array[] = [];
  await convertTrace(await open(text), TRACE_WRITERS.get('p2mtrace'), (part) => parts.push(part));
  return open(Buffer.concat(parts));
}

describe('a place in what a p2mtrace was made from', () => {
  it('is told as that by a check', async () => {
    const message = 'EXIT of address space 9, which there has never been';
    const findings = async (trace: OpenTrace) => (await checkTrace(trace)).findings;
    expect(await findings(await open(CSV))).toEqual([
      { severity: 'error', message, place: { file: '-', line: 4 } },
    ]);
    expect(await findings(await packed(CSV))).toEqual([
      { severity: 'error', message: `${message} (line 4 of what it was made from)`, place: { file: '-' } },
    ]);
  });

  it('is told as that by what stops a replay or a walk', async () => {
    const error = new TraceError({ file: 'a.p2mtrace', line: 7 }, 'no such space', { hint: 'mend it' });
    const trace = { path: 'a.p2mtrace', format: 'p2mtrace' };
    expect(errorIn(error, trace)).toMatchObject({
      where: 'a.p2mtrace',
      message: 'no such space (line 7 of what it was made from)',
      hint: 'mend it',
      exitCode: 3,
    });
    expect(errorIn(error, { ...trace, format: 'csv' })).toBe(error);
    expect(errorIn(error, { ...trace, path: 'b.p2mtrace' })).toBe(error);
    const byte = new TraceError({ file: 'a.p2mtrace', offset: 7 }, 'block 2 is damaged');
    expect(errorIn(byte, trace)).toBe(byte);
  });
});
