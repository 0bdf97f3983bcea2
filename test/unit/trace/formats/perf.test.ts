/** Lines of perf script: what each becomes. The samples of perf itself are in samples.test.ts. */
import { describe, expect, it } from 'vitest';
import { perf } from '../../../../src/trace/formats/perf.js';
import { decodeText } from '../../../helpers/traces.js';

const FAULT = 'app 7/7 1.000001: page-faults: 401000 401000\n';
const at = { vcpu: 0, line: 2 };

/** What the line becomes, after a page fault of process 7. */
async function records(line: string) {
  const { records: all, error } = await decodeText(`${FAULT}${line}\n`);
  expect(error).toBeNull();
  return all.slice(1);
}

describe('a line of perf script', () => {
  it.each([
    [
      'a page fault at the instruction is a fetch',
      'app 7/7 1.100000: page-faults: 401000 401000',
      ['X 0x0000000000401000 1 0'],
    ],
    [
      'a page fault elsewhere is a read',
      'app 7/7 1.100000: 1 page-faults:u: 602040 401000 main+0x1 (/a)',
      ['R 0x0000000000602040 1 0'],
    ],
    [
      'a name with blanks, a processor, a period',
      'Web Content 7/7 [003] 1.100000: 1 minor-faults: 602040 401000',
      ['R 0x0000000000602040 1 0'],
    ],
    [
      'a write by its error code',
      'app 7 [000] 1.100000: exceptions:page_fault_user: address=0x602040 ip=0x401000 error_code=0x7',
      ['W 0x0000000000602040 1 0'],
    ],
    [
      'a fetch by its error code',
      'app 7 [000] 1.100000: exceptions:page_fault_user: address=0x602040 ip=0x401000 error_code=0x15',
      ['X 0x0000000000602040 1 0'],
    ],
    [
      'a page fault behind its address and instruction, as -F addr,ip prints them',
      'app 7 1.100000: exceptions:page_fault_user: 0 401000 address=0x602040 ip=0x401000 error_code=0x4',
      ['R 0x0000000000602040 1 0'],
    ],
    [
      'a name that looks like a process',
      'app 1 x 7/7 1.100000: page-faults: 602040 401000',
      ['R 0x0000000000602040 1 0'],
    ],
    [
      'a mapping of a file',
      'app 7/7 1.100000: PERF_RECORD_MMAP2 7/7: [0x400000(0x1800) @ 0 fe:00 1 0]: r-xp /usr/bin/a b',
      [
        {
          kind: 'map',
          ...at,
          va: { hi: 0, lo: 0x400000 },
          bytes: 8192,
          gfn: null,
          perm: { read: true, write: false, exec: true },
          how: 'file',
          pageSize: null,
        },
      ],
    ],
    [
      'anonymous memory',
      'app 7/7 1.100000: PERF_RECORD_MMAP2 7/7: [0x400000(0x1000) @ 0 00:00 0 0]: rw-p [heap]',
      [
        {
          kind: 'map',
          ...at,
          va: { hi: 0, lo: 0x400000 },
          bytes: 4096,
          gfn: null,
          perm: { read: true, write: true, exec: false },
          how: 'lazy',
          pageSize: null,
        },
      ],
    ],
    ['exec', 'app 7/7 1.100000: PERF_RECORD_COMM exec: app:7/7', [{ kind: 'exec', ...at }]],
    ['a new name', 'app 7/7 1.100000: PERF_RECORD_COMM: app:7/7', []],
    ['a child', 'app 7/7 1.100000: PERF_RECORD_FORK(8:8):(7:7)', [{ kind: 'fork', ...at, child: 'p8' }]],
    ['a thread', 'app 7/7 1.100000: PERF_RECORD_FORK(7:9):(7:7)', []],
    [
      'the end of the process',
      'app 7/7 1.100000: PERF_RECORD_EXIT(7:7):(1:1)',
      [{ kind: 'exit', ...at, as: '0' }],
    ],
    ['the end of a thread', 'app 7/7 1.100000: PERF_RECORD_EXIT(7:9):(7:7)', []],
    ['the end of a process that did nothing', 'app 7/7 1.100000: PERF_RECORD_EXIT(5:5):(1:1)', []],
    [
      'another process',
      'b 8/8 1.100000: page-faults: 602040 401000',
      [{ kind: 'switch', ...at, as: 'p8', noflush: false }, 'R 0x0000000000602040 1 0'],
    ],
    ['a frame of a call chain', '\t    401abe main+0x10 (/usr/bin/app)', []],
    ['a comment', '# text', []],
  ])('%s', async (_what, line, expected) => {
    expect(await records(line)).toEqual(expected);
  });

  it('belongs to the process of its thread, once that was seen to start', async () => {
    const [first, second] = await records(
      'app 7/7 1.100000: PERF_RECORD_FORK(7:9):(7:7)\napp 9 1.200000: page-faults: 602040 401000',
    );
    expect([first, second]).toEqual(['R 0x0000000000602040 1 0', undefined]);
  });

  it('is on the processor that it says if the header says how many there are', async () => {
    const header = '# captured on    : Mon Nov 30 2026\n# nrcpus avail : 4\n#\n';
    const { records: all } = await decodeText(
      `${header}app 7/7 [003] 1.100000: page-faults: 602040 401000\n`,
    );
    expect(all).toEqual(['R 0x0000000000602040 1 3']);
  });

  it('is recognised below a header, and by a header alone that fills what is looked at', () => {
    const sniff = (text: string): boolean => perf.sniff(Buffer.from(text));
    expect(sniff(`# captured on    : x\n# hostname : y\n${FAULT}`)).toBe(true);
    expect(sniff('# captured on    : x\n# hostname : y\n')).toBe(true);
    expect(sniff('# guest-levels: 4\n')).toBe(false);
  });
});
