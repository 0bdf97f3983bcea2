import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../src/api.js';
import { DEFAULT_READ_OPTIONS } from '../../../src/trace/format.js';
import { openTrace } from '../../../src/trace/open.js';
import { profileTrace } from '../../../src/trace/profile.js';

/** Names, and the number of address spaces as `trace info` and a replay have it. */
async function counted(path: string): Promise<{ names: number; info: number; replay: number }> {
  const profile = await profileTrace(await openTrace(path, { read: DEFAULT_READ_OPTIONS }));
  const { result } = await replay({ trace: path, mode: 'native' });
  return {
    names: profile.addressSpaces.length,
    info: profile.addressSpacesMade,
    replay: result.manifest.trace.addressSpaces,
  };
}

function trace(header: string, rows: readonly string[]): string {
  const path = join(mkdtempSync(join(tmpdir(), 'p2msim-test-')), 'a.csv');
  writeFileSync(path, `${header}\n${rows.join('\n')}\n`);
  return path;
}

describe('address spaces of `trace info`', () => {
  it.each([
    // `other` and `child`, and the one that the child's EXEC makes.
    ['traces/examples/fork.csv', 3, 4],
    // Three processes, of which two run another program.
    ['traces/qemu/shell.p2mtrace', 4, 6],
    ['traces/cloudsuite/four.cloudsuite', 2, 2],
    ['gen:fork-exec,accesses=20000', null, null],
    ['traces/xen-ops/first-experiments.xen-ops', 16, 16],
  ])('are as many as a replay counts: %s', async (path, names, all) => {
    const found = await counted(path);
    expect(found.info).toBe(found.replay);
    if (names !== null) expect([found.names, found.info]).toEqual([names, all]);
  });

  it('count a name anew after EXIT, and once where it only comes back', async () => {
    const rows = ['SWITCH,,a,', 'R,1000,,', 'SWITCH,,0,', 'SWITCH,,a,', 'EXIT,,,', 'SWITCH,,a,', 'R,1000,,'];
    expect(await counted(trace('op,va,as,note', rows))).toEqual({ names: 2, info: 3, replay: 3 });
    const named = ['SWITCH,,a,', 'R,1000,,', 'SWITCH,,0,', 'EXIT,,a,', 'R,1000,a,'];
    expect(await counted(trace('op,va,as,note', named))).toEqual({ names: 2, info: 3, replay: 3 });
  });

  it('are those of each tag in a scripted guest', async () => {
    const header =
      '# guest: scripted\n# direct-map: 0xffff880000000000\n# root: 0x800000\n# features: pcid=on\nop,as,pcid,va,gfn,level,value';
    const rows = ['CR3,0x900000,1,,,,', 'CR3,0x900000,2,,,,', 'CR3,0x900000,1,,,,', 'R,,,1000,,,'];
    const { names, info, replay: counts } = await counted(trace(header, rows));
    expect([names, info, counts]).toEqual([2, 3, 3]);
  });
});
