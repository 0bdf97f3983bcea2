import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { convertTrace } from '../../../../src/trace/convert.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { openTrace } from '../../../../src/trace/open.js';
import { p2mtraceWriter } from '../../../../src/trace/writers/p2mtrace.js';
import { checkTraceSample } from '../../../helpers/traces.js';

describe('shipped traces', () => {
  it('reads cc1 with instructions: the counts that its maker recorded', async () => {
    expect(await checkTraceSample('traces/lackey/cc1-with-instructions.lackey.gz')).toEqual({
      format: 'lackey',
      accesses: { R: 275_194, W: 216_760, X: 1_261_213, M: 8_046 },
      events: 0,
    });
  }, 60_000);

  it('reads sort: the counts that its maker recorded', async () => {
    expect(await checkTraceSample('traces/lackey/sort.lackey.gz')).toEqual({
      format: 'lackey',
      accesses: { R: 1_214_461, W: 771_928, X: 0, M: 13_611 },
      events: 0,
    });
  }, 60_000);

  it('reads the example that names only operations and addresses', async () => {
    // By eye: 5 fetches, 16 writes, 8 + 4 + 1 reads, 4 modifies.
    expect(await checkTraceSample('traces/examples/plain.csv')).toEqual({
      format: 'csv',
      accesses: { R: 13, W: 16, X: 5, M: 4 },
      events: 0,
    });
  });

  it('reads the hand-written fork', async () => {
    const { format, accesses, events } = await checkTraceSample('traces/examples/fork.csv');
    expect(format).toBe('csv');
    // Rows by op, counted with grep -c '^OP,': R 14, W 20, X 4, RW 1; 23 other rows, and two switches
    // that the `as` column of the last two accesses makes.
    expect(accesses).toEqual({ R: 14, W: 20, X: 4, M: 1 });
    expect(events).toBe(25);
  });

  it('reads the start of sort in p2mtrace: the counts of the same lines of lackey', async () => {
    // The first 60,000 lines of traces/lackey/sort.lackey.gz: grep -c '^ L', '^ S', '^ M'; 6 lines are valgrind's.
    expect(await checkTraceSample('traces/p2mtrace/sort-start.p2mtrace')).toEqual({
      format: 'p2mtrace',
      accesses: { R: 41_378, W: 16_977, X: 0, M: 1_639 },
      events: 0,
    });
  });

  it('reads the hand-written fork in p2mtrace: the same as in CSV', async () => {
    const csv = await checkTraceSample('traces/examples/fork.csv');
    expect(await checkTraceSample('traces/p2mtrace/fork.p2mtrace')).toEqual({ ...csv, format: 'p2mtrace' });
  });

  it('has the fork in p2mtrace as a conversion makes it now, header and contents', async () => {
    const trace = await openTrace('traces/examples/fork.csv', { read: DEFAULT_READ_OPTIONS });
    const pieces: Uint8Array[] = [];
    await convertTrace(trace, p2mtraceWriter, (bytes) => pieces.push(bytes));
    const [made, shipped] = [Buffer.concat(pieces), readFileSync('traces/p2mtrace/fork.p2mtrace')];
    // Deflated bytes differ between versions of zlib: the header, and the end record with the SHA-256 of what is inflated.
    const header = 16 + made.readUInt32LE(12) + 4;
    expect(shipped.subarray(0, header)).toEqual(made.subarray(0, header));
    expect(shipped.subarray(-60)).toEqual(made.subarray(-60));
  });

  it('reads hand-made din: a label and an address a line', async () => {
    // By eye: labels 0 and 3 read (4 of them), 1 writes (2), 2 fetches (2), 4 is passed over.
    expect(await checkTraceSample('traces/din/labels.din')).toEqual({
      format: 'din',
      accesses: { R: 4, W: 2, X: 2, M: 0 },
      events: 0,
    });
  });

  it('reads hand-made extended din: kind, address, size', async () => {
    // r and m read (3), w writes (2), i fetches (2), c and v are passed over.
    expect(await checkTraceSample('traces/xdin/kinds.xdin')).toEqual({
      format: 'xdin',
      accesses: { R: 3, W: 2, X: 2, M: 0 },
      events: 0,
    });
  });

  it('reads hand-made pinatrace text', async () => {
    expect(await checkTraceSample('traces/pinatrace/program.pinatrace')).toEqual({
      format: 'pinatrace',
      accesses: { R: 4, W: 4, X: 0, M: 0 },
      events: 0,
    });
  });

  it('reads a memory trace with the lines of the README of Ramulator', async () => {
    expect(await checkTraceSample('traces/rw/memory.rw')).toEqual({
      format: 'rw',
      accesses: { R: 4, W: 2, X: 0, M: 0 },
      events: 0,
    });
  });

  it('reads hand-made packets of gem5, with and without numbers, flags and instructions', async () => {
    // The packet with command u is passed over.
    expect(await checkTraceSample('traces/gem5/packets.gem5')).toEqual({
      format: 'gem5',
      accesses: { R: 4, W: 2, X: 0, M: 0 },
      events: 0,
    });
  });

  it('reads hand-made ChampSim records', async () => {
    // Counted in traces/champsim/README.md.
    expect(await checkTraceSample('traces/champsim/six.champsim')).toEqual({
      format: 'champsim',
      accesses: { R: 7, W: 4, X: 6, M: 0 },
      events: 0,
    });
  });

  it('reads hand-made CloudSuite records, whose address spaces change twice', async () => {
    expect(await checkTraceSample('traces/cloudsuite/four.cloudsuite')).toEqual({
      format: 'cloudsuite',
      accesses: { R: 6, W: 5, X: 4, M: 0 },
      events: 2,
    });
  });

  it('reads a hand-made thread of drmemtrace, whose process changes once', async () => {
    expect(await checkTraceSample('traces/drmemtrace/thread.drmemtrace')).toEqual({
      format: 'drmemtrace',
      accesses: { R: 4, W: 3, X: 6, M: 0 },
      events: 1,
    });
  });

  it('reads hand-made requests of libCacheSim', async () => {
    expect(await checkTraceSample('traces/oraclegeneral/pages.oracleGeneral.bin')).toEqual({
      format: 'oraclegeneral',
      accesses: { R: 4, W: 0, X: 0, M: 0 },
      events: 0,
    });
  });

  it('reads page faults that perf recorded by tracepoint: what each access was', async () => {
    // grep -c page_fault: 52; of their error codes 10 have bit 4 (fetches), 35 bit 1 (writes). Events: 1 exec, 13 MMAP2,
    // 1 fork to another process, 2 exits, and a context switch to the child and one back.
    expect(await checkTraceSample('traces/perf/tracepoints.perf')).toEqual({
      format: 'perf',
      accesses: { R: 7, W: 35, X: 10, M: 0 },
      events: 19,
    });
  });

  it('reads page faults that perf recorded by software event: fetches and all others', async () => {
    // grep -c page-faults: 50, of which 10 have the same address twice.
    expect(await checkTraceSample('traces/perf/software.perf')).toEqual({
      format: 'perf',
      accesses: { R: 40, W: 0, X: 10, M: 0 },
      events: 19,
    });
  });

  it('reads hand-made memory samples of perf', async () => {
    // By eye: loads in lines 1 and 5, stores in 2 and 3, no address in 4, cycles in 6; line 5 is of another process.
    expect(await checkTraceSample('traces/perf/memory.perf')).toEqual({
      format: 'perf',
      accesses: { R: 2, W: 2, X: 0, M: 0 },
      events: 1,
    });
  });

  it('reads the operations of the first six experiments on Xen, and their guest boots before', async () => {
    const { format, accesses, events } = await checkTraceSample('traces/xen-ops/first-experiments.xen-ops');
    expect(format).toBe('xen-ops');
    // grep -c: R 14 and TR 246; W 79, and 768 writes of 1 MiB at boot; a fetch for each CR3, 29.
    expect(accesses).toEqual({ R: 260, W: 847, X: 29, M: 0 });
    // Boot: 384 * 512 + 384 + 1 + 2 stores. TW 220, CPUID 100, CR3 29, EXP, START and END 6 each.
    expect(events).toBe(196_995 + 220 + 100 + 29 + 18);
  });

  it.each([
    ['champsim', 'six.champsim'],
    ['cloudsuite', 'four.cloudsuite'],
    ['drmemtrace', 'thread.drmemtrace'],
    ['oraclegeneral', 'pages.oracleGeneral.bin'],
  ])('has for %s the bytes that its README explains', (folder, name) => {
    const readme = readFileSync(`traces/${folder}/README.md`, 'utf8');
    const listed = [...readme.matchAll(/^((?:[0-9a-f]{2} )*[0-9a-f]{2}) +\S/gm)].map(([, hex]) => hex);
    expect(readFileSync(`traces/${folder}/${name}`).toString('hex')).toBe(
      listed.join('').replaceAll(' ', ''),
    );
  });

  it('ships less than 4 MiB of traces', () => {
    const files = readdirSync('traces', { recursive: true, encoding: 'utf8' });
    const bytes = files.map((name) => statSync(join('traces', name))).filter((stat) => stat.isFile());
    expect(bytes.reduce((sum, stat) => sum + stat.size, 0)).toBeLessThan(4_194_304);
  });
});
