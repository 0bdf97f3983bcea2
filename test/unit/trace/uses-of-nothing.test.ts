/** The table "Uses of what is not there" of docs/trace-tools.md: what `trace check` says, and what a replay counts. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../src/api.js';
import { checkTrace } from '../../../src/trace/check.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';

/** Severities of the findings, faults of the replay by kind, and its error. */
async function outcome(header: string, ...rows: string[]) {
  const trace = join(mkdtempSync(join(tmpdir(), 'p2msim-test-')), 'a.csv');
  writeFileSync(trace, `${header}\n${rows.join('\n')}\n`);
  const read = { ...DEFAULT_READ_OPTIONS, onError: 'skip' as const, maxErrors: Infinity };
  const { findings } = await checkTrace(await openTrace(trace, { read }));
  const { result, error } = await replay({ trace, mode: 'native' });
  const { counters } = result;
  const faults = ['demand', 'file', 'bad'].map((kind) => counters[`guest.faults.${kind}`] ?? NaN);
  return {
    found: findings.map(({ severity }) => severity),
    faults: [counters['guest.faults'], ...faults],
    spaces: result.manifest.trace.addressSpaces,
    error: error?.exitCode ?? null,
  };
}

const COLUMNS = 'op,va,size,as,perm,note';
/** All faults, and of them: demand, file, bad. */
const NO_FAULT = [0, 0, 0, 0];
const DEMAND = [1, 1, 0, 0];

describe('uses of what is not there', () => {
  it('SWITCH to an address space that no FORK made: a new one, of which an access faults a page in', async () => {
    const rows = ['MAP,7000,4096,,,', 'W,7000,8,,,', 'SWITCH,,,b,,', 'W,7000,8,,,'];
    expect(await outcome(COLUMNS, ...rows)).toEqual({ found: [], faults: DEMAND, spaces: 2, error: null });
    // Where address spaces come by FORK, one that comes otherwise is odd.
    const forks = await outcome(COLUMNS, ...rows.slice(0, 2), 'FORK,,,,,c', ...rows.slice(2));
    expect(forks).toEqual({ found: ['warning'], faults: DEMAND, spaces: 3, error: null });
  });

  it('SWITCH to one that has exited: an error, and a new one', async () => {
    const rows = [
      'SWITCH,,,a,,',
      'MAP,7000,4096,,,',
      'W,7000,8,,,',
      'EXIT,,,a,,',
      'SWITCH,,,a,,',
      'W,7000,8,,,',
    ];
    expect(await outcome(COLUMNS, ...rows)).toEqual({
      found: ['error'],
      faults: DEMAND,
      spaces: 3,
      error: null,
    });
  });

  it('an access to what no MAP has mapped: memory, or a page of a file for a fetch', async () => {
    const [data, fetch] = ['W,7000,8,,,', 'X,400000,4,,,'];
    expect(await outcome(COLUMNS, data)).toMatchObject({ found: [], faults: DEMAND });
    expect(await outcome(COLUMNS, fetch)).toMatchObject({ found: [], faults: [1, 0, 1, 0] });
    // A trace that has mappings makes no difference.
    const elsewhere = 'MAP,9000,4096,,,';
    expect(await outcome(COLUMNS, elsewhere, data)).toMatchObject({ found: [], faults: DEMAND });
  });

  it('an access to what UNMAP has unmapped: an error, and the page is there again', async () => {
    const before = ['MAP,7000,4096,,,', 'W,7000,8,,,'];
    expect(await outcome(COLUMNS, ...before)).toMatchObject({ found: [], faults: NO_FAULT });
    const after = await outcome(COLUMNS, ...before, 'UNMAP,7000,4096,,,', 'W,7000,8,,,');
    expect(after).toMatchObject({ found: ['error'], faults: DEMAND, error: null });
  });

  it('an access that MAP or PROTECT forbid: an error, and given up after its fault', async () => {
    const map = await outcome(COLUMNS, 'MAP,7000,4096,,r,', 'W,7000,8,,,');
    expect(map).toMatchObject({ found: ['error'], faults: [1, 0, 0, 1], error: null });
    const protect = await outcome(COLUMNS, 'MAP,7000,4096,,rw,', 'PROTECT,7000,4096,,none,', 'R,7000,8,,,');
    expect(protect).toMatchObject({ found: ['error'], faults: [1, 0, 0, 1], error: null });
  });

  it('an access where its address space has exited: an error, and memory of the kernel', async () => {
    const after = await outcome(
      COLUMNS,
      'SWITCH,,,a,,',
      'W,7000,8,,,',
      'EXIT,,,a,,',
      'W,7000,8,,,',
      'R,7000,8,,,',
    );
    expect(after).toMatchObject({ found: ['error'], faults: [2, 2, 0, 0], error: null });
  });

  it('EXIT of what is not there, FORK of what is: an error, and the end of a replay', async () => {
    const access = 'W,7000,8,,,';
    for (const rows of [
      [access, 'EXIT,,,x,,'],
      [access, 'FORK,,,,,c', 'FORK,,,,,c'],
      ['SWITCH,,,a,,', access, 'SWITCH,,,0,,', 'EXIT,,,a,,', 'EXIT,,,a,,'],
    ])
      expect(await outcome(COLUMNS, ...rows, access)).toMatchObject({ found: ['error'], error: 3 });
  });

  it('an access of a scripted guest that no entry maps: a fault, and no more', async () => {
    const header = '# guest: scripted\n# direct-map: 0xffff880000000000\n# root: 0x800000\nop,va,size';
    expect(await outcome(header, 'R,1000,8')).toEqual({
      found: [],
      faults: [1, 0, 0, 0],
      spaces: 1,
      error: null,
    });
  });
});
