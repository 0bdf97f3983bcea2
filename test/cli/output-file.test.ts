/** Output files are whole or not there, whatever ends the program. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BIN, cli, file, plainEnvironment, ROOT, scratch, shell } from './run-cli.js';

const GOOD = file('good.csv', 'op,va\nR,0x1000\nW,0x2000\n');
/** One access, then a mistake. */
const BAD = file('bad.csv', 'op,va\nR,0x1000\nR,zz\n');
/** It would take hours. */
const ENDLESS = 'gen:uniform,accesses=100G';

/** When `folder` has a file, or the process has been busy for a while. */
async function whenBusy(child: ChildProcess, folder: string | null): Promise<void> {
  await new Promise((resolve) => child.stderr?.once('data', resolve));
  while (folder !== null && readdirSync(folder).length === 0 && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
}

describe('a signal', () => {
  it.each<[NodeJS.Signals, string, number | NodeJS.Signals]>([
    ['SIGINT', 'replay', 130],
    ['SIGTERM', 'replay', 143],
    ['SIGHUP', 'replay', 129],
    ['SIGINT', 'convert', 130],
    ['SIGTERM', 'convert', 143],
    ['SIGHUP', 'convert', 129],
  ])('%s while it is busy with %s leaves no file', async (signal, command, expected) => {
    const folder = scratch();
    const out = join(folder, 'out.csv');
    const words =
      command === 'replay'
        ? ['replay', ENDLESS, '--progress', 'ndjson', '-o', out]
        : ['trace', 'convert', ENDLESS, out];
    const child = spawn(process.execPath, [BIN, ...words], { cwd: ROOT, env: plainEnvironment() });
    const end = exitOf(child);
    // A replay says how far it is; a conversion has a file in the making.
    if (command === 'replay') await whenBusy(child, null);
    else while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill(signal);
    expect(await end).toBe(expected);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a replay that a signal ends', () => {
  /** What it has said on standard error when it has ended, and its exit code. */
  async function ended(words: readonly string[], signal: NodeJS.Signals, until: RegExp) {
    const child = spawn(process.execPath, [BIN, ...words, '--progress', 'ndjson'], {
      cwd: ROOT,
      env: plainEnvironment(),
    });
    let said = '';
    const busy = new Promise<void>((resolve) =>
      child.stderr.on('data', (data: Buffer) => {
        said += data.toString();
        if (until.test(said)) resolve();
      }),
    );
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    await busy;
    child.kill(signal);
    return { code: await closed, last: said.trimEnd().split('\n').at(-1) ?? '' };
  }

  it.each<[NodeJS.Signals, string, number]>([
    ['SIGINT', 'compare', 130],
    ['SIGTERM', 'compare', 143],
    ['SIGHUP', 'compare', 129],
    ['SIGTERM', 'replay', 143],
  ])('by %s, %s, says how far it was and that nothing is written', async (signal, command, expected) => {
    const old = file('out.json', 'old');
    const { code, last } = await ended([command, ENDLESS, '-o', old], signal, /"records":[1-9]/);
    expect(code).toBe(expected);
    expect(last).toMatch(
      /^interrupted after [1-9][\d,]* records of gen:uniform,accesses=100G: it is not finished, and no result is written$/,
    );
    expect([readFileSync(old, 'utf8'), readdirSync(dirname(old))]).toEqual(['old', ['out.json']]);
  });

  it('says which of several traces it was, on threads, too', async () => {
    const words = ['compare', GOOD, ENDLESS, '--jobs', '2'];
    const { code, last } = await ended(words, 'SIGTERM', /100G","records":[1-9]/);
    expect(code).toBe(143);
    expect(last).toMatch(
      / \(trace 2 of 2\): it is not finished, and no result is written, of the traces before it neither$/,
    );
  });

  it('says how much of a file it has read', async () => {
    const rows = file('long.csv', `op,va\n${'R,0x1000\nW,0x2000\n'.repeat(2_000_000)}`);
    const { last } = await ended(
      ['compare', rows, '-m', 'shadow', '--no-strip'],
      'SIGTERM',
      /"records":[1-9]/,
    );
    expect(last).toMatch(
      /^interrupted after [1-9][\d,]* records of .*long\.csv, \d+% of it: it is not finished/,
    );
  });
});

describe('a trace that ends early', () => {
  it('leaves an older result as it is, and what was counted beside it', () => {
    const old = file('out.json', 'old');
    const { code, stderr } = cli(['replay', BAD, '-o', old]);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `note: ${old}.partial holds what was counted before the error; ${old} is not written\n`,
    );
    expect(readFileSync(old, 'utf8')).toBe('old');
    expect(JSON.parse(readFileSync(`${old}.partial`, 'utf8'))).toMatchObject({
      manifest: { trace: { accesses: 1 }, incomplete: expect.stringContaining('bad.csv:3:3') as unknown },
    });
    expect(readdirSync(dirname(old)).sort()).toEqual(['out.json', 'out.json.partial']);
  });

  it('does so for one of several traces, for a diff and for a trace that is written', () => {
    const folder = scratch();
    const [two, diff, trace] = ['two.json', 'diff.csv', 'trace.csv'].map((name) => join(folder, name));
    const base = file('base.json', cli(['replay', GOOD, '--json']).stdout);
    expect(cli(['compare', GOOD, BAD, '-o', two!]).code).toBe(3);
    expect(cli(['diff', base, BAD, '-o', diff!, '--allow-different', 'trace']).code).toBe(3);
    expect(cli(['trace', 'convert', BAD, trace!]).code).toBe(3);
    expect(readdirSync(folder).sort()).toEqual(
      ['diff.csv', 'trace.csv', 'two.json'].map((n) => `${n}.partial`),
    );
  });

  it('is not written over itself, be it what another attempt left', () => {
    const partial = file('out.csv.partial', 'op,va\nR,0x1000\nR,zz\n');
    const { code, stderr } = cli(['trace', 'convert', partial, partial.replace('.partial', '')]);
    expect(code).toBe(2);
    expect(stderr).toContain(`the output ${partial} is the input ${partial} itself`);
  });
});

describe('an output file', () => {
  it('stays a link, and keeps who may read it', () => {
    const folder = scratch();
    const [real, link, dangling] = ['real.json', 'link.json', 'dangling.json'].map((name) =>
      join(folder, name),
    );
    writeFileSync(real!, 'old');
    chmodSync(real!, 0o640);
    symlinkSync('real.json', link!);
    symlinkSync('made.json', dangling!);
    expect(cli(['replay', GOOD, '-o', link!]).code).toBe(0);
    expect(cli(['replay', GOOD, '-o', dangling!]).code).toBe(0);
    expect([link!, dangling!].map((path) => lstatSync(path).isSymbolicLink())).toEqual([true, true]);
    expect(JSON.parse(readFileSync(real!, 'utf8'))).toHaveProperty('schema');
    expect(statSync(real!).mode & 0o777).toBe(0o640);
    expect(existsSync(join(folder, 'made.json'))).toBe(true);
  });

  it('is made where links end that lead to each other, and none of them is replaced', () => {
    const folder = scratch();
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    // Each is relative to the folder of the link itself.
    symlinkSync('inner/second', join(folder, 'first.json'));
    symlinkSync('../made.json', join(inner, 'second'));
    expect(cli(['replay', GOOD, '-o', join(folder, 'first.json')]).code).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'made.json'), 'utf8'))).toHaveProperty('schema');
    expect(readlinkSync(join(folder, 'first.json'))).toBe('inner/second');
    expect(readlinkSync(join(inner, 'second'))).toBe('../made.json');
    expect(readdirSync(inner)).toEqual(['second']);
    symlinkSync('there', join(folder, 'here'));
    symlinkSync('here', join(folder, 'there'));
    const { code, stderr } = cli(['replay', ENDLESS, '-o', join(folder, 'here')]);
    expect(code).toBe(2);
    expect(stderr).toContain(
      'here: cannot be written: too many links lead to it, or they go in a circle\nhint: ',
    );
  });

  it('may have a name as long as that of what is not whole can be', () => {
    const folder = scratch();
    // A name has up to 255 bytes, and ".partial" has 8.
    const longest = join(folder, 'n'.repeat(247));
    expect(cli(['replay', BAD, '-o', longest]).code).toBe(3);
    expect(cli(['replay', GOOD, '-o', longest]).code).toBe(0);
    expect(readdirSync(folder)).toEqual(['n'.repeat(247), `${'n'.repeat(247)}.partial`]);
    for (const words of [
      ['replay', ENDLESS, '-o', `${longest}n`],
      ['trace', 'convert', ENDLESS, '--to', 'csv', `${longest}n`],
    ]) {
      const { code, stderr } = cli(words);
      expect(code).toBe(2);
      expect(stderr).toContain(
        'cannot be written: the name is too long\nhint: give it a shorter name: what is not whole',
      );
    }
  });

  it('does not touch what another process with its number has in the making', () => {
    const folder = scratch();
    // Its own number is not known before it starts, so the shell names the other file after it and becomes it.
    const { code } = shell(
      `sh -c 'echo other > ${folder}/p2msim-$$-0.part; exec node ${BIN} replay ${GOOD} -o ${folder}/out.json'`,
    );
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(['out.json', expect.stringMatching(/^p2msim-\d+-0\.part$/)]);
  });

  it('is compressed if its name ends in .gz, and of the kind that the rest of the name says', () => {
    const path = join(scratch(), 'out.json.gz');
    expect(cli(['replay', GOOD, '-o', path]).code).toBe(0);
    const text = gunzipSync(readFileSync(path)).toString();
    expect(text).toBe(
      cli(['replay', GOOD, '--json']).stdout.replace(/"--json"\n/, `"-o",\n      "${path}"\n`),
    );
    expect(cli(['diff', path, GOOD]).code).toBe(0);
  });

  it('may be a pipe or /dev/stdout, which is added to', () => {
    const folder = scratch();
    const plain = cli(['replay', GOOD, '-r', 'csv']).stdout;
    const piped = shell(`p2msim replay ${GOOD} -r csv=/dev/stdout | cat`);
    expect(piped).toEqual({ code: 0, stdout: plain, stderr: '' });
    shell(`echo first > ${folder}/all; p2msim replay ${GOOD} -r csv=/dev/stdout >> ${folder}/all`);
    expect(readFileSync(join(folder, 'all'), 'utf8')).toBe(`first\n${plain}`);
    const fifo = shell(`mkfifo ${folder}/f && cat ${folder}/f & sleep 0.2
      p2msim replay ${GOOD} -r csv=${folder}/f; wait`);
    expect(fifo.stdout).toBe(plain);
    expect(readdirSync(folder).sort()).toEqual(['all', 'f']);
  });

  it('is refused before the replay where there can be none', () => {
    for (const place of [scratch(), '/no/such/folder/out.json']) {
      const { code, stderr } = cli(['replay', ENDLESS, '-o', place]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/cannot be written: .*\nhint: name a file in a folder that exists/);
    }
  });
});
