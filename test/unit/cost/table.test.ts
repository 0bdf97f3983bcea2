import { describe, expect, it } from 'vitest';
import { DEFAULT_COST_TABLE, listAssumptions, loadCostTable } from '../../../src/cost/table.js';
import { ConfigError } from '../../../src/errors.js';
import { COUNTERS } from '../../../src/counters.js';

const rows = DEFAULT_COST_TABLE.rows;

function file(changes: Record<string, unknown>): unknown {
  return { schema: 'p2msim.cost/1', rows: changes };
}

function message(load: () => unknown): string {
  try {
    load();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no error';
}

describe('the default cost table', () => {
  it('names counters that exist', () => {
    const keys = new Set(COUNTERS.map((counter) => counter.key));
    expect(rows.flatMap((row) => row.counters).filter((key) => !keys.has(key))).toEqual([]);
  });

  it('charges no counter twice in one group but for the transition of an exit', () => {
    const charged = rows.filter((row) => row.term !== 'exit.transition').flatMap((row) => row.counters);
    expect(new Set(charged).size).toBe(charged.length);
  });

  it('gives each term one name, whole cycles, words and a source', () => {
    expect(new Set(rows.map((row) => row.term)).size).toBe(rows.length);
    for (const row of rows) {
      expect(Number.isSafeInteger(row.cyclesEach) && row.cyclesEach >= 0, row.term).toBe(true);
      expect(row.what.length, row.term).toBeGreaterThan(0);
      expect(row.what.length, `${row.term} must leave room in a table`).toBeLessThanOrEqual(36);
      expect(row.source.length, row.term).toBeGreaterThan(10);
    }
  });

  it('lists the rows that nobody has published, with their cycles', () => {
    const list = listAssumptions(DEFAULT_COST_TABLE);
    expect(list[0]).toMatch(/^walk\.ref\.flat = 30 cycles: assumption/);
    // All 26 rows but tlb.stlb, four cache levels and two kinds of page-walk cache.
    expect(list).toHaveLength(26 - 7);
  });
});

describe('loadCostTable', () => {
  it('replaces the rows that the file names and keeps the others', () => {
    const table = loadCostTable(file({ 'exit.transition': { cycles: 1500, source: 'measured' } }), 'my.json');
    const changed = table.rows.find((row) => row.term === 'exit.transition');
    expect(table.name).toBe('my.json');
    expect(changed).toMatchObject({ cyclesEach: 1500, source: 'measured', counters: ['vmexit.total'] });
    expect(table.rows.filter((row) => row !== changed)).toEqual(
      rows.filter((row) => row.term !== 'exit.transition'),
    );
  });

  it('takes a free row, and marks a row without source as an assumption of the file', () => {
    const table = loadCostTable(file({ 'walk.pwc': { cycles: 0 } }), 'my.json');
    expect(table.rows.find((row) => row.term === 'walk.pwc')).toMatchObject({
      cyclesEach: 0,
      source: 'assumption of my.json',
    });
  });

  it('suggests the term that was meant', () => {
    expect(message(() => loadCostTable(file({ 'exit.transitoin': { cycles: 1 } }), 'my.json'))).toMatch(
      /^my\.json: unknown cost term 'exit\.transitoin' \(did you mean 'exit\.transition'\?\); terms are tlb\.stlb, /,
    );
  });

  it.each([
    [-1, '-1'],
    [1.5, '1.5'],
    ['12', '"12"'],
    [undefined, 'missing'],
    [2 ** 53, '9007199254740992'],
  ])('refuses %s cycles', (cycles, found) => {
    expect(message(() => loadCostTable(file({ 'walk.pwc': { cycles } }), 'my.json'))).toBe(
      `my.json: rows["walk.pwc"]: cycles is ${found}, expected a whole number, at least 0`,
    );
  });

  it.each([
    [null, 'my.json: found null, expected an object'],
    [[], 'my.json: found [], expected an object'],
    [{ rows: {} }, 'my.json: schema is missing, expected "p2msim.cost/1"'],
    [{ schema: 'p2msim.cost/1' }, 'my.json: rows: found missing, expected an object of terms'],
    [{ schema: 'p2msim.cost/1', rows: {}, row: 1 }, "my.json: unknown key 'row', expected schema and rows"],
    [
      file({ 'walk.pwc': 3 }),
      'my.json: rows["walk.pwc"]: found 3, expected an object with cycles and source',
    ],
    [
      file({ 'walk.pwc': { cycles: 1, source: '' } }),
      'my.json: rows["walk.pwc"]: source is "", expected where the figure comes from',
    ],
    [
      file({ 'walk.pwc': { cycle: 1 } }),
      'my.json: rows["walk.pwc"]: unknown key \'cycle\', expected cycles and source',
    ],
  ])('refuses %j', (json, expected) => {
    expect(message(() => loadCostTable(json, 'my.json'))).toBe(expected);
  });
});
