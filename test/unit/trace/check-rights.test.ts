/** `trace check` of rights: the accesses that MAP and PROTECT forbid, and those where nobody is left. */
import { Readable } from 'node:stream';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../src/api.js';
import { checkTrace, type TraceCheck } from '../../../src/trace/check.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';

const HEADER = 'op,va,size,as,perm,note,gfn,level,value\n';

async function check(rows: string): Promise<TraceCheck> {
  const read = { ...DEFAULT_READ_OPTIONS, onError: 'skip' as const, maxErrors: Infinity };
  return checkTrace(await openTrace('-', { read, stdin: Readable.from([Buffer.from(HEADER + rows)]) }));
}

async function messages(rows: string): Promise<string[]> {
  return (await check(rows)).findings.map(({ severity, message }) => `${severity}: ${message}`);
}

describe('rights of mappings', () => {
  it('finds stores to what is mapped without w, told once for each MAP, and passes loads and fetches', async () => {
    const rows =
      'MAP,4000,8192,,r\nR,4000,8\nW,4008,8\nX,4000,4\nRW,5000,8\nMAP,8000,4096,,rx\nX,8000\nW,8000\n';
    expect(await messages(rows)).toEqual([
      'error: access 1 (the 2nd after the event of line 2) stores to 0x0000000000004008, which address space 0 has mapped without w (MAP of line 2); 2 such accesses in all',
      'error: access 5 (the 2nd after the event of line 7) stores to 0x0000000000008000, which address space 0 has mapped without w (MAP of line 7)',
    ]);
  });

  it('finds any access to what has no right, and the second page of one that crosses a border', async () => {
    expect(await messages('MAP,2000,4096,,none\nR,1ffc,4\nR,1ffc,5\n')).toEqual([
      'error: access 1 (the 2nd after the event of line 2) is to 0x0000000000001ffc, which address space 0 has mapped without any right (MAP of line 2)',
    ]);
  });

  it('finds a store that follows a load to the same page', async () => {
    expect(await messages('MAP,2000,4096,,r\nR,2000,4\nW,2000,4\n')).toHaveLength(1);
  });

  it('follows PROTECT of a part, a new MAP, UNMAP, FORK, EXEC and table stores', async () => {
    const map = 'MAP,4000,12288,,rw\n';
    const told = async (rows: string): Promise<number> => (await messages(rows)).length;
    expect(await told(`${map}PROTECT,5000,4096,,r\nW,4000,8\nW,6000,8\n`)).toBe(0);
    expect(await messages(`${map}PROTECT,5000,4096,,r\nW,5000,8\n`)).toEqual([
      'error: access 0 (the 1st after the event of line 3) stores to 0x0000000000005000, which address space 0 has mapped without w (PROTECT of line 3)',
    ]);
    expect(await told(`${map}PROTECT,5000,4096,,r\nPROTECT,4000,8192,,rw\nW,5000,8\n`)).toBe(0);
    expect(await told('MAP,4000,4096,,r\nUNMAP,4000,4096\nMAP,4000,4096,,rw\nW,4000,8\n')).toBe(0);
    expect(await told('MAP,4000,4096,,r\nEXEC\nW,4000,8\n')).toBe(0);
    // What is not mapped has no rights that PROTECT could take.
    expect(await told('MAP,9000,4096,,rw\nPROTECT,4000,4096,,none\nW,4000,8\n')).toBe(0);
    // The child has the rights of its parent, and its own from then on.
    const child = 'MAP,4000,4096,,r\nFORK,,,,,c\nPROTECT,4000,4096,,rw\nW,4000,8\n';
    expect(await told(child)).toBe(0);
    expect(await told(`${child}W,4000,8,c\n`)).toBe(1);
    // A PTW of level 2 stores the entry of 2 MiB: its rights are not those of the mapping.
    expect(await told('MAP,4000,4096,,r\nPTW,0,,,,,5,2,e7\nW,4000,8\n')).toBe(0);
  });

  it('says what it does not check', async () => {
    const { scope } = await check('MAP,4000,4096,,r\nX,4000\n');
    expect(scope).toContainEqual({ what: 'rights of mappings', checked: true });
    expect(scope).toContainEqual({
      what: 'rights to execute',
      checked: false,
      why: 'a replay does not model NX: any right of a mapping allows fetches',
    });
    const none = 'the trace has no such events';
    const without = (await check('R,4000\n')).scope.filter(({ what }) => what.startsWith('rights'));
    expect(without.map(({ why }) => why)).toEqual([none, none]);
  });

  it('finds as many accesses as a replay gives up, whatever comes in which order', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'p2msim-test-'));
    let total = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const rows = randomRows(seed);
      const trace = join(folder, `${seed}.csv`);
      writeFileSync(trace, HEADER + rows);
      const { result, error } = await replay({ trace, mode: 'native' });
      expect(error).toBeNull();
      const given = result.counters['guest.faults.bad'] ?? NaN;
      const found = (await messages(rows))
        .filter((message) => message.includes('has mapped without'))
        .reduce((sum, message) => sum + Number(/(\d+) such accesses/.exec(message)?.[1] ?? 1), 0);
      expect(found, rows).toBe(given);
      total += given;
    }
    expect(total).toBeGreaterThan(100);
  });
});

/** Mappings of three pages, their rights, processes, and accesses that do not cross a border of pages. */
function randomRows(seed: number): string {
  let state = seed;
  const below = (n: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const of = (words: readonly string[]): string => words[below(words.length)]!;
  const perms = ['none', 'r', 'rw', 'rx', 'w', 'x'];
  // A fetch where nothing is mapped brings pages of a file in around it, whatever is mapped there.
  const rows = ['MAP,4000,32768,0,rw'];
  let ops = ['R', 'W', 'X', 'RW'];
  const spaces = ['0'];
  for (let i = 0; i < 120; i++) {
    const page = `${4 + below(6)}000`;
    const range = `${page},${4096 * (1 + below(3))}`;
    const as = of(spaces);
    const kind = below(14);
    if (kind === 0 && i > 60) {
      rows.push(`UNMAP,${range},${as}`);
      ops = ['R', 'W', 'RW'];
    } else if (kind < 3) rows.push(`MAP,${range},${as},${of(perms)},${of(['populate', 'lazy', 'file'])}`);
    // Of what is mapped: pages without a mapping that were touched are not followed.
    else if (kind === 3) rows.push(`MAP,${range},${as},rw`, `PROTECT,${range},${as},${of(perms)}`);
    else if (kind === 4 && spaces.length < 3) {
      rows.push(`FORK,,,${as},,c${spaces.length}`);
      spaces.push(`c${spaces.length}`);
    } else rows.push(`${of(ops)},${page},8,${as}`);
  }
  return `${rows.join('\n')}\n`;
}

describe('an address space that has exited', () => {
  it('is told once, with the number of accesses in it', async () => {
    const rows = 'SWITCH,,,a\nW,1000\nEXIT\nW,1000\nR,2000\nSWITCH,,,0\nR,1000\nSWITCH,,,b\nEXIT\nR,1000\n';
    expect(await messages(rows)).toEqual([
      'error: access 1 (the 1st after the event of line 4) is in address space a, which has exited; 2 such accesses in all',
      'error: access 4 (the 1st after the event of line 10) is in address space b, which has exited',
    ]);
  });

  it('is none once a new one of its name was made', async () => {
    expect(await messages('R,1000\nFORK,,,,,c\nEXIT,,,c\nFORK,,,,,c\nR,1000,,c\n')).toEqual([]);
  });

  it('stays so whatever else happens in it', async () => {
    const rows = 'SWITCH,,,a\nW,1000\nEXIT\nMAP,1000,4096,,rw\nW,1000\n';
    expect(await messages(rows)).toEqual([
      'error: access 1 (the 1st after the event of line 5) is in address space a, which has exited',
    ]);
  });

  it('is found in what perf says of a process that it goes on to sample', async () => {
    const head = 'app 7/7 [000] 1.0';
    const fault = 'exceptions:page_fault_user: address=0x5000 ip=0x4000 error_code=0x6';
    const text = [
      `${head}01: ${fault}`,
      `${head}02: PERF_RECORD_EXIT(7:7):(7:7)`,
      `${head}03: ${fault}`,
      `${head}04: ${fault}`,
    ].join('\n');
    const read = { ...DEFAULT_READ_OPTIONS, onError: 'skip' as const, maxErrors: Infinity };
    const trace = await openTrace('-', { read, stdin: Readable.from([Buffer.from(`${text}\n`)]) });
    const { findings } = await checkTrace(trace);
    expect(findings.map(({ message }) => message)).toEqual([
      'access 1 (the 1st after the event of line 2) is in address space 0, which has exited; 2 such accesses in all',
    ]);
  });
});
