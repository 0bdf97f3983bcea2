import { describe, expect, it } from 'vitest';
import { HOST_OPS } from '../../../../src/trace/event.js';
import { csv } from '../../../../src/trace/formats/csv.js';
import { openTrace } from '../../../../src/trace/open.js';
import { Readable } from 'node:stream';
import type { TraceHeader } from '../../../../src/trace/event.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { decodeText, shortError } from '../../../helpers/traces.js';

const ALL = 'op,va,size,vcpu,as,pcid,ip,gfn,level,value,perm,order,note';

/** The one event of a row, given by column. */
async function event(cells: Record<string, string>): Promise<unknown> {
  const row = ALL.split(',').map((column) => cells[column] ?? '');
  const { records, error } = await decodeText(`${ALL}\n${row.join(',')}\n`);
  if (error !== null) return shortError(error);
  expect(records.length).toBe(1);
  const { vcpu, line, ...rest } = records[0] as { vcpu: number; line: number };
  expect([vcpu, line]).toEqual([0, 2]);
  return rest;
}

async function headerOf(text: string): Promise<TraceHeader> {
  const trace = await openTrace('-', {
    read: DEFAULT_READ_OPTIONS,
    stdin: Readable.from([Buffer.from(text)]),
  });
  return trace.header;
}

const VA = '0x7f0000001000';
const VA_WORD = { hi: 0x7f00, lo: 0x1000 };

/** What reading `text` for a machine of 2 vcpus, which takes accesses from number `from` on, ends with. */
async function limited(text: string, from = 0, read = DEFAULT_READ_OPTIONS) {
  const trace = await openTrace('-', { read, stdin: Readable.from([Buffer.from(text)]) });
  trace.limitVcpus?.(2, from);
  const found = { accesses: 0, events: 0, error: null as unknown };
  try {
    for await (const { accesses, events } of trace.chunks()) {
      found.accesses += accesses.n;
      found.events += events.length;
    }
  } catch (error) {
    found.error = error;
  }
  return found;
}

describe('a csv for a machine of two vcpus', () => {
  const ROWS = 'op,va,vcpu,as\nR,0x1000,1,\nR,0x2000,  7 ,\nR,0x3000,0,\n';

  it.each([
    ['an access', ROWS, 1, 0],
    ['a quoted access', 'op,va,vcpu,as\nR,"0x1000",1,\nR,0x2000,  "7",\n', 1, 0],
    ['an access that switches', 'op,va,vcpu,as\nR,0x1000,1,\nR,0x2000,  7,b\n', 1, 0],
    ['an event', 'op,va,vcpu,as\nR,0x1000,1,\nSWITCH,0x,7,b\n', 1, 0],
  ])('ends before %s on another one, at its column', async (_what, text, accesses, events) => {
    const found = await limited(text);
    expect([found.accesses, found.events]).toEqual([accesses, events]);
    expect(found.error).toMatchObject({
      place: { line: 3, column: text.split('\n')[2]!.search(/"?7/) + 1 },
      message: 'the trace uses vcpu 7, but the machine has 2 (0 to 1)',
      hint: 'give it more with --vcpus 8, or `# vcpus: 8` at the head of the trace',
    });
  });

  it('ends there also where bad records are dropped', async () => {
    const found = await limited(`${ROWS}R,zz,0,\n`, 0, {
      ...DEFAULT_READ_OPTIONS,
      onError: 'skip',
      maxErrors: 9,
    });
    expect(found).toMatchObject({ accesses: 1, error: { place: { line: 3 } } });
  });

  it('passes over accesses that no machine sees, and not events', async () => {
    expect(await limited(ROWS, 2)).toEqual({ accesses: 3, events: 0, error: null });
    expect(await limited(ROWS, 1)).toMatchObject({ accesses: 1, error: { place: { line: 3 } } });
    expect(await limited('op,va,vcpu,as\nSWITCH,,7,b\nR,0x3000,0,\n', 2)).toMatchObject({
      accesses: 0,
      error: { place: { line: 2, column: 9 } },
    });
  });
});

describe('csv accesses', () => {
  it('needs no more than op and va: then one byte on vcpu 0', async () => {
    const { records } = await decodeText(
      'op,va\nR,0x1000\nW,2000\nX,0xffff888000001fff\nRW,0x3000\nM,0x4000',
    );
    expect(records).toEqual([
      'R 0x0000000000001000 1 0',
      'W 0x0000000000002000 1 0',
      'X 0xffff888000001fff 1 0',
      'M 0x0000000000003000 1 0',
      'M 0x0000000000004000 1 0',
    ]);
  });

  it('takes columns in any order, empty cells as defaults, and short rows', async () => {
    const { records } = await decodeText(
      'vcpu,size,va,op,note\n3,64,0x1000,W,hello\n,,0x2000,R,\n1,2,0x3000,X\n',
    );
    expect(records).toEqual([
      'W 0x0000000000001000 64 3',
      'R 0x0000000000002000 1 0',
      'X 0x0000000000003000 2 1',
    ]);
  });

  it.each([
    ['semicolons', 'op;va;size\nR;0x1000;8\n'],
    ['tabs', 'op\tva\tsize\nR\t0x1000\t8\n'],
    ['a byte-order mark', '\ufeffop,va,size\nR,0x1000,8\n'],
    ['CR LF', 'op,va,size\r\nR,0x1000,8\r\n'],
    ['quotes', '"op","va","size"\n"R","0x1000","8"\n'],
    ['blanks around cells', ' op , va , size\n R , 0x1000 , 8\n'],
    ['comments and blank lines', '# made by hand\n\nop,va,size\n# one\n   # two "quotes\n\nR,0x1000,8\n  \n'],
    ['capitals in the header', 'OP,VA,Size\nR,0X1000,8\n'],
    [
      'comments before a column of free text',
      'note,op,va,size\n# a,R,0x10,8\n  # b,R,0x20,8\n\u00a0# c,R,0x30,8\n,R,0x1000,8\n',
    ],
    ['an empty last cell', 'op,va,size\nR,0x1000,8,\n'],
  ])('reads %s', async (_what, text) => {
    expect(await decodeText(text)).toEqual({ records: ['R 0x0000000000001000 8 0'], error: null });
  });

  it('lets the last byte of an access reach the top of either half, and no further', async () => {
    const good = await decodeText('op,va,size\nR,0x7ffffffffff8,8\nR,0xfffffffffffffff8,8\n');
    expect(good.error).toBeNull();
    const wraps = await decodeText('op,va,size\nR,0xfffffffffffffff8,9\n');
    expect(shortError(wraps.error)).toMatch(
      /^<stdin>:2:3: 9 bytes from "0xfffffffffffffff8" are not all canonical/,
    );
  });

  it('checks addresses of 57 bits when the header declares five levels', async () => {
    const rows = 'op,va\nR,0x00f0000000000000\n';
    expect((await decodeText(`# guest-levels: 5\n${rows}`)).error).toBeNull();
    expect((await decodeText(rows)).error?.message).toMatch(/is not a canonical 48-bit address/);
    const bad = await decodeText('# guest-levels: 5\nop,va\nR,0x0100000000000000\n');
    expect(bad.error?.message).toMatch(/is not a canonical 57-bit address: bits 63 to 56 must be equal/);
  });
});

describe('the as column', () => {
  const to = (as: string, vcpu: number, line: number): unknown => ({
    kind: 'switch',
    as,
    vcpu,
    line,
    noflush: false,
  });

  it('makes a context switch where it differs from what the vcpu has selected', async () => {
    const { records } = await decodeText(
      'op,va,vcpu,as\nR,1000,0,0\nR,1000,0,a\nR,1000,1,0\nR,1000,0,a\nR,1000,0,\n',
    );
    expect(records).toEqual([
      'R 0x0000000000001000 1 0',
      to('a', 0, 3),
      'R 0x0000000000001000 1 0',
      'R 0x0000000000001000 1 1',
      'R 0x0000000000001000 1 0',
      'R 0x0000000000001000 1 0',
    ]);
  });

  it('knows of SWITCH and CR3 rows, and of the exit of an address space', async () => {
    const { records } = await decodeText(
      'op,va,as\nSWITCH,,a\nR,1000,a\nCR3,,b\nR,1000,b\nEXIT,,b\nR,1000,b\n',
    );
    const kinds = records.map((record) => (typeof record === 'string' ? record[0] : record.kind));
    expect(kinds).toEqual(['switch', 'R', 'cr3', 'R', 'exit', 'switch', 'R']);
  });

  it('applies to events that act in an address space', async () => {
    const { records } = await decodeText('op,va,as\nINVLPG,1000,a\nMARK,,b\n');
    const kinds = records.map((record) => (typeof record === 'string' ? record[0] : record.kind));
    expect(kinds).toEqual(['switch', 'invlpg', 'mark']);
  });
});

describe('csv events', () => {
  it.each([
    [
      { op: 'PTW', va: VA, gfn: '1f22', level: '1', value: '0x8000000001234067' },
      { kind: 'ptw', gfn: 0x1f22, level: 1, va: VA_WORD, value: { hi: 0x80000000, lo: 0x01234067 } },
    ],
    [
      { op: 'CR3', as: 'a' },
      { kind: 'cr3', as: 'a', pcid: null, noflush: false },
    ],
    [
      { op: 'CR3', as: 'a', pcid: '7', note: 'noflush' },
      { kind: 'cr3', as: 'a', pcid: 7, noflush: true },
    ],
    [
      { op: 'INVLPG', va: VA },
      { kind: 'invlpg', va: VA_WORD },
    ],
    [
      { op: 'INVPCID', order: '0', pcid: '5', va: VA },
      { kind: 'invpcid', type: 0, pcid: 5, va: VA_WORD },
    ],
    [
      { op: 'INVPCID', order: '2' },
      { kind: 'invpcid', type: 2, pcid: 0, va: { hi: 0, lo: 0 } },
    ],
    [{ op: 'FLUSHALL' }, { kind: 'flushall' }],
    [
      { op: 'CR0WP', value: '0' },
      { kind: 'cr0wp', on: false },
    ],
    [
      { op: 'PGMODE', level: '4' },
      { kind: 'pgmode', levels: 4 },
    ],
    [
      { op: 'FAULT', va: VA, value: '6' },
      { kind: 'fault', va: VA_WORD, error: 6 },
    ],
    [
      { op: 'MMIO', va: VA, size: '4', perm: 'w', note: 'int' },
      { kind: 'mmio', va: VA_WORD, size: 4, write: true, device: 'int' },
    ],
    [
      { op: 'PTDYING', gfn: '0x1f22' },
      { kind: 'ptdying', gfn: 0x1f22 },
    ],
    [
      { op: 'VCPU', note: '3' },
      { kind: 'sched', pcpu: 3 },
    ],
    [
      { op: 'VCPU', note: 'off' },
      { kind: 'sched', pcpu: null },
    ],
    [{ op: 'IPIFLUSH' }, { kind: 'ipiflush', va: null }],
    [
      { op: 'IPIFLUSH', va: VA },
      { kind: 'ipiflush', va: VA_WORD },
    ],
    [{ op: 'CPUID' }, { kind: 'cpuid' }],
    [
      { op: 'MAP', va: VA, size: '8192', gfn: '2000', perm: 'rx', note: 'lazy+2m' },
      {
        kind: 'map',
        va: VA_WORD,
        bytes: 8192,
        gfn: 0x2000,
        perm: { read: true, write: false, exec: true },
        how: 'lazy',
        pageSize: '2m',
      },
    ],
    [
      { op: 'MAP', va: VA, size: '1' },
      {
        kind: 'map',
        va: VA_WORD,
        bytes: 4096,
        gfn: null,
        perm: { read: true, write: true, exec: false },
        how: 'populate',
        pageSize: null,
      },
    ],
    [
      { op: 'UNMAP', va: VA, size: '4096' },
      { kind: 'unmap', va: VA_WORD, bytes: 4096 },
    ],
    [
      { op: 'PROTECT', va: VA, size: '4096', perm: 'none' },
      { kind: 'protect', va: VA_WORD, bytes: 4096, perm: { read: false, write: false, exec: false } },
    ],
    [
      { op: 'CLEARA', va: VA, size: '4096' },
      { kind: 'clear', bit: 'A', va: VA_WORD, bytes: 4096 },
    ],
    [
      { op: 'CLEARD', va: VA, size: '4096' },
      { kind: 'clear', bit: 'D', va: VA_WORD, bytes: 4096 },
    ],
    [
      { op: 'DEMAND', va: VA, perm: 'w' },
      { kind: 'demand', va: VA_WORD, write: true },
    ],
    [
      { op: 'COW', va: VA },
      { kind: 'cow', va: VA_WORD },
    ],
    [
      { op: 'FORK', note: 'child' },
      { kind: 'fork', child: 'child' },
    ],
    [{ op: 'EXEC' }, { kind: 'exec' }],
    [
      { op: 'EXIT', as: 'a' },
      { kind: 'exit', as: 'a' },
    ],
    [{ op: 'EXIT' }, { kind: 'exit', as: null }],
    [
      { op: 'SWITCH', as: 'a', note: 'noflush' },
      { kind: 'switch', as: 'a', noflush: true },
    ],
    [{ op: 'SYSCALL' }, { kind: 'syscall' }],
    [{ op: 'IRQ' }, { kind: 'syscall' }],
    [
      { op: 'MARK', note: 'phase two' },
      { kind: 'mark', name: 'phase two' },
    ],
    [
      { op: 'ROI', note: 'on' },
      { kind: 'roi', on: true },
    ],
    [
      { op: 'P2M.SET', gfn: '100', order: '9', note: 'ram rw' },
      { kind: 'host', op: 'P2M.SET', gfn: 0x100, order: 9, note: 'ram rw' },
    ],
  ])('reads %o', async (cells, expected) => {
    expect(await event(cells)).toEqual(expected);
  });

  it.each(HOST_OPS)('reads %s', async (op) => {
    expect(await event({ op })).toEqual({ kind: 'host', op, gfn: null, order: 0, note: '' });
  });

  // Cells of a host event that is in line 2: `P2M.SET,,,,,,,GFN,,,,ORDER,` has the frame in column 15.
  it.each([
    [{ gfn: 'zz' }, '2:15: "zz" is not a hexadecimal frame number below 2^40 (column gfn)'],
    [{ gfn: '10000000000' }, '2:15: "10000000000" is not a hexadecimal frame number below 2^40 (column gfn)'],
    [{ order: '1x' }, '2:19: "1x" is not a decimal number from 0 to 40 (column order)'],
    [{ gfn: '12', order: '41' }, '2:21: "41" is not a decimal number from 0 to 40 (column order)'],
    [{ vcpu: '256' }, '2:11: "256" is not a decimal number from 0 to 255 (column vcpu)'],
  ])('of the host, with %j, is refused at its column', async (cells, expected) => {
    expect(await event({ op: 'P2M.SET', ...cells })).toBe(`<stdin>:${expected}`);
  });

  it.each([
    [{ op: 'PGMODE', level: '1' }, /"1" is not a paging mode/],
    [{ op: 'CR0WP', value: '2' }, /"2" is not 0 or 1 \(column value\)/],
    [{ op: 'CR3' }, /CR3 needs the address space to load \(column as is empty\)/],
    [{ op: 'CR3', as: 'a', pcid: '4096' }, /"4096" is not a decimal number from 0 to 4095/],
    [{ op: 'INVPCID', order: '0', pcid: '1' }, /INVPCID needs a hexadecimal address/],
    [{ op: 'VCPU', note: 'on' }, /"on" is not a physical CPU number, or off/],
    [{ op: 'MMIO', va: VA, note: 'disk' }, /"disk" is not dm or int or direct/],
    [{ op: 'MAP', va: VA, size: '4096', note: 'lazy+file' }, /"lazy\+file" says two things at once/],
    [
      { op: 'MAP', va: VA, size: '4096', note: 'eager' },
      /"eager" is not one of populate, lazy, file, 4k, 2m, 1g/,
    ],
    [
      { op: 'MAP', va: '0x7ffffffff000', size: '8192' },
      /8192 bytes from "0x7ffffffff000" are not all canonical/,
    ],
    [
      { op: 'PTW', va: VA, gfn: '10000000000', level: '1', value: '0' },
      /is not a hexadecimal frame number below 2\^40/,
    ],
    [{ op: 'SWITCH', as: 'a', note: 'quick' }, /"quick" is not 'noflush' or empty/],
    [{ op: 'ROI', note: 'maybe' }, /"maybe" is not on or off/],
    [{ op: 'INVLGP', va: VA }, /"INVLGP" is not an op \(did you mean 'INVLPG'\?\)/],
    [{ va: VA }, /the op is missing/],
  ])('refuses %o', async (cells, message) => {
    expect(await event(cells)).toMatch(message);
  });
});

describe('the csv header', () => {
  it('declares levels, vcpus, RAM, host leaves and features', async () => {
    const header = await headerOf(
      [
        '# a comment',
        '# format: p2msim-csv/1',
        '# guest-levels: 5',
        '# vcpus: 4',
        '# ram: 512M',
        '# p2m: 0+40000:2m,0x40000+200:4k',
        '# features: pcid=on',
        'op,va',
      ].join('\n'),
    );
    expect(header).toEqual({
      guestLevels: 5,
      vcpus: 4,
      ram: 512 * 2 ** 20,
      p2m: [
        { gfn: 0, count: 0x40000, pageSize: '2m' },
        { gfn: 0x40000, count: 0x200, pageSize: '4k' },
      ],
      features: ['pcid=on'],
    });
  });

  it('declares a scripted guest: three keys, in any order', async () => {
    const lines = ['# root: 0x800000', '# guest: scripted', '# direct-map: 0xffff880000000000', 'op,va'];
    const { scripted } = await headerOf(lines.join('\n'));
    expect(scripted).toEqual({ directMapHi: 0xffff8800, root: 0x800 });
  });

  it.each([
    ['# guest: linux', /"linux" is not scripted, the only guest that a trace can declare/],
    ['# guest: scripted', /declared by three keys; missing: direct-map, root/],
    ['# direct-map: 0', /declared by three keys; missing: guest, root/],
    ['# direct-map: 0x80000000', /"0x80000000" is not an address that is a multiple of 4 GiB/],
    ['# root: 0x800', /"0x800" is not the address of a table page \(key root\)/],
    ['# vcpus: 0', /"0" is not a number from 1 to 256 \(key vcpus\)/],
    ['# ram: 4kB', /"4kB" is not a size in whole 4 KiB pages, such as 512M \(key ram\)/],
    ['# p2m: 0:2m', /"0:2m" is not a list of FIRSTGFN\+COUNT:4k\|2m\|1g/],
    ['# features: pcid', /"pcid" is not pcid=on or pcid=off/],
    ['# format: other/2', /"other\/2" is not p2msim-csv\/1/],
    ['# ram: 1G\n# ram: 2G', /key 'ram' is declared twice/],
    ['# Vcpu: 4', /unknown key 'Vcpu' \(did you mean 'vcpus'\?\)/],
    ['# note: prose', /unknown key 'note'/],
  ])('refuses %s', async (line, message) => {
    expect((await decodeText(`${line}\nop,va\nR,0x1000\n`)).error?.message).toMatch(message);
  });

  it('takes prose for a comment', async () => {
    const text =
      '# Source: a test\n# see http://example.org/\n# two words: here\nop,va\n# vcpus: many\nR,0x1000\n';
    expect((await decodeText(text)).error).toBeNull();
  });

  it('passes over unknown columns on request', async () => {
    const text = 'seq,op,va,thread\n1,R,0x1000,main\n';
    expect((await decodeText(text)).error?.message).toMatch(/^unknown columns 'seq', 'thread'; columns are/);
    expect((await decodeText(text, { ignoreColumns: true })).records).toEqual(['R 0x0000000000001000 1 0']);
  });

  it('is recognised by a column name, or by a row that lacks one', () => {
    const sniff = (text: string): boolean => csv.sniff(Buffer.from(text));
    expect(sniff('op,va\n')).toBe(true);
    expect(sniff('# comment\n\n"va";"op"\n')).toBe(true);
    expect(sniff('R,0x1000\n')).toBe(true);
    expect(sniff('==1== Lackey, an example Valgrind tool\n L 1000,8\n')).toBe(false);
    expect(sniff('{"op": 1}\n')).toBe(false);
    expect(sniff('')).toBe(false);
  });
});
