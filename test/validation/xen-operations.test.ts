/**
 * The Xen scenarios do what the measured guest did: every operation of all 324 experiments.
 *
 * data/xen-operations.json has a digest of each experiment's operations in the measured guest's own trace
 * (make-operation-digests.mjs says how they are made). Here the scenarios run over a software MMU, in the order
 * of the campaign on one guest, and their lines are digested in the same way.
 */
import { createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { completeParams } from '../../src/scenario/params.js';
import { SoftMmu } from '../../src/scenario/soft-mmu.js';
import { bootXen, XEN_CAMPAIGN, XEN_SUITE, type Experiment } from '../../src/scenario/xen/index.js';
import { OpLines } from './xen-op-lines.js';

interface Digest {
  readonly experiment: string;
  readonly lines: number;
  readonly sha256: string;
}

const PATH = new URL('./data/xen-operations.json', import.meta.url);
const measured = (JSON.parse(readFileSync(PATH, 'utf8')) as { experiments: Digest[] }).experiments;

/** `EXP 5 cpuid n=100`, as the trace writer announces an experiment. */
function title(number: number, { scenario, params }: Experiment): string {
  const words = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  return ['EXP', number, scenario, ...words].join(' ');
}

/** Digests lines, and announces the experiment where its measured region begins. */
class Digester {
  #title = '';
  #hash: Hash = createHash('sha256');
  #lines = 0;
  /** Lines that wait to be digested: one call per line is slow. */
  #pending: string[] = [];

  begin(experiment: string): void {
    this.#title = experiment;
    this.#hash = createHash('sha256');
    this.#lines = 0;
  }

  readonly add = (line: string): void => {
    if (line === 'START') this.#push(this.#title);
    this.#push(line);
  };

  end(): Digest {
    this.#flush();
    return { experiment: this.#title, lines: this.#lines, sha256: this.#hash.digest('hex') };
  }

  #push(line: string): void {
    this.#lines += 1;
    this.#pending.push(line);
    if (this.#pending.length === 4096) this.#flush();
  }

  #flush(): void {
    if (this.#pending.length > 0) this.#hash.update(`${this.#pending.join('\n')}\n`);
    this.#pending = [];
  }
}

/** A booted guest on a software MMU that has told nothing yet. */
function booted(firstTable?: number) {
  const mmu = new SoftMmu(XEN_SUITE.bootRoot);
  XEN_SUITE.bootTables({}, (gfn, index, frame, flags) => mmu.place(gfn, index, frame, flags));
  return { mmu, session: bootXen(mmu, firstTable === undefined ? {} : { firstTable }) };
}

function digestsOf(experiments: readonly (readonly [number, Experiment])[], firstTable?: number): Digest[] {
  const { mmu, session } = booted(firstTable);
  const digester = new Digester();
  mmu.sink = new OpLines(digester.add);
  return experiments.map(([number, experiment]) => {
    digester.begin(title(number, experiment));
    session.run(experiment.scenario, experiment.params);
    return digester.end();
  });
}

const numbered = XEN_CAMPAIGN.map((experiment, i) => [i, experiment] as const);

describe('the Xen scenarios against the trace of the measured guest', () => {
  let ours: readonly Digest[] = [];
  beforeAll(() => {
    ours = digestsOf(numbered);
  }, 120_000);

  it('runs the same 324 experiments, by name and parameters', () => {
    expect(measured).toHaveLength(324);
    expect(ours.map((digest) => digest.experiment)).toEqual(measured.map((digest) => digest.experiment));
  });

  it('makes the same operations in each, 3,862,436 in all', () => {
    const different = ours.filter(
      (digest, i) => digest.lines !== measured[i]?.lines || digest.sha256 !== measured[i]?.sha256,
    );
    expect(different.map((digest) => digest.experiment)).toEqual([]);
    // The trace has one line more: the start-up's own load of CR3.
    expect(ours.reduce((total, digest) => total + digest.lines, 0)).toBe(3_862_437 - 1);
  });

  it('names every scenario and parameter of the suite, each value in range', () => {
    for (const { scenario, params } of XEN_CAMPAIGN) {
      const complete = completeParams(XEN_SUITE.scenarios.get(scenario), params);
      expect(complete, scenario).toMatchObject(params);
    }
    const used = new Set(XEN_CAMPAIGN.map(({ scenario }) => scenario));
    expect([...used].sort()).toEqual(XEN_SUITE.scenarios.names().sort());
  });

  it('gives the same operations in a guest of its own whose allocator stands where the campaign had it', () => {
    // 0x1000 + 3 spaces before experiment 3: what an experiment does depends on nothing else.
    expect(digestsOf([numbered[3]!], 0x1003)).toEqual([ours[3]]);
    // One frame off, and every line that names a table differs.
    expect(digestsOf([numbered[3]!], 0x1004)[0]?.sha256).not.toBe(ours[3]?.sha256);
  });
});
