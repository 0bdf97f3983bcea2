import { describe, expect, it } from 'vitest';
import { cli, file } from './run-cli.js';

const GOOD = file('good.csv', 'op,va\nR,0x1000\nW,0x2000\n');
const EMPTY_MODULE = file('empty.mjs', 'export {};\n');
const BAD = file('bad.csv', 'op,va,size\nR,0x1000,8\nW,0x7fq0,8\nR,0x1000,8\n');

describe('exit code 0', () => {
  it.each([
    [['--help']],
    [['replay', '--help']],
    [['help', 'trace']],
    [['--version']],
    [['presets']],
    [['modes']],
  ])('for %j', (args) => {
    const { code, stdout, stderr } = cli(args);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toBe('');
  });

  it('for a replay and a comparison', () => {
    expect(cli(['replay', GOOD])).toMatchObject({ code: 0, stderr: '' });
    expect(cli(['compare', GOOD])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('help', () => {
  it.each([
    [
      ['help', 'trace', 'mrc'],
      ['trace', 'mrc', '--help'],
    ],
    [
      ['trace', 'help', 'mrc'],
      ['trace', 'mrc', '--help'],
    ],
    [
      ['--debug', 'help', 'baseline', 'check'],
      ['baseline', 'check', '--help'],
    ],
    [
      ['help', 'trace'],
      ['trace', '--help'],
    ],
    [['help', 'help'], ['--help']],
    [['help'], ['--help']],
  ])('%j prints what %j does', (words, same) => {
    const help = cli(words);
    expect(help).toEqual(cli(same));
    expect([help.code, help.stderr]).toEqual([0, '']);
    expect(help.stdout).toMatch(/^Usage: p2msim /);
  });

  it('is the name of a file where one is expected', () => {
    expect(cli(['replay', 'help'])).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/^error: help: no such/) as string,
    });
  });
});

describe('exit code 1', () => {
  it('for a trace check that finds something', () => {
    const { code, stdout } = cli(['trace', 'check', BAD]);
    expect(code).toBe(1);
    expect(stdout).toContain(`${BAD}:3:3: error: "0x7fq0" is not a hexadecimal address`);
    const good = cli(['trace', 'check', GOOD]);
    expect([good.code, good.stdout.endsWith(`\n${GOOD}: ok\n`)]).toEqual([0, true]);
  });
});

describe('exit code 2', () => {
  it.each([
    ['a mode given twice', ['compare', GOOD, '-m', 'hap,hap'], /mode 'hap' is given twice/],
    ['an output over its input', ['replay', GOOD, '-o', GOOD], /is the input .* itself/],
    ['a non-canonical address', ['walk', GOOD, '--gva', '0x800000000000'], /not a canonical address/],
    ['no words at all', [], /^Usage: p2msim/],
    ['a group without a command', ['trace'], /^Usage: p2msim trace/],
    [
      'help for an unknown command',
      ['help', 'replya'],
      /^error: unknown command 'replya'\n\(Did you mean replay\?\)/,
    ],
    [
      'help for one of a group',
      ['help', 'trace', 'mcr'],
      /^error: unknown command 'mcr'\n\(Did you mean mrc\?\)/,
    ],
    [
      'help of a group for one of it',
      ['trace', 'help', 'mcr'],
      /^error: unknown command 'mcr'\n\(Did you mean mrc/,
    ],
    ['help for what no command has', ['help', 'replay', 'x'], /^error: 'replay' has no commands; found 'x'/],
    ['an unknown command', ['repaly'], /unknown command 'repaly'\n\(Did you mean replay\?\)/],
    [
      'an unknown flag',
      ['replay', GOOD, '--mdoe', 'hap'],
      /unknown option '--mdoe'\n\(Did you mean --mode\?\)/,
    ],
    ['a missing argument', ['replay'], /missing required argument 'trace'/],
    [
      'an unknown mode',
      ['replay', GOOD, '-m', 'shadwo'],
      /unknown mode 'shadwo' \(did you mean 'shadow'\?\); modes are/,
    ],
    [
      'an unknown preset',
      ['replay', GOOD, '-p', 'skylkae'],
      /unknown preset 'skylkae' \(did you mean 'skylake'\?\)/,
    ],
    [
      'an unknown format',
      ['replay', GOOD, '-f', 'lacky'],
      /unknown format 'lacky' \(did you mean 'lackey'\?\)/,
    ],
    [
      'an unknown reporter',
      ['replay', GOOD, '-r', 'jsn'],
      /unknown reporter 'jsn' \(did you mean 'json'\?\)/,
    ],
    [
      'an unknown metric',
      ['replay', GOOD, '--metrics', 'walk.rfes'],
      /no metric matches 'walk.rfes' \(did you mean/,
    ],
    ['an unknown policy', ['replay', GOOD, '--shadow-policy', 'xne'], /unknown shadow policy 'xne'/],
    ['an unknown key', ['replay', GOOD, '--set', 'stlb.entires=2'], /\(did you mean 'stlb.entries'\?\)/],
    [
      'an unknown word',
      ['replay', GOOD, '--guest', 'demnad'],
      /--guest: guest.mode is 'demnad' \(did you mean 'demand'\?\)/,
    ],
    [
      'a count that is none',
      ['replay', GOOD, '--skip', 'x'],
      /--skip is 'x'; expected a count such as 500, 10k or 2M/,
    ],
    [
      'an impossible geometry',
      ['replay', GOOD, '--set', 'stlb.entries=1000'],
      /expected a multiple of stlb.ways/,
    ],
    [
      'contradicting flags',
      ['replay', GOOD, '--lenient', '--strict'],
      /--lenient and --strict exclude each other/,
    ],
    ['two reporters on one stream', ['replay', GOOD, '-r', 'csv', '--json'], /both write to standard output/],
    ['a module without a backend', ['replay', GOOD, '-m', EMPTY_MODULE], /exports no backend/],
    [
      'a module that is not there',
      ['replay', GOOD, '-m', './no-such.mjs'],
      /no such file; expected a module with a backend/,
    ],
    ['an unknown preset to print', ['presets', 'zen33'], /did you mean 'zen3'/],
    ['an unknown topic', ['explain', 'walk.refz'], /did you mean/],
    ['a walk without a place', ['walk', GOOD], /expected --at N or --gva HEX/],
    ['the wrong paging mode', ['replay', '-', '--guest-paging', '4'], /but the header of - declares 5/],
  ])('for %s', (_what, args, message) => {
    const { code, stdout, stderr } = cli(args, { input: '# guest-levels: 5\nop,va\nR,0x1000\n' });
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('never comes with a stack, and --debug adds one', () => {
    expect(cli(['replay', GOOD, '-m', 'x']).stderr).not.toMatch(/^ +at /m);
    expect(cli(['replay', GOOD, '-m', 'x', '--debug']).stderr).toMatch(/^ +at /m);
  });
});

describe('exit code 3', () => {
  it('for a file that is not there', () => {
    expect(cli(['replay', '/no/such/file.csv'])).toMatchObject({ code: 3, stdout: '' });
    expect(cli(['replay', '/no/such/file.csv']).stderr).toMatch(
      /^error: \/no\/such\/file.csv: no such file\nhint: /,
    );
  });

  it('for content that no format knows', () => {
    expect(cli(['replay', '-'], { input: 'hello\nworld\n' }).code).toBe(3);
  });

  it('for a trace without an access', () => {
    expect(cli(['replay', '-'], { input: 'op,va\n' }).code).toBe(3);
    expect(cli(['replay', '-'], { input: '' }).code).toBe(3);
  });

  it('for a bad record, after the results that were counted before it', () => {
    const { code, stdout, stderr } = cli(['replay', BAD, '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({
      manifest: { trace: { accesses: 1 }, incomplete: expect.stringContaining('bad.csv:3:3') },
    });
    expect(stderr.split('\n').slice(0, 3)).toEqual([
      `error: ${BAD}:3:3: "0x7fq0" is not a hexadecimal address (column va)`,
      '  3 | W,0x7fq0,8',
      '    |   ^^^^^^',
    ]);
  });

  it('does not come when bad records may be skipped', () => {
    const { code, stdout } = cli(['replay', BAD, '--json', '--on-error', 'skip']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ manifest: { trace: { accesses: 2, badRecords: 1 } } });
  });
});
