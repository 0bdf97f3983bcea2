/**
 * The comparer on experiments made up here: what becomes a cell, what counts as different, what the report says.
 */
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/errors.js';
import { TOOL } from '../../../src/version.js';
import { validationJson, validationText, verdictOf } from '../../../src/report/validation.js';
import { validationMarkdown, validationRecord } from '../../../src/report/validation-doc.js';
import { agrees, type Cell, judged } from '../../../src/validate/cell.js';
import { cellsOf } from '../../../src/validate/compare.js';
import type { MeasuredExperiment, MeasuredPhase } from '../../../src/validate/measured.js';
import type { Phase } from '../../../src/validate/phase.js';
import { countsAsDifferent, summarize } from '../../../src/validate/summary.js';
import type { Validation } from '../../../src/validate/validate.js';

function measured(
  phases: readonly MeasuredPhase[],
  over: Partial<MeasuredExperiment> = {},
): MeasuredExperiment {
  return {
    suite: 'kvm',
    number: null,
    scenario: 'touch',
    params: { n: 8 },
    mode: 'shadow',
    partial: false,
    phases,
    ...over,
  };
}

const FIRST: MeasuredPhase = {
  phase: 'first',
  seq: 0,
  total: 9,
  byReason: { WRITE_CR3: 1, 'EXCP_PF.2': 8 },
  byClass: { cr3Write: 1, shadowFill: 8 },
  guestFaults: 0,
  pageTablePages: 9,
};

function modelled(over: Partial<Phase> = {}): Phase {
  return {
    phase: 'first',
    seq: 0,
    exits: {
      total: 9,
      byReason: { 'EXCP_PF.2': 8, WRITE_CR3: 1 },
      byClass: { shadowFill: 8, cr3Write: 1 },
    },
    guestFaults: 0,
    shadowPages: 9,
    pageTablePages: 9,
    counters: { 'shadow.fault': 8 },
    ...over,
  };
}

const different = (cells: readonly Cell[]): string[] =>
  cells
    .filter(countsAsDifferent)
    .map(({ phase, quantity, measured: theirs, modelled: ours }) => `${phase} ${quantity} ${theirs} ${ours}`);

describe('the cells of an experiment', () => {
  it('are its measured numbers, each once', () => {
    const cells = cellsOf(measured([FIRST]), { phases: [modelled()] });
    expect(cells.map(({ quantity }) => quantity)).toEqual([
      'exits',
      'exits.byReason.WRITE_CR3',
      'exits.byReason.EXCP_PF.2',
      'exits.byClass.cr3Write',
      'exits.byClass.shadowFill',
      'guestFaults',
      'pageTablePages',
    ]);
    expect(cells.every(({ equal }) => equal)).toBe(true);
  });

  it('find one exit too many, and one under a name that was not measured', () => {
    const exits = {
      total: 10,
      byReason: { 'EXCP_PF.2': 8, WRITE_CR3: 1, INVLPG: 1 },
      byClass: FIRST.byClass!,
    };
    expect(different(cellsOf(measured([FIRST]), { phases: [modelled({ exits })] }))).toEqual([
      'first exits 9 10',
      'first exits.byReason.INVLPG 0 1',
    ]);
  });

  it('count as different where the scenario failed, ended early, or calls its phase something else', () => {
    const error = new ConfigError('out of frames');
    const failed = cellsOf(measured([FIRST]), { error });
    expect(failed).toHaveLength(7);
    expect(failed.every(countsAsDifferent)).toBe(true);
    expect(failed[0]?.note).toBe('not run: out of frames');
    const early = cellsOf(measured([FIRST]), { phases: [] });
    expect(different(early)).toContain('* phases 1 0');
    expect(different(early)).toContain('first exits 9 null');
    const renamed = cellsOf(measured([FIRST]), { phases: [modelled({ phase: 'again' })] });
    expect(different(renamed)).toContain('first exits 9 null');
    expect(renamed[0]?.note).toBe('phase 0 is called again here');
  });

  it('find a phase too many, unless the data has only some', () => {
    const two = { phases: [modelled(), modelled({ phase: 'again', seq: 1 })] };
    expect(different(cellsOf(measured([FIRST]), two))).toEqual(['* phases 1 2']);
    expect(different(cellsOf(measured([FIRST], { partial: true }), two))).toEqual([]);
  });

  it('leave out what was not measured', () => {
    const { byClass: _, guestFaults: __, pageTablePages: ___, ...bare } = FIRST;
    const cells = cellsOf(measured([bare]), { phases: [modelled()] });
    expect(cells.map(({ quantity }) => quantity)).toEqual([
      'exits',
      'exits.byReason.WRITE_CR3',
      'exits.byReason.EXCP_PF.2',
    ]);
  });
});

describe('a tolerance', () => {
  it('is a share of what was measured, its end included', () => {
    expect(agrees(100, 105, 0.05)).toBe(true);
    expect(agrees(100, 105.1, 0.05)).toBe(false);
    expect(agrees(100, 95, 0.05)).toBe(true);
    expect(agrees(0, 1, 0.5)).toBe(false);
    expect(agrees(100, null, 1)).toBe(false);
  });
});

const cell = (over: Partial<Omit<Cell, 'equal'>>): Cell =>
  judged({
    suite: 'xen',
    scenario: 'remap',
    params: { n: 4 },
    mode: 'shadow',
    phase: 'region',
    kind: 'measured',
    quantity: 'exits',
    measured: 5,
    modelled: 5,
    tolerance: 0,
    note: '',
    ...over,
  });

function validationOf(cells: readonly Cell[]): Validation {
  return { cells, scenarios: summarize(cells), passed: !cells.some(countsAsDifferent) };
}

describe('the report', () => {
  const pool = cell({
    scenario: 'shadow_pool',
    params: { n: 4096, passes: 2 },
    quantity: 'counters.calls to shadow_free',
    modelled: 7,
  });
  const off = cell({ modelled: 8 });
  const worse = cell({ suite: 'kvm', quantity: 'guestFaults', measured: 1, modelled: 0 });

  it('passes if all agree, and says how many', () => {
    const validation = validationOf([cell({}), cell({ quantity: 'guestFaults' })]);
    expect(validation.passed).toBe(true);
    expect(verdictOf(validation)).toBe('all 2 cells agree');
  });

  it('names what differs, furthest first, and does not pass', () => {
    const validation = validationOf([cell({}), cell({ modelled: 6 }), off, worse]);
    expect(validation.passed).toBe(false);
    const text = validationText(validation, 100, false);
    expect(text).toContain('3 of 4 cells differ\n');
    const lines = text.split('\n');
    expect(lines).toContain('xen    remap         3      1          2          0  exits +3');
    const at = lines.indexOf('  shadow n=4: region exits: measured 5, modelled 8');
    expect(lines[at + 1]).toBe('  shadow n=4: region exits: measured 5, modelled 6');
    expect(lines).toContain('  shadow n=4: region guestFaults: measured 1, modelled 0');
  });

  it('shows pool cells that differ apart, with the reason, and counts them not', () => {
    const validation = validationOf([cell({}), pool]);
    expect(validation.passed).toBe(true);
    expect(validation.scenarios[1]).toMatchObject({ scenario: 'shadow_pool', different: 0, explained: 1 });
    const text = validationText(validation, 100, false);
    expect(text).toContain('Explained, not counted:\nthe pool of shadow pages runs dry');
    expect(text).toContain('all 1 cells agree; 1 more differ for a reason that is known');
    // A pool cell that could not be run is no explained difference.
    expect(countsAsDifferent({ ...pool, modelled: null })).toBe(true);
    // Nor is one whose exits differ.
    expect(countsAsDifferent({ ...pool, quantity: 'exits' })).toBe(true);
    // Nor is one that is further off than what is explained.
    expect(countsAsDifferent({ ...pool, modelled: 25 })).toBe(false);
    expect(countsAsDifferent({ ...pool, modelled: 26 })).toBe(true);
    // Nor is one of a working set that fits into the pool: 2,304 pages, 404 of them in use.
    expect(countsAsDifferent({ ...pool, params: { n: 1901, passes: 2 } })).toBe(false);
    expect(countsAsDifferent({ ...pool, params: { n: 1900, passes: 2 } })).toBe(true);
  });

  it('lists every cell on demand, as text and as data', () => {
    const validation = validationOf([cell({}), off, pool]);
    const rows = validationText(validation, 100, true)
      .split('\n')
      .filter((line) => /(?:equal|different|explained)$/.test(line) && line.startsWith('xen'));
    expect(rows).toHaveLength(3);
    const data = validationJson(validation, true, TOOL);
    expect(data).toMatchObject({ passed: false, different: [off], explained: [pool] });
    expect(data.cells).toHaveLength(3);
    expect(validationJson(validation, false, TOOL)).not.toHaveProperty('cells');
  });

  it('makes the page of docs/: result, provenance, table, differences with their reasons', () => {
    const provenance = { xen: { what: 'Xen 9', how: 'by hand', dropped: 'nothing' } };
    const text = validationMarkdown(validationRecord(validationOf([cell({}), off, pool]), provenance));
    expect(text).toContain('**Result: 1 of 3 cells differ; 1 more differ for a reason that is known.**');
    expect(text).toContain('- `xen`: Xen 9. by hand. Left out: nothing.');
    expect(text).toMatch(/\| xen +\| `remap` +\| 2 +\| 1 +\| 1 +\| 0 +\|/);
    expect(text).toContain('Not explained, counts against the model:\n\n- xen `remap`: shadow n=4');
    expect(text).toContain('The pool of shadow pages runs dry');
    expect(text).toContain('## What the data cannot show');
  });

  it('names in docs/ each kind of published row with its own tolerance, and none twice', () => {
    const published = { suite: 'published', scenario: 'gups', mode: 'hap', note: 'a paper' } as const;
    const rows = [
      cell({ ...published, kind: 'shape', quantity: 'refs', tolerance: 0.02 / 1.99 }),
      cell({ ...published, kind: 'shape', quantity: 'cycles', tolerance: 0.1 }),
      cell({ ...published, kind: 'shape', quantity: 'cycles', tolerance: 0.1, params: { n: 8 } }),
      cell({ ...published, kind: 'exact', quantity: 'walks' }),
      cell({ ...published, kind: 'near', quantity: 'rate', tolerance: 0.01 }),
      cell({ ...published, kind: 'calibrated', quantity: 'time', tolerance: 0.2, note: 'a log; half' }),
      cell({ ...published, kind: 'statement', quantity: 'shadow wins', note: 'a paper; 3 against 4' }),
      ...Array.from({ length: 6 }, (_, i) =>
        cell({ ...published, scenario: 'smoke', kind: 'shape', quantity: `G${i}`, tolerance: 0.1 }),
      ),
    ];
    const text = validationMarkdown(validationRecord(validationOf([cell({}), ...rows]), {}));
    expect(text.split('\n').filter((line) => line.includes('From: '))).toEqual([
      '- `gups`: refs (shape, within 1 %). From: a paper.',
      '- `gups`: cycles (shape, within 10 %). From: a paper.',
      '- `gups`: walks (exact). From: a paper.',
      '- `gups`: rate (within 1 %). From: a paper.',
      '- `gups`: time (half calibrated, within 20 %). From: a log; half.',
      '- `gups`: shadow wins (statement). From: a paper; 3 against 4.',
      '- `smoke`: G0 and 5 more (shape, within 10 %). From: a paper.',
    ]);
  });
});
