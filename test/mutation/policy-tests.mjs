/**
 * Which hand-derived test notices a changed policy value that no measured cell notices; and which values decide
 * nothing under a preset, with the reason. policy-check.mjs runs the tests, and replays for the reasons.
 *
 * Of kvm-6.12 only the phases that differ from 6.1 are in the data, so most of its values are held by tests.
 */

const XEN = ['xen', 'xen-oos-off'];
const KVM = ['kvm', 'kvm-6.12'];

const FILL = 'unit/hypervisor/shadow/kvm-fill.test.ts';
const SYNC = 'unit/hypervisor/shadow/kvm-sync.test.ts';
const UPPER = 'unit/hypervisor/shadow/kvm-upper.test.ts';
const XEN_FILL = 'unit/hypervisor/shadow/xen-fill.test.ts';
const OOS = 'unit/hypervisor/shadow/oos.test.ts';

/** [presets, field, file below test/, name of the test]; of several for one field the first that notices counts. */
// prettier-ignore
export const NOTICED_BY = [
  [KVM, 'faultRefreshes', SYNC, 'has the entry of a reflected fault brought up to date'],
  [KVM, 'emulateFirst', UPPER, 'fills no neighbours of the window entry'],
  [KVM, 'unshadowOn', UPPER, 'for the third time without a use drops the shadow'],
  [KVM, 'unshadowAfter', UPPER, 'for the third time without a use drops the shadow'],
  [KVM, 'sparesSpurious', FILL, 'leaves the neighbours of an entry that was as it would be written'],
  [KVM, 'largeEntries', FILL, 'on 2 MiB host pages are one entry'],
  [KVM, 'withheldEntries', FILL, 'never writes a withheld entry'],
  [KVM, 'prefetchStops', FILL, 'scans the group from its first entry'],
  [KVM, 'prefetchStops', FILL, 'ends at an entry with A clear, not at one that is clean'],
  [KVM, 'syncMoved', SYNC, 'shows by kind of change what a sync does'],
  [KVM, 'invlpg', SYNC, 'of an out-of-sync table'],
  [KVM, 'invlpgTakesAsid', SYNC, 'flushes the page, not everything, on AMD too'],
  [KVM, 'previousRoots', UPPER, 'are kept by the last three before the loaded one'],
  [KVM, 'pcid', SYNC, 'let a CR3 load without a flush leave tables out of sync'],
  [KVM, 'keepsP2m', UPPER, 'holds shadow pages alone'],
  [KVM, 'poolDivisor', UPPER, 'is a 50th of guest memory'],
  [KVM, 'poolMinimum', UPPER, 'is a 50th of guest memory'],
  [KVM, 'poolReserve', UPPER, 'lets the oldest pages go when fewer than 5 are free'],
  [KVM, 'poolRefill', UPPER, 'lets the oldest pages go when fewer than 5 are free'],
  [KVM, 'poolFixed', UPPER, 'holds shadow pages alone'],
  [['xen-oos-off'], 'emulateFirst', XEN_FILL, 'is emulated after the fault has been handled as any other'],
  [XEN, 'withheldEntries', XEN_FILL, 'is not empty: the next scan ends there'],
  [XEN, 'prefetchStops', XEN_FILL, 'passes over absent entries'],
  [XEN, 'prefetchStops', XEN_FILL, 'ends at an entry'],
  [['xen'], 'oosFixups', OOS, 'are two: a third takes the place of the oldest'],
  [XEN, 'invlpgTakesAsid', XEN_FILL, 'takes a new ASID'],
  [XEN, 'guessBases', XEN_FILL, 'a direct map that Xen guesses at'],
  [XEN, 'poolDivisor', UPPER, 'p2m, snapshots and a monitor table are in the pool of Xen'],
  [XEN, 'poolMinimum', UPPER, 'p2m, snapshots and a monitor table are in the pool of Xen'],
];

const NO_SLOTS =
  'no table ever goes out of sync; kept as in xen (policy.test.ts: differ for oos=0 in the slots alone)';

/** [presets, field, value or null for any, why it decides nothing]. */
export const INERT = [
  [['xen-oos-off'], 'oosFixups', null, NO_SLOTS],
  [['xen-oos-off'], 'syncMoved', null, NO_SLOTS],
];
