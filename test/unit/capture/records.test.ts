/** What the plugin's records become: accesses and events, process by process, thread by thread. */
import { describe, expect, it } from 'vitest';
import { CaptureDecoder } from '../../../src/capture/records.js';
import { CsvWriter } from '../../../src/trace/write.js';
import { call, FETCH, forked, READ, record, started, WRITE } from './plugin-records.js';

const [BRK, CLONE, EXIT, EXIT_GROUP, WAIT4] = [12, 56, 60, 231, 61];
const THREAD = 0x3d0f00;
const FORK = 0x1200011;

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

/** The rows of CSV that records become, read in pieces of `length` bytes; cells of nothing left out. */
async function rows(records: readonly Buffer[], length = 4096): Promise<string[]> {
  const decoder = new CaptureDecoder();
  const writer = new CsvWriter(['op', 'va', 'size', 'vcpu', 'as', 'perm', 'note']);
  let text = '';
  for await (const chunk of decoder.chunks(pieces(Buffer.concat(records), length)))
    text += writer.chunk(chunk);
  return text
    .trimEnd()
    .split('\n')
    .map((row) =>
      row
        .replace(/,+/g, ' ')
        .replace(/0x0{4,}/, '0x')
        .trim(),
    );
}

describe('records of one process', () => {
  it('are accesses of address space 1, which vcpu 0 enters first', async () => {
    expect(
      await rows([started(77), record(READ, 77, 0x400000), record(WRITE, 77, 0x7fff12345678, 4)]),
    ).toEqual(['SWITCH 0 1', 'R 0x400000 8 0', 'W 0x7fff12345678 4 0']);
    expect(await rows([started(77), record(FETCH, 77, 0x401000, 3)])).toEqual([
      'SWITCH 0 1',
      'X 0x401000 3 0',
    ]);
  });

  const everything = [
    started(7),
    record(READ, 7, 0x1000),
    call(7, 9, [0, 0x2345, 3, 0x22, -1, 0], 0x4000000000),
    record(WRITE, 7, 0x4000000008),
    call(7, BRK, [0], 0x600800),
    call(7, BRK, [0x602000], 0x602000),
    call(7, BRK, [0x601000], 0x601000),
    call(7, EXIT_GROUP, [0], 0),
  ];

  it('with mmap and brk map: whole pages; the first brk only asks', async () => {
    expect(await rows(everything)).toEqual([
      'SWITCH 0 1',
      'R 0x1000 8 0',
      'MAP 0x4000000000 12288 0 rw lazy',
      'W 0x4000000008 8 0',
      // From 0x600800, whose page is there, to 0x602000; then back to 0x601000.
      'MAP 0x601000 4096 0 rw lazy',
      'UNMAP 0x601000 4096 0',
      'EXIT 0',
    ]);
  });

  it.each([1, 3, 16, 17, 79, 80, 81])('are the same in pieces of %d bytes', async (length) => {
    expect(await rows(everything, length)).toEqual(await rows(everything));
  });

  it('that break off, or are of no kind, are an error with the place', async () => {
    await expect(rows([started(7), record(READ, 7, 0).subarray(0, 5)])).rejects.toThrow(
      /ends in the middle of a record, after 5 bytes/,
    );
    await expect(rows([started(7), call(7, BRK, [0], 0).subarray(0, 40)])).rejects.toThrow(/after 40 bytes/);
    await expect(rows([started(7), record(9, 7, 0)])).rejects.toThrow(/a record of kind 9; expected 1 to 6/);
  });
});

describe('processes', () => {
  it('a fork is one event before what the child does, whoever tells of it first', async () => {
    const child = [forked(8, 7), record(WRITE, 8, 0x2000)];
    const parent = [call(7, CLONE, [FORK], 8), record(WRITE, 7, 0x1000)];
    const before = [started(7), record(READ, 7, 0x1000)];
    expect(await rows([...before, ...child, ...parent])).toEqual([
      'SWITCH 0 1',
      'R 0x1000 8 0',
      'FORK 0 2',
      'SWITCH 1 2',
      'W 0x2000 8 1',
      'W 0x1000 8 0',
    ]);
    expect(await rows([...before, ...parent, ...child])).toEqual([
      'SWITCH 0 1',
      'R 0x1000 8 0',
      'FORK 0 2',
      'W 0x1000 8 0',
      'SWITCH 1 2',
      'W 0x2000 8 1',
    ]);
  });

  it('a child that is over before its parent knows is not made again; another of its number is', async () => {
    const [clone, child] = [call(7, CLONE, [FORK], 8), [forked(8, 7), call(8, EXIT_GROUP, [0], 0)]];
    const once = ['FORK 0 2', 'SWITCH 1 2', 'EXIT 1'];
    expect(await rows([started(7), record(READ, 7, 0x1000), ...child, clone])).toEqual([
      'SWITCH 0 1',
      'R 0x1000 8 0',
      ...once,
    ]);
    const twice = await rows([started(7), record(READ, 7, 0x1000), ...child, clone, clone, ...child]);
    expect(twice.slice(2)).toEqual([...once, 'FORK 0 3', 'SWITCH 1 3', 'EXIT 1']);
  });

  it('a program in place of another is EXEC, and its heap is asked for anew', async () => {
    const records = [started(7), call(7, BRK, [0], 0x600000), started(7), call(7, BRK, [0], 0x900000)];
    expect(await rows([...records, record(READ, 7, 0x1000)])).toEqual([
      'SWITCH 0 1',
      'EXEC 0',
      'R 0x1000 8 0',
    ]);
  });

  it('a child has the heap of its parent', async () => {
    const records = [
      started(7),
      call(7, BRK, [0], 0x600000),
      forked(8, 7),
      call(8, BRK, [0x601000], 0x601000),
    ];
    expect((await rows(records)).slice(1)).toEqual(['FORK 0 2', 'SWITCH 1 2', 'MAP 0x600000 4096 1 rw lazy']);
  });

  it('what has exited leaves its vcpu to the next, under a new name even if the number comes again', async () => {
    const child = (id: number): Buffer[] => [
      forked(id, 7),
      record(READ, id, 0x2000),
      call(id, EXIT_GROUP, [0], 0),
    ];
    expect((await rows([started(7), record(READ, 7, 0x1000), ...child(8), ...child(8)])).slice(2)).toEqual([
      'FORK 0 2',
      'SWITCH 1 2',
      'R 0x2000 8 1',
      'EXIT 1',
      'FORK 0 3',
      'SWITCH 1 3',
      'R 0x2000 8 1',
      'EXIT 1',
    ]);
  });

  it('a child that a signal has ended exits when its parent hears of it, unless it may only have stopped', async () => {
    const before = [started(7), record(READ, 7, 0x1000), forked(8, 7), record(READ, 8, 0x2000)];
    const heard = (options: number): Promise<string[]> =>
      rows([...before, call(7, WAIT4, [-1, 0, options, 0], 8), record(READ, 7, 0x1000)]);
    expect((await heard(0)).slice(5)).toEqual(['EXIT 1', 'R 0x1000 8 0']);
    expect((await heard(2)).slice(5)).toEqual(['R 0x1000 8 0']);
  });
});

describe('threads', () => {
  const begin = [
    started(7),
    record(READ, 7, 0x1000),
    call(7, CLONE, [THREAD], 1234),
    record(READ, 7, 0x2000, 8, 1),
  ];

  it('have vcpus of their own in the same address space', async () => {
    expect(await rows([...begin, record(READ, 7, 0x3000)])).toEqual([
      'SWITCH 0 1',
      'R 0x1000 8 0',
      'SWITCH 1 1',
      'R 0x2000 8 1',
      'R 0x3000 8 0',
    ]);
  });

  it('that end leave their vcpu idle, in address space 0, for the next', async () => {
    const next = record(READ, 7, 0x3000, 8, 2);
    expect((await rows([...begin, call(7, EXIT, [0], 0, 1), next])).slice(4)).toEqual([
      'SWITCH 1 0',
      'SWITCH 1 1',
      'R 0x3000 8 1',
    ]);
  });

  it('all leave before the process exits or executes, which ends them', async () => {
    expect((await rows([...begin, call(7, EXIT_GROUP, [0], 0)])).slice(4)).toEqual(['SWITCH 1 0', 'EXIT 0']);
    expect((await rows([...begin, started(7)])).slice(4)).toEqual(['SWITCH 1 0', 'EXEC 0']);
  });

  it('the last one to end is the end of the process', async () => {
    const ends = [call(7, EXIT, [0], 0, 0), call(7, EXIT, [0], 0, 1)];
    expect((await rows([...begin, ...ends])).slice(4)).toEqual(['SWITCH 0 0', 'EXIT 1']);
  });

  it('of more than 256 share vcpus, with switches', async () => {
    const processes = Array.from({ length: 257 }, (_, i) => i + 1);
    const records = processes.flatMap((id) => [started(id), record(READ, id, 0x1000)]);
    const all = await rows([...records, record(READ, 1, 0x1000)]);
    expect(all.slice(-4)).toEqual(['SWITCH 0 257', 'R 0x1000 8 0', 'SWITCH 0 1', 'R 0x1000 8 0']);
  });
});
