/**
 * ShadowPolicy: what can differ between the shadow pagers modelled so far, as data. One engine reads it.
 *
 * Presets are held against measured exit counts. What every policy here shares is still in the engine: how a
 * sync treats each kind of change, emulation of upper-level stores, splintering, the formula of the pool.
 */
import { Registry } from '../../util/registry.js';

export interface ShadowPolicy {
  readonly name: string;
  readonly summary: string;
  /** Out-of-sync L1 tables per vcpu; 0: every store to a table is emulated. */
  readonly oosSlots: number;
  /** Writable mappings remembered per out-of-sync table; one more makes the oldest read-only. */
  readonly oosFixups: number;
  /** Entries filled per fault, the faulting one included, going up, never past the shadow page. */
  readonly prefetchDistance: number;
  /** Two stores of zero in a row to a table drop its shadow. */
  readonly earlyUnshadow: boolean;
  /** A store to the same frame as the last emulated one skips the walk (saves work, not exits). */
  readonly fastEmulation: boolean;
  /** Pin L3 shadows until more than two L4 shadows a vcpu are pinned. */
  readonly pinL3: boolean;
  /** Bases at which a direct map is guessed when a writable mapping must be found. */
  readonly guessBases: readonly { readonly hi: number; readonly lo: number }[];
}

/** Direct maps of old Linux, older Linux, Solaris and FreeBSD (sh_remove_write_access); modern Linux's is elsewhere. */
const XEN_GUESSES = [
  { hi: 0xffff8800, lo: 0 },
  { hi: 0xffff8100, lo: 0 },
  { hi: 0x00000100, lo: 0 },
  { hi: 0xfffffe00, lo: 0 },
  { hi: 0xffffff00, lo: 0 },
];

const xen: ShadowPolicy = {
  name: 'xen',
  summary: 'Xen 4.17: out-of-sync L1 tables (3 a vcpu), prefetch of 31, early unshadow',
  // SHADOW_OOS_PAGES 3, SHADOW_OOS_FIXUPS 2 (asm/mm.h); PREFETCH_DISTANCE 32 (multi.c).
  oosSlots: 3,
  oosFixups: 2,
  prefetchDistance: 32,
  earlyUnshadow: true,
  fastEmulation: true,
  pinL3: true,
  guessBases: XEN_GUESSES,
};

const xenOosOff: ShadowPolicy = {
  ...xen,
  name: 'xen-oos-off',
  summary: 'Xen 4.17 with oos=0: every store to a shadowed table is emulated',
  oosSlots: 0,
};

export const policies = new Registry<ShadowPolicy>('shadow policy', [xen, xenOosOff]);
