import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';
import { ACCESS_COLUMNS, CsvWriter } from '../../../src/trace/write.js';
import { EVERY_EVENT } from '../../helpers/every-event.js';
import { decodeText } from '../../helpers/traces.js';

async function write(text: string, writer: CsvWriter): Promise<string> {
  const trace = await openTrace('-', {
    read: DEFAULT_READ_OPTIONS,
    stdin: Readable.from([Buffer.from(text)]),
  });
  const parts = [writer.header(trace.header)];
  for await (const chunk of trace.chunks()) parts.push(writer.chunk(chunk));
  return parts.join('');
}

/** Line numbers are where a record stands: they change when comments or switches are written out. */
function withoutLines(records: readonly unknown[]): unknown[] {
  return records.map((record) => (typeof record === 'object' ? { ...record, line: 0 } : record));
}

describe('the csv writer', () => {
  it('writes every event so that it is read as the same', async () => {
    const written = await write(EVERY_EVENT, new CsvWriter());
    const [before, after] = [await decodeText(EVERY_EVENT), await decodeText(written)];
    expect(before.error).toBeNull();
    expect(after.error).toBeNull();
    expect(withoutLines(after.records)).toEqual(withoutLines(before.records));
    // And writing what it wrote changes nothing, header included.
    expect(await write(written, new CsvWriter())).toBe(written);
  });

  it('writes plain accesses in four columns', async () => {
    expect(await write('op,va\nR,1000\nM,2000\n', new CsvWriter(ACCESS_COLUMNS))).toBe(
      '# format: p2msim-csv/1\nop,va,size,vcpu\nR,0x0000000000001000,1,0\nRW,0x0000000000002000,1,0\n',
    );
  });
});
