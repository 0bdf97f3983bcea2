import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { explain, explainTopics, METRIC_EXPLANATIONS } from '../../../src/report/explain.js';
import { METRIC_KEYS } from '../../../src/report/metric-values.js';
import { metricsMarkdown } from '../../../src/report/metrics-doc.js';
import { RATIOS } from '../../../src/report/budget/ratios.js';
import { compareSection } from '../../../src/report/compare-section.js';
import { costSection } from '../../../src/report/cost-section.js';
import { exitSection } from '../../../src/report/exit-section.js';
import { intervalSection } from '../../../src/report/interval-section.js';
import type { RunResult } from '../../../src/report/result.js';
import { EXPERIMENTS } from '../../../src/experiments/index.js';
import { ROW_LABELS } from '../../../src/report/row-labels.js';
import {
  guestSection,
  memorySection,
  translationSection,
  walkCacheSection,
  walkSection,
} from '../../../src/report/run-sections.js';
import { run } from './fixtures.js';

describe('explain', () => {
  it('knows every metric, with meaning, unit, cause, remedy and source', () => {
    expect(METRIC_EXPLANATIONS.map((m) => m.key)).toEqual(METRIC_KEYS);
    for (const metric of METRIC_EXPLANATIONS) {
      for (const [name, text] of Object.entries(metric))
        expect(text, `${name} of ${metric.key}`).not.toBe('');
    }
  });

  it('explains each of its topics in lines of at most 80 columns', () => {
    for (const topic of [...explainTopics(), ...METRIC_KEYS]) {
      const text = explain(topic);
      expect(text.endsWith('\n'), topic).toBe(true);
      const longest = Math.max(...text.split('\n').map((line) => line.length));
      expect(longest, topic).toBeLessThanOrEqual(80);
    }
  });

  it('lists each topic once', () => {
    expect(new Set(explainTopics()).size).toBe(explainTopics().length);
  });

  it('explains a counter', () => {
    expect(explain('walk.refs.nested')).toBe(
      [
        'walk.refs.nested',
        '  meaning references to the p2m (EPT/NPT) made inside two-dimensional walks',
        '  unit    count',
        '  cause   every guest table and the data page are guest-physical addresses that',
        '          the p2m must translate',
        '  remedy  larger host pages, a nested TLB',
        '  source  counters.ts (WalkShapes)',
        '',
      ].join('\n'),
    );
  });

  it.each(['cr3_write', 'VMEXIT_CR3_WRITE', 'vmexit.cr3_write', 'WRITE_CR3'])('finds the exit %s', (name) => {
    const text = explain(name);
    expect(text).toMatch(/^vmexit\.cr3_write: write to CR3\n/);
    expect(text).toContain('\n  intel   CR_ACCESS 28\n  amd     VMEXIT_CR3_WRITE 0x13\n');
  });

  it('explains all reasons behind a shared name', () => {
    expect(explain('EPT_VIOLATION')).toMatch(/vmexit\.npf: [^]*\n\nvmexit\.mmio: /);
  });

  it('finds kinds of page fault by their Xen counters', () => {
    expect(explain('shadow_fault_fixed')).toMatch(/^vmexit\.pf\.fixup: fix-up/);
    expect(explain('vmexit.pf.unsync')).toContain('\n  xen     shadow_unsync\n');
  });

  it('forgives case, dashes and flags', () => {
    expect(explain('OOS')).toBe(explain('out-of-sync'));
    expect(explain('--p2m-populate')).toBe(explain('p2m population'));
    expect(explain('2-D Walk')).toBe(explain('nested_walk'));
  });

  it('explains a cost term by its short name, and the whole table', () => {
    expect(explain('exit.transition')).toBe(explain('cost.exit.transition.cycles'));
    expect(explain('cost')).toMatch(/\n {2}exit\.transition +1200 {2}VMEXIT and VM entry, any reason\n/);
  });

  it('suggests what was meant', () => {
    expect(() => explain('cr3_wirte')).toThrow(
      "nothing to explain under 'cr3_wirte' (did you mean 'cr3_write'?)",
    );
    expect(() => explain('')).toThrow(UsageError);
    expect(() => explain('zzzzzzzzzzzz')).toThrow("nothing to explain under 'zzzzzzzzzzzz'");
  });
});

describe('docs/metrics.md', () => {
  it('is what `npm run docs` writes', () => {
    const path = new URL('../../../docs/metrics.md', import.meta.url);
    expect(readFileSync(path, 'utf8'), 'run `npm run docs` to write docs/metrics.md again').toBe(
      metricsMarkdown(),
    );
  });

  it('has every key; those of the guest kernel by a rule', () => {
    const keys = METRIC_KEYS.filter((key) => !key.startsWith('kernel.'));
    const text = metricsMarkdown();
    expect(keys.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
    expect(text).toContain('also exists with `kernel.` in front');
  });
});

describe('rows of the tables', () => {
  it('are explained by metrics that exist', () => {
    const known = [...METRIC_KEYS, ...RATIOS.map(({ key }) => key)];
    for (const [label, { text, keys }] of ROW_LABELS) {
      expect(known, label).toEqual(expect.arrayContaining([...keys]));
      if (text === null) for (const key of keys) expect(explain(label)).toContain(explain(key).trimEnd());
      else expect(explain(label).replaceAll(/\s+/g, ' '), label).toContain(`${label} meaning ${text}`);
    }
  });

  /** Every counter has happened, so that no row is left out. */
  const all = (mode: string, policy: string): RunResult => {
    const { counters, memory } = run();
    const seven = <T extends object>(values: T): T =>
      Object.fromEntries(Object.keys(values).map((key) => [key, 7])) as T;
    const pool = { 'pool.pages': 100 };
    const interval = { from: 0, accesses: 1, counters: seven(counters), memory };
    return run({
      mode,
      policy,
      counters: seven(counters),
      memory: { ...seven(memory), ...pool },
      intervals: [interval],
    });
  };
  const runs = [all('native', 'xen'), all('hap', 'xen'), all('shadow', 'xen'), all('shadow', 'kvm'), run()];
  const sections = [
    ...runs.flatMap((one) => [
      translationSection(one),
      walkSection(one),
      walkCacheSection(one),
      guestSection(one),
      memorySection(one),
      exitSection(one),
      costSection(one),
      intervalSection(one),
    ]),
    compareSection(runs.slice(0, 3)),
  ];
  const slices = new Set(runs.flatMap((one) => intervalSection(one).rows.map(({ label }) => label)));
  const labels = new Set([
    ...sections.flatMap(({ title, heads, rows }) => [title, ...heads, ...rows.map(({ label }) => label)]),
    ...sections.flatMap(({ heads, rows }) =>
      heads.includes('Intel / AMD name') ? rows.map(({ cells }) => cells[0] ?? '') : [],
    ),
  ]);

  it('are known to `explain`, each label, head and title of replay and compare as it is printed', () => {
    const printed = [...labels].filter((label) => label !== '' && !slices.has(label));
    // Those that a user asked for in vain, and the kinds of label that there are.
    expect(printed).toEqual(
      expect.arrayContaining([
        'vs native',
        'per record',
        'page fault (#PF): EXCEPTION_NMI / EXCEPTION_PF',
        'EXCEPTION_NMI 0 / EXCEPTION_PF 0x4e',
        'Xen: shadow_unsync',
        'KVM: ptWriteUnprotected',
        'L2 (PDE)',
        'monitor tables',
        'nested TLB hits *',
        '(none)',
        'miss share',
        'Intervals from',
      ]),
    );
    const unknown = printed.filter((label) => {
      try {
        return explain(label) === '';
      } catch {
        return true;
      }
    });
    expect(unknown).toEqual([]);
  });

  it('has no label that nothing prints', () => {
    for (const { axis, columns } of EXPERIMENTS.all())
      for (const label of [axis, ...columns.flatMap(({ group, head }) => [group, head])]) labels.add(label);
    expect([...ROW_LABELS.keys()].filter((label) => !labels.has(label))).toEqual([]);
  });

  it('explains what is made of two counts in words, with the metrics behind it', () => {
    expect(explain('vs native')).toBe(
      [
        'vs native',
        '  meaning estimated cycles by those of native: 1.50x is half as many again',
        '  metrics cost.cycles',
        '',
      ].join('\n'),
    );
  });
});
