import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/errors.js';
import { explain, explainTopics, METRIC_EXPLANATIONS } from '../../../src/report/explain.js';
import { METRIC_KEYS } from '../../../src/report/metric-values.js';
import { metricsMarkdown } from '../../../src/report/metrics-doc.js';
import { ROW_LABELS } from '../../../src/report/row-labels.js';

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
  it('are explained by the metric behind them', () => {
    for (const [label, key] of ROW_LABELS) {
      expect(METRIC_EXPLANATIONS.map((metric) => metric.key)).toContain(key);
      expect(explain(label)).toBe(explain(key));
    }
  });
});
