import { describe, expect, it } from 'vitest';
import { parseDocument } from '../../../../src/config/document.js';
import { COUNTERS } from '../../../../src/counters.js';
import { ConfigError } from '../../../../src/errors.js';
import { budgetsOfSection, parseBudget } from '../../../../src/report/budget/expression.js';
import { BUDGET_METRICS, RATIOS, RECORDS } from '../../../../src/report/budget/ratios.js';

/** What a budget says, without where it came from. */
function read(text: string) {
  const { mode, perInterval, metric, operator, value } = parseBudget(text, '--fail-on');
  const { relation, amount } = value;
  return [
    mode,
    perInterval,
    metric,
    operator,
    relation,
    Number(amount.numerator) / Number(amount.denominator),
  ];
}

function failure(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('it was read');
}

describe('an expression', () => {
  it.each([
    ['walk.refs > 1200', [null, false, 'walk.refs', '>', 'absolute', 1200]],
    ['walk.refs>=+1%', [null, false, 'walk.refs', '>=', 'percent', 1]],
    ['  memory.p2m.pages <= -0.5%  ', [null, false, 'memory.p2m.pages', '<=', 'percent', -0.5]],
    ['cost.cycles > 2%', [null, false, 'cost.cycles', '>', 'percent', 2]],
    ['vmexit.total > +0', [null, false, 'vmexit.total', '>', 'change', 0]],
    ['vmexit.total == 0', [null, false, 'vmexit.total', '==', 'absolute', 0]],
    ['walk.refs.ratio < 0.05', [null, false, 'walk.refs.ratio', '<', 'absolute', 0.05]],
    ['hap:walk.refs > 10k', ['hap', false, 'walk.refs', '>', 'absolute', 10_000]],
    ['interval:walk.refs > 10', [null, true, 'walk.refs', '>', 'absolute', 10]],
    ['shadow:interval:vmexit.pf > -5', ['shadow', true, 'vmexit.pf', '>', 'change', -5]],
  ])('%j is read', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('is kept as it was written, with single blanks', () => {
    expect(parseBudget(' walk.refs   >+1% ', '--fail-on').text).toBe('walk.refs > +1%');
  });

  it.each([
    ['walk.rfes > 1', "--fail-on: unknown metric 'walk.rfes' (did you mean 'walk.refs'?)", 1, 9],
    ['hap:walk.rfes > 1', "--fail-on: unknown metric 'walk.rfes' (did you mean 'walk.refs'?)", 5, 9],
    ['xyzzy > 1', "--fail-on: unknown metric 'xyzzy'", 1, 5],
    ['walk.refs 1', /expected an operator after the metric, one of > >= < <= ==; there is none$/, 11, 0],
    ['walk.refs', /expected an operator .*; it ends$/, 10, 0],
    ['walk.refs => 1', /expected an operator .*; it is '=>'$/, 11, 2],
    ['walk.refs != 1', /expected an operator .*; it is '!='$/, 11, 2],
    ['walk.refs >', /expected a value: .*; it ends$/, 12, 0],
    ['walk.refs > lots', /expected a value: .*; it is 'lots'$/, 13, 4],
    ['walk.refs > 1 %', /expected a value: .*; it is '1 %'$/, 13, 3],
    ['walk.refs > 1 2', /expected a value: .*; it is '1 2'$/, 13, 3],
    ['', /expected METRIC OP VALUE/, 1, 1],
    ['a:b:walk.refs > 1', /expected \[MODE:\]\[interval:\]METRIC, found 'a:b:walk\.refs'/, 1, 13],
    [':walk.refs > 1', /expected \[MODE:\]\[interval:\]METRIC/, 1, 10],
    ['interval:cost.cycles > 1', /cost is known of whole runs only/, 10, 11],
  ])('%j is refused, with carets under what is wrong', (text, message, column, span) => {
    const error = failure(() => parseBudget(text, '--fail-on'));
    expect(error.message).toMatch(message);
    expect(error.exitCode).toBe(2);
    expect(error.excerpt).toMatchObject({ column, span, text });
  });

  it('names every counter, table pages, cycles, and ratios of two metrics that there are', () => {
    for (const { key } of COUNTERS) expect(BUDGET_METRICS).toContain(key);
    expect(BUDGET_METRICS).toEqual(
      expect.arrayContaining(['memory.shadow.pages', 'cost.cycles', 'cost.walk.cycles']),
    );
    for (const { key, part, whole } of RATIOS) {
      expect(key).toMatch(/\.ratio$/);
      for (const name of [part, ...whole]) expect([...BUDGET_METRICS, RECORDS]).toContain(name);
    }
  });
});

describe('a section', () => {
  const budgets = async (text: string, file = 'b.json') =>
    budgetsOfSection(await parseDocument(text, file)).map(({ text: shown, operator, origin }) => [
      shown,
      operator,
      origin,
    ]);

  it('says what is allowed, and where', async () => {
    const text = '{\n  "walk.refs": {"max": "+1%", "min": 5},\n  "hap:interval:vmexit.total": {"max": 0}\n}';
    expect(await budgets(text)).toEqual([
      ['walk.refs: max +1%', '>', 'b.json:2'],
      ['walk.refs: min 5', '<', 'b.json:2'],
      ['hap:interval:vmexit.total: max 0', '>', 'b.json:3'],
    ]);
  });

  it('takes a number exactly as it stands, however small or large', async () => {
    // JavaScript writes numbers below 1e-6 and from 1e21 with an exponent.
    const text = 'walk.refs.min = 0.0000001\nwalk.refs.max = 1.25e-9\nvmexit.total.max = 1e21\n';
    expect((await budgets(text, 'b.toml')).map(([shown]) => shown)).toEqual([
      'walk.refs: min 0.0000001',
      'walk.refs: max 0.00000000125',
      'vmexit.total: max 1000000000000000000000',
    ]);
  });

  it('may be TOML, with dotted keys', async () => {
    const text = 'walk.refs.max = "+1%"\nwalk.refs.guest.max = 12.5\n"hap:tlb.stlb.miss" = {min = 1}\n';
    expect(await budgets(text, 'b.toml')).toEqual([
      ['walk.refs: max +1%', '>', 'b.toml:1'],
      ['walk.refs.guest: max 12.5', '>', 'b.toml:2'],
      ['hap:tlb.stlb.miss: min 1', '<', 'b.toml:3'],
    ]);
  });

  it.each([
    [
      '{"walk.rfes": {"max": 1}}',
      /^b\.json:1:3: unknown metric 'walk\.rfes' \(did you mean 'walk\.refs'\?\)/,
    ],
    [
      '{"walk.refs": {"most": 1}}',
      /^b\.json:1:\d+: unknown name 'most' of budget 'walk\.refs'; expected max or min/,
    ],
    ['{"walk.refs": 5}', /^b\.json:1:15: walk\.refs is 5; expected a table with max or min/],
    ['{"walk.refs": {}}', /^b\.json:1:2: budget 'walk\.refs' has neither max nor min/],
    ['{"walk.refs": {"max": -5}}', /max is -5; expected .*, or a change such as \+1%, -5 or \+0 in quotes/],
    ['{"walk.refs": {"max": "> 5"}}', /^b\.json:1:24: expected a value: .*; it is '> 5'/],
    ['[]', /the file is a list; expected a table of metrics/],
  ])('%s is refused with its place', async (text, message) => {
    const document = await parseDocument(text, 'b.json');
    expect(failure(() => budgetsOfSection(document)).message).toMatch(message);
  });

  // Each text is followed by a line with carets under what is wrong.
  it.each([
    ['toml', ['[walk.rfes]', ' ^^^^^^^^^', 'max = 1']],
    ['toml', ['["hap:walk.rfes"]', '      ^^^^^^^^^', 'max = 1']],
    ['toml', ["[ 'interval:cost.cycles' ]", '            ^^^^^^^^^^^', 'max = 1']],
    ['toml', ['["a:b:walk.refs"]', '  ^^^^^^^^^^^^^', 'max = 1']],
    ['toml', ['["hap:walk".rfes]', '      ^^^^^^^^^^', 'max = 1']],
    ['toml', ['[walk]', 'refs.gst.max = 1', '     ^^^']],
    ['toml', ['walk.refs.most = 1', '          ^^^^']],
    ['toml', ['[walk.refs]', 'max = "  +1 percent"', '         ^^^^^^^^^^']],
    ['toml', ["walk.refs = {max = '1 2'}", '                    ^^^']],
    ['toml', ['"\\u0068ap:walk.rf\\U00000065s" = {max = 1}', '          ^^^^^^^^^^^^^^^^^^']],
    ['json', ['{"walk.refs":', '  {"max": "+\\u0031x"}}', '           ^^^^^^^^']],
    ['json', ['{"hap:interval:walk.rfes": {"max": 1}}', '               ^^^^^^^^^']],
    ['json', ['{"walk": {"rfes": {"max": 1}}}', '           ^^^^']],
  ])('of %s has carets under what is wrong: %j', async (language, lines) => {
    const carets = lines.findIndex((line) => /^ *\^+$/.test(line));
    const text = lines.filter((_, i) => i !== carets).join('\n');
    const document = await parseDocument(text, `b.${language}`);
    const { message, excerpt } = failure(() => budgetsOfSection(document));
    const column = (lines[carets] ?? '').indexOf('^') + 1;
    expect(excerpt).toEqual({
      line: carets,
      column,
      text: lines[carets - 1],
      span: lines[carets]?.trim().length,
    });
    expect(message).toContain(`b.${language}:${carets}:${column}: `);
  });
});
