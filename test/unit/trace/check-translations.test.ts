import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { checkTrace } from '../../../src/trace/check.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';

/** Lines 1 to 4. */
const HEAD =
  '# guest: scripted\n# direct-map: 0xffff880000000000\n# root: 0x800000\nop,va,size,gfn,level,value,as,pcid,note,vcpu,order\n';
/** Lines 5 to 8: root 0x800 -> 0x801 -> 0x802 -> 0x803, which holds the leaves of the first 2 MiB. */
const TABLES = ['PTW,0,,800,4,801067', 'PTW,0,,801,3,802067', 'PTW,0,,802,2,803067', 'CR3,,,,,,0x800000'];
/** A store to the leaf of page 7 (index 7 of table 0x803). */
const leaf = (value: string, vcpu = 0): string => `PTW,7000,,803,1,${value},,,,${vcpu}`;
const read = (vcpu = 0): string => `R,7008,8,,,,,,,${vcpu}`;
const write = 'W,7008,8';
/** Frame 9, present, writable; the entry after it goes to no frame. */
const MAPPED = '9003';
const USED = [leaf(MAPPED), read()];

async function check(rows: readonly string[], head = HEAD, tables: readonly string[] = TABLES) {
  const text = `${head}${[...tables, ...rows].join('\n')}\n`;
  return checkTrace(
    await openTrace('-', { read: DEFAULT_READ_OPTIONS, stdin: Readable.from([Buffer.from(text)]) }),
  );
}

/** Stale translations as `line: message`. */
async function stale(...rows: readonly string[]): Promise<string[]> {
  const { findings } = await check(rows);
  return findings.map(({ place, severity, message }) => `${severity} ${place.line ?? '-'}: ${message}`);
}

const found = (what: string, use: string): string[] => [
  `error 11: stale translation: this PTW ${what} page 0x0000000000007000`.concat(
    `${use} it on vcpu 0 with no flush of it in between (INVLPG, INVPCID, FLUSHALL, CR3)`,
  ),
];

describe('stale translations', () => {
  it('are found when a used page is unmapped, mapped elsewhere, or loses its write right', async () => {
    // Line 9 maps, 10 reads (access 0), 11 edits, 12 uses: access 1, the first after the event of line 11.
    const after = (n: number): string =>
      `, and access ${n} (the ${['0th', '1st', '2nd', '3rd', '4th'][n]} after the event of line 11)`;
    expect(await stale(...USED, leaf('0'), read())).toEqual(found('unmaps (frame 0x9)', `${after(1)} reads`));
    expect(await stale(...USED, leaf('a003'), write)).toEqual(
      found('maps to frame 0xa (before: frame 0x9)', `${after(1)} stores to`),
    );
    expect(await stale(...USED, leaf('9001'), write)).toEqual(
      found('makes read-only (frame 0x9)', `${after(1)} stores to`),
    );
    // A read sees the same through the old entry: the store after it does not.
    expect(await stale(...USED, leaf('9001'), read(), write)).toEqual(
      found('makes read-only (frame 0x9)', `${after(2)} stores to`),
    );
    // Once an edit.
    expect(await stale(...USED, leaf('0'), read(), read())).toHaveLength(1);
    // Unmapped first, mapped elsewhere before it is used: the first edit takes the translation away.
    expect((await stale(...USED, leaf('0'), leaf('a003'), read()))[0]).toMatch(
      /^error 11: .* maps to frame 0xa /,
    );
    // An access of 8 KiB from page 6 on reaches page 7.
    expect(await stale(...USED, leaf('0'), 'R,6000,8192')).toHaveLength(1);
  });

  it.each([
    'INVLPG,7fff',
    'CR3,,,,,,0x800000',
    'FLUSHALL',
    'INVPCID,7000,,,,,,0,,,0',
    'INVPCID,,,,,,,0,,,1',
    'INVPCID,,,,,,,,,,2',
    'INVPCID,,,,,,,,,,3',
    'IPIFLUSH,7000,,,,,,,,1',
  ])('are not there after %s', async (flush) => {
    // Vcpu 1 has to be there already, for its shootdown to reach vcpu 0.
    expect(await stale(...USED, leaf('0'), flush, read())).toEqual([]);
    // A flush before the edit, or of another page, does not help.
    expect(await stale(leaf(MAPPED), read(), flush, leaf('0'), read())).toHaveLength(1);
  });

  it.each([
    'INVLPG,8000',
    'CR3,,,,,,0x800000,5,noflush',
    'INVPCID,7000,,,,,,6,,,0',
    'IPIFLUSH,8000,,,,,,,,1',
    'INVLPG,7000,,,,,,,,1',
  ])('are there after %s, which flushes something else', async (flush) => {
    // With PCID 5 throughout; it is the second flush that decides.
    const rows = ['CR3,,,,,,0x800000,5', ...USED, leaf('0'), flush, read()];
    expect(await stale(...rows)).toHaveLength(1);
  });

  it('know global pages, which only INVLPG and flushes of all drop', async () => {
    const used = [leaf('9103'), read()];
    expect(await stale(...used, leaf('0'), 'CR3,,,,,,0x800000', read())).toHaveLength(1);
    expect(await stale(...used, leaf('0'), 'INVLPG,7000', read())).toEqual([]);
    expect(await stale(...used, leaf('0'), 'FLUSHALL', read())).toEqual([]);
  });

  it('need an entry that may be cached: used, or stored with A, in a table that a root leads to', async () => {
    expect(await stale(leaf(MAPPED), leaf('a003'), read())).toEqual([]);
    expect(await stale(leaf('9023'), leaf('a003'), read())).toHaveLength(1);
    // Aging clears A and takes nothing out of a TLB: what follows is as if it had not been.
    expect(await stale(...USED, leaf('9063'), leaf('9003'), read())).toEqual([]);
    expect(await stale(...USED, leaf('9063'), leaf('9003'), leaf('0'), read())).toHaveLength(1);
    // Table 0x900 is filled, changed and only then linked.
    const linked = ['PTW,207000,,900,1,9023', 'PTW,207000,,900,1,a023', 'PTW,200000,,802,2,900067'];
    expect(await stale(...linked, 'R,207000,8')).toEqual([]);
    // More rights, or the same frame again, take nothing away.
    expect(await stale(leaf('9001'), read(), leaf('9003'), write)).toEqual([]);
    expect(await stale(...USED, leaf('0'), leaf(MAPPED), read())).toEqual([]);
  });

  it('are those of the vcpu that stored the entry: the others wait for its shootdown', async () => {
    expect(await stale(...USED, read(1), leaf('0', 1), read(0))).toEqual([]);
    expect(await stale(...USED, read(1), leaf('0', 1), read(1))).toHaveLength(1);
  });

  it('are found in large pages, whichever address of them is flushed', async () => {
    const large = (value: string): string => `PTW,200000,,802,2,${value}`;
    const rows = [large('400083'), 'R,2ff000,8', large('0')];
    expect((await stale(...rows, 'R,201000,8'))[0]).toContain('unmaps (frame 0x400) page 0x0000000000200000');
    expect(await stale(...rows, 'INVLPG,3ff000', 'R,201000,8')).toEqual([]);
    expect(await stale(...rows, 'INVLPG,400000', 'R,201000,8')).toHaveLength(1);
  });

  it('cannot be checked where flushes are not in the trace, and that is said', async () => {
    const { findings, scope } = await check([...USED, leaf('0'), read()], HEAD, TABLES.slice(0, 3));
    expect(findings).toEqual([]);
    expect(scope.find(({ what }) => what === 'stale translations')).toEqual({
      what: 'stale translations',
      checked: false,
      why: 'the trace has no flush: no INVLPG, INVPCID, FLUSHALL, IPIFLUSH or CR3 load',
    });
    const modelled = await check(
      [...USED, leaf('0'), read()],
      '\n\n\nop,va,size,gfn,level,value,as,pcid,note,vcpu,order\n',
    );
    expect(modelled.scope.filter(({ checked }) => !checked).map(({ what }) => what)).toEqual([
      'mappings',
      'rights of mappings',
      'rights to execute',
      'table stores outside tables',
      'stale translations',
    ]);
  });
});
