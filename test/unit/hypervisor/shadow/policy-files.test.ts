import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ConfigError, UsageError } from '../../../../src/errors.js';
import type { ShadowPolicy } from '../../../../src/hypervisor/shadow/policy.js';
import { expectedPolicyValue, POLICY_FIELDS } from '../../../../src/hypervisor/shadow/policy-fields.js';
import { checkConsistency } from '../../../../src/hypervisor/shadow/policies/consistency.js';
import { policies } from '../../../../src/hypervisor/shadow/policies/index.js';
import { findPolicy, isPolicyFile, policyOf } from '../../../../src/hypervisor/shadow/policies/load.js';

const FOLDER = mkdtempSync(join(tmpdir(), 'p2msim-policy-'));
let files = 0;

/** The path of a file with `content`: text as it is, anything else as JSON. */
function file(content: unknown): string {
  const path = join(FOLDER, `policy${files++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function errorOf(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const refusal = (content: unknown): ConfigError => errorOf(() => findPolicy(file(content)));

describe('a policy file', () => {
  it('changes the fields that it names and no other', () => {
    const path = file({
      base: 'kvm',
      name: 'mine',
      prefetchEntries: 16,
      poolDivisor: null,
      prefetchStops: [],
    });
    const { name, summary, ...rest } = findPolicy(path);
    const { name: _n, summary: _s, ...kvm } = policies.get('kvm');
    expect(rest).toEqual({ ...kvm, prefetchEntries: 16, poolDivisor: null, prefetchStops: [] });
    expect([name, summary]).toEqual(['mine', `kvm as changed in ${path}`]);
  });

  it('has its path for a name, and says what it is, unless it says so itself', () => {
    const path = file({ base: 'xen' });
    expect(findPolicy(path)).toEqual({
      ...policies.get('xen'),
      name: path,
      summary: `xen: ${path} changes nothing`,
    });
    expect(findPolicy(file({ base: 'xen', summary: 'as Xen' })).summary).toBe('as Xen');
  });

  it('gives addresses as 64-bit numbers in hex', () => {
    const path = file({ base: 'xen', guessBases: ['0xffff888000000000', '0x0000010000001000'] });
    expect(findPolicy(path).guessBases).toEqual([
      { hi: 0xffff8880, lo: 0 },
      { hi: 0x100, lo: 0x1000 },
    ]);
  });

  it('is told from a name by a slash or its ending', () => {
    expect(['xen', 'kvm-6.12', 'a.json', './a', 'a\\b'].map(isPolicyFile)).toEqual([
      false,
      false,
      true,
      true,
      true,
    ]);
    expect(() => findPolicy('kvn')).toThrow(UsageError);
    expect(() => findPolicy('kvn')).toThrow(/unknown shadow policy 'kvn' \(did you mean 'kvm'\?\)/);
  });

  it('may repeat a whole policy field by field', () => {
    const { name: _n, summary: _s, guessBases: _g, ...fields } = policies.get('kvm-6.12');
    const { name: _n2, summary: _s2, ...loaded } = findPolicy(file({ base: 'kvm', ...fields }));
    const { name: _n3, summary: _s3, ...shipped } = policies.get('kvm-6.12');
    expect(loaded).toEqual(shipped);
  });
});

describe('a policy file is refused', () => {
  it('when it is not there, is no JSON, or no object', () => {
    const absent = join(FOLDER, 'absent.json');
    expect(errorOf(() => findPolicy(absent)).message).toMatch(
      /^cannot read the shadow policy .*absent\.json: ENOENT/,
    );
    const broken = refusal('{"base": ');
    expect(broken.message).toMatch(/\.json:1:10: not JSON: it breaks off here$/);
    expect(broken.hint).toMatch(/a policy file is a JSON object: \{"base"/);
    for (const content of [[], 'null', '7', '"xen"']) {
      expect(refusal(content).message).toMatch(/\.json:1:1: the shadow policy is not an object$/);
    }
  });

  it('when it names no base, or one that does not ship', () => {
    const absent = refusal({ prefetchEntries: 8 });
    expect(absent.message).toMatch(
      /\.json:1:1: the policy has no "base"; expected the shipped policy that it starts from, one of xen, xen-oos-off, kvm, kvm-6\.12$/,
    );
    expect(absent.hint).toBe('{"base": "xen"} alone is xen; fields after it change it');
    expect(refusal({}).message).toMatch(/\.json:1:1: the policy has no "base"/);
    expect(refusal({ base: '' }).message).toMatch(/"base" is ""; expected a word/);
    expect(refusal({ base: 'xen', name: 7 }).message).toMatch(/"name" is 7; expected a word/);
    expect(refusal({ base: 'xen', summary: null }).message).toMatch(/"summary" is null; expected a word/);
    expect(() => findPolicy(file({ base: 'zen' }))).toThrow(
      /unknown shadow policy 'zen' \(did you mean 'xen'\?\)/,
    );
  });

  it('when it has a field that no policy has', () => {
    const near = refusal({ base: 'xen', prefetchEntrys: 8 });
    expect(near.message).toMatch(
      /a shadow policy has no field 'prefetchEntrys' \(did you mean 'prefetchEntries'\?\)$/,
    );
    expect(near.hint).toMatch(/modes --policy xen/);
    expect(refusal({ base: 'xen', colour: 8 }).message).toMatch(/has no field 'colour'$/);
    // What every object has is no field either.
    expect(refusal({ base: 'xen', toString: 8 }).message).toMatch(/has no field 'toString'/);
  });

  it.each([
    ['fastEmulation', 'yes', '"yes"; expected true or false'],
    ['fastEmulation', null, 'null; expected true or false'],
    ['unshadowOn', 'zero', '"zero"; expected one of zeros, stores, never'],
    ['unshadowOn', 0, '0; expected one of'],
    ['prefetchEntries', 0, '0; expected an integer from 1 to 512'],
    ['prefetchEntries', 513, '513; expected an integer from 1 to 512'],
    ['prefetchEntries', 1.5, '1.5; expected an integer'],
    ['prefetchEntries', '8', '"8"; expected an integer'],
    ['prefetchEntries', null, 'null; expected an integer from 1 to 512'],
    ['oosSlots', -1, '-1; expected an integer from 0 to 512, or null'],
    ['prefetchStops', 'filled', '"filled"; expected a list of absent, filled, unaccessed, clean'],
    ['prefetchStops', ['filed'], '["filed"]; expected a list of absent'],
    ['guessBases', ['0xffff8880'], '["0xffff8880"]; expected a list of 64-bit addresses like'],
    ['guessBases', [7], '[7]; expected a list of 64-bit addresses'],
    ['guessBases', '0xffff888000000000', '"0xffff888000000000"; expected a list of 64-bit addresses'],
  ])('when %s is %j', (field, value, expected) => {
    const error = refusal({ base: 'xen', [field]: value });
    expect(error.message).toContain(`"${field}" is ${expected}`);
    expect(error.hint).toContain(`${field}: ${POLICY_FIELDS[field as keyof typeof POLICY_FIELDS].meaning}`);
  });
});

describe('fields that exclude each other are refused', () => {
  // A pager that counts references, with one value of the other kind each; then one that zaps.
  it.each([
    ['xen', { faultRefreshes: true }, 'can be false'],
    ['xen', { splinterKey: 'gfn+rights' }, 'can be "gfn"'],
    ['xen', { upperStore: 'drop' }, 'can be "revalidate"'],
    ['xen', { unshadowOn: 'stores' }, 'can be "zeros" or "never"'],
    ['xen', { unsyncOn: 'writable' }, 'can be "store"'],
    ['xen', { linkSyncs: 'linked' }, 'can be "all"'],
    ['xen', { invlpg: 'refill' }, 'can be "drop"'],
    ['xen', { recycle: 'oldest' }, 'can be "roots"'],
    ['xen', { previousRoots: 3 }, 'can be 0'],
    ['xen', { sparesSpurious: true }, 'can be false'],
    ['xen', { pcid: true }, 'can be false'],
    ['xen', { oosSlots: null }, 'can be "a number"'],
    ['kvm', { splinterKey: 'gfn' }, 'can be "gfn+rights"'],
    ['kvm', { upperStore: 'revalidate' }, 'can be "drop"'],
    ['kvm', { unshadowOn: 'zeros' }, 'can be "stores" or "never"'],
    ['kvm', { oosSlots: 3 }, 'can be null or 0'],
    ['kvm', { oosFixups: 2 }, 'can be 0'],
    ['kvm', { unsyncOn: 'store' }, 'can be "writable"'],
    ['kvm', { linkSyncs: 'all' }, 'can be "linked"'],
    ['kvm', { recycle: 'roots' }, 'can be "oldest"'],
    ['kvm', { reverseMap: false }, 'can be true'],
    ['kvm', { pinL3: true }, 'can be false'],
    ['kvm', { fastEmulation: true }, 'can be false'],
  ])('%s with %j', (base, change, allowed) => {
    const [[field, value]] = Object.entries(change) as [[string, unknown]];
    const error = refusal({ base, ...change });
    const lifetime = policies.get(base).lifetime;
    expect(error.message).toContain(
      `"${field}": ${JSON.stringify(value)} does not go with "lifetime": "${lifetime}"`,
    );
    expect(error.hint).toContain(`with "lifetime": "${lifetime}" it ${allowed}`);
    expect(error.hint).toContain('or start from another "base"');
  });

  it.each([
    ['xen', { largeEntries: true }, 'largeEntries', '"reverseMap": false'],
    ['xen', { reverseMap: true }, 'guessBases', '"reverseMap": true'],
    ['xen', { poolRefill: 4 }, 'poolRefill', '"recycle": "roots"'],
    ['kvm', { poolRefill: 4 }, 'poolRefill', '"poolReserve": 5'],
    ['kvm', { poolReserve: 26 }, 'poolRefill', '"poolReserve": 26'],
    ['kvm', { guessBases: ['0xffff888000000000'] }, 'guessBases', '"reverseMap": true'],
  ])('%s with %j', (base, change, field, other) => {
    const error = refusal({ base, ...change });
    expect(error.message).toContain(`"${field}":`);
    expect(error.message).toContain(`does not go with ${other}`);
  });

  it('but not where they go together', () => {
    expect(
      findPolicy(file({ base: 'xen', reverseMap: true, guessBases: [], largeEntries: true })),
    ).toMatchObject({
      largeEntries: true,
    });
    expect(findPolicy(file({ base: 'xen', poolReserve: 8, poolRefill: 8 })).poolRefill).toBe(8);
    expect(findPolicy(file({ base: 'kvm', poolReserve: 25 })).poolReserve).toBe(25);
    expect(findPolicy(file({ base: 'kvm', oosSlots: 0 })).oosSlots).toBe(0);
  });
});

describe('shipped policies', () => {
  it.each(policies.all().map((policy) => [policy.name, policy] as const))(
    'are consistent: %s',
    (_, policy) => {
      expect(() => checkConsistency('', policy)).not.toThrow();
    },
  );

  it.each(policies.all().map((policy) => [policy.name, policy] as const))(
    'have every field and no other, in range: %s',
    (name, policy) => {
      const { name: _n, summary, ...fields } = policy;
      expect(Object.keys(fields).sort()).toEqual(Object.keys(POLICY_FIELDS).sort());
      expect(summary).not.toBe('');
      // A file that says what the shipped policy says is the shipped policy.
      const { guessBases: _g, ...plain } = fields as Omit<ShadowPolicy, 'name' | 'summary'>;
      const { name: _n2, summary: _s2, ...loaded } = findPolicy(file({ base: name, ...plain }));
      expect(loaded).toEqual(fields);
    },
  );
});

it('what a field may be is said in words for each type', () => {
  const words = new Map(Object.values(POLICY_FIELDS).map((row) => [row.type, expectedPolicyValue(row)]));
  expect([...words.keys()].sort()).toEqual(['bases', 'boolean', 'choice', 'integer', 'list']);
  expect(new Set(words.values()).size).toBe(5);
});

describe('shadow.oosSlots', () => {
  it('takes the place of the number of the policy, and of nothing else', () => {
    const xen = policies.get('xen');
    expect(policyOf({ policy: 'xen', pool: 'auto', oosSlots: 8 })).toEqual({ ...xen, oosSlots: 8 });
    expect(policyOf({ policy: 'xen', pool: 'auto', oosSlots: 'auto' })).toBe(xen);
    expect(policyOf({ policy: 'kvm', pool: 'auto', oosSlots: 0 }).oosSlots).toBe(0);
  });

  it('is refused where the policy has no slots', () => {
    expect(() => policyOf({ policy: 'kvm', pool: 'auto', oosSlots: 3 })).toThrow(
      'shadow.oosSlots is 3, but policy kvm has no slots; expected 0 (no table out of sync) or auto (any number)',
    );
  });
});
