import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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

  it('ships less than 4 MiB of traces', () => {
    const files = readdirSync('traces', { recursive: true, encoding: 'utf8' });
    const bytes = files.map((name) => statSync(join('traces', name))).filter((stat) => stat.isFile());
    expect(bytes.reduce((sum, stat) => sum + stat.size, 0)).toBeLessThan(4_194_304);
  });
});
