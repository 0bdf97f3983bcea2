/**
 * `p2msim trace capture` where nothing needs to be installed: programs that stand for QEMU, the compiler and valgrind
 * in a PATH of their own. test/capture/ captures real programs.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { call, forked, READ, record, started, WRITE } from '../unit/capture/plugin-records.js';
import { cli, type CliResult, scratch } from './run-cli.js';

const FOLDER = scratch();
const EXIT_GROUP = 231;
const BYTES = Buffer.concat([
  started(70),
  record(WRITE, 70, 0x601000),
  forked(71, 70),
  record(WRITE, 71, 0x601000),
  call(71, EXIT_GROUP, [0], 0),
  ...Array.from({ length: 500 }, (_, i) => record(READ, 70, 0x601000 + 8 * i)),
]);

/** Directories of the real PATH in which the tools of the scripts below are. */
const REAL = (process.env['PATH'] ?? '').split(delimiter);

function realTool(name: string): string {
  const folder = REAL.find((each) => existsSync(join(each, name)));
  if (folder === undefined) throw new Error(`${name} is not in PATH`);
  return join(folder, name);
}

const SCRIPTS = {
  'qemu-x86_64': `#!/bin/sh
[ "$1" = -version ] && { echo 'qemu-x86_64 version 7.2.0'; exit; }
echo "$@" > ${join(FOLDER, 'qemu-words')}
out=$(echo "$2" | ${realTool('tr')} , '\\n' | ${realTool('sed')} -n 's/^out=//p')
${realTool('cat')} ${join(FOLDER, 'records')} > "$out"
exit 5
`,
  cc: `#!/bin/sh
echo built >> ${join(FOLDER, 'builds')}
while [ "$1" != -o ]; do shift; done
echo plugin > "$2"
`,
  'cc-broken': `#!/bin/sh
echo 'fatal error: stdio.h: No such file' >&2
exit 1
`,
  'valgrind-failing': `#!/bin/sh
echo 'valgrind: Permission denied' >&2
exit 126
`,
  valgrind: `#!/bin/sh
for word; do case $word in --log-file=*) log=\${word#--log-file=};; esac; done
printf '==1== Lackey\\nI  401000,4\\n L 601000,8\\n S 601008,8\\n M 601010,8\\n' > "$log"
`,
} as const;

/** A PATH with these tools and mkfifo. */
function pathWith(...names: (keyof typeof SCRIPTS)[]): string {
  const folder = scratch();
  for (const name of names) {
    const path = join(folder, name.replace(/-(broken|failing)$/, ''));
    writeFileSync(path, SCRIPTS[name]);
    chmodSync(path, 0o755);
  }
  symlinkSync(realTool('mkfifo'), join(folder, 'mkfifo'));
  return folder;
}

/** The first bytes of an x86-64 program: magic, 64 bits, and machine 62 at byte 18. */
const PROGRAM = join(FOLDER, 'program');
const OUTPUT = join(FOLDER, 'out.csv');

function capture(path: string, ...words: string[]): CliResult {
  const env = { PATH: path, HOME: FOLDER, XDG_CACHE_HOME: join(FOLDER, 'cache'), TMPDIR: FOLDER };
  return cli(['trace', 'capture', '-o', OUTPUT, ...words], { env });
}

beforeAll(() => {
  const elf = Buffer.alloc(64);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2]);
  elf[18] = 62;
  writeFileSync(PROGRAM, elf, { mode: 0o755 });
  writeFileSync(join(FOLDER, 'script'), `#! ${PROGRAM} -x  y \nhello\n`, { mode: 0o755 });
  writeFileSync(join(FOLDER, 'text'), 'hello\n', { mode: 0o755 });
  writeFileSync(join(FOLDER, 'lost-script'), '#!/nosuch/sh\n', { mode: 0o755 });
  writeFileSync(join(FOLDER, 'odd-script'), `#!${join(FOLDER, 'text')}\n`, { mode: 0o755 });
  writeFileSync(join(FOLDER, 'records'), BYTES);
});

describe('with QEMU and a compiler', () => {
  const path = pathWith('qemu-x86_64', 'cc', 'valgrind');

  it('builds the plugin, runs the program, says both, and writes a trace that is replayed', () => {
    const { code, stdout, stderr } = capture(path, '--', PROGRAM, '-a', 'b c');
    expect([code, stdout]).toEqual([0, '']);
    const [built, ran, wrote, ended] = stderr.split('\n');
    expect(built).toMatch(/^\+ \S+\/cc -O2 -shared -fPIC -DP2M_API=1 -o \S+\.part \S+qemu-plugin\.c$/);
    expect(ran).toMatch(/^\+ \S+\/qemu-x86_64 -plugin \S+,fetch=0,load=1,store=1 \S+\/program -a 'b c'$/);
    expect(wrote).toMatch(/^\S+out\.csv: csv, 502 records, 4 events, 2 processes on 2 vcpus, [\d,]+ bytes$/);
    expect(ended).toBe('the program ended with exit code 5');
    expect(readFileSync(OUTPUT, 'utf8')).toMatch(
      /^# Made-from: qemu-user plugin\n(# Cannot-say: .*\n){4}# format: .*\n# vcpus: 2\n/,
    );
    for (const mode of ['native', 'hap', 'shadow']) {
      const replayed = cli(['replay', OUTPUT, '-m', mode, '--json']);
      expect(replayed.code).toBe(0);
      const { counters } = JSON.parse(replayed.stdout) as { counters: Record<string, number> };
      expect([counters['accesses'], counters['guest.faults.cow']]).toEqual([502, 1]);
    }
    expect(cli(['trace', 'check', OUTPUT]).stdout).toContain(`\n${OUTPUT}: ok\n`);
  }, 60_000);

  it('builds it once, and asks for the kinds of access that are wanted', () => {
    writeFileSync(join(FOLDER, 'builds'), '');
    const { stderr } = capture(path, '--accesses', 'stores', '--', PROGRAM);
    expect(readFileSync(join(FOLDER, 'builds'), 'utf8')).toBe('');
    expect(stderr).toMatch(/fetch=0,load=0,store=1/);
    expect(stderr).toMatch(/csv, 2 records/);
  });

  it.each([
    // Node.js 20 never comes back from making such a folder with `recursive`.
    ['a folder that cannot be made', '/proc/x', '/proc/x/p2msim cannot be used: no such file or directory'],
    ['a file', join(FOLDER, 'text'), 'text/p2msim cannot be used: part of the path is not a directory'],
    ['a comma', join(FOLDER, 'a,b'), 'a,b/p2msim has a comma in its name, which QEMU cannot read'],
  ])(
    'builds it for this capture, and says why, where the cache is %s',
    (_what, cache, why) => {
      const env = { PATH: path, HOME: FOLDER, XDG_CACHE_HOME: cache, TMPDIR: FOLDER };
      const { code, stderr } = cli(['trace', 'capture', '-o', OUTPUT, '--', PROGRAM], { env });
      expect(code).toBe(0);
      expect(stderr).toContain(`${why}; XDG_CACHE_HOME names another folder\n`);
      expect(stderr).toMatch(/^note: the plugin is built anew for each capture: /);
    },
    30_000,
  );

  it('makes the folders of the cache, and does not build what is there', () => {
    const cache = join(scratch(), 'a', 'b');
    const env = { PATH: path, HOME: FOLDER, XDG_CACHE_HOME: cache, TMPDIR: FOLDER };
    const run = (): string => cli(['trace', 'capture', '-o', OUTPUT, '--', PROGRAM], { env }).stderr;
    expect(run()).toMatch(/^\+ \S+\/cc /);
    expect(readdirSync(join(cache, 'p2msim'))).toEqual([expect.stringMatching(/^capture-\w+\.so$/)]);
    expect(run()).toMatch(/^\+ \S+\/qemu-x86_64 /);
  });

  it('gives a script to its interpreter, with the one argument that it may have', () => {
    capture(path, '--', join(FOLDER, 'script'), 'z');
    expect(readFileSync(join(FOLDER, 'qemu-words'), 'utf8')).toContain(
      `${PROGRAM} -x  y ${join(FOLDER, 'script')} z\n`,
    );
  });

  it('selects by process, vcpu, address and position, and stops the program when there is enough', () => {
    // What is in the file, not what the program had.
    expect(capture(path, '--process', '2', '--', PROGRAM).stderr).toMatch(
      /csv, 1 record, \d+ events, 1 process on 1 vcpu, /,
    );
    expect(capture(path, '--vcpu', '0', '--', PROGRAM).stderr).toMatch(
      /csv, 501 records, \d+ events, 1 process on 1 vcpu, /,
    );
    // 601000 to 60100f: the store of each process, and two loads.
    expect(capture(path, '--range', '601000-601010', '--', PROGRAM).stderr).toMatch(/csv, 4 records, /);
    const part = capture(path, '--skip', '2', '--limit', '3', '--', PROGRAM).stderr;
    expect(part).toMatch(/csv, 3 records, .*\nthe program was stopped by --limit\n$/);
  });

  it('counts what the format has room for', () => {
    const { stderr } = capture(path, '-o', join(FOLDER, 'a.rw'), '--', PROGRAM);
    expect(stderr).toMatch(/a\.rw: rw, 502 records, 0 events, [\d,]+ bytes\n(.*\n)?lost, .* 4 events/);
  });

  it('writes p2mtrace and gzip, and the same trace', () => {
    const paths = ['a.p2mtrace', 'a.csv.gz'].map((name) => join(FOLDER, name));
    const heads = paths.map((output) => {
      expect(capture(path, '-o', output, '--', PROGRAM).code).toBe(0);
      return cli(['trace', 'head', output, '-n', '600']).stdout;
    });
    expect(heads[0]).toBe(heads[1]);
    expect(heads[0]?.split('\n')).toHaveLength(502 + 4 + 1);
  }, 60_000);

  it('leaves nothing behind, and an older trace alone if nothing was captured', () => {
    writeFileSync(OUTPUT, 'older\n');
    const { code, stderr } = capture(path, '--range', '1000-2000', '--', PROGRAM);
    expect(code).toBe(3);
    expect(stderr).toMatch(/program: no access was captured; the program ended with exit code 5\nhint: /);
    expect(readFileSync(OUTPUT, 'utf8')).toBe('older\n');
    const left = cli(['trace', 'info', OUTPUT]);
    expect(left.code).toBe(3);
    expect(readdirSync(FOLDER).filter((name) => /p2msim-capture|part$/.test(name))).toEqual([]);
  });

  it('says what a plugin sent that cannot be', () => {
    writeFileSync(join(FOLDER, 'records'), Buffer.concat([started(70), record(9, 70, 0)]));
    const { code, stderr } = capture(path, '--', PROGRAM);
    writeFileSync(join(FOLDER, 'records'), BYTES);
    expect(code).toBe(3);
    expect(stderr).toMatch(/error: QEMU plugin: byte 16: found a record of kind 9; expected 1 to 6/);
  });
});

describe('what cannot be captured', () => {
  const tools = pathWith('qemu-x86_64', 'cc');
  const folder = scratch();
  const plain = join(folder, 'plain');
  writeFileSync(plain, '#!/bin/sh\n', { mode: 0o644 });
  const inTools = join(tools, 'half');
  writeFileSync(inTools, 'x', { mode: 0o644 });

  it.each([
    ['a file that may not be executed', plain, `${plain} may not be executed`, `chmod +x ${plain}`],
    ['one in PATH', 'half', `${inTools} may not be executed`, 'chmod +x'],
    ['a directory', folder, `${folder} is a directory, and no program`, 'give the path'],
    ['a device', '/dev/null', '/dev/null is no file, and no program', 'give the path'],
    ['a file that is not there', './nothing', './nothing: no such file', 'give the path'],
    ['a name that is not in PATH', 'nothing', 'nothing: no program of this name in PATH', 'give the path'],
  ])('is said as it is: %s', (_what, program, message, hint) => {
    const { code, stderr } = capture(tools, '--', program);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`error: ${message}`)]);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('+ ');
  });

  it.each([
    ['a folder that is not there', join(folder, 'no', 'a.csv')],
    ['a directory', join(folder, 'there.csv')],
    ['a file in a file', join(plain, 'a.csv')],
    ['a name that says no format', join(folder, 'trace.what')],
  ])('is refused for its output before anything is built or run: %s', (_what, output) => {
    mkdirSync(join(folder, 'there.csv'), { recursive: true });
    const { code, stderr } = capture(tools, '-o', output, '--', PROGRAM);
    expect([code, stderr]).toEqual([2, expect.stringContaining(output)]);
    expect(stderr).not.toContain('+ ');
  });
});

describe('without one of them', () => {
  it('falls back to lackey, and says what is missing, what that means and what to install', () => {
    const { code, stderr } = capture(pathWith('cc', 'valgrind'), '--', PROGRAM);
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: qemu-x86_64 not found: capturing with valgrind's lackey, which sees neither mmap nor fork, .*apt-get install qemu-user gcc/,
    );
    expect(stderr).toMatch(/^\+ \S+valgrind --tool=lackey --trace-mem=yes --log-file=\S+fifo \S+program$/m);
    // Loads and stores: L, S and M.
    expect(stderr).toMatch(/csv, 3 records, 0 events, /);
    const all = capture(pathWith('valgrind'), '--accesses', 'loads,stores,fetches', '--', PROGRAM).stderr;
    expect(all).toMatch(/^warning: qemu-x86_64 and a C compiler \(cc, gcc, clang\) not found: /);
    expect(all).toMatch(/csv, 4 records, /);
  });

  it('does so without a warning if lackey was asked for', () => {
    const { code, stderr } = capture(
      pathWith('qemu-x86_64', 'cc', 'valgrind'),
      '--tool',
      'lackey',
      '--',
      PROGRAM,
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^\+ /);
  });

  it('says with what valgrind ended where it ran nothing', () => {
    const { code, stderr } = capture(pathWith('valgrind-failing'), '--tool', 'lackey', '--', PROGRAM);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /valgrind: Permission denied\nerror: \S+program: nothing was traced: valgrind ended with exit code 126\nhint: what it said of the program is above\n$/,
    );
  });

  it('says that QEMU cannot be told a path with a comma', () => {
    const env = { HOME: FOLDER, XDG_CACHE_HOME: join(FOLDER, 'cache') };
    const temporary = join(FOLDER, 'temporary,1');
    mkdirSync(temporary);
    const run = (more: Record<string, string>, ...words: string[]): CliResult =>
      cli(['trace', 'capture', '-o', OUTPUT, ...words, '--', PROGRAM], { env: { ...env, ...more } });
    const first = run({ PATH: pathWith('qemu-x86_64', 'cc'), TMPDIR: temporary });
    expect(first.stderr).toMatch(
      /^error: \S+\/temporary,1\/p2msim-capture-\w+: has a comma in its name, .*\nhint: TMPDIR names another/,
    );
    expect(first.code).toBe(2);
    expect(readdirSync(temporary)).toEqual([]);
    const folder = join(FOLDER, 'bin,1');
    cpSync(pathWith('qemu-x86_64', 'cc'), folder, { recursive: true });
    const second = run({ PATH: folder, TMPDIR: FOLDER });
    expect(second.stderr).toMatch(/^error: \S+\/bin,1\/qemu-x86_64: has a comma .*\nhint: .* PATH /);
    expect(second.code).toBe(2);
    // lackey has no such option.
    const third = run({ PATH: pathWith('valgrind'), TMPDIR: temporary }, '--tool', 'lackey');
    expect(third.stderr).not.toContain('comma');
  });

  it('says that there is no folder for temporary files', () => {
    const env = { PATH: pathWith('qemu-x86_64', 'cc'), HOME: FOLDER, TMPDIR: '/nosuch' };
    const { code, stderr } = cli(['trace', 'capture', '-o', OUTPUT, '--', PROGRAM], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^error: \/nosuch: nothing can be made .*: no such file or directory\nhint: TMPDIR names another\n$/,
    );
  });

  it.each([
    [
      [],
      [],
      /error: capture needs what is not in PATH: qemu-x86_64 and a C compiler \(cc, gcc, clang\); nor is valgrind there\nhint: on Debian and Ubuntu: apt-get install qemu-user gcc libc6-dev/,
    ],
    [['valgrind'], ['--tool', 'qemu'], /not in PATH: qemu-x86_64 and a C compiler/],
    [['qemu-x86_64', 'cc'], ['--tool', 'lackey'], /not in PATH: valgrind\nhint: .*apt-get install valgrind/],
    [
      ['valgrind'],
      ['--process', '1'],
      /lackey sees one process and one thread; --process and --vcpu need QEMU/,
    ],
    [
      ['qemu-x86_64', 'cc-broken'],
      [],
      /the QEMU plugin cannot be built\n.*stdio\.h: No such file\nhint: .*libc6-dev/,
    ],
  ] as const)('with %j and %j it says so', (tools, words, message) => {
    // A compiler that fails would not be asked if the plugin were there already.
    const env = { PATH: pathWith(...tools), HOME: scratch(), TMPDIR: FOLDER };
    const { code, stderr } = cli(['trace', 'capture', '-o', OUTPUT, ...words, '--', PROGRAM], { env });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('says that mkfifo is missing', () => {
    const folder = join(FOLDER, 'empty');
    mkdirSync(folder, { recursive: true });
    expect(capture(folder, '--', PROGRAM).stderr).toMatch(
      /not in PATH: mkfifo\nhint: it is part of coreutils/,
    );
  });
});

describe('what is refused', () => {
  const path = pathWith('qemu-x86_64', 'cc');

  it.each([
    [['--', 'no-such-program'], /no-such-program: no program of this name in PATH/],
    [
      ['--', join(FOLDER, 'lost-script')],
      /lost-script is a script for \/nosuch\/sh, which is not there\nhint: /,
    ],
    [
      ['--', join(FOLDER, 'odd-script')],
      /odd-script is a script for \S+text, which is no program for x86-64/,
    ],
    [[PROGRAM, '-l', '/'], /unknown option '-l'; if it is the program's, put -- before the program: /],
    [
      ['-o', '/nosuch/x.csv', '--', PROGRAM],
      /no such file or directory\nhint: name a file in a folder .*written to\n$/,
    ],
    [['--', join(FOLDER, 'text')], /text is neither a program for x86-64 Linux nor a script/],
    [['-o', '-', '--', PROGRAM], /a capture needs a file: standard output is the program's/],
    [['-o', join(FOLDER, 'a.txt'), '--', PROGRAM], /says nothing of the format to write/],
    [['--accesses', 'lods', '--', PROGRAM], /--accesses has 'lods' \(did you mean 'loads'\?\)/],
    [['--tool', 'quemu', '--', PROGRAM], /--tool is 'quemu' \(did you mean 'qemu'\?\)/],
    [['--range', '2000-1000', '--', PROGRAM], /--range is '2000-1000'; expected two hexadecimal addresses/],
    [['--range', '2000', '--', PROGRAM], /--range is '2000'/],
    [['--vcpu', '256', '--', PROGRAM], /--vcpu has '256'; expected numbers from 0 to 255/],
    [['--limit', '0', '--', PROGRAM], /--limit is 0/],
    [['--max-size', '1KB', '--', PROGRAM], /--max-size is '1KB'; expected a size/],
    [[], /missing required argument 'program'/],
  ])('%j', (words, message) => {
    const { code, stdout, stderr } = capture(path, ...words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});
