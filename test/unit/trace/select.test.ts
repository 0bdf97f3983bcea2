/** Parts of a trace: what stays, in which order, and that no more is read than is needed. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../../../src/trace/open.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { EVERYTHING, selectChunks, type Selection } from '../../../src/trace/select.js';
import { CsvWriter } from '../../../src/trace/write.js';

const ROWS = [
  ['MAP', '1000', 8192, 0],
  ['W', '1000', 8, 0],
  ['R', '1fff', 1, 0],
  ['FORK', '', '', 0, 'child'],
  ['SWITCH', '', '', 1, '', 'child'],
  ['R', '1008', 8, 1],
  ['X', '2000', 4, 0],
  ['EXIT', '', '', 1],
  ['RW', '2008', 8, 0],
];
const TEXT = `# vcpus: 2\nop,va,size,vcpu,note,as\n${ROWS.map((row) => row.join(',')).join('\n')}\n`;

/** The rows that are left, by op and address. */
async function left(wanted: Partial<Selection>): Promise<string[]> {
  const trace = await openTrace('-', { read: DEFAULT_READ_OPTIONS, stdin: Readable.from([TEXT]) });
  const writer = new CsvWriter(['op', 'va']);
  let text = '';
  for await (const chunk of selectChunks(trace.chunks(), { ...EVERYTHING, ...wanted }))
    text += writer.chunk(chunk);
  return text
    .trimEnd()
    .split('\n')
    .map((row) => row.replace(/,0x0+/, ' '));
}

const word = (lo: number) => ({ hi: 0, lo });
const ALL = ['MAP 1000', 'W 1000', 'R 1fff', 'FORK', 'SWITCH', 'R 1008', 'X 2000', 'EXIT', 'RW 2008'];

describe('part of a trace', () => {
  it('is all of it if nothing is left out', async () => {
    expect(await left({})).toEqual(ALL);
  });

  it('by position: events before it stay, after its last access nothing comes', async () => {
    expect(await left({ skip: 2, limit: 2 })).toEqual(['MAP 1000', 'FORK', 'SWITCH', 'R 1008', 'X 2000']);
    expect(await left({ limit: 1 })).toEqual(['MAP 1000', 'W 1000']);
    expect(await left({ skip: 100 })).toEqual(['MAP 1000', 'FORK', 'SWITCH', 'EXIT']);
  });

  it('by kind: reads are 0, modifies 3', async () => {
    expect(await left({ ops: new Set([0, 3]) })).toEqual(ALL.filter((row) => !/^[WX]/.test(row)));
  });

  it('by address: both ends belong to a range', async () => {
    const ranges = [
      { first: word(0x1fff), last: word(0x1fff) },
      { first: word(0x2001), last: word(0xffff) },
    ];
    expect(await left({ ranges })).toEqual(['MAP 1000', 'R 1fff', 'FORK', 'SWITCH', 'EXIT', 'RW 2008']);
  });

  it('by vcpu and by address space: events of others go too, a fork with its child', async () => {
    expect(await left({ vcpus: new Set([1]) })).toEqual(['SWITCH', 'R 1008', 'EXIT']);
    expect(await left({ addressSpaces: new Set(['0']) })).toEqual([
      'MAP 1000',
      'W 1000',
      'R 1fff',
      'X 2000',
      'RW 2008',
    ]);
    expect(await left({ addressSpaces: new Set(['child']) })).toEqual(['FORK', 'SWITCH', 'R 1008', 'EXIT']);
  });

  it('counts positions among what is left otherwise', async () => {
    expect(await left({ ops: new Set([0]), skip: 1, limit: 1 })).toEqual([
      'MAP 1000',
      'FORK',
      'SWITCH',
      'R 1008',
    ]);
  });

  it('asks for no chunk after its last access', async () => {
    const trace = await openTrace('gen:uniform,accesses=1T', { read: DEFAULT_READ_OPTIONS });
    let accesses = 0;
    for await (const chunk of selectChunks(trace.chunks(), { ...EVERYTHING, limit: 40_000 }))
      accesses += chunk.accesses.n;
    expect(accesses).toBe(40_000);
  });
});
