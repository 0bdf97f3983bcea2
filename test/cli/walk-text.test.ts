import { describe, expect, it } from 'vitest';
import { walkText } from '../../src/cli/walk-text.js';
import type { WalkCacheHit, WalkReport, WalkStep } from '../../src/index.js';
import { cli } from './run-cli.js';

/** A cold 4x4 walk: 4 p2m references before each of 4 guest entries, 4 for the page: 4 * 5 + 4 = 24. */
function coldSteps(): WalkStep[] {
  const steps: WalkStep[] = [];
  const add = (dimension: WalkStep['dimension'], level: number, translating: string): void => {
    steps.push({
      n: steps.length + 1,
      dimension,
      level,
      index: 254,
      table: 1,
      translating,
      frame: 0x10 + level,
    });
  };
  for (const guest of [4, 3, 2, 1]) {
    for (const level of [4, 3, 2, 1]) add('nested', level, `gL${guest}`);
    add('guest', guest, '');
  }
  for (const level of [4, 3, 2, 1]) add('nested', level, 'page');
  return steps;
}

const REPORT: WalkReport = {
  mode: 'hap',
  at: 48213,
  op: 'R',
  va: { hi: 0x7f3a, lo: 0x1c2d5e10 },
  size: 8,
  addressSpace: '3',
  phases: [{ what: 'TLB miss, 2-D walk, 24 references', steps: coldSteps(), hits: [] }],
  gfn: 0x3a107,
  mfn: 0x81c3f,
};

describe('the text of a walk', () => {
  it('shows a two-dimensional walk as a row per guest level', () => {
    expect(walkText(REPORT, '0x00007f3a1c2d5e10').split('\n')).toEqual([
      'access 48213  R 8 B  gVA 0x00007f3a1c2d5e10  address space 3  mode hap',
      'TLB miss, 2-D walk, 24 references',
      '  p2m         L4  L3  L2  L1   then reads',
      '  gL4 table    1   2   3   4    5  guest L4[254]    -> gfn 0x14',
      '  gL3 table    6   7   8   9   10  guest L3[254]    -> gfn 0x13',
      '  gL2 table   11  12  13  14   15  guest L2[254]    -> gfn 0x12',
      '  gL1 table   16  17  18  19   20  guest L1[254]    -> gfn 0x11',
      '  page        21  22  23  24    -  mfn 0x11',
      'result: gfn 0x3a107, mfn 0x81c3f',
      '',
    ]);
  });

  it('shows a one-dimensional walk as a line per reference, and where it ends', () => {
    const steps = coldSteps()
      .filter((step) => step.dimension === 'guest')
      .map((step, i): WalkStep => ({ ...step, n: i + 1, frame: i === 3 ? null : step.frame }));
    const phases = [
      { what: 'TLB miss', steps, hits: [] },
      { what: 'guest fault (demand)', steps: [], hits: [] },
    ];
    const text = walkText(
      { ...REPORT, mode: 'native', at: null, size: 0, phases, gfn: null, mfn: null },
      '0x1',
    );
    expect(text.split('\n')).toEqual([
      'address  gVA 0x1  address space 3  mode native',
      'TLB miss',
      '    1  guest L4[254]      -> gfn 0x14',
      '    2  guest L3[254]      -> gfn 0x13',
      '    3  guest L2[254]      -> gfn 0x12',
      '    4  guest L1[254]      not present',
      'guest fault (demand)',
      'result: no frame',
      '',
    ]);
  });

  it('says in the place of references which cache saved them', () => {
    // The PWC has the guest's L3; the nested TLB knows table gL1; of the page the host PWC has the p2m's L2.
    const steps = coldSteps()
      .filter(
        ({ dimension, level, translating }) =>
          (dimension === 'guest' && level < 3) || (translating === 'page' && level === 1),
      )
      .map((step, i): WalkStep => ({ ...step, n: i + 1 }));
    const hits: WalkCacheHit[] = [
      { cache: 'pwc', level: 3, translating: '', after: 0 },
      { cache: 'ntlb', level: 0, translating: 'gL1', after: 1 },
      { cache: 'npwc', level: 2, translating: 'page', after: 2 },
    ];
    const phases = [{ what: 'TLB miss: page walk', steps, hits }];
    expect(
      walkText({ ...REPORT, phases }, '0x1')
        .split('\n')
        .slice(1, -2),
    ).toEqual([
      'TLB miss: page walk',
      '  page-walk cache (PWC): guest L3 is known, hence those above it',
      '  p2m         L2  L1   then reads',
      '  gL2 table      PWC    1  guest L2[254]    -> gfn 0x12',
      '  gL1 table     nTLB    2  guest L1[254]    -> gfn 0x11',
      '  page         c   3    -  mfn 0x11',
      '  nTLB: the nested TLB knows the translation',
      '  c: the host page-walk cache knows this p2m entry, hence those above it',
    ]);
  });
});

describe('the caches that a walk names', { timeout: 60_000 }, () => {
  // Two processes over many regions: every cache is hit, and missed, somewhere.
  const TRACE = 'gen:uniform,accesses=400,footprint=64M,seed=3';
  const WORDS = ['--guest', 'premapped', '--set', 'stlb.entries=0'];

  /** Hits of the first `records` accesses: by the counters, which know nothing of an observer. */
  const counted = (mode: string, records: number): number[] => {
    const words = ['replay', TRACE, '-m', mode, ...WORDS, '--limit', String(records), '--json', '--all'];
    const { counters } = JSON.parse(cli(words).stdout) as { counters: Record<string, number> };
    const sum = (pattern: RegExp): number =>
      Object.entries(counters).reduce((all, [key, n]) => all + (pattern.test(key) ? n : 0), 0);
    return [sum(/^pwc\.guest\.l\d\.hit$/), sum(/^pwc\.nested\.l\d\.hit$/), sum(/^ntlb\.hit$/)];
  };

  it.each(['native', 'hap', 'shadow'])('under %s are those that are counted', (mode) => {
    let seen = 0;
    for (const at of [7, 150, 399]) {
      const words = ['walk', TRACE, '-m', mode, ...WORDS, '--at', String(at), '--json'];
      const { phases } = JSON.parse(cli(words).stdout) as WalkReport;
      const hits = phases.flatMap((phase) => phase.hits.map(({ cache }) => cache));
      const [before, after] = [counted(mode, at), counted(mode, at + 1)];
      const found = ['pwc', 'npwc', 'ntlb'].map((cache) => hits.filter((each) => each === cache).length);
      expect(found).toEqual(after.map((n, i) => n - before[i]!));
      seen += hits.length;
    }
    expect(seen).toBeGreaterThan(0);
  });
});
