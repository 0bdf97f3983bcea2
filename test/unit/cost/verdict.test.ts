import { describe, expect, it } from 'vitest';
import { judge, type Judged } from '../../../src/cost/verdict.js';

interface Parts {
  readonly tlb?: number;
  readonly walk?: number;
  readonly exit?: number;
  readonly hypervisor?: number;
  readonly exits?: number;
  readonly refs?: number;
}

function judged(mode: string, parts: Parts): Judged {
  const { tlb = 0, walk = 0, exit = 0, hypervisor = 0, exits = 0, refs = 0 } = parts;
  const cycles = tlb + walk + exit + hypervisor;
  return {
    mode,
    counters: { 'vmexit.total': exits, 'walk.refs': refs },
    cost: { cycles, low: cycles, high: cycles, byGroup: { tlb, walk, exit, hypervisor }, terms: [] },
  };
}

describe('judge', () => {
  it('needs two virtualized modes', () => {
    expect(judge([])).toBeNull();
    expect(judge([judged('native', { walk: 1 }), judged('hap', { walk: 2 })])).toBeNull();
  });

  it('names the cheaper mode, the reason and the price of an exit at which it flips', () => {
    // hap 1000 + 0, shadow 400 + 800 f: equal at f = 600 / 800 = 0.75.
    // shadow's exit costs 800 / 4 = 200 cycles on average, so it would have to cost 150.
    const verdict = judge([
      judged('native', { walk: 300 }),
      judged('hap', { walk: 1000, refs: 50 }),
      judged('shadow', { walk: 400, exit: 700, hypervisor: 100, exits: 4, refs: 20 }),
    ]);
    expect(verdict).toEqual({
      winner: 'hap',
      loser: 'shadow',
      ratioMilli: 1200,
      breakEvenMilli: 750,
      breakEvenCyclesPerExit: 150,
      sentences: [
        'hap is 1.20x cheaper than shadow here: 1,000 against 1,200 estimated cycles.',
        'shadow pays 800 cycles more in exits and hypervisor work (4 VMEXITs against 0); hap pays 600 cycles more in page walks (50 references against 20).',
        'They break even if a VMEXIT cost 0.75x what the cost table says (on average 150 instead of 200 cycles with its handler): dearer exits favour hap, cheaper ones shadow.',
      ],
    });
  });

  it('says the same of a winner that exits', () => {
    // hap 1000, shadow 400 + 300 f: equal at f = 2; an exit would have to cost 2 x 100.
    const verdict = judge([
      judged('hap', { walk: 1000 }),
      judged('shadow', { walk: 400, exit: 300, exits: 3 }),
    ]);
    expect(verdict).toMatchObject({
      winner: 'shadow',
      ratioMilli: 1429,
      breakEvenMilli: 2000,
      breakEvenCyclesPerExit: 200,
    });
    expect(verdict?.sentences[2]).toContain('dearer exits favour hap, cheaper ones shadow');
  });

  it('gives digits that say something however small the factor is', () => {
    // Equal at f = 3 / 700,000 = 0.0000043; an exit would cost 3 / 256 of a cycle instead of 2734.
    const verdict = judge([
      judged('hap', { walk: 1003 }),
      judged('shadow', { walk: 1000, exit: 700_000, exits: 256 }),
    ]);
    expect(verdict?.sentences[2]).toContain(
      'cost 0.0000043x what the cost table says (on average less than 1 instead of 2,734 cycles with its handler)',
    );
  });

  it('finds no break-even when the loser is dearer in everything', () => {
    const verdict = judge([
      judged('a', { walk: 10, exit: 10, exits: 1 }),
      judged('b', { walk: 20, exit: 20, exits: 2 }),
    ]);
    expect(verdict).toMatchObject({ winner: 'a', breakEvenMilli: null, breakEvenCyclesPerExit: null });
    expect(verdict?.sentences.slice(1)).toEqual([
      'b pays 10 cycles more in exits (2 VMEXITs against 1) and 10 cycles more in page walks (0 references against 0).',
      'No price of a VMEXIT turns that round: b is cheaper neither in walks nor in exits.',
    ]);
  });

  it('says that exits do not matter when both pay the same for them', () => {
    const verdict = judge([judged('a', { walk: 10 }), judged('b', { walk: 20, tlb: 5 })]);
    expect(verdict?.sentences.slice(1)).toEqual([
      'b pays 15 cycles more in TLB hits and page walks (0 references against 0).',
      'No price of a VMEXIT changes that: both spend the same on exits and hypervisor work.',
    ]);
  });

  it('calls totals within 1 % comparable, and beyond that not', () => {
    const headline = (cycles: number): string | undefined =>
      judge([judged('a', { walk: 1000 }), judged('b', { walk: cycles })])?.sentences[0];
    expect(headline(1010)).toBe(
      'a and b are comparable here, within 1 %: 1,000 against 1,010 estimated cycles.',
    );
    expect(headline(1011)).toBe('a is 1.01x cheaper than b here: 1,000 against 1,011 estimated cycles.');
  });

  it('calls a tie a tie and breaks it by the order given', () => {
    const verdict = judge([judged('b', { walk: 5 }), judged('a', { walk: 5 })]);
    expect(verdict).toMatchObject({ winner: 'b', loser: 'a', ratioMilli: 1000, breakEvenMilli: null });
    expect(verdict?.sentences.slice(0, 2)).toEqual([
      'b and a cost the same here: 5 estimated cycles each.',
      'Both spend the same on walks and on exits.',
    ]);
  });

  it('puts the break-even of a tie with different means at one', () => {
    const verdict = judge([judged('a', { walk: 9 }), judged('b', { walk: 4, exit: 5, exits: 1 })]);
    expect(verdict).toMatchObject({ breakEvenMilli: 1000, breakEvenCyclesPerExit: 5 });
  });

  it('does not divide by a winner that costs nothing', () => {
    const verdict = judge([judged('a', {}), judged('b', { exit: 1900, exits: 1 })]);
    expect(verdict).toMatchObject({ ratioMilli: 0, breakEvenMilli: null });
    expect(verdict?.sentences[0]).toBe('a is cheaper than b here: 0 against 1,900 estimated cycles.');
  });

  it('judges the best two of three', () => {
    const verdict = judge([judged('a', { walk: 30 }), judged('b', { walk: 10 }), judged('c', { walk: 20 })]);
    expect(verdict).toMatchObject({ winner: 'b', loser: 'c' });
  });

  it('writes large amounts short', () => {
    const verdict = judge([judged('a', { walk: 67_700_000 }), judged('b', { walk: 1_234_000_000 })]);
    expect(verdict?.sentences[0]).toBe(
      'a is 18.23x cheaper than b here: 67.7 M against 1.2 G estimated cycles.',
    );
  });
});
