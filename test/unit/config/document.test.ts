import { describe, expect, it } from 'vitest';
import { type DocumentPart, parseDocument } from '../../../src/config/document.js';
import { ConfigError, type Excerpt } from '../../../src/errors.js';

async function mistake(text: string, file: string): Promise<ConfigError> {
  const error: unknown = await parseDocument(text, file).catch((thrown: unknown) => thrown);
  if (error instanceof ConfigError) return error;
  throw new Error(`no ConfigError but ${String(error)}`);
}

/** The part at a path. */
async function at(text: string, file: string, ...path: (string | number)[]): Promise<DocumentPart> {
  return path.reduce<DocumentPart>(
    (part, step) => {
      const inner = typeof step === 'number' ? part.items()[step] : part.get(step);
      if (inner === undefined) throw new Error(`nothing at ${String(step)}`);
      return inner;
    },
    await parseDocument(text, file),
  );
}

const JSON_TEXT = '{\n  "preset": "zen2",\n  "stlb": {"entries": [1, {"x": true}]}\n}\n';
const TOML_TEXT = [
  '# the core',
  'preset = "zen2"',
  "stlb.'entries' = 4",
  'note = """',
  'ways = 1',
  '"""',
  '[guest]',
  'ram = 64 # MiB',
  '[[points]]',
  'seed = 1',
  '[[points]]',
  '  seed = 2',
  '  [points.set]',
  '  vcpus = { a = 1 }',
].join('\n');
const TOML_LISTS = [
  'list = [',
  '  "one, [two", # ] no end',
  "  '''",
  "three ]''',",
  '  [1e3, 1979-05-27 07:32:00], { a = "}", b.c = 2 },',
  ']',
  'after = [[], {}]',
].join('\n');

describe('a document', () => {
  it('in JSON knows the line and column of every name and value', async () => {
    const { name, where } = await at(JSON_TEXT, 'a.json', 'stlb', 'entries', 1, 'x');
    expect([name, where]).toEqual(['stlb.entries[1].x', 'a.json:3:33']);
    const preset = await at(JSON_TEXT, 'a.json', 'preset');
    expect([preset.whereOf('name'), preset.where]).toEqual(['a.json:2:3', 'a.json:2:13']);
  });

  it.each([
    [['preset'], 2, 10],
    [['stlb', 'entries'], 3, 18],
    [['note'], 4, 8],
    [['guest', 'ram'], 8, 7],
    [['points', 0, 'seed'], 10, 8],
    [['points', 1, 'seed'], 12, 10],
    [['points', 1, 'set', 'vcpus'], 14, 11],
    [['points', 1, 'set', 'vcpus', 'a'], 14, 17],
  ])('in TOML knows where %j is', async (path, line, column) => {
    expect((await at(TOML_TEXT, 'a.toml', ...path)).where).toBe(`a.toml:${line}:${column}`);
  });

  it.each([
    [['list', 0], 2, 3],
    [['list', 1], 3, 3],
    [['list', 2, 0], 5, 4],
    [['list', 2, 1], 5, 9],
    [['list', 3, 'a'], 5, 37],
    [['list', 3, 'b', 'c'], 5, 48],
    [['after', 1], 7, 14],
  ])('in TOML knows where %j is in a list', async (path, line, column) => {
    expect((await at(TOML_LISTS, 'a.toml', ...path)).where).toBe(`a.toml:${line}:${column}`);
  });

  it.each([
    [['guest'], 7, 2, 'guest'],
    [['points', 1], 11, 3, 'points'],
    [['points', 1, 'set'], 13, 4, 'points.set'],
    [['stlb', 'entries'], 3, 1, "stlb.'entries'"],
    [['stlb'], 3, 1, "stlb.'entries'"],
  ])('in TOML knows where the name of %j is', async (path, line, column, word) => {
    const part = await at(TOML_TEXT, 'a.toml', ...path);
    expect(part.excerpt('name')).toMatchObject({ line, column, span: word.length });
  });

  it('in TOML may have every escape in a name', async () => {
    const text = String.raw`"a\"b\x41\u00e4\U0001F600\te" = [1, "y"]`;
    const part = await at(text, 'a.toml', 'a"bA\u00e4\u{1F600}\te', 1);
    expect(part.where).toBe(`a.toml:1:${text.indexOf('"y"') + 1}`);
  });

  it('says the same in both languages', async () => {
    const toml = 'a = 1\n[b]\nc = ["x", "y"]\nd = { e = true, f = 1.5 }\n[[g]]\nh = 1\n';
    const json = { a: 1, b: { c: ['x', 'y'], d: { e: true, f: 1.5 } }, g: [{ h: 1 }] };
    const read = (await parseDocument(toml, 'a.toml')).value;
    expect(JSON.parse(JSON.stringify(read))).toEqual(json);
    expect((await parseDocument(JSON.stringify(json), 'a.json')).value).toEqual(json);
  });

  it('may begin with a byte order mark, which moves no column', async () => {
    expect((await at('\uFEFF{"a": 1}', 'a.json', 'a')).where).toBe('a.json:1:7');
  });
});

describe('a mistake in the language', () => {
  it.each<[string, string, string, Excerpt]>([
    [
      'a.json',
      '{\n "a": 1,,\n}',
      "a.json:2:9: not JSON: expected a name in double quotes, found ','",
      { line: 2, column: 9, text: ' "a": 1,,', span: 1 },
    ],
    [
      'a.json',
      '{"a": {"b": 1,\n "b": 2}}',
      "a.json:2:2: 'a.b' is there twice, first in line 1; expected it once",
      { line: 2, column: 2, text: ' "b": 2}}', span: 3 },
    ],
    ['a.json', '', 'a.json:1:1: not JSON: it breaks off here', { line: 1, column: 1, text: '', span: 1 }],
    [
      'a.toml',
      'a = 1\nb = yes\n',
      'a.toml:2:5: not TOML: invalid value',
      { line: 2, column: 5, text: 'b = yes', span: 1 },
    ],
    [
      'a.toml',
      'a = 1\r\na = 2\r\n',
      'a.toml:2:1: not TOML: trying to redefine an already defined table or value',
      { line: 2, column: 1, text: 'a = 2', span: 1 },
    ],
  ])('in %s, %j, is named with its place', async (file, text, message, excerpt) => {
    const error = await mistake(text, file);
    expect(error.message).toBe(message);
    expect(error.excerpt).toEqual(excerpt);
  });
});

describe('a part', () => {
  it('of another kind than expected says what it is', async () => {
    const part = (name: string) => at('{"a": "x", "b": [1], "c": {"d": -1}}', 'a.json', name);
    const [a, b, c] = [await part('a'), await part('b'), await part('c')];
    expect(() => a.count()).toThrow("a.json:1:7: a is 'x'; expected a whole number, at least 0");
    expect(() => a.items()).toThrow("a.json:1:7: a is 'x'; expected a list");
    expect(() => b.text('a mode')).toThrow('a.json:1:17: b is a list; expected a mode');
    expect(() => c.boolean()).toThrow('a.json:1:27: c is a table; expected true or false');
    expect(() => c.get('d')?.count()).toThrow('c.d is -1; expected a whole number, at least 0');
    expect(() => a.entries('settings')).toThrow("a is 'x'; expected settings");
    const date = await at('a = 2020-02-29', 'a.toml', 'a');
    expect(() => date.entries()).toThrow('a is a date; expected a table of names and values');
  });

  it('refuses names that it does not know, with a suggestion and the place of the name', async () => {
    const part = await at('{"c": {"mod": 1}}', 'a.json', 'c');
    expect(() => part.refuseOthers(['mode', 'seed'])).toThrow(
      "a.json:1:8: unknown name 'c.mod' (did you mean 'mode'?); expected one of mode, seed",
    );
    expect(() => part.refuseOthers(['mod'])).not.toThrow();
  });

  it('adds its line to an error of whoever reads it', async () => {
    const part = await at('{"c": {"mod": 1}}', 'a.json', 'c', 'mod');
    const read = () =>
      part.placed((where) => {
        throw new ConfigError(`${where}: no`, { hint: 'try' });
      });
    expect(read).toThrow(
      expect.objectContaining({
        message: 'a.json:1:15: no',
        hint: 'try',
        excerpt: { line: 1, column: 15, text: '{"c": {"mod": 1}}', span: 1 },
      }),
    );
  });
});
