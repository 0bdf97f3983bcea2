/** `--skip` and `--limit` of the commands that read a trace without a machine. */
import { describe, expect, it } from 'vitest';
import { cli } from './run-cli.js';

const FORK = 'traces/examples/fork.csv';
const CC1 = 'traces/lackey/cc1-with-instructions.lackey.gz';

interface Part {
  readonly sha256: string;
  readonly records: number;
  readonly part: { readonly skipped: number; readonly cutAfter: number | null };
}

describe('--skip and --limit of trace commands', () => {
  it('name the same records as in a replay, by its digest, in text and in JSON', { timeout: 30_000 }, () => {
    const part = ['--skip', '1k', '--limit', '2k'];
    const replayed = JSON.parse(cli(['replay', CC1, '-m', 'native', '--json', ...part]).stdout) as {
      manifest: { trace: { sha256: string; whole: boolean } };
    };
    const info = JSON.parse(cli(['trace', 'info', CC1, '--json', ...part]).stdout) as Part;
    const mrc = JSON.parse(cli(['trace', 'mrc', CC1, '--json', ...part]).stdout) as { trace: Part };
    for (const { sha256, records, part: read } of [info, mrc.trace]) {
      expect({ sha256, records, read }).toEqual({
        sha256: replayed.manifest.trace.sha256,
        records: 2000,
        read: { skipped: 1000, cutAfter: 3000 },
      });
    }
    for (const command of ['info', 'mrc']) {
      const { stdout } = cli(['trace', command, CC1, ...part]);
      expect(stdout).toContain('1,000 records passed over first (--skip)\n');
      expect(stdout).toContain('cut after record 3,000 (--limit): what follows was not read\n');
    }
  });

  it('ends generated traces that would go on', () => {
    const { code, stdout } = cli(['trace', 'info', 'gen:uniform,accesses=900G', '--limit', '10k']);
    expect({ code, cut: stdout.includes('cut after record 10,000 (--limit)') }).toEqual({
      code: 0,
      cut: true,
    });
  });

  it('shows the records after those that head skips, with the events between', () => {
    const whole = cli(['trace', 'head', FORK, '-n', '1000']).stdout.split('\n');
    // fork.csv has 3 accesses before its fourth and the PROTECT that follows the third.
    const skipped = cli(['trace', 'head', FORK, '-n', '1000', '--skip', '3']).stdout.split('\n');
    expect(skipped).toEqual(whole.slice(-skipped.length));
    const accesses = (lines: readonly string[]): number =>
      lines.filter((line) => /^[RWXM] /.test(line)).length;
    expect(accesses(skipped)).toBe(accesses(whole) - 3);
    const before = whole[whole.length - skipped.length - 1] ?? '';
    expect(before).toMatch(/^[RWXM] /);
  });

  it.each([
    ['info', FORK, '--skip', '300'],
    ['mrc', FORK, '--skip', '300'],
    ['head', FORK, '--skip', '300'],
    ['cut', FORK, '-', '--to', 'din', '--skip', '300'],
  ])('trace %s names --skip when it goes beyond the end', (...words) => {
    const { code, stderr } = cli(['trace', ...words]);
    expect(code).toBe(3);
    expect(stderr).toContain(
      `error: ${FORK}: nothing is left: the trace has 39 records, and --skip passes over 300\nhint: give a smaller --skip, or a longer trace\n`,
    );
  });

  it('says what --skip of trace cut counts where other conditions leave some', () => {
    const { stderr } = cli([
      'trace',
      'cut',
      FORK,
      '-',
      '--to',
      'csv',
      '--accesses',
      'stores',
      '--skip',
      '21',
    ]);
    // 21 of the 39 records store.
    expect(stderr).toContain(
      'nothing is left: the other conditions leave 21 accesses, and --skip passes over 21',
    );
    const none = cli(['trace', 'cut', FORK, '-', '--to', 'csv', '--vcpu', '7', '--skip', '21']);
    expect(none.stderr).toContain('no access is in the part that was chosen');
  });

  it.each(['info', 'mrc'])('trace %s refuses a limit of nothing and what is no number', (command) => {
    expect(cli(['trace', command, FORK, '--limit', '0'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--limit is 0; expected at least 1 access') as string,
    });
    expect(cli(['trace', command, FORK, '--skip', '10x']).stderr).toContain(
      "--skip is '10x'; expected a count such as 500, 10k or 2M",
    );
  });
});

describe('trace check', () => {
  it('says what of a cut trace was checked, in text and in JSON', () => {
    const lackey = ['trace', 'check', CC1, '--limit', '5k'];
    expect(cli(lackey).stdout).toBe(
      [
        'cut after record 5,000 (--limit): what follows was not read',
        'checked: records',
        'not checked: mappings, rights of mappings, address spaces, tags, levels of table stores, rights to execute: the part that was read has no such events',
        "not checked: table stores outside tables, stale translations: only a scripted guest's trace (`# guest: scripted`) is known to have every table store and flush in it",
        `${CC1}: ok`,
        '',
      ].join('\n'),
    );
    expect(JSON.parse(cli([...lackey, '--json']).stdout)).toMatchObject({
      part: { skipped: 0, cutAfter: 5000 },
      findings: [],
      scope: expect.arrayContaining([{ what: 'records', checked: true }]) as unknown,
    });
    expect(cli(['trace', 'check', CC1, '--limit', '0']).stderr).toContain(
      '--limit is 0; expected at least 1',
    );
  });
});

describe('trace info of a trace with many address spaces', () => {
  it('names twenty of them, scales sizes, and leaves out classes that no access is in', () => {
    const { stdout } = cli(['trace', 'info', 'gen:fork-exec,accesses=200k']);
    const places = stdout.split('\n').find((line) => line.startsWith('address spaces: ')) ?? '';
    expect(places).toMatch(
      /^address spaces: 0, 1, .*, 19 and \d+ more \(\d+ in all: \d+ more under the same names\); vcpus: 0$/,
    );
    expect(stdout).toMatch(/ pages? +of 1G +\d+\.00 GiB\n/);
    expect(stdout).not.toMatch(/^ +0 +0\.00%/m);
    const one = cli(['trace', 'info', 'gen:sequential,accesses=1']).stdout;
    expect(one).toMatch(/^\S+ {2}generated, 1 record, sha256 /);
  });
});
