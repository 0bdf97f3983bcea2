import { writeFileSync } from 'node:fs';
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
