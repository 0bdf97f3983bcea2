/**
 * The jobs of docs/batch.md, Kubernetes and GitLab: what they run is run here, with the variables that the engines set, in
 * a folder with the specification of the page. What is collected is what one process sweeps. `npm ci` is left out.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blocksOf, linesOf } from '../helpers/document.js';
import { Page } from '../helpers/page.js';

const LINES = linesOf('docs/batch.md');
const YAML = blocksOf(LINES).filter(({ language }) => language === 'yaml');

interface KubernetesJob {
  readonly spec: {
    readonly completions: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly { readonly command: string[]; readonly args: string[] }[];
      };
    };
  };
}

interface GitlabJob {
  readonly stage: string;
  readonly parallel?: number;
  readonly script: readonly string[];
  readonly artifacts: { readonly paths: readonly string[] };
}

function block(file: string): unknown {
  const found = YAML.find((each) => each.file === file);
  return parse(LINES.slice(found?.from, found?.to).join('\n'));
}

/** A page of which all files are there, and a way to run lines in it that must not fail. */
function workplace(): { page: Page; run: (command: string) => void } {
  const page = new Page(LINES);
  const run = (command: string): void => {
    expect(page.run({ command, at: LINES.length, from: 0, to: 0 }).join('\n')).not.toMatch(/^error|\[exit/m);
  };
  return { page, run };
}

/** `all.jsonl` is the sweep of one process. */
function expectWhole({ page, run }: ReturnType<typeof workplace>): void {
  run('p2msim sweep study.toml --results single.jsonl && p2msim collect single.jsonl -o single-all.jsonl');
  const [all, single] = ['all.jsonl', 'single-all.jsonl'].map((name) =>
    readFileSync(join(page.folder, name), 'utf8'),
  );
  expect(all).toBe(single);
}

describe('docs/batch.md', { timeout: 120_000 }, () => {
  it('Kubernetes: each index of the job is a shard', () => {
    const job = block('job.yaml') as KubernetesJob;
    const place = workplace();
    const [container, ...others] = job.spec.template.spec.containers;
    expect(others).toEqual([]);
    const words = [...(container?.command ?? []), ...(container?.args ?? [])]
      .map((word) => `'${word}'`)
      .join(' ');
    for (let index = 0; index < job.spec.completions; index++) {
      place.run(`JOB_COMPLETION_INDEX=${index} ${words}`);
    }
    place.run('p2msim collect shard-*.jsonl -o all.jsonl');
    expectWhole(place);
  });

  it('GitLab: each node is a shard, and a job of a later stage collects their artifacts', () => {
    const { shards, collected } = block('.gitlab-ci.yml') as Record<string, GitlabJob>;
    const place = workplace();
    const scriptOf = (job: GitlabJob | undefined): string =>
      (job?.script ?? []).filter((line) => line !== 'npm ci').join(' && ');
    expect([shards?.stage, collected?.stage]).toEqual(['test', 'deploy']);
    const nodes = shards?.parallel ?? 0;
    for (let node = 1; node <= nodes; node++) {
      place.run(`export CI_NODE_INDEX=${node} CI_NODE_TOTAL=${nodes}; ${scriptOf(shards)}`);
    }
    place.run(scriptOf(collected));
    expect(collected?.artifacts.paths).toEqual(['all.jsonl']);
    expectWhole(place);
  });
});
