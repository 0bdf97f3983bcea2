/** What a trace says of itself beside its records, after a conversion: the same, in CSV and in p2mtrace. */
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { TraceError } from '../../../src/errors.js';
import { convertTrace } from '../../../src/trace/convert.js';
import { DEFAULT_READ_OPTIONS, type ReadOptions } from '../../../src/trace/format.js';
import { openCsv } from '../../../src/trace/formats/csv-stream.js';
import { mergeTraces } from '../../../src/trace/merge.js';
import { type OpenTrace, openTrace } from '../../../src/trace/open.js';
import { profileTrace, profileWhatIsThere } from '../../../src/trace/profile.js';
import { passedOverNotes, traceNotes } from '../../../src/trace/trace-notes.js';
import { TRACE_WRITERS } from '../../../src/trace/writers/index.js';
import { bytesSource, decode } from '../../helpers/traces.js';

const KEEPING = ['csv', 'p2mtrace'];
const SKIP = { onError: 'skip', maxErrors: 9 } as const;

function fromBytes(bytes: Uint8Array | string, read: Partial<ReadOptions> = {}): Promise<OpenTrace> {
  return openTrace('-', {
    stdin: Readable.from([Buffer.from(bytes)]),
    read: { ...DEFAULT_READ_OPTIONS, ...read },
  });
}

async function converted(trace: OpenTrace, to: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  await convertTrace(trace, TRACE_WRITERS.get(to), (part) => parts.push(part));
  return Buffer.concat(parts);
}

/** Sentences of a replay on the trace, once it has been read. */
async function notesOf(trace: OpenTrace): Promise<string[]> {
  await decode(async () => trace);
  return [...traceNotes(trace), ...passedOverNotes(trace.passedOver)];
}

const SAMPLES = [
  'traces/perf/tracepoints.perf',
  'traces/perf/memory.perf',
  'traces/perf/software.perf',
  'traces/drmemtrace/chunks.zip',
  'traces/drmemtrace/thread.drmemtrace',
  'traces/din/labels.din',
  'traces/xdin/kinds.xdin',
  'traces/rw/memory.rw',
  'traces/gem5/packets.gem5',
  'traces/pinatrace/program.pinatrace',
  'traces/champsim/six.champsim',
  'traces/cloudsuite/four.cloudsuite',
  'traces/oraclegeneral/pages.oracleGeneral.bin',
  'traces/qemu/shell.p2mtrace',
  'traces/examples/plain.csv',
  'traces/examples/fork.csv',
];

describe('the notes of a converted trace', () => {
  it.each(SAMPLES)('are those of %s', async (path) => {
    const open = (): Promise<OpenTrace> => openTrace(path, { read: DEFAULT_READ_OPTIONS });
    const notes = await notesOf(await open());
    const { lacks, assumes, addresses, passedOver } = await profileTrace(await open());
    for (const to of KEEPING) {
      const bytes = await converted(await open(), to);
      expect(await notesOf(await fromBytes(bytes)), to).toEqual(notes);
      expect(await profileTrace(await fromBytes(bytes))).toMatchObject({
        lacks,
        assumes,
        addresses,
        passedOver,
      });
      // And of what is converted again, into either.
      for (const next of KEEPING)
        expect(await notesOf(await fromBytes(await converted(await fromBytes(bytes), next)))).toEqual(notes);
    }
  });

  it('say how many records perf lost', async () => {
    const perf = [
      'app 7/7 [000] 1.001: exceptions:page_fault_user: address=0x5000 ip=0x4000 error_code=0x6',
      'app 7/7 [000] 1.002: PERF_RECORD_LOST lost 12',
    ].join('\n');
    for (const to of KEEPING) {
      const { passedOver } = await profileTrace(
        await fromBytes(await converted(await fromBytes(`${perf}\n`), to)),
      );
      expect(passedOver).toEqual({ 'notes that records were lost': 1 });
    }
  });

  it('say how many bad records were dropped on the way, added up over conversions', async () => {
    const bad = 'op,va\nR,1000\nR,zz\nR,2000\nQ,1\n';
    for (const to of KEEPING) {
      const bytes = await converted(await fromBytes(bad, SKIP), to);
      const { passedOver, badRecords } = await profileTrace(await fromBytes(bytes));
      expect([passedOver, badRecords]).toEqual([{ 'bad records (dropped when it was converted)': 2 }, 0]);
    }
    const csv = `${(await converted(await fromBytes(bad, SKIP), 'csv')).toString()}R,zz\n`;
    const again = await converted(await fromBytes(csv, SKIP), 'p2mtrace');
    expect((await profileTrace(await fromBytes(again))).passedOver).toEqual({
      'bad records (dropped when it was converted)': 3,
    });
  });

  it('are those of all that were merged', async () => {
    const open = (path: string): Promise<OpenTrace> => openTrace(path, { read: DEFAULT_READ_OPTIONS });
    const merged = mergeTraces(
      [await open('traces/xdin/kinds.xdin'), await open('traces/din/labels.din')],
      3,
    );
    const { passedOver } = await profileTrace(await fromBytes(await converted(merged, 'p2mtrace')));
    expect(passedOver).toEqual({ copybacks: 1, invalidations: 1, 'cache flushes': 1 });
  });
});

const NOTED = `# Made-from: other
# Cannot-say: this, and that
# Cannot-say: more
# Assumes: one thing
# Addresses: physical
op,va
R,1000
# Passed-over: 2 odd things
# a remark "with a quote
# Passed-over: many
#Passed-over:  3 odd things
# passed-over: 4 odd things
R,2000
`;

describe('notes in a CSV', () => {
  it('are read before and below the names of the columns, whatever splits the rows', async () => {
    for (const engine of ['scanner', 'reference'] as const) {
      const trace = await openCsv(bytesSource(Buffer.from(NOTED)), DEFAULT_READ_OPTIONS, engine);
      const { records, error } = await decode(async () => trace);
      expect([records.length, error]).toEqual([2, null]);
      expect([trace.source, trace.virtual, trace.assumes]).toEqual(['other', false, ['one thing']]);
      expect(trace.lacks.slice(0, 3)).toEqual(['this, and that', 'more', 'access sizes (1 byte each)']);
      expect([...(trace.passedOver ?? [])]).toEqual([['odd things', 5]]);
    }
  });

  it('must not drive a terminal', async () => {
    await expect(fromBytes('# Assumes: a\u001b[2J\nop,va\nR,1000\n')).rejects.toThrow(
      /"a\\x1b\[2J" contains a control character/,
    );
    const { error } = await decode(async () => fromBytes('op,va\nR,1000\n# Passed-over: 1 \u001b[2J\n'));
    expect(error?.message).toMatch(/contains a control character/);
  });

  it.each(['made-from: x', 'cannot-say: x', 'assumes: x', 'addresses: phisical'])(
    'have keys with a capital: # %s is a slip',
    async (line) => {
      const [key = ''] = line.split(':');
      const capital = key.slice(0, 1).toUpperCase() + key.slice(1);
      await expect(fromBytes(`# ${line}\nop,va\nR,1000\n`)).rejects.toMatchObject({
        message: `unknown key '${key}'`,
        hint: `with a capital, '${capital}', it is a note`,
      });
    },
  );

  it('are remarks where they say nothing', async () => {
    const old =
      '# Made from lackey, which cannot say: threads\n# Addresses: as valgrind has them\n# Assumes:\n';
    const trace = await fromBytes(`${old}op,va,size,vcpu,as,gfn,level,value\nR,1000\n`);
    expect(await notesOf(trace)).toEqual([]);
  });
});

describe('a CSV that says it is incomplete', () => {
  const OPEN = 'op,va\nR,1000\n';

  it.each([
    ['as it is written', '# Incomplete: what this was made from ended early, by an error\n', 3],
    ['as it was written', '# What this was made from ended early, by an error\n', 3],
    ['in quotes', 'R,"2000"\n# Incomplete: it is\n', 4],
  ])('ends in an error, after all of its records: %s', async (_how, rest, line) => {
    for (const engine of ['scanner', 'reference'] as const) {
      const source = bytesSource(Buffer.from(OPEN + rest));
      const { records, error } = await decode(() => openCsv(source, DEFAULT_READ_OPTIONS, engine));
      expect(records).toHaveLength(rest.startsWith('R') ? 2 : 1);
      expect([error?.place.line, error?.message]).toEqual([
        line,
        'what the trace was made from ended early, by an error',
      ]);
    }
  });
});

describe('a CSV with a remark that something is incomplete', () => {
  it.each(['# incomplete: thread 3 is missing', '# what this was made from ended early, I think'])(
    'is whole: %s',
    async (remark) => {
      for (const engine of ['scanner', 'reference'] as const) {
        const source = bytesSource(Buffer.from(`op,va\nR,1000\n${remark}\n`));
        const { records, error } = await decode(() => openCsv(source, DEFAULT_READ_OPTIONS, engine));
        expect([records.length, error]).toEqual([1, null]);
      }
    },
  );
});

describe('a profile', () => {
  const outcome = async (trace: OpenTrace): Promise<[number, string | null, TraceError | null]> => {
    const { profile, error } = await profileWhatIsThere(trace);
    return [profile.records, profile.incomplete, error];
  };

  it('has what comes before an error, and the error', async () => {
    const bad = 'op,va\nR,1000\nR,2000\nR,zz\nR,3000\n';
    for (const to of KEEPING) {
      const bytes = await converted(await fromBytes(bad), to);
      const [records, incomplete, error] = await outcome(await fromBytes(bytes));
      expect(records).toBe(2);
      expect(incomplete).toMatch(/^<stdin>[:,].*: what the trace was made from ended early, by an error$/);
      expect(error?.message).toBe('what the trace was made from ended early, by an error');
      await expect(profileTrace(await fromBytes(bytes))).rejects.toThrow('ended early');
    }
    expect(await outcome(await fromBytes('op,va\nR,1000\n'))).toEqual([1, null, null]);
  });

  it('is none where nothing comes before it', async () => {
    await expect(profileWhatIsThere(await fromBytes('op,va\nR,zz\nR,1000\n'))).rejects.toThrow('"zz"');
  });
});
