import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BIN, cli, file, scratch, shell } from './run-cli.js';

const TRACE = 'op,va\nR,0x1000\nW,0x2000\n';
const GOOD = file('good.csv', TRACE);
const ESC = '\u001b';
/** util-linux `script` runs a program on a pseudo-terminal. */
const HAS_PTY = shell('script --version').code === 0;

describe('standard input', () => {
  it('is read where the trace is -', () => {
    const { code, stdout } = cli(['replay', '-', '--json'], { input: TRACE });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      manifest: { trace: { path: '-', format: 'csv', accesses: 2 } },
    });
  });

  it('can be given once only', () => {
    expect(cli(['compare', '-', '-'], { input: TRACE })).toMatchObject({ code: 2, stdout: '' });
  });

  it.runIf(HAS_PTY)('that is a terminal is not waited for', () => {
    const { code, stdout } = shell(`script -qec "node ${BIN} replay -" /dev/null < /dev/null`);
    expect(stdout).toContain('standard input is a terminal; expected a trace on a pipe');
    expect(code).toBe(2);
  });
});

describe('a closed pipe', () => {
  it('ends the program quietly with 0', () => {
    const { stdout, stderr } = shell(`p2msim presets --json | head -c 1; echo " \${PIPESTATUS[0]}"`);
    expect([stdout, stderr]).toEqual(['{ 0\n', '']);
  });

  it('gets everything if it stays open, however slow', () => {
    const { stdout } = shell('p2msim presets --json | (sleep 0.3; cat)');
    expect(JSON.parse(stdout)).toHaveProperty('presets.length', 7);
  });
});

describe('colour', () => {
  it('never reaches a pipe', () => {
    expect(cli(['compare', GOOD]).stdout).not.toContain(ESC);
    expect(cli(['replay', '/no/such']).stderr).not.toContain(ESC);
    expect(cli(['--help']).stdout).not.toContain(ESC);
  });

  it('comes with --color always and with FORCE_COLOR', () => {
    expect(cli(['compare', GOOD, '--color', 'always']).stdout).toContain(ESC);
    expect(cli(['replay', '/no/such'], { env: { FORCE_COLOR: '1' } }).stderr).toContain(ESC);
  });

  it('follows --color before FORCE_COLOR before NO_COLOR', () => {
    const env = { FORCE_COLOR: '1', NO_COLOR: '1' };
    expect(cli(['compare', GOOD], { env }).stdout).toContain(ESC);
    expect(cli(['compare', GOOD, '--color', 'never'], { env }).stdout).not.toContain(ESC);
  });

  it.runIf(HAS_PTY)('is on for a terminal and off there with NO_COLOR', () => {
    const onTerminal = `script -qec "node ${BIN} replay /no/such" /dev/null < /dev/null`;
    expect(shell(onTerminal, { TERM: 'xterm' }).stdout).toContain(ESC);
    expect(shell(onTerminal, { TERM: 'xterm', NO_COLOR: '1' }).stdout).not.toContain(ESC);
    expect(shell(onTerminal, { TERM: 'dumb' }).stdout).not.toContain(ESC);
  });
});

describe('outputs', () => {
  it('are opened before the trace is', () => {
    const { code, stderr } = cli(['replay', '/no/such/trace.csv', '-o', '/no/such/folder/out.json']);
    expect(stderr).toContain('/no/such/folder/out.json: cannot be written: no such file or directory');
    expect(code).toBe(2);
  });

  it('leave no new file and no damage behind when the trace cannot be read', () => {
    const [made, kept] = [join(scratch(), 'new.json'), file('old.json', 'old')];
    expect(cli(['replay', '/no/such', '-r', `json=${made}`, '-r', `csv=${kept}`]).code).toBe(3);
    expect(existsSync(made)).toBe(false);
    expect(readFileSync(kept, 'utf8')).toBe('old');
  });

  it('go to several files and standard output at once', () => {
    const folder = scratch();
    const [json, csv] = [join(folder, 'a.json'), join(folder, 'a.csv')];
    writeFileSync(csv, 'x'.repeat(1e6));
    const { code, stdout } = cli([
      'replay',
      GOOD,
      '-r',
      `json=${json}`,
      '-r',
      `csv=${csv}`,
      '-r',
      'markdown',
    ]);
    expect(code).toBe(0);
    expect(stdout).toContain('|');
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ schema: 'p2msim.result/1' });
    expect(readFileSync(csv, 'utf8')).not.toContain('x'.repeat(100));
  });

  it('take the reporter from the name of the file', () => {
    const json = join(scratch(), 'a.json');
    expect(cli(['compare', GOOD, '-o', json])).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject({ schema: 'p2msim.compare/1' });
  });

  it('are the same bytes for the same words', () => {
    const once = cli(['compare', GOOD, '--json']).stdout;
    expect(cli(['compare', GOOD, '--json']).stdout).toBe(once);
  });
});

describe('progress', () => {
  it('is JSON lines on standard error when asked for, and nothing on a pipe otherwise', () => {
    const { stderr } = cli(['replay', GOOD, '--progress', 'ndjson']);
    for (const line of stderr
      .trimEnd()
      .split('\n')
      .filter((text) => text !== '')) {
      expect(JSON.parse(line)).toHaveProperty('progress.trace', GOOD);
    }
    expect(cli(['replay', GOOD]).stderr).toBe('');
  });
});

describe('--print-config', () => {
  it('prints value and origin of every key', () => {
    const folder = scratch();
    writeFileSync(join(folder, 'p2msim.config.json'), '{"stlb": {"ways": 6}, "preset": "haswell"}');
    const { code, stdout } = cli(
      ['replay', '-', '--print-config', '--page-size', '2m', '--set', 'l1d.2m.entries=64'],
      { input: `# vcpus: 2\n${TRACE}`, cwd: folder, env: { P2MSIM_SEED: '7', P2MSIM_STLB_WAYS: '4' } },
    );
    expect(code).toBe(0);
    const lines = stdout.split('\n').map((line) => line.replace(/ +# /, ' # '));
    expect(lines).toContain('seed = 7 # environment variable P2MSIM_SEED');
    expect(lines).toContain('vcpus = 2 # header of -');
    expect(lines).toContain('guest.pageSize = 2m # --page-size');
    expect(lines).toContain('l1d2m.entries = 64 # --set l1d.2m.entries');
    expect(lines).toContain('stlb.entries = 1024 # preset haswell');
    expect(lines).toContain('stlb.ways = 4 # environment variable P2MSIM_STLB_WAYS');
    expect(lines).toContain('guest.mode = demand # default');
  });
});
