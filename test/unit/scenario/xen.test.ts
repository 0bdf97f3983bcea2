/**
 * The guest of the Xen suite: what a workload does to tables and how it faults, counted by hand, and parameters.
 */
import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US } from '../../../src/arch/pte.js';
import { UsageError } from '../../../src/errors.js';
import { completeParams, rangeText, splitParams } from '../../../src/scenario/params.js';
import { SoftMmu } from '../../../src/scenario/soft-mmu.js';
import { findScenario, SUITES } from '../../../src/scenario/suites.js';
import { XEN_SUITE } from '../../../src/scenario/xen/index.js';
import { OpLines } from '../../validation/xen-op-lines.js';

const DATA1 = 0xc000;
const MAPPED = 0x30000;

/** Lines of a scenario's measured region, `old` values left out. */
function region(name: string, given: Record<string, number | string> = {}): string[] {
  const lines: string[] = [];
  const mmu = new SoftMmu(XEN_SUITE.bootRoot);
  XEN_SUITE.bootTables({}, (gfn, index, frame, flags) => mmu.place(gfn, index, frame, flags));
  const session = XEN_SUITE.boot(mmu, {});
  mmu.sink = new OpLines((line) => lines.push(line));
  session.run(name, completeParams(XEN_SUITE.scenarios.get(name), given));
  return lines.slice(lines.indexOf('START') + 1, lines.indexOf('END'));
}

const count = (lines: readonly string[], op: string): number =>
  lines.filter((line) => line.split(' ')[0] === op).length;

describe('the guest boots', () => {
  it('from the base root, and writes every page of the direct map once, in order', () => {
    const lines: string[] = [];
    const mmu = new SoftMmu(XEN_SUITE.bootRoot, new OpLines((line) => lines.push(line)));
    XEN_SUITE.bootTables({}, (gfn, index, frame, flags) => mmu.place(gfn, index, frame, flags));
    XEN_SUITE.boot(mmu, {});
    expect(lines).toHaveLength(1 + MAPPED);
    expect(lines.slice(0, 3)).toEqual(['CR3 0x800000', 'W 0xffff880000000000', 'W 0xffff880000001000']);
    expect(lines.at(-1)).toBe('W 0xffff88002ffff000');
  });

  it('with tables that map the direct map one to one, A=D=1', () => {
    const mmu = new SoftMmu(XEN_SUITE.bootRoot);
    XEN_SUITE.bootTables({}, (gfn, index, frame, flags) => mmu.place(gfn, index, frame, flags));
    // L1 tables follow L4, L3 and L2 at 8 MiB + 12 KiB; frame 0x12345 is entry 0x145 of the 0x91st.
    expect(mmu.loadEntry(0x803 + 0x91, 0x145)).toEqual({
      frame: 0x12345,
      flags: PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D,
    });
    expect(mmu.loadEntry(0x800, 272)).toEqual(mmu.loadEntry(0x800, 0));
    expect(mmu.loadEntry(0x800, 1).flags & PTE_P).toBe(0);
  });
});

describe('workloads, by hand', () => {
  it('demand_fault: a fault, a zeroed frame and an entry per page; three tables for the first', () => {
    const lines = region('demand_fault', { n: 3, kind: 'write' });
    expect([count(lines, 'FAULT'), count(lines, 'IRET'), count(lines, 'W')]).toEqual([3, 3, 6]);
    // Tables: L3, L2, L1, each zeroed and linked; three data frames, three leaf entries.
    expect([count(lines, 'Z'), count(lines, 'TW')]).toEqual([3 + 3, 3 + 3]);
    expect(lines.at(-1)).toBe('W 0x8000002000');
  });

  it('demand_fault: a block of 8 is cut at the end of the region', () => {
    const lines = region('demand_fault', { n: 12, kind: 'read', faultaround: 8 });
    expect(count(lines, 'FAULT')).toBe(2);
    // 12 leaves and three tables; page-cache frames are not zeroed, tables are.
    expect([count(lines, 'TW'), count(lines, 'Z')]).toEqual([12 + 3, 3]);
  });

  it('fork_exit: the second child takes the tables that the first one freed, its root zeroed', () => {
    const lines = region('fork_exit', { r: 2, pages: 4, cow: 1 });
    // Each child: L4, L3, L2, L1; the frames freed last (L4, L3, L2, L1 in that order) are taken first.
    const zeroed = lines.filter((line) => line.startsWith('Z '));
    expect(zeroed).toHaveLength(8);
    expect(zeroed.slice(0, 4).toSorted()).toEqual(zeroed.slice(4).toSorted());
    expect(zeroed[4]).toBe(zeroed[0]);
    // CR3: flush after fork, to the child, two flushes at exit, back to the parent.
    expect([count(lines, 'CR3'), count(lines, 'C'), count(lines, 'INVLPG')]).toEqual([10, 2, 4]);
  });

  it('mix: the seed decides', () => {
    const [one, again, other] = [1, 1, 2].map((seed) => region('mix', { seed, steps: 50, spaces: 2 }));
    expect(one).toEqual(again);
    expect(one).not.toEqual(other);
  });

  it('scatter visits each of a power of two of pages once', () => {
    // (i * 167) & 3 for i = 0 ... 3: 0, 3, 334 & 3 = 2, 501 & 3 = 1.
    expect(region('read_touch', { n: 4, order: 'scatter' })).toEqual([
      'R 0x8000000000',
      'R 0x8000003000',
      'R 0x8000002000',
      'R 0x8000001000',
    ]);
  });

  it('l2_write: links tables that were made before, touching each', () => {
    const lines = region('l2_write', { m: 2, phase: 'link_touch' });
    expect(lines.filter((line) => !line.startsWith('TR'))).toEqual([
      expect.stringMatching(/^TW 0x\w+008 2 0x8000200000 0x\w+067$/),
      'W 0x8000200000',
      expect.stringMatching(/^TW 0x\w+010 2 0x8000400000 0x\w+067$/),
      'W 0x8000400000',
    ]);
  });

  it('a retouched page of remap is in its new frame', () => {
    const lines: string[] = [];
    const mmu = new SoftMmu(XEN_SUITE.bootRoot);
    XEN_SUITE.bootTables({}, (gfn, index, frame, flags) => mmu.place(gfn, index, frame, flags));
    const session = XEN_SUITE.boot(mmu, {});
    mmu.sink = new OpLines((line) => lines.push(line));
    session.run('remap', completeParams(XEN_SUITE.scenarios.get('remap'), { n: 2, phase: 'retouch' }));
    const stores = lines.filter((line) => line.startsWith('TW') && line.includes(' 1 0x8000001000 '));
    expect(stores.map((line) => line.split(' ')[4])).toEqual([
      `0x${(DATA1 * 4096 + 0x1067).toString(16)}`,
      `0x${(0xe000 * 4096 + 0x1067).toString(16)}`,
    ]);
  });
});

describe('parameters', () => {
  const scenario = XEN_SUITE.scenarios.get('demand_fault');

  it('are completed with defaults, and taken from text', () => {
    expect(completeParams(scenario, splitParams(['n=5', 'kind=read']))).toEqual({
      n: 5,
      kind: 'read',
      ad: 1,
      faultaround: 1,
      order: 'asc',
      pte: 'rw',
    });
    expect(scenario.params.map(rangeText)).toContain('1 to 131072');
  });

  it.each([
    [{ m: 3 }, "scenario demand_fault has no parameter 'm' (did you mean 'n'?); parameters are n, kind"],
    [{ n: 0 }, "scenario demand_fault: n is '0'; expected a whole number, 1 to 131072"],
    [{ n: 'many' }, "n is 'many'; expected a whole number"],
    [{ n: 1.5 }, "n is '1.5'; expected a whole number"],
    [{ kind: 'wirte' }, "kind is 'wirte' (did you mean 'write'?); expected one of write, read"],
    [{ faultaround: 12 }, 'faultaround is 12, expected a power of two'],
    [{ n: 3, order: 'scatter' }, "n is 3 with order 'scatter'"],
    [{ kind: 'write', pte: 'ro' }, "pte is 'ro' and kind 'write'"],
  ])('refuses %o', (given, message) => {
    let thrown: unknown;
    try {
      completeParams(scenario, given);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect((thrown as UsageError).message).toContain(message);
    expect((thrown as UsageError).hint).toContain('`p2msim validate --list` shows');
  });

  it('refuses more entries, or pages, than there are', () => {
    const fork = XEN_SUITE.scenarios.get('fork_exit');
    expect(() => completeParams(fork, { pages: 8, cow: 9 })).toThrow('cow is 9, expected at most pages (8)');
    const switches = XEN_SUITE.scenarios.get('context_switch');
    expect(() => completeParams(switches, { w: 1, ptewrites: 2 })).toThrow('expected at most w (1)');
  });

  it('refuses words that are no NAME=VALUE, and a name given twice', () => {
    expect(() => splitParams(['n'])).toThrow("--param is 'n'; expected NAME=VALUE");
    expect(() => splitParams(['n=1', 'n=2'])).toThrow('parameter n is given twice: 1 and 2');
  });
});

describe('suites', () => {
  it('are found by scenario, or by name', () => {
    const { suite, scenario } = findScenario('fork_exit');
    expect([suite, scenario.name]).toEqual([XEN_SUITE, 'fork_exit']);
    expect(findScenario('remap', 'kvm').suite).toBe(SUITES.get('kvm'));
    expect(findScenario('remap', 'kvm').scenario).not.toBe(findScenario('remap', 'xen').scenario);
  });

  it.each([
    ['fork_exitt', undefined, "unknown scenario 'fork_exitt' (did you mean 'fork_exit'?)", '--list` shows'],
    ['xyz', 'kvm', "unknown scenario 'xyz' in suite kvm", '--list --suite kvm` shows'],
    ['remap', undefined, "suites xen and kvm both have a scenario 'remap'", 'say which: --suite xen'],
  ])('%s of %s: says what is wrong and what to do, in a line', (name, suite, message, hint) => {
    let thrown: unknown;
    try {
      findScenario(name, suite);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect((thrown as UsageError).message).toBe(message);
    expect((thrown as UsageError).hint).toContain(hint);
  });
});
