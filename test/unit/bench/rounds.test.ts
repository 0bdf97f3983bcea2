import { describe, expect, it } from 'vitest';
import { isSound, measureRow } from '../../../bench/rounds.mjs';
import { markdown, rowText } from '../../../bench/output.mjs';

const CONTEXT = { rounds: 3 };

/** A row whose sides take the given costs in turn, and what happened, in order. */
function fakeRow(session: object, more: object = {}) {
  const log: string[] = [];
  const baseline = [4, 2, 3];
  const subject = [5, 6, 7];
  const open = async () => ({
    baseline: async () => (log.push('baseline'), baseline.shift() ?? 1),
    subject: async () => (log.push('subject'), subject.shift() ?? 1),
    close: () => log.push('close'),
    ...session,
  });
  const target = { floor: 3, goal: 1.5, better: 'lower' };
  const row = { id: 'fake', title: 'a row', unit: 'ns', sides: ['C', 'p2msim'], target, open, ...more };
  return { row, log };
}

describe('a row of the benches', () => {
  it('takes both sides in turn, then closes them', async () => {
    const { row, log } = fakeRow({});
    await measureRow(row, CONTEXT);
    expect(log.join(' ')).toBe('baseline subject baseline subject baseline subject close');
  });

  it('divides the medians: 6 over 3', async () => {
    expect(await measureRow(fakeRow({}).row, CONTEXT)).toMatchObject({ value: 2, verdict: 'meets floor' });
  });

  it('is measured fewer times if it says so, and closed if it falls over', async () => {
    const few = fakeRow({}, { mostRounds: 1 });
    await measureRow(few.row, CONTEXT);
    expect(few.log).toEqual(['baseline', 'subject', 'close']);
    const broken = fakeRow({ subject: () => Promise.reject(new Error('no')) });
    await expect(measureRow(broken.row, CONTEXT)).rejects.toThrow('no');
    expect(broken.log).toEqual(['baseline', 'close']);
  });

  it('says what is missing', async () => {
    const { row } = fakeRow({}, { open: async () => ({ unavailable: 'no compiler' }) });
    expect(rowText(await measureRow(row, CONTEXT))).toBe(
      'fake                   a row\n    not available: no compiler',
    );
  });
});

describe('a row that fell over', () => {
  it('says why', () => {
    expect(rowText({ id: 'fake', title: 'a row', unavailable: 'worker ended', failed: true })).toBe(
      'fake                   a row\n    fell over: worker ended',
    );
  });
});

describe('what the benches print', () => {
  const checks = [{ digest: 'abc', of: ['C', 'p2msim'], differences: [] }];

  it('a row with its spread, target, verdict and digest', async () => {
    const row = await measureRow(fakeRow({ check: async () => checks }).row, CONTEXT);
    expect(rowText(row)).toBe(
      [
        'fake                   a row',
        '    C 3.00 (2.00..4.00), p2msim 6.00 (5.00..7.00) ns',
        '    2.00x, floor <= 3x, goal <= 1.5x: meets floor',
        '    digest abc C = p2msim',
      ].join('\n'),
    );
  });

  it('a Markdown table, and the machine above it', async () => {
    const rows = [await measureRow(fakeRow({ check: async () => checks }).row, CONTEXT)];
    const machine = { cpu: 'a processor', cores: 2, memoryGiB: 8, system: 'Linux', node: 'v20', load: 0 };
    const text = markdown({
      machine: { ...machine, compiler: null },
      rounds: 3,
      records: 8e6,
      quick: false,
      rows,
    });
    expect(text.split('\n')[0]).toBe(
      'a processor, 2 cores, 8 GiB, Linux, Node v20, no C compiler; 3 rounds, 8M records; load 0.0 at the start',
    );
    expect(text).toContain(
      '| fake | a row | C 3.00 (2.00..4.00) ns | p2msim 6.00 (5.00..7.00) ns | 2.00x | <= 3x | <= 1.5x | meets floor |',
    );
    expect(text).toContain('1 comparisons of counters between p2msim and the references: all equal.');
  });
});

describe('the exit code', () => {
  it('is about counters and rows that fell over, not about times', () => {
    const equal = { checks: [{ differences: [] }] };
    expect(isSound([equal, {}])).toBe(true);
    expect(isSound([equal, { checks: [{ differences: ['a: C 1, p2msim 2'] }] }])).toBe(false);
    expect(isSound([equal, { failed: true }])).toBe(false);
  });
});
