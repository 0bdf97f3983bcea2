import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { MFN_OFFSET } from '../../../src/hypervisor/p2m.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { Word64 } from '../../../src/trace/event.js';
import {
  counted,
  entryOf,
  machineOf,
  map,
  only,
  plain,
  read,
  switchTo,
  va,
  write,
} from '../../helpers/machine.js';

const at = (l1: number, l2 = 1): Word64 => va({ l2, l1 });
const ways = (n: number) => ({ entries: n, ways: n, policy: 'lru' }) as const;

/** A HAP machine with `pages` pages mapped at {@link at}(0). */
function hap(change: (config: MachineConfig) => void = () => {}, pages = 2): Machine {
  const m = machineOf('hap', { change });
  map(m, at(0), pages);
  return m;
}

const refs = (m: Machine, place: Word64): number => counted(m, () => read(m, place))['walk.refs']!;

describe('the two-dimensional walk', () => {
  it('makes (4+1)(4+1)-1 = 24 references cold, by level', () => {
    const c = ((m) => counted(m, () => read(m, at(0))))(hap());
    expect(only(c, 'walk.refs')).toEqual({
      'walk.refs': 24,
      'walk.refs.guest': 4,
      'walk.refs.guest.l4': 1,
      'walk.refs.guest.l3': 1,
      'walk.refs.guest.l2': 1,
      'walk.refs.guest.l1': 1,
      // Five host walks (four tables and the page) of four references.
      'walk.refs.nested': 20,
      'walk.refs.nested.l4': 5,
      'walk.refs.nested.l3': 5,
      'walk.refs.nested.l2': 5,
      'walk.refs.nested.l1': 5,
    });
    expect(c['vmexit.total']).toBe(0);
  });

  it.each([
    // (g+1)(h+1)-1 with the host walk one or two shorter: 4 + 5 * 3, 4 + 5 * 2.
    ['4k', 24],
    ['2m', 19],
    ['1g', 14],
  ] as const)('with host leaves of %s makes %i', (size, n) => {
    const m = hap((config) => {
      config.host.pageSize = size;
      config.guest.ram = 'auto'; // 1 GiB: room for one leaf of 1g
    });
    expect(refs(m, at(0))).toBe(n);
  });

  it('with five levels on both sides makes (5+1)(5+1)-1 = 35', () => {
    const m = machineOf('hap', {
      change: (config) => {
        config.guest.levels = 5;
        config.host.levels = 5;
      },
    });
    const place = va({ l5: 1, l1: 3 });
    map(m, place, 1);
    expect(refs(m, place)).toBe(35);
  });

  it('translates the frame inside a superpage, and takes the smaller of the two leaves', () => {
    const m = machineOf('hap', { change: (config) => (config.l1d = { ...ways(4), sizes: '4k+2m' }) });
    map(m, at(0), 512, 'rw', { pageSize: '2m', gfn: 0x2000 });
    // Three guest entries and four host walks.
    const c = counted(m, () => read(m, at(9)));
    expect([c['walk.refs'], c['tlb.fill.4k'], c['tlb.fill.2m']]).toEqual([3 + 4 * 4, 1, 0]);
    expect(m.parts.translation).toMatchObject({ gfn: 0x2009, mfn: 0x2009 + MFN_OFFSET });
  });

  it.each([
    ['2m', '2m', '2m'],
    ['2m', '1g', '2m'],
    ['4k', '2m', '4k'],
  ] as const)('guest %s on host %s fills %s', (guest, host, filled) => {
    const m = machineOf('hap', {
      change: (config) => {
        config.host.pageSize = host;
        config.guest.ram = 'auto';
      },
    });
    map(m, at(0), 512, 'rw', { pageSize: guest, gfn: 0x2000 });
    expect(
      only(
        counted(m, () => read(m, at(9))),
        'tlb.fill',
      ),
    ).toEqual({ [`tlb.fill.${filled}`]: 1 });
  });

  it('ends in the guest dimension when an entry is absent: the tables before it were walked', () => {
    const m = hap();
    const c = counted(m, () => read(m, at(0, 2)));
    // First walk: host walks of L4, L3, L2 tables and 3 guest entries = 15; then 24.
    expect([c['guest.faults'], c['walk.refs']]).toEqual([1, 15 + 24]);
  });

  it('sets A on the way and D with the leaf, after the page itself was translated', () => {
    const m = hap((config) => {
      config.host.populate = 'lazy';
      config.guest.memory = 'cold';
    });
    const leaf = entryOf(m, at(0));
    m.parts.guest.tables.setFlags(leaf.table, leaf.index, leaf.flags & ~(PTE_A | PTE_D));
    const c = counted(m, () => write(m, at(0)));
    expect([c['walk.ad_updates'], entryOf(m, at(0)).flags & (PTE_A | PTE_D)]).toEqual([1, PTE_A | PTE_D]);
  });
});

describe('a lazy p2m', () => {
  const lazy = (config: MachineConfig): void => {
    config.host.populate = 'lazy';
    config.guest.memory = 'cold';
  };

  it('takes one exit per frame, after the references up to the hole', () => {
    const m = machineOf('hap', { change: lazy });
    map(m, at(0), 1, 'rw', { gfn: 0x9000 });
    const c = counted(m, () => read(m, at(0)));
    // The table frames were touched by the kernel; the page 0x9000 was not: its L1 p2m table is new.
    expect([c['vmexit.npf'], c['vmexit.total'], c['walk.count'], c['walk.retry']]).toEqual([1, 1, 2, 1]);
    // 23 references down to the page's p2m L2 entry, which is absent; then all 24.
    expect(c['walk.refs']).toBe(23 + 24);
    expect(counted(m, () => read(m, at(0)))['vmexit.total']).toBe(0);
  });

  it('of warm memory is filled before the trace', () => {
    const m = machineOf('hap', { change: (config) => (config.host.populate = 'lazy') });
    read(m, at(0));
    expect(m.counters()['vmexit.total']).toBe(0);
  });

  it('fills a whole large leaf at once', () => {
    const m = machineOf('hap', {
      change: (config) => {
        lazy(config);
        config.host.pageSize = '2m';
      },
    });
    map(m, at(0), 2, 'rw', { gfn: 0x9000 });
    expect(counted(m, () => read(m, at(0)))['vmexit.npf']).toBe(1);
    expect(counted(m, () => read(m, at(1)))['vmexit.npf']).toBe(0);
  });
});

describe('a frame that is not RAM', () => {
  it('is a device: an exit each time, no retry, nothing in the TLB', () => {
    const m = machineOf('hap', { preset: 'reference' });
    map(m, at(0), 1, 'rw', { gfn: 0x900000 }); // beyond 1 GiB
    for (let i = 0; i < 2; i++) {
      const c = counted(m, () => write(m, at(0)));
      expect(only(c, 'vmexit')).toEqual({ 'vmexit.total': 1, 'vmexit.mmio': 1 });
      expect([c['walk.count'], c['walk.fault'], c['tlb.fill.4k']]).toEqual([1, 1, 0]);
    }
    // The store never reached memory.
    expect(entryOf(m, at(0)).flags & PTE_D).toBe(0);
  });
});

describe('exits that remain under HAP', () => {
  const exits = (vendor: 'intel' | 'amd', act: (m: Machine) => void): Record<string, number> => {
    const m = hap((config) => (config.vendor = vendor));
    return only(
      counted(m, () => act(m)),
      'vmexit',
    );
  };

  it('are none for CR3, INVLPG and table stores', () => {
    for (const vendor of ['intel', 'amd'] as const) {
      const found = exits(vendor, (m) => {
        switchTo(m, 'b');
        m.event({ kind: 'invlpg', vcpu: 0, line: 0, va: at(0) });
        map(m, at(0, 5), 40);
      });
      expect(found).toEqual({});
    }
  });

  it('are three for a CR4.PGE toggle on AMD, none on Intel', () => {
    expect(exits('intel', (m) => m.event(plain('flushall')))).toEqual({});
    expect(exits('amd', (m) => m.event(plain('flushall')))).toEqual({
      'vmexit.total': 3,
      'vmexit.cr4_read': 1,
      'vmexit.cr4_write': 2,
    });
  });

  it('are one for CPUID and one for an emulated device, none for a passed-through one', () => {
    expect(exits('intel', (m) => m.event(plain('cpuid')))).toEqual({ 'vmexit.total': 1, 'vmexit.cpuid': 1 });
    for (const [device, n] of [
      ['dm', 1],
      ['int', 1],
      ['direct', 0],
    ] as const) {
      const mmio = { kind: 'mmio', vcpu: 0, line: 0, va: at(0), size: 4, write: true, device } as const;
      expect(exits('intel', (m) => m.event(mmio))['vmexit.mmio'] ?? 0, device).toBe(n);
    }
  });
});

describe('whoever watches exits', () => {
  it.each(['intel', 'amd'] as const)('is told of each one that is counted, on %s', (vendor) => {
    const m = hap((config) => (config.vendor = vendor));
    map(m, at(5), 1, 'rw', { gfn: 0x900000 }); // not RAM
    const mmio = { kind: 'mmio', vcpu: 0, line: 0, va: at(0), size: 4, write: true, device: 'dm' } as const;
    const told: string[] = [];
    m.parts.watch.exits = {
      exit: (reason, hi, lo, error, kind) => {
        expect([hi, lo, error, kind]).toEqual([0, 0, 0, null]);
        told.push(reason);
      },
    };
    const c = counted(m, () => {
      m.event(plain('cpuid'));
      m.event(plain('flushall'));
      m.event({ kind: 'cr0wp', vcpu: 0, line: 0, on: true });
      m.event(mmio);
      m.event({ ...mmio, device: 'direct' });
      read(m, at(5));
    });
    const ofAmd = vendor === 'amd' ? ['cr4_read', 'cr4_write', 'cr4_write', 'cr0_write'] : [];
    expect(told).toEqual(['cpuid', ...ofAmd, 'mmio', 'mmio']);
    expect(c['vmexit.total']).toBe(told.length);
  });
});

describe('memory of HAP', () => {
  it('is the p2m of all RAM: 512 L1 tables, L2, L3 and root for 1 GiB in 4k leaves', () => {
    expect(hap((config) => (config.guest.ram = 'auto')).memory()).toMatchObject({
      'p2m.pages': 515,
      'p2m.l1.pages': 512,
      'p2m.l2.pages': 1,
      'p2m.l3.pages': 1,
      'p2m.l4.pages': 1,
      'shadow.pages': 0,
      // 256 a vcpu and one per MiB; used: p2m and a monitor page.
      'pool.pages': 256 + 1024,
      'pool.free.pages': 256 + 1024 - 515 - 1,
    });
  });

  it('grows with RAM', () => {
    const m = machineOf('hap', { change: (config) => (config.guest.ram = 'auto') });
    m.parts.guest.allocator.takeRun(0x20000);
    m.parts.guest.allocator.take();
    expect([m.memory()['ram.pages'], m.memory()['p2m.pages']]).toEqual([0x80000, 515 + 513]);
  });
});
