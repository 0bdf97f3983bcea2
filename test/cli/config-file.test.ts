import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, cli, scratch } from './run-cli.js';

const TRACE = join(ROOT, 'traces/examples/fork.csv');
const JSON_FILE = 'p2msim.config.json';
const TOML_FILE = 'p2msim.config.toml';

/** A folder with these files. */
function folder(files: Readonly<Record<string, string>>): string {
  const path = scratch();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

/** The lines of --print-config of these keys. */
function printed(keys: readonly string[], words: readonly string[], cwd: string, env = {}): string[] {
  const { code, stdout, stderr } = cli(['replay', TRACE, '--print-config', ...words], { cwd, env });
  expect([code, stderr]).toEqual([0, '']);
  return stdout.split('\n').filter((line) => keys.some((key) => line.startsWith(`${key} =`)));
}

describe('a configuration file', () => {
  it.each([
    [JSON_FILE, '{"preset": "zen2",\n "seed": 3}'],
    [TOML_FILE, 'preset = "zen2"\nseed = 3\n'],
  ])('%s in the working directory is read', (name, text) => {
    const lines = printed(['seed', 'stlb.entries'], [], folder({ [name]: text }));
    expect(lines.map((line) => line.replace(/ +/g, ' '))).toEqual([
      `seed = 3 # ${name}:2`,
      'stlb.entries = 2048 # preset zen2',
    ]);
  });

  it('gives way to the environment, that to a flag, and that to --set', () => {
    const cwd = folder({ 'own.toml': 'seed = 3\nvcpus = 3\nguest.pageSize = "2m"\nhost.pageSize = "2m"\n' });
    const keys = ['seed', 'vcpus', 'guest.pageSize', 'host.pageSize'];
    const words = ['--config', 'own.toml', '--page-size', '4k', '--seed', '5', '--set', 'seed=6'];
    const env = { P2MSIM_SEED: '4', P2MSIM_VCPUS: '4', P2MSIM_GUEST_PAGESIZE: '1g' };
    const lines = printed(keys, words, cwd, env).map((line) => line.replace(/ +/g, ' '));
    expect(lines).toEqual([
      'seed = 6 # --set seed',
      'vcpus = 4 # environment variable P2MSIM_VCPUS',
      'guest.pageSize = 4k # --page-size',
      'host.pageSize = 2m # own.toml:4',
    ]);
  });

  it('is one: both names in one folder are an error, unless --config names one', () => {
    const cwd = folder({ [JSON_FILE]: '{"seed": 3}', [TOML_FILE]: 'seed = 4' });
    const { code, stdout, stderr } = cli(['replay', TRACE], { cwd });
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      `error: ${JSON_FILE} and ${TOML_FILE} are both here; expected one of them\n` +
        `hint: remove one, or name the one that counts: \`--config ${JSON_FILE}\`\n`,
    );
    expect(printed(['seed'], ['--config', TOML_FILE], cwd)[0]).toMatch(/= 4 /);
  });

  it('with a mistake is refused with the place and the line', () => {
    const cwd = folder({ [TOML_FILE]: '[stlb]\nentires = 4096\n' });
    const { code, stderr } = cli(['replay', TRACE], { cwd });
    expect(code).toBe(2);
    expect(stderr).toBe(
      `error: ${TOML_FILE}:2:1: unknown configuration key 'stlb.entires' (did you mean 'stlb.entries'?)\n` +
        '  2 | entires = 4096\n' +
        '    | ^^^^^^^\n' +
        'hint: `p2msim presets --keys` lists every key with its range and meaning\n',
    );
  });

  it('that is named and not there, or cannot be read, is an error', () => {
    const cwd = scratch();
    expect(cli(['replay', TRACE, '--config', 'none.toml'], { cwd })).toMatchObject({
      code: 2,
      stderr: 'error: none.toml: cannot be read: no such file or directory\n',
    });
    expect(cli(['replay', TRACE, '--config', '.'], { cwd })).toMatchObject({
      code: 2,
      stderr: 'error: .: cannot be read: it is a directory\n',
    });
  });
});

describe('what was meant by somebody', () => {
  it.each([
    [
      '{"stlb": {"entries": 768},\n "Stlb": {"ways": 6}}',
      "2:2: 'Stlb' is there twice, first in line 1 as 'stlb'; expected it once",
    ],
    ['{"seed": 1,\n "seed": 2}', "2:2: 'seed' is there twice, first in line 1; expected it once"],
  ])('is not passed over in %j', (text, message) => {
    const cwd = folder({ 'c.json': text });
    const { code, stderr } = cli(['replay', TRACE, '--config', 'c.json'], { cwd });
    expect(stderr).toContain(`error: c.json:${message}\n`);
    expect(code).toBe(2);
  });

  it('twice in a specification, in two spellings, is shown in its line', () => {
    const cwd = folder({ 's.toml': `traces = ["${TRACE}"]\n[axes]\nseed = [1]\nSeed = [2]\n` });
    expect(cli(['sweep', 's.toml'], { cwd }).stderr).toMatch(
      /^error: s\.toml:4:1: 'axes\.Seed' is there twice, first in line 3 as 'axes\.seed'; expected it once\n/,
    );
  });
});

describe('a file that is not UTF-8', () => {
  it.each([
    // A letter of Latin-1 after two of two bytes each: the column counts letters.
    [Buffer.from('# a\n# \u00fc\n', 'utf8'), null],
    [
      Buffer.concat([Buffer.from('# a\n# \u00fc\u00fc', 'utf8'), Buffer.from([0xfc, 0x0a])]),
      '2:5: byte 0xfc',
    ],
    [Buffer.from('\uFEFFseed = 1', 'utf16le'), '1:1: byte 0xff'],
    // A letter of three bytes of which one is missing.
    [Buffer.from([0x23, 0x20, 0xe2, 0x82]), '1:3: byte 0xe2'],
  ])('is refused at its first such byte: %j', (bytes, place) => {
    const cwd = scratch();
    writeFileSync(join(cwd, 'c.toml'), bytes);
    const { code, stderr } = cli(['replay', TRACE, '--config', 'c.toml'], { cwd });
    if (place === null) return expect([code, stderr]).toEqual([0, '']);
    expect(code).toBe(2);
    expect(stderr).toContain(
      `error: c.toml:${place} is not UTF-8; expected text in UTF-8\nhint: save it as UTF-8`,
    );
  });
});

describe('--print-config', () => {
  it('goes where -o and -r say, as lines or JSON', () => {
    const cwd = scratch();
    const words = ['replay', TRACE, '--print-config'];
    const [text, json] = [cli(words).stdout, cli([...words, '--json']).stdout];
    const more = ['-r', 'json=a.json', '-r', 'table=a.txt'];
    expect(cli([...words, ...more], { cwd })).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(cli([...words, '-o', 'b.json'], { cwd }).stdout).toBe('');
    const read = (name: string): string => readFileSync(join(cwd, name), 'utf8');
    expect([read('a.json'), read('b.json'), read('a.txt')]).toEqual([json, json, text]);
    expect(cli([...words, '-r', 'csv'], { cwd })).toEqual({
      code: 2,
      stdout: '',
      stderr:
        'error: reporter csv cannot show a configuration\n' +
        'hint: reporters that can are table and json; -o FILE.json is JSON, too\n',
    });
  });
});

describe('a cost table', () => {
  it('may be TOML, and a mistake in it is named with its place', () => {
    const table = 'schema = "p2msim.cost/1"\n[rows."exit.transition"]\ncycles = 1500\n';
    const cwd = folder({ 'cost.toml': table, 'broken.json': '{"schema": "p2msim.cost/1" "rows": {}}' });
    expect(cli(['replay', TRACE, '--cost', 'cost.toml'], { cwd }).code).toBe(0);
    const { code, stderr } = cli(['replay', TRACE, '--cost', 'broken.json'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: broken\.json:1:28: not JSON: expected ',' or '}', found '"'\n/);
  });
});
