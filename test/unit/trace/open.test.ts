import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { TRACE_FORMATS } from '../../../src/trace/formats/index.js';
import { openTrace } from '../../../src/trace/open.js';
import { decode, shortError } from '../../helpers/traces.js';

const read = DEFAULT_READ_OPTIONS;
const text = (content: string): Readable => Readable.from([Buffer.from(content)]);

describe('opening a trace', () => {
  it('believes a named format over the content', async () => {
    const { error } = await decode(() =>
      openTrace('-', { read, format: 'lackey', stdin: text('op,va\nR,10\n') }),
    );
    expect(shortError(error)).toMatch(/^<stdin>:1:1: "op,va" is not a lackey record/);
  });

  it('says that an option does nothing for its format', async () => {
    const said: string[] = [];
    const options = { read: { ...DEFAULT_READ_OPTIONS, modifyAsTwo: true, ignoreColumns: true } };
    for (const path of ['traces/examples/plain.csv', 'traces/lackey/sort.lackey.gz'])
      await (await openTrace(path, { ...options, onWarning: (text) => said.push(text) })).close();
    expect(said).toEqual([
      '--lackey-modify two does nothing: traces/examples/plain.csv is csv',
      '--ignore-columns does nothing: traces/lackey/sort.lackey.gz is lackey',
    ]);
  });

  it('suggests a format for a name that is none', async () => {
    const open = openTrace('-', { read, format: 'lacky', stdin: text('') });
    await expect(open).rejects.toThrow(
      "unknown format 'lacky' (did you mean 'lackey'?); formats are csv, lackey, p2mtrace",
    );
    await expect(open).rejects.toBeInstanceOf(UsageError);
  });

  it('says what a bare trace cannot say', async () => {
    expect((await openTrace('-', { read, stdin: text('op,va\n') })).lacks).toEqual([
      'access sizes (1 byte each)',
      'vcpus',
      'context switches',
      'page-table edits',
    ]);
    const full = 'op,va,size,vcpu,as,gfn,level,value\n';
    expect((await openTrace('-', { read, stdin: text(full) })).lacks).toEqual([]);
    // One vcpu is all there is to say of vcpus; which of four an access was on is not.
    for (const [vcpus, lacks] of [
      [1, []],
      [4, ['vcpus']],
    ] as const) {
      const declared = `# vcpus: ${vcpus}\n${full.replace('vcpu,', '')}`;
      expect((await openTrace('-', { read, stdin: text(declared) })).lacks).toEqual(lacks);
    }
  });

  it('gives formats distinct priorities', () => {
    const priorities = TRACE_FORMATS.all().map((format) => format.priority);
    expect(new Set(priorities).size).toBe(priorities.length);
  });

  it('keeps the same memory for every chunk', async () => {
    const rows = 'R,1000\n'.repeat(40_000);
    const trace = await openTrace('-', { read, stdin: text(`op,va\n${rows}`) });
    const batches = new Set();
    let accesses = 0;
    for await (const chunk of trace.chunks()) {
      batches.add(chunk.accesses.lo);
      accesses += chunk.accesses.n;
    }
    expect([batches.size, accesses]).toEqual([1, 40_000]);
  });
});
