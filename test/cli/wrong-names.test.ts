/** A name that means nothing here, wherever it was given: exit code, place, line, suggestion. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, file, scratch } from './run-cli.js';

const TRACE = resolve('traces/examples/plain.csv');

/** Standard error of a command in a folder with `text` in `name`, which has to end with `code`. */
function said(code: number, name: string, text: string, words: readonly string[]): string {
  const cwd = scratch();
  writeFileSync(join(cwd, name), text);
  const result = cli(words, { cwd });
  expect(result).toMatchObject({ code, stdout: '' });
  return result.stderr;
}

describe('a name that means nothing', () => {
  it('in a configuration file is shown in its line', () => {
    const text = '# the core\npreset = "zen99"\n';
    const words = ['replay', TRACE, '--config', 'c.toml'];
    expect(said(2, 'c.toml', text, words)).toBe(
      "error: c.toml:2:10: unknown preset 'zen99' (did you mean 'zen2'?); presets are " +
        'skylake, haswell, icelake, zen2, zen3, none, reference\n' +
        '  2 | preset = "zen99"\n' +
        '    |          ^^^^^^^\n',
    );
    expect(said(2, 'c.toml', '[shadow]\npolicy = "kvmm"\n', words)).toMatch(
      /^error: c\.toml:2:10: unknown shadow policy 'kvmm' \(did you mean 'kvm'\?\); .*\n {2}2 \| policy = "kvmm"\n/,
    );
  });

  it.each([
    ['P2MSIM_PRESET', 'zen99', "unknown preset 'zen99' (did you mean 'zen2'?)"],
    ['P2MSIM_SHADOW_POLICY', 'kvmm', "unknown shadow policy 'kvmm' (did you mean 'kvm'?)"],
  ])('in %s is said with the variable', (name, value, message) => {
    const { code, stderr } = cli(['replay', TRACE], { env: { [name]: value } });
    expect(code).toBe(2);
    expect(stderr).toContain(`error: environment variable ${name}: ${message}`);
  });

  it('in a specification is shown in its line, be it a mode, a module or a trace', () => {
    const words = ['sweep', 's.toml', '--list'];
    const spec = (traces: string, modes: string): string =>
      `traces = [\n  "${TRACE}",\n  ${traces}]\nmodes = ["hap", ${modes}]\nseeds = [1]\n`;
    expect(said(2, 's.toml', spec('', '"shadwo"'), words)).toMatch(
      /^error: s\.toml:4:17: unknown mode 'shadwo' \(did you mean 'shadow'\?\); .*\n {2}4 \| modes = /,
    );
    expect(said(2, 's.toml', spec('', '"./none.mjs"'), words)).toMatch(
      /^error: s\.toml:4:17: \.\/none\.mjs: no such file; expected a module with a backend/,
    );
    // The only name in the folder is that of the specification.
    expect(said(3, 's.toml', spec('"s.tml"', ''), words)).toBe(
      "error: s.toml:3:3: s.tml: no such file (did you mean 's.toml'?)\n" +
        '  3 |   "s.tml"]\n' +
        '    |   ^^^^^^^\n' +
        'hint: check the path; `-` reads standard input\n',
    );
    expect(said(2, 's.toml', spec('"gen:unifrm"', ''), words)).toMatch(
      /^error: s\.toml:3:3: unknown generator 'unifrm' \(did you mean 'uniform'\?\)/,
    );
  });

  it('in a trace of a specification keeps its place in the trace', () => {
    const bad = file('bad.csv', 'op,va\nR,0x7fq0\n');
    const text = `traces = ["${bad}"]\nseeds = [1]\n`;
    const { code, stderr } = cli(['sweep', file('s.toml', text)]);
    expect(code).toBe(3);
    expect(stderr).toContain(`${bad}:2:3: `);
  });

  it('in saved results that are replayed is said with file and run', () => {
    const base = join(scratch(), 'base.json');
    expect(cli(['baseline', 'update', TRACE, '-m', 'hap', '-b', base]).code).toBe(0);
    const text = readFileSync(base, 'utf8');
    const check = (changed: string): string => {
      const { code, stderr } = cli(['baseline', 'check', '-b', file('b.json', changed)]);
      expect(code).toBe(2);
      return stderr;
    };
    expect(check(text.replace('"mode": "hap"', '"mode": "hapx"'))).toMatch(
      /b\.json: the run of \S+plain\.csv, hapx: unknown mode 'hapx' \(did you mean 'hap'\?\)/,
    );
    expect(check(text.replace('"shadow.policy": "xen"', '"shadow.policy": "xne"'))).toMatch(
      /b\.json: the run of \S+plain\.csv, hap: unknown shadow policy 'xne' \(did you mean 'xen'\?\)/,
    );
    expect(check(text.replace('"stlb.policy": "lru"', '"stlb.policy": "lruu"'))).toMatch(
      /b\.json: the run of \S+plain\.csv, hap: .*stlb\.policy is 'lruu' \(did you mean 'lru'\?\)/,
    );
  });
});

describe('a value that is wrong', () => {
  it.each([
    ['cycles = -1', 3, '10', /rows\["walk\.pwc"\]: cycles is -1, expected a whole number, at least 0/],
    ['cycle = 1', 3, '1', /rows\["walk\.pwc"\]: unknown key 'cycle', expected cycles and source/],
    ['cycles = 1\nsource = ""', 4, '10', /rows\["walk\.pwc"\]: source is "", expected where/],
  ])('in a cost table is shown in its line: %s', (text, line, column, message) => {
    const table = `schema = "p2msim.cost/1"\n[rows."walk.pwc"]\n${text}\n`;
    const stderr = said(2, 'cost.toml', table, ['replay', TRACE, '--cost', 'cost.toml']);
    expect(stderr.split('\n')[0]).toMatch(message);
    expect(stderr).toContain(`error: cost.toml:${line}:${column}: `);
    expect(stderr).toContain(`\n  ${line} | ${text.split('\n').at(-1)}\n`);
  });

  it('as the name of a term in a cost table is shown in its line', () => {
    const table = '{"schema": "p2msim.cost/1",\n "rows": {\n  "walk.pcw": {"cycles": 1}}}\n';
    expect(said(2, 'cost.json', table, ['replay', TRACE, '--cost', 'cost.json'])).toMatch(
      /^error: cost\.json:3:3: unknown cost term 'walk\.pcw' \(did you mean 'walk\.pwc'\?\); .*\n {2}3 \| {3}"walk\.pcw"/,
    );
  });

  it.each([
    ['"prefetchEntries": 0', 3, '"prefetchEntries" is 0; expected an integer from 1 to 512'],
    ['"prefetchEntry": 4', 2, "a shadow policy has no field 'prefetchEntry'"],
    ['"recycle": "roots"', 3, '"recycle": "roots" does not go with "lifetime": "zapped"'],
    ['"schema": "x"', 3, '"schema" is "x"; expected "p2msim.shadow-policy/1"'],
  ])('in a shadow policy is shown in its line: %s', (text, where, message) => {
    // A wrong value begins after its name, a blank, a colon and a blank; a wrong name at the third column.
    const column = where === 2 ? 3 : 3 + text.indexOf(': ') + 2;
    const policy = `{"base": "kvm",\n  ${text}}\n`;
    const stderr = said(2, 'mine.json', policy, ['replay', TRACE, '--shadow-policy', './mine.json']);
    expect(stderr).toContain(`mine.json:2:${column}: ${message}`);
    expect(stderr).toContain(`\n  2 |   ${text}}\n`);
    expect(stderr).toContain('\nhint: ');
  });

  it('as the base of a shadow policy is shown in its line', () => {
    expect(
      said(2, 'mine.json', '{\n "base": "kvmm"}', ['replay', TRACE, '--shadow-policy', './mine.json']),
    ).toMatch(
      /mine\.json:2:10: unknown shadow policy 'kvmm' \(did you mean 'kvm'\?\).*\n {2}2 \| {2}"base": "kvmm"/,
    );
  });
});
