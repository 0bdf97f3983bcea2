/**
 * What CR3 loads, INVLPG and INVPCID drop when the guest runs them itself: native and HAP.
 *
 * SDM vol. 3, 4.10.4.1, and 28.3.3.1 for EPT: combined mappings go, guest-physical ones (nested TLB, host
 * walk cache) stay.
 */
import type { Guest } from '../guest/guest.js';
import type { Cr3Flush } from '../guest/port.js';
import type { MachineEvent, Vcpu } from './backend.js';
import type { PageIds } from './page-ids.js';

export function flushForCr3(vcpu: Vcpu, flush: Cr3Flush): void {
  switch (flush.kind) {
    case 'none':
      // Nothing is asked for; but untagged kernel translations must not leak into another space.
      vcpu.tlb.dropNonGlobal(0);
      return;
    case 'space':
      vcpu.tlb.flushSpace(flush.id);
      vcpu.pwc.flushOwner(flush.id);
      return;
    default:
      vcpu.tlb.flushSpace(null);
      vcpu.pwc.flush();
  }
}

export function flushForInvlpg(vcpu: Vcpu, ids: PageIds, hi: number, lo: number): void {
  vcpu.tlb.flushPage(ids.page(vcpu.space, hi, lo));
  vcpu.pwc.flushOwner(vcpu.space);
}

/** INVPCID types 0-3 (SDM, INVPCID): one address, one tag, all, all but global. The tag is the loaded space. */
export function invpcid(
  vcpu: Vcpu,
  ids: PageIds,
  guest: Guest,
  event: Extract<MachineEvent, { kind: 'invpcid' }>,
): string | null {
  if (!guest.config.pcid) return 'INVPCID needs --guest-features pcid=on';
  if (event.type === 0) flushForInvlpg(vcpu, ids, event.va.hi, event.va.lo);
  else if (event.type === 1) flushForCr3(vcpu, { kind: 'space', id: vcpu.space });
  else if (event.type === 3) flushForCr3(vcpu, { kind: 'non-global' });
  else {
    vcpu.tlb.flushAll();
    vcpu.pwc.flush();
  }
  return null;
}
