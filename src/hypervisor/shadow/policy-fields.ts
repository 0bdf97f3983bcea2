/**
 * POLICY_FIELDS: the one table of what a shadow policy is made of: type, range and meaning of each field.
 *
 * Policy files, their errors, `p2msim modes --policy` and the documentation read it; the compiler checks that it
 * names every field of {@link ShadowPolicy} and no other.
 */
import type { ShadowPolicy } from './policy.js';

export type PolicyField = {
  /** `list`: any of the choices; `bases`: addresses in hex. */
  readonly type: 'boolean' | 'choice' | 'integer' | 'list' | 'bases';
  readonly choices: readonly string[];
  /** Range of an integer, both ends included; `unlimited`: it may also be null. */
  readonly min: number;
  readonly max: number;
  readonly unlimited: boolean;
  readonly meaning: string;
};

type FieldName = Exclude<keyof ShadowPolicy, 'name' | 'summary'>;

const NONE = { choices: [], min: 0, max: 0, unlimited: false } as const;

const yesNo = (meaning: string): PolicyField => ({ ...NONE, type: 'boolean', meaning });
const oneOf = (choices: readonly string[], meaning: string): PolicyField => ({
  ...NONE,
  type: 'choice',
  choices,
  meaning,
});
const count = (min: number, max: number, meaning: string, unlimited = false): PolicyField => ({
  ...NONE,
  type: 'integer',
  min,
  max,
  unlimited,
  meaning,
});

// prettier-ignore
export const POLICY_FIELDS: Readonly<Record<FieldName, PolicyField>> = {
  faultRefreshes: yesNo('a guest fault on a present entry brings its shadow entry up to date, as INVLPG would'),
  fastEmulation: yesNo('a store to the same frame as the last emulated one skips the walk (saves work, not exits)'),
  emulateFirst: yesNo('a store to a protected upper table is emulated before the shadow of its address is looked at'),
  upperStore: oneOf(['revalidate', 'drop'], 'after an emulated store the entry is worked out anew, or dropped until used'),
  unshadowOn: oneOf(['zeros', 'stores', 'never'], 'emulated stores that make a shadow go: zeros in a row, any without a use in between, or none'),
  unshadowAfter: count(1, 1024, 'the how-many-th such store does it'),
  sparesSpurious: yesNo('a fault that finds its entry as it would write it fills nothing else'),
  largeEntries: yesNo('2 MiB shadow leaves where guest and host have a 2 MiB page and no table lies in it'),
  splinterKey: oneOf(['gfn', 'gfn+rights'], 'which mappings of a guest superpage share its splintered shadow, and whether rights are part of what a shadow is'),
  withheldEntries: yesNo('an entry withheld for a clear A bit is told from an empty one (it stops prefetch)'),
  prefetchShape: oneOf(['forward', 'aligned'], 'the entries after the faulting one, or the aligned group around it'),
  prefetchEntries: count(1, 512, 'entries filled per fault at most, the faulting one included'),
  prefetchStops: { ...NONE, type: 'list', choices: ['absent', 'filled', 'unaccessed', 'clean'], meaning: 'what ends the scan of a prefetch' },
  oosSlots: count(0, 512, 'out-of-sync L1 tables per vcpu; 0: every store to a table is emulated; null: no limit', true),
  oosFixups: count(0, 16, 'writable mappings remembered per out-of-sync table'),
  unsyncOn: oneOf(['store', 'writable'], 'what unsyncs a table: a store that faulted, or any fault that maps it writable'),
  syncMoved: oneOf(['rewrite', 'drop'], 'what a sync does with an entry whose guest entry names another frame now'),
  linkSyncs: oneOf(['all', 'linked'], 'what is synced before an upper entry is linked: every table, or those below the link'),
  invlpg: oneOf(['drop', 'refill', 'sync'], 'INVLPG on an entry of an out-of-sync table'),
  invlpgTakesAsid: yesNo('under SVM an INVLPG takes a new ASID, which flushes everything'),
  reverseMap: yesNo('every mapping of a frame is known; otherwise it is guessed at and searched for'),
  guessBases: { ...NONE, type: 'bases', meaning: 'bases at which a direct map is guessed when a writable mapping must be found' },
  lifetime: oneOf(['referenced', 'zapped'], 'shadow pages live while something refers to them, or until they are zapped'),
  pinL3: yesNo('pin L3 shadows until more than two L4 shadows a vcpu are pinned'),
  previousRoots: count(0, 64, 'roots kept at hand besides the loaded one'),
  pcid: yesNo('the guest may tag its address spaces: a CR3 load with the no-flush bit syncs nothing'),
  keepsP2m: yesNo('the hypervisor keeps a p2m table in the same pool'),
  poolDivisor: count(1, 2 ** 20, 'default pool: one page per so many frames of guest memory; null: 256 pages a vcpu + 2 per MiB', true),
  poolMinimum: count(0, 2 ** 20, 'least default pool, in pages'),
  poolReserve: count(1, 1024, 'pages that must be free when a fault is handled'),
  poolRefill: count(1, 1024, 'free pages up to which they are freed if not'),
  poolFixed: count(0, 1024, 'pages per vcpu that are in the pool for good: snapshots, a monitor table'),
  recycle: oneOf(['roots', 'oldest'], 'what goes first when the pool runs low'),
};

/** What a field may be, in words. */
export function expectedPolicyValue(field: PolicyField): string {
  switch (field.type) {
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${field.choices.join(', ')}`;
    case 'integer':
      return `an integer from ${field.min} to ${field.max}${field.unlimited ? ', or null' : ''}`;
    case 'list':
      return `a list of ${field.choices.join(', ')}`;
    default:
      return 'a list of 64-bit addresses like "0xffff880000000000"';
  }
}

/** The value of a field as a policy file writes it. */
export function policyFieldValue(policy: ShadowPolicy, name: string): unknown {
  if (name !== 'guessBases') return policy[name as keyof ShadowPolicy];
  return policy.guessBases.map(({ hi, lo }) => `0x${hex(hi)}${hex(lo)}`);
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0');
}
