import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { HOST_OPS } from '../../../src/trace/event.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';
import { ACCESS_COLUMNS, CsvWriter } from '../../../src/trace/write.js';
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

const HEADER = 'op,va,size,vcpu,as,pcid,ip,gfn,level,value,perm,order,note';
const EVERY_EVENT = [
  '# guest-levels: 5',
  '# vcpus: 4',
  '# ram: 1G',
  '# p2m: 0+200:2m,200+10:4k',
  '# features: pcid=on',
  '# guest: scripted',
  '# direct-map: ffff880000000000',
  '# root: 800000',
  HEADER,
  'R,1000,8,3,p1',
  'PTW,1000,,,,,,1f22,5,8000000000000067',
  'CR3,,,,a,3,,,,,,,noflush',
  'CR3,,,,b',
  'INVLPG,1000',
  'INVPCID,1000,,,,7,,,,,,1',
  'FLUSHALL',
  'CR0WP,,,,,,,,,1',
  'PGMODE,,,,,,,,0',
  'FAULT,1000,,,,,,,,7',
  'MMIO,1000,4,,,,,,,,w,,direct',
  'PTDYING,,,,,,,1f22',
  'VCPU,,,1,,,,,,,,,2',
  'VCPU,,,1,,,,,,,,,off',
  'IPIFLUSH',
  'IPIFLUSH,ffff888000001000',
  'CPUID',
  'RW,fffffffffffffff0,16',
  'MAP,200000,2097152,,,,,400,,,rx,,lazy 2m',
  'MAP,1000,4096,,,,,,,,none,,file',
  'UNMAP,1000,4096',
  'PROTECT,1000,4096,,,,,,,,rwx',
  'CLEARA,1000,4096',
  'CLEARD,1000,4096',
  'DEMAND,1000,,,,,,,,,w',
  'COW,1000',
  'FORK,,,,,,,,,,,,child',
  'EXEC',
  'EXIT,,,,child',
  'EXIT',
  'SWITCH,,,2,a,,,,,,,,noflush',
  'SYSCALL',
  'MARK,,,,,,,,,,,,"a, ""quoted"" name"',
  'ROI,,,,,,,,,,,,off',
  ...HOST_OPS.map((op) => `${op},,,,,,,100,,,,9,text`),
  'X,2000,3',
  '',
].join('\n');

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
