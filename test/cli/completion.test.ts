/** Completion as a shell does it: the printed scripts are run by bash, and by zsh and fish where they are installed. */
import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as library from '../../src/index.js';
import { complete, splitLine } from '../../src/cli/completion/words.js';
import { createProgram } from '../../src/cli/program.js';
import { BIN, cli, plainEnvironment, scratch, shell } from './run-cli.js';

/** A folder in which `p2msim` is the built program. */
const PATH_FOLDER = scratch();
writeFileSync(join(PATH_FOLDER, 'p2msim'), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
chmodSync(join(PATH_FOLDER, 'p2msim'), 0o755);

const has = (name: string): boolean => shell(`command -v ${name}`).code === 0;

function run(program: string, script: string): string[] {
  const env = plainEnvironment();
  const { stdout, stderr } = spawnSync(program, ['-c', script], {
    cwd: PATH_FOLDER,
    encoding: 'utf8',
    env: { ...env, HOME: PATH_FOLDER, PATH: `${PATH_FOLDER}:${env['PATH'] ?? ''}` },
  });
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

/** What bash offers behind `line`, whose words it splits at blanks, `=` and `:`. */
function bash(line: string): string[] {
  const words = line.split(/\s+|(?=[=:])|(?<=[=:])/);
  const quoted = words.map((word) => `'${word}'`).join(' ');
  return run(
    'bash',
    `eval "$(p2msim completion bash)"
COMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
_p2msim_complete p2msim; printf '%s\\n' "\${COMPREPLY[@]}"`,
  );
}

describe.runIf(has('bash'))('bash', () => {
  it('offers the modes', () => {
    expect(bash('p2msim replay --mode ')).toEqual(['native', 'hap', 'shadow']);
  });

  it('goes on behind a comma, and behind = with the part behind it', () => {
    expect(bash('p2msim compare -m native,sh')).toEqual(['native,shadow']);
    expect(bash('p2msim replay --set stlb.policy=pl')).toEqual(['plru']);
    expect(bash('p2msim replay --set guest.mode=')).toEqual(['demand', 'premapped']);
  });

  it('offers files where files are wanted', () => {
    expect(bash('p2msim replay p2m')).toEqual(['p2msim']);
    // A backend of one's own is a path.
    expect(bash('p2msim replay --mode ./p2m')).toEqual(['./p2msim']);
  });

  it('goes on behind gen:, where bash begins a word', () => {
    expect(bash('p2msim replay gen:z')).toEqual(['zipf']);
    expect(bash('p2msim replay gen:')).toEqual(library.generators.names());
    expect(bash('p2msim replay gen:zipf,foot')).toEqual(['zipf,footprint=']);
  });

  it('has the script bound to the name of the program', () => {
    expect(run('bash', 'eval "$(p2msim completion bash)"; complete -p p2msim')).toEqual([
      'complete -o nosort -F _p2msim_complete p2msim',
    ]);
  });
});

describe('zsh', () => {
  it.runIf(has('zsh'))('offers the modes', () => {
    const script = `compdef() { :; }; compadd() { print -l -- "\${@:2}"; }; _files() { print files; }
eval "$(p2msim completion zsh)"
words=(p2msim replay --mode ''); CURRENT=4; _p2msim`;
    expect(run('zsh', script)).toEqual(['native', 'hap', 'shadow']);
  });

  it.runIf(!has('zsh'))('is not installed here: its script is not run', () => {
    expect(cli(['completion', 'zsh']).stdout).toMatch(/^#compdef p2msim\n/);
  });
});

describe('fish', () => {
  it.runIf(has('fish'))('offers the modes', () => {
    const offered = run('fish', 'p2msim completion fish | source; complete -C "p2msim replay --mode "');
    expect(offered.slice(0, 3).sort()).toEqual(['hap', 'native', 'shadow']);
  });

  it.runIf(!has('fish'))('is not installed here: its script is not run', () => {
    expect(cli(['completion', 'fish']).stdout).toMatch(/complete -c p2msim -f -a /);
  });
});

describe('what is offered', () => {
  const silent = { argv: [], environment: {} } as unknown as Parameters<typeof createProgram>[0];
  const program = createProgram(silent, '0');
  const keys = new Map([
    ['--guest', 'guest.mode'],
    ['--shadow-policy', 'shadow.policy'],
  ]);
  const offered = (line: string): readonly string[] => complete(line, program, keys, library).words;

  it.each([
    ['p2msim ', ['replay', 'compare', 'diff', 'trace', 'completion']],
    ['p2msim trace ', ['info', 'convert', 'mrc']],
    ['p2msim replay x -p ', library.presets.names()],
    ['p2msim replay x --format ', library.formats.names()],
    ['p2msim replay x -r ', library.reporters.names()],
    ['p2msim trace convert x y --to ', library.traceWriters.names()],
    [
      'p2msim replay x --metrics walk.count,',
      library.COUNTERS.map(({ key }) => `walk.count,${key}`).slice(0, 9),
    ],
    ['p2msim replay x --fail-on ', ['walk.refs', 'walk.refs.ratio']],
    ['p2msim replay x --set ', library.CONFIG_KEYS.map(({ key }) => `${key}=`)],
    ['p2msim sweep x -L ', library.CONFIG_KEYS.map(({ key }) => key)],
    ['p2msim explain ', ['walk.refs', 'vmexit.pf', 'shadow']],
    ['p2msim presets ', library.presets.names()],
    ['p2msim schema ', library.SCHEMAS.all().flatMap(({ name, id }) => [name, id])],
    ['p2msim experiments ', library.experiments.names()],
    ['p2msim trace generate ', library.generators.names()],
    ['p2msim replay --shadow-policy ', library.policies.names()],
    ['p2msim replay --guest ', ['demand', 'premapped']],
    ['p2msim replay --guest=', ['--guest=demand', '--guest=premapped']],
    ['p2msim diff a b --allow-different trace,', ['trace,config', 'trace,cost']],
    ['p2msim replay --color a', ['auto', 'always']],
    ['p2msim completion ', ['bash', 'zsh', 'fish']],
    ['p2msim help ', ['replay', 'compare', 'trace']],
    ['p2msim trace help ', ['info', 'convert', 'mrc']],
    ['p2msim help trace ', ['info', 'convert', 'mrc']],
    ['p2msim sweep x -L preset ', library.presets.names()],
    ['p2msim sweep x -L stlb.entries 1,2 -L guest.mode ', ['demand', 'premapped']],
    ['p2msim sweep x -L guest.mode demand,', ['demand,premapped']],
  ])('behind `%s`', (line, wanted) => {
    expect(offered(line)).toEqual(expect.arrayContaining([...wanted]));
  });

  it('begins with what is typed, and does not repeat an option that was given', () => {
    expect(offered('p2msim re')).toEqual(['replay']);
    expect(offered('p2msim replay --sk')).toEqual(['--skip']);
    expect(offered('p2msim replay --skip 5 --sk')).toEqual([]);
    // --set may be repeated.
    expect(offered('p2msim replay --set seed=1 --set')).toEqual(['--set']);
    expect(offered('p2msim compare x -m hap,')).not.toContain('hap,hap');
    expect(offered('p2msim nothing ')).toEqual([]);
  });

  it('offers files where nothing else fits', () => {
    const files = (line: string): boolean => complete(line, program, keys, library).files;
    expect(files('p2msim replay x --mode ')).toBe(false);
    expect(files('p2msim replay x --shadow-policy ')).toBe(false);
    expect(files('p2msim sweep x -L guest.pageSize ')).toBe(false);
    expect(files('p2msim replay gen:')).toBe(false);
    expect(offered('p2msim sweep x -L guest.pageSize ')).toEqual(['4k', '2m', '1g']);
    expect(files('p2msim replay x --mode ./my')).toBe(true);
    expect(files('p2msim replay x --shadow-policy mine')).toBe(true);
    // A trace, and what may be one: a file or gen:.
    expect(files('p2msim replay ')).toBe(true);
    expect(complete('p2msim replay ge', program, keys, library)).toMatchObject({
      words: ['gen:'],
      files: true,
      open: true,
    });
    // The key and the values of an axis have been given.
    expect(files('p2msim sweep -L guest.pageSize 4k,2m ')).toBe(true);
    expect(offered('p2msim sweep x -P stlb.entries 64 ')).toEqual([]);
  });

  it('does not tell of the command that scripts ask', () => {
    expect(offered('p2msim com')).toEqual(['compare', 'completion']);
    expect(cli(['--help']).stdout).not.toMatch(/^ +complete /m);
  });

  it('splits a line as a shell does', () => {
    expect(splitLine(`p2msim replay "a b" c\\ d 'e`)).toEqual(['p2msim', 'replay', 'a b', 'c d', 'e']);
    expect(splitLine('p2msim ')).toEqual(['p2msim', '']);
    expect(splitLine('')).toEqual(['']);
  });

  it('is a mistake for a shell that is not known', () => {
    expect(cli(['completion', 'bsh'])).toMatchObject({
      code: 2,
      stderr: "error: unknown shell 'bsh' (did you mean 'bash'?); shells are bash, zsh, fish\n",
    });
  });
});
