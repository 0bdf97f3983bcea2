/**
 * The jobs of docs/ci.md: their script lines are run by bash in a folder that holds what the page says a repository holds,
 * with p2msim installed there. `npm ci` is the only line that is left out.
 */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { parse } from 'yaml';
import { BIN, plainEnvironment, ROOT, scratch } from './run-cli.js';

const PAGE = readFileSync(join(ROOT, 'docs/ci.md'), 'utf8');

/** The fenced blocks of a language below a heading. */
function blocks(heading: string, language: string): string[] {
  const section = PAGE.split(/^(?=#+ )/m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );
}

interface GithubJob {
  readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
}

function githubLines(): string[] {
  const [text = ''] = blocks('### GitHub Actions', 'yaml');
  const { jobs } = parse(text) as { jobs: Record<string, GithubJob> };
  return Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
}

function gitlabLines(): string[] {
  const [text = ''] = blocks('### GitLab', 'yaml');
  return Object.values(parse(text) as Record<string, { script: string[] }>).flatMap(({ script }) => script);
}

/** A repository as the page describes it: trace, budgets, p2msim among the installed packages. */
function repository(): string {
  const cwd = scratch();
  mkdirSync(join(cwd, 'traces'));
  mkdirSync(join(cwd, 'node_modules/.bin'), { recursive: true });
  copyFileSync(join(ROOT, 'traces/examples/fork.csv'), join(cwd, 'traces/app.csv'));
  writeFileSync(join(cwd, 'package.json'), '{"private": true}\n');
  writeFileSync(join(cwd, 'p2msim.config.json'), blocks('## A baseline in a repository', 'json')[0] ?? '');
  symlinkSync(ROOT, join(cwd, 'node_modules/p2msim'));
  symlinkSync(BIN, join(cwd, 'node_modules/.bin/p2msim'));
  return cwd;
}

function bash(line: string, cwd: string, env: Record<string, string> = {}) {
  const offline = { npm_config_offline: 'true', npm_config_update_notifier: 'false', ...env };
  const done = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', line], {
    cwd,
    encoding: 'utf8',
    env: plainEnvironment(offline),
  });
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

const run = (lines: readonly string[], cwd: string, env: Record<string, string> = {}) =>
  lines.filter((line) => line !== 'npm ci').map((line) => bash(line, cwd, env));

describe('the jobs of docs/ci.md', () => {
  let cwd = '';
  beforeAll(() => {
    cwd = repository();
    expect(bash('npx p2msim baseline update traces/app.csv', cwd).code).toBe(0);
  });
  /** Says that there were fewer references: what comes out now is 7% above. */
  const tighten = (): void => {
    const path = join(cwd, 'p2msim.baseline.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace('"walk.refs": 161', '"walk.refs": 150'));
  };
  const github = (): { codes: (number | null)[]; stdout: string; summary: string } => {
    const summary = join(scratch(), 'summary.md');
    const done = run(githubLines(), cwd, { GITHUB_STEP_SUMMARY: summary, CI: 'true' });
    const stdout = done.map((each) => each.stdout).join('');
    return { codes: done.map(({ code }) => code), stdout, summary: readFileSync(summary, 'utf8') };
  };

  it('pass where nothing changed', async () => {
    const { codes, stdout, summary } = github();
    expect([codes, stdout]).toEqual([[0, 0], '']);
    expect(summary).toContain('| walk.refs: max +1% | ok | hap | 161 -\\> 161, limit 162 |');
    expect(run(gitlabLines(), cwd, { CI: 'true' }).map(({ code }) => code)).toEqual([0]);
    expect(await report()).toContain('tests="4" failures="0"');
  });

  it('fail, and say why, where a count is beyond its budget', async () => {
    tighten();
    const { codes, stdout } = github();
    // The file's budgets are checked by both steps.
    expect(codes).toEqual([1, 1]);
    expect(stdout.match(/^::error/gm)).toHaveLength(2);
    expect(stdout).toMatch(
      /^::error file=p2msim\.config\.json,line=3,title=p2msim%3A walk\.refs%3A max \+1%25::traces\/app\.csv, hap: base 150, limit 151, found 161: over by 10\n/,
    );
    expect(run(gitlabLines(), cwd, { CI: 'true' }).map(({ code }) => code)).toEqual([1]);
    expect(await report()).toContain('tests="4" failures="1"');
  });

  /** What GitLab reads, held to the schema. */
  async function report(): Promise<string> {
    const contents = readFileSync(join(cwd, 'p2msim.xml'), 'utf8');
    const schema = readFileSync(join(ROOT, 'test/helpers/junit.xsd'), 'utf8');
    const valid = await validateXML({ xml: [{ fileName: 'p2msim.xml', contents }], schema: [schema] });
    expect(valid).toMatchObject({ valid: true });
    return contents;
  }
});
