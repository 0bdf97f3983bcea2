/** Shadow policies on the command line: shipped ones printed, a file's used and recorded. */
import { describe, expect, it } from 'vitest';
import { cli, file } from './run-cli.js';

const OPS = ['op,va', ...Array.from({ length: 64 }, (_, i) => `W,0x${(0x10000000 + 4096 * i).toString(16)}`)];
const TRACE = file('touch.csv', `${OPS.join('\n')}\n`);
const replayed = (policy: string) =>
  JSON.parse(
    cli(['replay', TRACE, '-m', 'shadow', '-p', 'none', '--shadow-policy', policy, '--json']).stdout,
  ) as {
    manifest: { config: { shadowPolicy?: Record<string, unknown>; sha256: string } };
    counters: Record<string, number>;
  };

describe('modes --policy', () => {
  it('prints every field of a policy with its value, its meaning and what it may be', () => {
    const { code, stdout, stderr } = cli(['modes', '--policy', 'kvm']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^kvm: Linux KVM 6\.1/);
    expect(stdout).toMatch(
      / prefetchEntries: 8\n +entries filled per fault at most.* \(an integer from 1 to 512\)\n/,
    );
    expect(stdout).toMatch(/ oosSlots: null\n .*or null\)\n/);
    expect(stdout).toMatch(/ unshadowOn: "stores"\n .* \(one of zeros, stores, never\)\n/);
    expect(stdout).toContain('{"base": "kvm", "FIELD": VALUE}');
    // As a file would write them.
    expect(cli(['modes', '--policy', 'xen']).stdout).toContain('guessBases: ["0xffff880000000000",');
  });

  it('prints the policy of a file', () => {
    const path = file('mine.json', '{"base": "xen", "name": "mine", "prefetchEntries": 4}');
    expect(cli(['modes', '--policy', path])).toMatchObject({ code: 0 });
    expect(cli(['modes', '--policy', path]).stdout).toMatch(/^mine: [^]* prefetchEntries: 4\n/);
  });

  it('prints JSON that is a policy file', () => {
    const whole = file('whole.json', cli(['modes', '--policy', 'kvm', '--json']).stdout);
    const [own, shipped] = [replayed(whole), replayed('kvm')];
    expect(own.counters).toEqual(shipped.counters);
    expect(own.manifest.config.shadowPolicy).toMatchObject({ prefetchEntries: 8, oosSlots: null });
  });

  it('refuses one that is not there, with a suggestion', () => {
    const { code, stdout, stderr } = cli(['modes', '--policy', 'kvn']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/unknown shadow policy 'kvn' \(did you mean 'kvm'\?\); shadow policies are xen, /);
  });
});

describe('--shadow-policy FILE', () => {
  it('runs under the policy of the file, and records it whole', () => {
    const path = file(
      'unprotected.json',
      '{"base": "kvm", "name": "mine", "unshadowOn": "never", "invlpg": "drop"}',
    );
    const { manifest } = replayed(path);
    expect(manifest.config.shadowPolicy).toMatchObject({
      name: 'mine',
      unshadowOn: 'never',
      invlpg: 'drop',
      prefetchEntries: 8,
      poolDivisor: 50,
    });
    expect(replayed('kvm').manifest.config.shadowPolicy).toBeUndefined();
  });

  it('that names a base alone is that policy', () => {
    const path = file('same.json', '{"base": "kvm"}');
    expect(replayed(path).counters).toEqual(replayed('kvm').counters);
    expect(cli(['modes', '--policy', path]).stdout).toMatch(/same\.json: kvm: .*same\.json changes nothing/);
  });

  it('changes what is counted', () => {
    // 64 pages first touched by stores, in one leaf table that is shadowed by the first: with no table out of sync
    // each of the other 63 stores to it is emulated.
    const emulating = file('emulating.json', '{"base": "kvm", "oosSlots": 0}');
    const counts = (policy: string): number[] => {
      const { counters } = replayed(policy);
      return ['vmexit.pf.guest', 'vmexit.pf.emulate', 'vmexit.pf.unsync'].map((key) => counters[key]!);
    };
    const [guest, emulated, unsynced] = counts(emulating);
    const [guestKvm, emulatedKvm, unsyncedKvm] = counts('kvm');
    expect([guest, guestKvm, unsynced, unsyncedKvm]).toEqual([64, 64, 0, 1]);
    expect(emulated! - emulatedKvm!).toBe(63);
  });

  it.each([
    ['is not there', 'absent/policy.json', /cannot read the shadow policy absent\/policy\.json: ENOENT/],
    ['is no JSON', file('text.json', 'base: kvm'), /text\.json:1:1: not JSON: expected a value, found 'b'/],
    [
      'is empty',
      file('empty.json', '{}'),
      /empty\.json:1:1: the policy has no "base"; expected the shipped policy .* xen, .*\n  1 \| \{\}\n    \| \^\n/,
    ],
    [
      'has a field that none has',
      file('slip.json', '{"base": "kvm", "prefetchEntry": 4}'),
      /has no field 'prefetchEntry' \(did you mean 'prefetchEntries'\?\)/,
    ],
    [
      'has a value out of range',
      file('range.json', '{"base": "kvm", "prefetchEntries": 0}'),
      /"prefetchEntries" is 0; expected an integer from 1 to 512/,
    ],
    [
      'contradicts itself',
      file('mixed.json', '{"base": "kvm", "recycle": "roots"}'),
      /"recycle": "roots" does not go with "lifetime": "zapped"/,
    ],
  ])('ends with code 2 and a hint if the file %s', (_, path, message) => {
    const { code, stdout, stderr } = cli(['replay', TRACE, '-m', 'shadow', '--shadow-policy', path]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/\nhint: /);
  });
});
