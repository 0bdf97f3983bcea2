import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  TraceError,
  TOOL,
  baselineText,
  check,
  compare,
  compareSaved,
  configDigest,
  diff,
  failedChecks,
  isSame,
  judgeRuns,
  parseBudget,
  parseSaved,
  parseSetting,
  readSaved,
  replay,
  replayAs,
  replayBaseline,
  updateBaseline,
} from '../../src/index.js';

const TRACE = 'op,va\nR,0x1000\nW,0x2000\nR,0x1000\n';
const stdin = (text: string): NodeJS.ReadableStream => Readable.from([text]);

describe('the library', () => {
  it('replays a stream and says what the result rests on', async () => {
    const { result, error } = await replay({
      trace: '-',
      stdin: stdin(TRACE),
      mode: 'native',
      preset: 'none',
    });
    expect(error).toBeNull();
    expect(result.mode).toBe('native');
    expect(result.manifest.trace).toMatchObject({ path: '-', format: 'csv', accesses: 3 });
    expect(result.manifest.config.sha256).toBe(configDigest(result.manifest.config.effective));
    expect(result.manifest.config.preset).toBe('none');
    expect(result.counters['accesses']).toBe(3);
  });

  it('compares modes in the order given, on equal guests', async () => {
    const { result } = await compare({ trace: '-', stdin: stdin(TRACE), modes: ['shadow', 'native', 'hap'] });
    expect(result.results.map((run) => run.mode)).toEqual(['shadow', 'native', 'hap']);
    expect(new Set(result.results.map((run) => run.guestDigest)).size).toBe(1);
    expect(result.verdict).not.toBeNull();
  });

  it('gives what was counted before a bad record together with the error', async () => {
    const { result, error } = await replay({ trace: '-', stdin: stdin(`${TRACE}R,zz\n`) });
    expect(error).toBeInstanceOf(TraceError);
    expect(result.counters['accesses']).toBe(3);
    expect(result.manifest.incomplete).toMatch(/:5:3: /);
  });

  it('applies settings over the preset', async () => {
    const settings = [parseSetting('stlb.entries', 3072, 'test'), parseSetting('seed', 5, 'test')];
    const { result } = await replay({ trace: '-', stdin: stdin(TRACE), settings });
    expect(result.manifest.config.effective.stlb.entries).toBe(3072);
    expect(result.manifest.seed).toBe(5);
  });

  it('can check options without a trace', async () => {
    await expect(check({ trace: '-', preset: 'zen22' }, ['hap'])).rejects.toThrow(/did you mean 'zen2'/);
    await expect(check({ trace: '-', format: 'cvs' }, ['hap'])).rejects.toThrow(/unknown format 'cvs'/);
  });

  it('saves, reads, replays and compares results', async () => {
    const trace = 'traces/examples/fork.csv';
    const { result } = await compare({ trace, modes: ['hap', 'shadow'] });
    const saved = parseSaved(JSON.stringify(result), 'saved.json');
    const again = await replayAs(saved, trace);
    expect(again.error).toBeNull();
    expect(isSame(diff({ results: [saved, again] }))).toBe(true);
    expect(isSame(diff({ results: [saved], columns: ['mode'] }))).toBe(false);
    expect(compareSaved([saved])).toEqual(result);
    const baseline = parseSaved(baselineText(updateBaseline([], saved.runs).runs), 'baseline.json');
    expect(isSame(diff({ results: [baseline, await replayBaseline(baseline)] }))).toBe(true);
  });

  it('judges runs by budgets, against a baseline', async () => {
    const { result } = await replay({ trace: 'traces/examples/fork.csv', mode: 'hap' });
    const { runs } = parseSaved(JSON.stringify(result), 'result.json');
    const base = await readSaved('examples/diff/hap.json');
    const budgets = ['walk.refs > +0', 'walk.refs > 160'].map((text) => parseBudget(text, 'mine'));
    const report = judgeRuns(budgets, runs, base);
    expect(report.checks.map(({ status }) => status)).toEqual(['ok', 'failed']);
    expect(failedChecks(report)[0]?.said).toBe('limit 160, found 161: over by 1');
  });

  it('has the version of its package', () => {
    const manifest: unknown = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    );
    expect(manifest).toMatchObject({ version: TOOL.version });
  });
});
