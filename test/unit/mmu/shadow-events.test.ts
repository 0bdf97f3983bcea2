import { describe, expect, it } from 'vitest';
import { PTE_D } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { TraceError } from '../../../src/errors.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { Word64 } from '../../../src/trace/event.js';
import { counted, entryOf, machineOf, map, only, plain, read, switchTo, va } from '../../helpers/machine.js';

const at = (l1: number, l2 = 1): Word64 => va({ l2, l1 });

/** A shadow machine with `pages` pages mapped from frame 0x5000, A set and D as in `dirty`. */
function shadow(pages: number, dirty = true, change: (config: MachineConfig) => void = () => {}): Machine {
  const m = machineOf('shadow', { change });
  map(m, at(0), pages, 'rw', { gfn: 0x5000 });
  if (dirty) for (let l1 = 0; l1 < pages; l1++) flag(m, at(l1), PTE_D, 0);
  return m;
}

/** Sets and clears bits of a leaf in guest memory, unseen by anyone. */
function flag(m: Machine, place: Word64, set: number, clear: number): void {
  const leaf = entryOf(m, place);
  m.parts.guest.tables.setFlags(leaf.table, leaf.index, (leaf.flags | set) & ~clear);
}

const exits = (m: Machine, act: () => void): Record<string, number> => only(counted(m, act), 'vmexit');
const fixups = (n: number) => ({ 'vmexit.total': n, 'vmexit.pf': n, 'vmexit.pf.fixup': n });

describe('INVLPG under shadow paging', () => {
  const invlpg = (m: Machine, place: Word64): void =>
    m.event({ kind: 'invlpg', vcpu: 0, line: 0, va: place });
  const tlb = (config: MachineConfig): void => {
    config.l1d = { entries: 16, ways: 16, policy: 'lru', sizes: '4k' };
  };

  it('of an in-sync table is one exit and a page flush: the shadow stays', () => {
    const m = shadow(2, true, tlb);
    read(m, at(0));
    read(m, at(1));
    const c = counted(m, () => invlpg(m, at(0)));
    expect([c['vmexit.invlpg'], c['vmexit.total'], c['tlb.flush.page'], c['tlb.flush.all']]).toEqual([
      1, 1, 1, 0,
    ]);
    expect(counted(m, () => read(m, at(0)))).toMatchObject({ 'tlb.stlb.miss': 1, 'vmexit.total': 0 });
    expect(counted(m, () => read(m, at(1)))['tlb.l1d.hit']).toBe(1);
  });

  it('of an out-of-sync table drops the entry: one fixup more', () => {
    const m = shadow(2);
    read(m, at(0));
    const leaf = entryOf(m, at(0));
    m.event({
      kind: 'ptw',
      vcpu: 0,
      line: 0,
      gfn: leaf.table,
      level: 1,
      va: at(9),
      value: { hi: 0, lo: 0x66 },
    });
    expect(m.counters()['shadow.unsync']).toBe(1);
    invlpg(m, at(0));
    expect(exits(m, () => read(m, at(0)))).toEqual(fixups(1));
    expect(exits(m, () => read(m, at(1)))).toEqual({});
  });

  it('of a splintered page flushes everything', () => {
    const m = machineOf('shadow', { change: tlb });
    map(m, at(0), 512, 'rw', { pageSize: '2m', gfn: 0x6000 });
    read(m, at(0));
    const c = counted(m, () => invlpg(m, at(7)));
    expect([c['tlb.flush.page'], c['tlb.flush.all'], c['vmexit.invlpg']]).toEqual([0, 1, 1]);
  });

  it('of a page that is not shadowed flushes nothing', () => {
    const m = shadow(1);
    const c = counted(m, () => invlpg(m, at(0)));
    expect([c['tlb.flush.page'], c['tlb.flush.all'], c['vmexit.invlpg'], c['shadow.invlpg']]).toEqual([
      0, 0, 1, 1,
    ]);
  });

  it('on AMD flushes everything', () => {
    const m = shadow(1, true, (config) => (config.vendor = 'amd'));
    read(m, at(0));
    const c = counted(m, () => invlpg(m, at(0)));
    expect([c['tlb.flush.page'], c['tlb.flush.all']]).toEqual([0, 1]);
  });
});

describe('control registers under shadow paging', () => {
  it('exit for a CR3 load of any value, which flushes this vcpu', () => {
    const m = shadow(1, true, (config) => (config.vcpus = 2));
    const c = counted(m, () => {
      m.event({ kind: 'cr3', vcpu: 0, line: 0, as: '0', pcid: null, noflush: true });
      switchTo(m, '0'); // no switch: nothing
    });
    expect(only(c, 'vmexit')).toEqual({ 'vmexit.total': 1, 'vmexit.cr3_write': 1 });
    expect(c['tlb.flush.all']).toBe(1);
  });

  it('exit twice for a CR4.PGE toggle on Intel, three times on AMD', () => {
    const toggle = (vendor: 'intel' | 'amd'): Record<string, number> => {
      const m = shadow(1, true, (config) => (config.vendor = vendor));
      return exits(m, () => m.event(plain('flushall')));
    };
    expect(toggle('intel')).toEqual({ 'vmexit.total': 2, 'vmexit.cr4_write': 2 });
    expect(toggle('amd')).toEqual({ 'vmexit.total': 3, 'vmexit.cr4_write': 2, 'vmexit.cr4_read': 1 });
  });

  it('exit once for CPUID, CR0 and a hypercall', () => {
    const m = shadow(1);
    const found = exits(m, () => {
      m.event(plain('cpuid'));
      m.event({ kind: 'ptdying', vcpu: 0, line: 0, gfn: 0x1005 });
      m.event({ kind: 'cr0wp', vcpu: 0, line: 0, on: true });
    });
    expect(found).toEqual({
      'vmexit.total': 3,
      'vmexit.cpuid': 1,
      'vmexit.vmcall': 1,
      'vmexit.cr0_write': 1,
    });
  });

  it('refuse INVPCID, which Xen hides', () => {
    const m = shadow(1, true, (config) => (config.guest.pcid = true));
    expect(() => m.event({ kind: 'invpcid', vcpu: 0, line: 0, type: 2, pcid: 0, va: at(0) })).toThrow(
      TraceError,
    );
  });
});

describe('device accesses of the trace', () => {
  it('exit each time; the second of a page is a fast one, a passed-through device none', () => {
    const m = shadow(1);
    const mmio = (l1: number, device: 'dm' | 'direct' = 'dm'): void =>
      m.event({ kind: 'mmio', vcpu: 0, line: 0, va: at(l1), size: 4, write: true, device });
    const c = counted(m, () => {
      mmio(0);
      mmio(0);
      mmio(1);
      mmio(1, 'direct');
    });
    expect([c['vmexit.pf.mmio'], c['shadow.mmio'], c['shadow.mmio_fast']]).toEqual([3, 2, 1]);
  });
});
