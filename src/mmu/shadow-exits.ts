/**
 * What each end of a shadow fault is counted as.
 */
import type { FaultOutcome } from '../hypervisor/shadow/fault.js';
import type { PageFaultKey } from '../hypervisor/vmexit.js';
import { EMULATED, GUEST_FAULT, RETRY } from './backend.js';

export interface OutcomeRow {
  readonly kind: PageFaultKey;
  readonly counter: 'exitPfGuest' | 'exitPfFixup' | 'exitPfUnsync' | 'exitPfEmulate' | 'exitPfMmio';
  readonly result: number;
  readonly note: string;
}

// prettier-ignore
export const OUTCOMES: Readonly<Record<FaultOutcome, OutcomeRow>> = {
  guest: { kind: 'guest', counter: 'exitPfGuest', result: GUEST_FAULT, note: 'VMEXIT pf.guest: the guest tables forbid it, reflected' },
  fixed: { kind: 'fixup', counter: 'exitPfFixup', result: RETRY, note: 'VMEXIT pf.fixup: the shadow is filled' },
  unsync: { kind: 'unsync', counter: 'exitPfUnsync', result: RETRY, note: 'VMEXIT pf.unsync: the table goes out of sync' },
  emulated: { kind: 'emulate', counter: 'exitPfEmulate', result: EMULATED, note: 'VMEXIT pf.emulate: the store is emulated' },
  mmio: { kind: 'mmio', counter: 'exitPfMmio', result: EMULATED, note: 'VMEXIT pf.mmio: device access' },
};
