import { describe, expect, it } from 'vitest';
import { policies } from '../../../../src/hypervisor/shadow/policies/index.js';
import { counted, machineOf, map, read, va } from '../../../helpers/machine.js';

describe('shadow policies', () => {
  it('give Xen three slots, two fixups and a prefetch of 32', () => {
    const { oosSlots, oosFixups, prefetchEntries, unshadowOn, fastEmulation, pinL3 } = policies.get('xen');
    expect([oosSlots, oosFixups, prefetchEntries]).toEqual([3, 2, 32]);
    expect([unshadowOn, fastEmulation, pinL3]).toEqual(['zeros', true, true]);
  });

  it('differ for oos=0 in the slots alone', () => {
    const { name: _a, summary: _b, ...off } = policies.get('xen-oos-off');
    const { name: _c, summary: _d, ...on } = policies.get('xen');
    expect(off).toEqual({ ...on, oosSlots: 0 });
  });

  it('differ for Linux 6.12 in what INVLPG does alone', () => {
    const { name: _a, summary: _b, ...newer } = policies.get('kvm-6.12');
    const { name: _c, summary: _d, ...older } = policies.get('kvm');
    expect(newer).toEqual({ ...older, invlpg: 'sync' });
  });

  it('with oos=0 emulate every store to a table', () => {
    const m = machineOf('shadow', { change: (config) => (config.shadow.policy = 'xen-oos-off') });
    const place = va({ l2: 1, l1: 3 });
    map(m, place, 1);
    read(m, place);
    const c = counted(m, () => map(m, va({ l2: 1, l1: 100 }), 4, 'rw', { gfn: 0x5000 }));
    // Four stores into the shadowed L1 table: the first by a full walk, the others fast.
    expect([c['vmexit.pf.emulate'], c['shadow.emulate'], c['shadow.emulate_fast']]).toEqual([4, 1, 3]);
    expect([c['vmexit.pf.unsync'], c['shadow.validate.l1']]).toEqual([0, 4]);
  });

  it('that nobody knows are refused with a suggestion', () => {
    expect(() => policies.get('zen')).toThrow(/unknown shadow policy 'zen' \(did you mean 'xen'\?\)/);
  });
});
