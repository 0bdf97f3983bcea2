/** Several traces as one: turns, names of address spaces, switches, and what cannot be merged. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { mergeTraces } from '../../../src/trace/merge.js';
import { type OpenTrace, openTrace } from '../../../src/trace/open.js';
import { EVERYTHING, selectChunks } from '../../../src/trace/select.js';
import { CsvWriter } from '../../../src/trace/write.js';

const COLUMNS = 'op,va,vcpu,as,note,gfn,level,value,pcid';

/** A trace of these rows, with declarations before them. */
async function trace(rows: readonly string[], declarations = ''): Promise<OpenTrace> {
  const text = `${declarations}${COLUMNS}\n${rows.join('\n')}\n`;
  return openTrace('-', { read: DEFAULT_READ_OPTIONS, stdin: Readable.from([text]) });
}

/** Rows of the merged trace, as `op va vcpu as note` without empty cells. */
async function merged(traces: readonly OpenTrace[], quantum: number): Promise<string[]> {
  const writer = new CsvWriter(['op', 'va', 'vcpu', 'as', 'note']);
  let text = '';
  for await (const chunk of mergeTraces(traces, quantum).chunks()) text += writer.chunk(chunk);
  return text
    .trimEnd()
    .split('\n')
    .map((row) => row.replaceAll(/,+/g, ' ').replace(/0x0+/, ''));
}

describe('merged traces', () => {
  it('take turns after a quantum of accesses, with a switch each time; the rest of the longer one comes last', async () => {
    const [a, b] = [
      await trace(['R,1', 'R,2', 'R,3', 'R,4', 'R,5', 'R,6']),
      await trace(['W,a', 'W,b', 'W,c']),
    ];
    expect(await merged([a, b], 2)).toEqual([
      'SWITCH 0 1:0',
      'R 1 0',
      'R 2 0',
      'SWITCH 0 2:0',
      'W a 0',
      'W b 0',
      'SWITCH 0 1:0',
      'R 3 0',
      'R 4 0',
      'SWITCH 0 2:0',
      'W c 0',
      'SWITCH 0 1:0',
      'R 5 0',
      'R 6 0',
    ]);
  });

  it('keep vcpus, and switch each when it is next used', async () => {
    const [a, b] = [await trace(['R,1,0', 'R,2,1', 'R,3,1'], '# vcpus: 2\n'), await trace(['W,a', 'W,b'])];
    expect(mergeTraces([a, b], 1).header.vcpus).toBe(2);
    expect(await merged([a, b], 1)).toEqual([
      'SWITCH 0 1:0',
      'R 1 0',
      'SWITCH 0 2:0',
      'W a 0',
      'SWITCH 1 1:0',
      'R 2 1',
      'W b 0',
      'R 3 1',
    ]);
  });

  it('have events with the names of their own trace', async () => {
    const a = await trace([
      'R,1',
      'FORK,,,,kid',
      'SWITCH,,,kid',
      'R,2',
      'EXIT',
      'SWITCH,,,0',
      'EXIT,,,kid2',
      'R,3',
    ]);
    expect(await merged([a, await trace(['W,a'])], 10)).toEqual([
      'SWITCH 0 1:0',
      'R 1 0',
      'FORK 0 1:kid',
      'SWITCH 0 1:kid',
      'R 2 0',
      'EXIT 0',
      'SWITCH 0 1:0',
      'EXIT 0 1:kid2',
      'R 3 0',
      'SWITCH 0 2:0',
      'W a 0',
    ]);
  });

  it('cut by address space give each trace back', async () => {
    const read = DEFAULT_READ_OPTIONS;
    const specs = ['gen:zipf,accesses=50k,footprint=1MiB', 'gen:uniform,accesses=40k,footprint=1MiB'];
    const accesses = async (opened: OpenTrace, space: string | null): Promise<string> => {
      const writer = new CsvWriter();
      const wanted = { ...EVERYTHING, addressSpaces: space === null ? null : new Set([space]) };
      let text = '';
      for await (const chunk of selectChunks(opened.chunks(), wanted))
        text += writer.chunk({ ...chunk, events: [], eventAt: [] });
      return text;
    };
    for (const [i, spec] of specs.entries()) {
      const both = mergeTraces(
        [await openTrace(specs[0]!, { read }), await openTrace(specs[1]!, { read })],
        777,
      );
      expect(await accesses(both, `${i + 1}:0`)).toBe(await accesses(await openTrace(spec, { read }), null));
    }
  });

  it('declare what all declare: the sum of RAM if all do, levels and features that agree', async () => {
    const of = async (...declarations: string[]) =>
      mergeTraces(await Promise.all(declarations.map(async (text) => trace(['R,1'], text))), 1).header;
    expect(await of('# ram: 64M\n', '# ram: 32M\n')).toMatchObject({ ram: 96 * 2 ** 20, vcpus: null });
    expect(await of('# ram: 64M\n', '')).toMatchObject({ ram: null });
    expect(await of('', '# guest-levels: 5\n')).toMatchObject({ guestLevels: 5 });
    await expect(of('# guest-levels: 5\n', '# guest-levels: 4\n')).rejects.toThrow(
      /declares other guest-levels than/,
    );
    expect(await of('', '# features: pcid=on\n', '')).toMatchObject({ features: ['pcid=on'] });
    expect(await of('', '')).toMatchObject({ features: [] });
    await expect(of('# features: pcid=on\n', '# features: pcid=off\n')).rejects.toThrow(
      /declares other features than/,
    );
    await expect(of('# p2m: 0+40:2m\n', '')).rejects.toThrow(/declares a p2m and cannot be merged/);
  });

  it.each([
    ['PTW,1000,,,,5,1,1', /an edit of a table by its frame cannot be merged/],
    ['CR3,,,x,,,,,5', /a PCID means something to one guest/],
    ['P2M.SET,,,,,5', /P2M\.SET edits frames of one guest/],
    ['MAP,1000,,,,5', /a MAP of frames by their numbers/],
  ])('cannot have %s', async (row, message) => {
    const rows = row.startsWith('MAP') ? [] : [row];
    const declared = row.startsWith('MAP')
      ? await openTrace('-', {
          read: DEFAULT_READ_OPTIONS,
          stdin: Readable.from(['op,va,size,gfn\nMAP,1000,4096,5\nR,1000\n']),
        })
      : await trace(['R,1', ...rows]);
    await expect(merged([await trace(['R,1']), declared], 1)).rejects.toThrow(message);
  });
});
