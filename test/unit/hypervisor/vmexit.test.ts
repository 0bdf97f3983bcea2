import { describe, expect, it } from 'vitest';
import {
  findVmexitReasons,
  PAGE_FAULT_KEYS,
  PAGE_FAULT_KINDS,
  VMEXIT_KEYS,
  VMEXIT_REASONS,
} from '../../../src/hypervisor/vmexit.js';
import { COUNTERS } from '../../../src/counters.js';

const counterKeys = COUNTERS.map((counter) => counter.key);

describe('the list of VMEXIT reasons', () => {
  it('is exactly the list of exit counters', () => {
    const reasons = counterKeys.filter((key) => /^vmexit\.(?!total$)[^.]+$/.test(key));
    expect(new Set(reasons)).toEqual(new Set(VMEXIT_KEYS.map((key) => `vmexit.${key}`)));
    const kinds = counterKeys.filter((key) => key.startsWith('vmexit.pf.'));
    expect(new Set(kinds)).toEqual(new Set(PAGE_FAULT_KEYS.map((key) => `vmexit.pf.${key}`)));
  });

  it('names every reason at both vendors, but for the page log of Intel', () => {
    expect(VMEXIT_REASONS.filter((r) => r.intel === null).map((r) => r.key)).toEqual([]);
    expect(VMEXIT_REASONS.filter((r) => r.amd === null).map((r) => r.key)).toEqual(['pml_full']);
    for (const r of VMEXIT_REASONS) expect([r.label, r.meaning, r.xen, r.kvm], r.key).not.toContain('');
    for (const k of PAGE_FAULT_KINDS) expect([k.label, k.meaning, k.xen, k.kvm], k.key).not.toContain('');
  });

  it.each([
    ['cr3_write', ['cr3_write']],
    ['CR3_WRITE', ['cr3_write']],
    ['VMEXIT_CR3_WRITE', ['cr3_write']],
    ['vmexit.cr3_write', ['cr3_write']],
    ['WRITE_CR3', ['cr3_write']],
    ['EXCP_PF', ['pf']],
    ['EXCEPTION_NMI', ['pf']],
    ['EPT_VIOLATION', ['npf', 'mmio']],
    ['CR_ACCESS', ['cr3_write', 'cr3_read', 'cr4_write', 'cr4_read', 'cr0_write']],
    ['nothing', []],
  ])('finds %s', (name, keys) => {
    expect(findVmexitReasons(name).map((reason) => reason.key)).toEqual(keys);
  });
});
