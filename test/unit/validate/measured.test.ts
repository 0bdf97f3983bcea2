/**
 * The measured data: who may read it, how large it is, that it agrees with the campaign it was measured in.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { completeParams } from '../../../src/scenario/params.js';
import { SUITES } from '../../../src/scenario/suites.js';
import { XEN_CAMPAIGN } from '../../../src/scenario/xen/index.js';
import { readMeasured } from '../../../src/validate/measured.js';
import { LAB_MODES } from '../../../src/validate/modes.js';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));

interface Source {
  readonly path: string;
  readonly text: string;
}

const SOURCES: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(SRC, path), 'utf8') }));

/** Files that import a value (not only types) from measured.ts. */
function importers(sources: readonly Source[]): string[] {
  const pattern = /import\s+(?!type\b)[^;]*from '[^']*\/measured\.js'|import\([^)]*measured\.js/;
  return sources.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

/** Files with a path into a folder called data. */
function readers(sources: readonly Source[]): string[] {
  return sources.filter(({ text }) => /['"`]\.{1,2}\/(?:[\w.]+\/)*data\//.test(text)).map(({ path }) => path);
}

describe('measured numbers', () => {
  it('are read by measured.ts, and that is imported by the comparer alone', () => {
    expect(importers(SOURCES)).toEqual(['validate/compare.ts']);
    expect(readers(SOURCES)).toEqual(['validate/measured.ts']);
  });

  it('would be found elsewhere', () => {
    const text = "import { a, type B, readMeasured } from '../validate/measured.js';\n";
    expect(importers([{ path: 'x.ts', text }])).toEqual(['x.ts']);
    expect(importers([{ path: 'x.ts', text: "import type { B } from './measured.js';" }])).toEqual([]);
    expect(readers([{ path: 'x.ts', text: "readFileSync('./data/xen.json')" }])).toEqual(['x.ts']);
  });

  it('stay small enough to ship', () => {
    const folder = join(SRC, 'validate/data');
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThan(400_000);
  });

  it('are 242 experiments of Xen in each of three modes, and 463 of KVM', () => {
    const xen = readMeasured('xen').experiments;
    for (const mode of ['shadow', 'shadow-nooos', 'hap']) {
      expect(xen.filter((experiment) => experiment.mode === mode)).toHaveLength(242);
    }
    expect(xen).toHaveLength(3 * 242);
    const kvm = readMeasured('kvm').experiments;
    expect(kvm).toHaveLength(463);
    expect(kvm.flatMap(({ phases }) => phases)).toHaveLength(1617);
  });

  it('name scenarios, parameters and modes that exist', () => {
    for (const suite of SUITES.all()) {
      for (const { scenario, params, mode } of readMeasured(suite.name).experiments) {
        expect(() => completeParams(suite.scenarios.get(scenario), params)).not.toThrow();
        expect(LAB_MODES[suite.name].has(mode)).toBe(true);
      }
    }
  });

  it('of Xen carry the number that their experiment has in the campaign', () => {
    const { scenarios } = SUITES.get('xen');
    for (const { number, scenario, params } of readMeasured('xen').experiments) {
      const run = XEN_CAMPAIGN[number ?? -1];
      expect(run?.scenario, `experiment ${number}`).toBe(scenario);
      const known = scenarios.get(scenario);
      expect(completeParams(known, run?.params ?? {})).toEqual(completeParams(known, params));
    }
  });
});
