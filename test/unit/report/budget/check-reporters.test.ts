/** Reports of checks, read by what consumes them: libxml2 with a JUnit schema, GitHub's runner, a Markdown renderer. */
import { readFileSync } from 'node:fs';
import { lexer, type Tokens } from 'marked';
import { describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import type { Check, CheckReport } from '../../../../src/report/budget/check-report.js';
import { PLAIN_OPTIONS } from '../../../../src/report/output.js';
import { REPORTERS } from '../../../../src/report/reporters/index.js';

const SCHEMA = readFileSync('test/helpers/junit.xsd', 'utf8');

/** A violated check, with whatever is not the point left plain. */
function check(over: Partial<Check> = {}): Check {
  return {
    budget: 'walk.refs > +1%',
    origin: '--fail-on',
    status: 'failed',
    trace: 'app.csv',
    mode: 'hap',
    point: {},
    interval: null,
    metric: 'walk.refs',
    base: 100,
    limit: 101,
    value: 103,
    excess: 2,
    said: 'base 100, limit 101, found 103: over by 2',
    moved: [{ key: 'walk.refs.nested', base: 50, value: 53 }],
    ...over,
  };
}

/** Names that each of the languages has a use for. */
const ODD = 'a|b & <c> "d", 100%:: *e* `f` \\ [g](h) \u{1}\u{1F600}.csv';
const CHECKS: readonly Check[] = [
  check(),
  check({ status: 'ok', said: '100 -> 100, limit 101', excess: null, moved: [] }),
  check({ status: 'skipped', said: 'not checked: the run is incomplete: bad.csv:3:1: "x"', moved: [] }),
  check({ trace: ODD, mode: 'my|mode', budget: 'my|mode:walk.refs > +1%', origin: `${ODD}:12` }),
  check({ point: { 'stlb.entries': 768 }, interval: 4000, budget: 'interval:walk.refs > 5' }),
];

const render = (name: string, checks: readonly Check[]): string =>
  REPORTERS.get(name).renderChecks!({ checks, implicit: false } satisfies CheckReport, PLAIN_OPTIONS);

describe('junit', () => {
  const validate = async (xml: string) =>
    validateXML({ xml: [{ fileName: 'report.xml', contents: xml }], schema: [SCHEMA] });

  it('keeps the schema, whatever names hold', async () => {
    expect(await validate(render('junit', CHECKS))).toMatchObject({ valid: true, errors: [] });
    expect((await validate(render('junit', []))).valid).toBe(true);
  });

  it('is held to a schema that refuses what JUnit is not', async () => {
    const text = render('junit', CHECKS);
    expect(
      (await validate(text.replace('<failure ', '<failed ').replace('</failure>', '</failed>'))).valid,
    ).toBe(false);
    expect((await validate(text.replace(' tests="3"', ''))).valid).toBe(false);
  });

  it('counts what failed and what was skipped, a suite per run', () => {
    const text = render('junit', CHECKS);
    expect(text).toContain('<testsuites name="p2msim" tests="5" failures="3" errors="0">');
    expect(text).toContain('<testsuite name="app.csv, hap" tests="3" failures="1" errors="0" skipped="1">');
    expect(text).toContain('<testsuite name="app.csv, hap, stlb.entries 768" tests="1" failures="1"');
    expect(text).toContain('name="interval:walk.refs &gt; 5, records from 4000"');
    expect(text.match(/<failure /g)).toHaveLength(3);
  });
});

/** A workflow command as the runner reads it: properties up to `::`, each escape undone once. */
function command(line: string) {
  const match = /^::(\w+) (.*?)::(.*)$/.exec(line);
  if (match === null) throw new Error(`no workflow command: ${line}`);
  const [, name = '', properties = '', message = ''] = match;
  const undone = (text: string): string =>
    text
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%25', '%');
  const pairs = properties.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), undone(pair.slice(at + 1))];
  });
  return { name, message: undone(message), ...Object.fromEntries(pairs) };
}

describe('github', () => {
  it('is one command a line for what failed or was not made, and nothing for the rest', () => {
    const lines = render('github', CHECKS).trimEnd().split('\n');
    expect(lines.map((line) => command(line).name)).toEqual(['error', 'warning', 'error', 'error']);
    expect(render('github', [check({ status: 'ok' })])).toBe('');
  });

  it('comes out of the runner as it went in', () => {
    expect(command(render('github', [check()]).trimEnd())).toEqual({
      name: 'error',
      title: 'p2msim: walk.refs > +1%',
      message:
        'app.csv, hap: base 100, limit 101, found 103: over by 2\nwith it: walk.refs.nested +3 (+6.00%)',
    });
    const odd = command(render('github', [CHECKS[3]!]).trimEnd());
    expect(odd).toMatchObject({ file: ODD, line: '12', title: 'p2msim: my|mode:walk.refs > +1%' });
    expect(odd.message).toContain(`${ODD}, my|mode: base 100`);
  });
});

/** Cells of the tables as a renderer shows them. */
function tables(markdown: string): string[][][] {
  return lexer(markdown)
    .filter((token): token is Tokens.Table => token.type === 'table')
    .map(({ header, rows }) => [header, ...rows].map((row) => row.map(({ tokens }) => shown(tokens))));
}

function shown(tokens: readonly (Tokens.Generic | { type: string; raw: string })[]): string {
  return tokens.map((token) => ('text' in token ? String(token.text) : token.raw)).join('');
}

describe('markdown', () => {
  it('is a table with a row a check and a cell a fact', () => {
    const [table = []] = tables(render('markdown', CHECKS));
    expect(table.map((cells) => cells.length)).toEqual(Array.from({ length: 6 }, () => 5));
    expect(table[0]).toEqual(['budget', '', 'run', 'what', 'moved with it']);
    expect(table.slice(1).map(([budget]) => budget)).toEqual(CHECKS.map(({ budget }) => budget));
    expect(table.slice(1).map((cells) => cells[1])).toEqual(['FAIL', 'ok', 'not made', 'FAIL', 'FAIL']);
    expect(table[1]?.[4]).toBe('walk.refs.nested +3 (+6.00%)');
    expect(table[4]?.[2]).toBe(`${ODD}, my|mode`);
  });

  it('ends with how many failed', () => {
    expect(render('markdown', CHECKS)).toMatch(/\n\n3 of 4 checks failed, 1 not made\n$/);
    expect(render('markdown', [check({ status: 'ok' })])).toMatch(/\n\n1 check passed\n$/);
  });
});
