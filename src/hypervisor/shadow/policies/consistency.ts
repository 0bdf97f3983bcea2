/**
 * Which values of a shadow policy go together: how long shadow pages live decides how they can be found and freed.
 *
 * A page that lives while it is referred to knows one parent; one that lives until it is zapped knows them all, and
 * what hangs below it out of sync. Combinations that no pager has, and the engine cannot follow, are refused; so are
 * values of fields that the others leave without a meaning, lest somebody believe that they did something.
 */
import { FieldMistake } from '../../../config/field-mistake.js';
import type { ShadowPolicy } from '../policy.js';
import { policyFieldValue } from '../policy-fields.js';

type Allowed = { readonly [K in keyof ShadowPolicy]?: readonly ShadowPolicy[K][] };

const BY_LIFETIME: Readonly<Record<ShadowPolicy['lifetime'], Allowed>> = {
  referenced: {
    faultRefreshes: [false],
    splinterKey: ['gfn'],
    upperStore: ['revalidate'],
    unshadowOn: ['zeros', 'never'],
    unsyncOn: ['store'],
    linkSyncs: ['all'],
    invlpg: ['drop'],
    recycle: ['roots'],
    previousRoots: [0],
    pcid: [false],
    sparesSpurious: [false],
  },
  zapped: {
    splinterKey: ['gfn+rights'],
    upperStore: ['drop'],
    unshadowOn: ['stores', 'never'],
    oosSlots: [null, 0],
    oosFixups: [0],
    unsyncOn: ['writable'],
    linkSyncs: ['linked'],
    recycle: ['oldest'],
    reverseMap: [true],
    pinL3: [false],
    fastEmulation: [false],
  },
};

/** Throws {@link FieldMistake} if two values of `policy` exclude each other; `path` is the file it came from. */
export function checkConsistency(path: string, policy: ShadowPolicy): void {
  const { lifetime } = policy;
  for (const [field, allowed] of Object.entries(BY_LIFETIME[lifetime])) {
    const value = policy[field as keyof ShadowPolicy];
    if ((allowed as readonly unknown[]).includes(value)) continue;
    throw conflict(path, field, value, `"lifetime": "${lifetime}"`, allowed);
  }
  if (lifetime === 'referenced' && policy.oosSlots === null) {
    throw conflict(path, 'oosSlots', null, '"lifetime": "referenced"', ['a number']);
  }
  if (policy.largeEntries && !policy.reverseMap) {
    throw conflict(path, 'largeEntries', true, '"reverseMap": false', [false]);
  }
  if (policy.reverseMap && policy.guessBases.length > 0) {
    const bases = policyFieldValue(policy, 'guessBases');
    throw conflict(path, 'guessBases', bases, '"reverseMap": true', [[]]);
  }
  if (policy.recycle === 'roots' && policy.poolRefill !== policy.poolReserve) {
    throw conflict(path, 'poolRefill', policy.poolRefill, '"recycle": "roots"', [policy.poolReserve]);
  }
  if (policy.poolRefill < policy.poolReserve) {
    throw conflict(path, 'poolRefill', policy.poolRefill, `"poolReserve": ${policy.poolReserve}`, [
      `at least ${policy.poolReserve}`,
    ]);
  }
}

function conflict(
  path: string,
  field: string,
  value: unknown,
  other: string,
  allowed: readonly unknown[],
): FieldMistake {
  const said = `"${field}": ${JSON.stringify(value)} does not go with ${other}`;
  return new FieldMistake(path, [field], said, {
    hint: `with ${other} it can be ${allowed.map((v) => JSON.stringify(v)).join(' or ')}; or start from another "base"`,
  });
}
