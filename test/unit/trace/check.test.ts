import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { TraceChunk } from '../../../src/trace/access.js';
import { checkTrace } from '../../../src/trace/check.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { type OpenTrace, openTrace } from '../../../src/trace/open.js';
import { viewOf } from '../../../src/trace/view.js';

const read = { ...DEFAULT_READ_OPTIONS, onError: 'skip' as const, maxErrors: Infinity };

/** Findings as `severity line: message`. */
async function check(text: string): Promise<string[]> {
  return listed(await opened(text));
}

/** The same of a trace in a format without lines. */
async function checkWithoutLines(text: string): Promise<string[]> {
  const trace = await opened(text);
  async function* chunks(): AsyncGenerator<TraceChunk> {
    for await (const chunk of trace.chunks())
      yield { ...chunk, events: chunk.events.map((event) => ({ ...event, line: 0 })) };
  }
  return listed(viewOf(trace, { chunks }));
}

function opened(text: string): Promise<OpenTrace> {
  return openTrace('-', { read, stdin: Readable.from([Buffer.from(text)]) });
}

async function listed(trace: OpenTrace): Promise<string[]> {
  const { findings } = await checkTrace(trace);
  return findings.map(({ severity, place, message }) => `${severity} ${place.line ?? '-'}: ${message}`);
}

const HEADER = 'op,va,size,as,gfn,level,value,note\n';

describe('trace check', () => {
  it('finds nothing in the shipped examples', async () => {
    for (const path of ['traces/examples/plain.csv', 'traces/lackey/cc1-with-instructions.lackey.gz']) {
      expect((await checkTrace(await openTrace(path, { read }))).findings).toEqual([]);
    }
  });

  it('finds in the fork example only the address space that no fork made', async () => {
    const { findings } = await checkTrace(await openTrace('traces/examples/fork.csv', { read }));
    expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      'warning: switch to address space other, which no FORK made; it begins empty',
    ]);
  });

  it('lists every bad record', async () => {
    expect(await check('op,va\nR,zz\nR,1000\nQ,1000\n')).toEqual([
      'error 2: "zz" is not a hexadecimal address (column va)',
      'error 4: "Q" is not an op; expected R, W, X, RW or an event of docs/formats.md (column op)',
    ]);
  });

  it('says when the list of bad records is cut', async () => {
    const findings = await check(`op,va\n${'R,zz\n'.repeat(1005)}R,1000\n`);
    expect(findings.length).toBe(1001);
    expect(findings.at(-1)).toBe('error -: 5 more bad records');
  });

  it('finds an access after unmap, in the address space that unmapped, until it is mapped again', async () => {
    const findings = await check(
      `${HEADER}MAP,7000,8192\nR,7000,8\nUNMAP,8000,4096\nR,7ff8,8\nW,8000,8\nR,8000,8,b\nMAP,8000,4096,0\nR,8000,8,0\n`,
    );
    expect(findings).toEqual([
      'error -: access 2 (the 2nd after the event of line 4) is to 0x0000000000008000, which address space 0 has unmapped',
    ]);
  });

  it('lists findings in the order of the trace, and numbers accesses and events from 0', async () => {
    const text = `${HEADER}MAP,7000,8192\nMAP,7000,4096\nR,zz\nUNMAP,8000,4096\nR,7ff8,8\nR,8000,8\nR,qq\nUNMAP,8000,4096\n`;
    const findings = await check(text);
    // The access is on line 7: what is known of it is that it comes after line 5.
    expect(findings.map((finding) => finding.slice(0, 24))).toEqual([
      expect.stringMatching(/^warning 3: /),
      expect.stringMatching(/^error 4: "zz"/),
      'error -: access 1 (the 2',
      expect.stringMatching(/^error 8: "qq"/),
      expect.stringMatching(/^warning 9: /),
    ]);
    const numbered = await checkWithoutLines(text.replace(/R,(zz|qq)\n/g, ''));
    expect(numbered[0]).toMatch(/\(event 1, before access 0\)$/);
    expect(numbered[1]).toContain('access 1 (the 2nd after event 2)');
    expect(numbered[2]).toMatch(/\(event 3, before access 2\)$/);
  });

  it('finds overlapping maps, double unmaps, and levels the guest does not have', async () => {
    expect(
      await check(`${HEADER}MAP,7000,8192\nMAP,8000,4096\nUNMAP,7000,4096\nUNMAP,7000,4096\nR,8000\n`),
    ).toEqual([
      'warning 3: MAP at 0x0000000000008000 is over what address space 0 has mapped already; the new mapping replaces it, as with MAP_FIXED',
      'warning 5: UNMAP at 0x0000000000007000 is of pages that address space 0 has unmapped already',
    ]);
    expect(await check(`${HEADER}PTW,7000,,,1000,5,67\nR,8000\n`)).toEqual([
      'error 2: PTW of level 5, but the guest has 4 levels',
    ]);
  });

  it('tells once of maps over maps, with their number', async () => {
    const maps = 'MAP,7000,8192\n'.repeat(4);
    expect(await check(`${HEADER}${maps}R,8000\nUNMAP,7000,8192\nUNMAP,7000,8192\n`)).toEqual([
      expect.stringMatching(/^warning 3: MAP at .*, as with MAP_FIXED; 3 such events in all$/),
      'warning 8: UNMAP at 0x0000000000007000 is of pages that address space 0 has unmapped already',
    ]);
  });

  it('names an event of a trace without lines by its number', async () => {
    const { findings } = await checkTrace(await openTrace('traces/qemu/shell.p2mtrace', { read }));
    // Three programs are started; the loader lays each library out with mappings over its first one.
    expect(findings.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
      expect.stringMatching(
        /^warning: MAP at 0x[0-9a-f]{16} is over what address space \d .* \(event \d+, before access \d+\); 12 such events in all$/,
      ),
    ]);
  });

  it('names an access by its number, and what came before it, where the trace has no lines', async () => {
    const at = (page: string): string => `R,${page},8\n`;
    const text = `${HEADER}MAP,7000,8192\n${at('7000')}${at('8000')}UNMAP,8000,4096\n${at('7000')}${at('8008')}`;
    const found = await checkWithoutLines(text);
    // Accesses 0 and 1, event 2, accesses 2 and 3: the last is the one.
    expect(found).toEqual([
      'error -: access 3 (the 2nd after event 1) is to 0x0000000000008008, which address space 0 has unmapped',
    ]);
  });

  it('names the event of a table store outside tables where the trace has no lines', async () => {
    const declared =
      '# guest: scripted\n# direct-map: 0xffff880000000000\n# root: 0x800000\nop,gfn,level,va,value\n';
    const rows = 'PTW,800,4,0,801003\nPTW,a00,1,0,3\nPTW,a00,1,0,3\nR,,,1000,\n';
    expect(await checkWithoutLines(`${declared}${rows}`)).toEqual([
      'warning -: PTW to frame 0xa00, which is no root and no entry leads to (2 in all) (event 1)',
    ]);
  });

  it('follows address spaces through fork and exit', async () => {
    const rows = [
      'FORK,,,,,,,a',
      'FORK,,,,,,,a',
      'SWITCH,,,a',
      'R,1000,1',
      'EXIT,,,a',
      'EXIT,,,a',
      'EXIT,,,x',
      'SWITCH,,,a',
    ];
    expect(await check(`${HEADER}${rows.join('\n')}\n`)).toEqual([
      'error 3: FORK makes address space a, which there is already',
      'error 7: EXIT of address space a, which has exited already',
      'error 8: EXIT of address space x, which there has never been',
      'error 9: switch to address space a, which has exited',
    ]);
  });

  it('finds a trace without an access, and one whose file is cut', async () => {
    expect(await check('op,va\n')).toEqual(['error -: the trace has no access; there is nothing to replay']);
    const cut = await checkTrace(await openTrace('traces/csv/malformed/truncated.csv.gz', { read }));
    expect(cut.findings.map((finding) => finding.message)).toEqual([
      'the gzip data ends early: the file is truncated after 5449 bytes',
    ]);
  });

  it('finds a PCID that is loaded for another address space without a flush, on the same vcpu', async () => {
    const rows = (...all: string[]): string =>
      `op,as,pcid,note,vcpu,order,va\n${all.join('\n')}\nR,,,,0,,1000\n`;
    const stale =
      /CR3 loads PCID 5 with noflush for address space b; what is cached under it is of address space a$/;
    const found = await check(rows('CR3,a,5,,0', 'CR3,b,6,noflush,0', 'CR3,b,5,noflush,0'));
    expect(found).toEqual([expect.stringMatching(stale)]);
    expect(found[0]).toMatch(/^error 4: /);
    for (const between of ['INVPCID,,5,,0,1', 'INVPCID,,,,0,2', 'INVPCID,,,,0,3', 'FLUSHALL,,,,0'])
      expect(await check(rows('CR3,a,5,,0', between, 'CR3,b,5,noflush,0'))).toEqual([]);
    // Flushed by the load itself; the same address space; another vcpu; another tag.
    expect(await check(rows('CR3,a,5,,0', 'CR3,b,5,,0', 'CR3,b,5,noflush,0'))).toEqual([]);
    expect(await check(rows('CR3,a,5,,0', 'CR3,b,5,noflush,1'))).toEqual([]);
    expect(await check(rows('CR3,a,5,,0', 'INVPCID,,6,,0,1', 'CR3,b,5,noflush,0'))).toHaveLength(1);
  });

  it('finds stores of a scripted guest to frames that are no tables, wherever they are linked', async () => {
    const declared =
      '# guest: scripted\n# direct-map: 0xffff880000000000\n# root: 0x800000\nop,gfn,level,va,value,as\n';
    // Root 0x800 -> 0x801, which is filled before it is linked; 0x900 is another root; to 0xa00 leads nothing.
    const rows = ['PTW,801,3,0,802003', 'PTW,800,4,0,801003', 'PTW,900,4,0,801003', 'CR3,,,,,0x900000'];
    expect(await check(`${declared}${rows.join('\n')}\nPTW,a00,1,0,3\nPTW,a00,1,0,3\nR,,,1000,\n`)).toEqual([
      'warning 9: PTW to frame 0xa00, which is no root and no entry leads to (2 in all)',
    ]);
  });
});
