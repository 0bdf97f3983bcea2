import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_RW } from '../../../src/arch/pte.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { TraceError } from '../../../src/errors.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { Word64 } from '../../../src/trace/event.js';
import {
  counted,
  entryOf,
  fetch,
  machineOf,
  map,
  perm,
  plain,
  read,
  switchTo,
  va,
  write,
} from '../../helpers/machine.js';

const at = (l1: number, l2 = 1): Word64 => va({ l2, l1 });

const ways4 = { entries: 4, ways: 4, policy: 'lru' } as const;
const walkCaches = (config: MachineConfig): void => {
  config.pwc.l2 = { ...ways4 };
  config.pwc.l3 = { ...ways4 };
  config.pwc.l4 = { ...ways4 };
};
const tlbs = (config: MachineConfig): void => {
  config.l1d = { ...ways4, sizes: '4k+2m+1g' };
};

/** Clears bits of the leaf of an address behind everyone's back. */
function change(m: Machine, place: Word64, clear: number): void {
  const leaf = entryOf(m, place);
  m.parts.guest.tables.setFlags(leaf.table, leaf.index, leaf.flags & ~clear);
}

describe('the native walk', () => {
  it('reads one entry a level', () => {
    const m = machineOf('native');
    map(m, at(0), 1);
    const c = counted(m, () => read(m, at(0)));
    const levels = [5, 4, 3, 2, 1].map((level) => c[`walk.refs.guest.l${level}`]);
    expect([levels, c['walk.refs'], c['walk.refs.guest']]).toEqual([[0, 1, 1, 1, 1], 4, 4]);
  });

  it('reads five with five levels', () => {
    const m = machineOf('native', { change: (config) => (config.guest.levels = 5) });
    const place = va({ l5: 3, l2: 1 });
    map(m, place, 1);
    const c = counted(m, () => read(m, place));
    expect([c['walk.refs'], c['walk.refs.guest.l5']]).toEqual([5, 1]);
  });

  it.each([
    ['2m', 3],
    ['1g', 2],
  ] as const)('ends at the leaf of a %s page', (pageSize, refs) => {
    const m = machineOf('native', { change: tlbs });
    map(m, va({ l3: 1 }), pageSize === '2m' ? 512 : 512 * 512, 'rw', { pageSize, gfn: 0 });
    const c = counted(m, () => read(m, va({ l3: 1, l1: 7 })));
    expect([c['walk.refs'], c[`tlb.fill.${pageSize}`]]).toEqual([refs, 1]);
    expect(m.parts.translation).toMatchObject({ gfn: 7, mfn: 7 });
    expect(counted(m, () => read(m, va({ l3: 1, l1: 8 })))[`tlb.l1d.hit.${pageSize}`]).toBe(1);
  });

  it('sets A on the path and D for a store, counting an update once an entry', () => {
    const m = machineOf('native');
    map(m, at(0), 1);
    change(m, at(0), PTE_A | PTE_D);
    const reading = counted(m, () => read(m, at(0)));
    expect([reading['walk.ad_updates'], entryOf(m, at(0)).flags & (PTE_A | PTE_D)]).toEqual([1, PTE_A]);
    change(m, at(0), PTE_A);
    const writing = counted(m, () => write(m, at(0)));
    expect([writing['walk.ad_updates'], entryOf(m, at(0)).flags & (PTE_A | PTE_D)]).toEqual([
      1,
      PTE_A | PTE_D,
    ]);
    expect(counted(m, () => write(m, at(0)))['walk.ad_updates']).toBe(0);
    // An upper entry: the L2 table is the frame of the L3 entry.
    const { tables, current } = m.parts.guest;
    tables.setFlags(current[0]!.root, 0, tables.flags(current[0]!.root, 0) & ~PTE_A);
    expect(counted(m, () => read(m, at(0)))['walk.ad_updates']).toBe(1);
  });

  it('sets nothing in a leaf that forbids the store', () => {
    const m = machineOf('native');
    map(m, at(0), 1, 'r');
    change(m, at(0), PTE_A);
    write(m, at(0));
    expect(entryOf(m, at(0)).flags & (PTE_A | PTE_D)).toBe(0);
  });

  it('takes the right to write from every level', () => {
    for (const level of [4, 3, 2]) {
      const m = machineOf('native');
      map(m, at(0), 1);
      const { tables, current } = m.parts.guest;
      let table = current[0]!.root;
      for (let above = 4; above > level; above--) table = tables.frame(table, 0);
      tables.setFlags(table, level === 2 ? 1 : 0, tables.flags(table, level === 2 ? 1 : 0) & ~PTE_RW);
      // The mapping forbids writes too, so that the fault is a bad one and ends there.
      current[0]!.reprotect(0, 1024, perm('r'));
      const c = counted(m, () => write(m, at(0)));
      expect([c['guest.faults.bad'], c['walk.fault'], c['walk.refs']], `level ${level}`).toEqual([1, 1, 4]);
    }
  });

  it('enters a writable TLB entry only for a dirty page', () => {
    const m = machineOf('native', { change: tlbs });
    map(m, at(0), 2);
    read(m, at(0)); // D clear: not writable in the TLB
    expect(counted(m, () => write(m, at(0)))['walk.rewalk']).toBe(1);
    write(m, at(1)); // sets D in the one walk
    expect(counted(m, () => write(m, at(1)))['walk.rewalk']).toBe(0);
  });
});

describe('the walk cache of a native machine', () => {
  it('starts the walk below the deepest entry', () => {
    const m = machineOf('native', { change: walkCaches });
    map(m, at(0), 2);
    map(m, at(0, 2), 1);
    map(m, va({ l3: 1 }), 1);
    map(m, va({ l4: 1 }), 1);
    const refs = (place: Word64): number => counted(m, () => read(m, place))['walk.refs']!;
    expect(refs(at(0))).toBe(4);
    expect(refs(at(1))).toBe(1); // PDE
    expect(refs(at(0, 2))).toBe(2); // PDPTE
    expect(refs(va({ l3: 1 }))).toBe(3); // PML4E
    expect(refs(va({ l4: 1 }))).toBe(4);
    const c = m.counters();
    expect([2, 3, 4].map((level) => c[`pwc.guest.l${level}.hit`])).toEqual([1, 1, 1]);
    expect(c['pwc.guest.miss']).toBe(2);
  });

  it('never holds a leaf: a 2M page leaves nothing at level 2', () => {
    const m = machineOf('native', { change: walkCaches });
    map(m, at(0), 512, 'rw', { pageSize: '2m', gfn: 0 });
    read(m, at(0));
    const c = counted(m, () => read(m, at(1)));
    expect([c['pwc.guest.l3.hit'], c['pwc.guest.l2.hit'], c['walk.refs']]).toEqual([1, 0, 1]);
  });

  it('holds the rights of the path above', () => {
    const m = machineOf('native', { change: walkCaches });
    map(m, at(0), 1);
    const { tables, current } = m.parts.guest;
    const root = current[0]!.root;
    tables.setFlags(root, 0, tables.flags(root, 0) & ~PTE_RW);
    read(m, at(0));
    // The PDE itself has RW, the root's entry has not; the kernel cannot cure that.
    expect(counted(m, () => read(m, at(0)))['pwc.guest.l2.hit']).toBe(1);
    expect(m.parts.translation.flags & 1).toBe(0);
  });

  it('is flushed by a CR3 load and by INVLPG, whatever the address', () => {
    const m = machineOf('native', { change: walkCaches });
    map(m, at(0), 1);
    read(m, at(0));
    m.event({ kind: 'invlpg', vcpu: 0, line: 0, va: va({ l4: 7 }) });
    expect(counted(m, () => read(m, at(0)))['pwc.guest.miss']).toBe(1);
    m.event({ kind: 'cr3', vcpu: 0, line: 0, as: '0', pcid: null, noflush: false });
    expect(counted(m, () => read(m, at(0)))['pwc.guest.miss']).toBe(1);
  });

  it('keeps one address space’s entries from another with PCID', () => {
    const m = machineOf('native', {
      change: (config) => {
        walkCaches(config);
        tlbs(config);
        config.guest.pcid = true;
      },
    });
    map(m, at(0), 1);
    read(m, at(0));
    switchTo(m, 'b');
    map(m, at(0), 1);
    expect(counted(m, () => read(m, at(0)))['pwc.guest.miss']).toBe(1);
    switchTo(m, '0');
    const c = counted(m, () => read(m, at(0)));
    expect([c['tlb.l1d.hit'], c['walk.count']]).toEqual([1, 0]);
  });
});

describe('events of a native machine', () => {
  it('never exit', () => {
    const m = machineOf('native');
    for (const kind of ['flushall', 'cpuid'] as const) m.event(plain(kind));
    m.event({ kind: 'mmio', vcpu: 0, line: 0, va: at(0), size: 4, write: false, device: 'dm' });
    m.event({ kind: 'ptdying', vcpu: 0, line: 0, gfn: 0x1005 });
    expect(m.counters()['vmexit.total']).toBe(0);
    expect([m.counters()['guest.flush.full'], m.counters()['tlb.flush.all']]).toEqual([1, 1]);
  });

  it('that need what the model lacks are refused', () => {
    const m = machineOf('native');
    expect(() => m.event({ kind: 'cr0wp', vcpu: 0, line: 0, on: false })).toThrow(/CR0.WP=0/);
    expect(() => m.event({ kind: 'pgmode', vcpu: 0, line: 0, levels: 5 })).toThrow(TraceError);
    expect(() => m.event({ kind: 'invpcid', vcpu: 0, line: 0, type: 2, pcid: 0, va: at(0) })).toThrow(
      /pcid=on/,
    );
    m.event({ kind: 'cr0wp', vcpu: 0, line: 0, on: true });
    m.event({ kind: 'pgmode', vcpu: 0, line: 0, levels: 4 });
  });

  it('INVPCID flush one page, one space, all, or all but global', () => {
    // l1 0 of the program, and a global page of the kernel (direct map).
    const kernel = va({ l4: 273, l2: 100 });
    const left = (type: number): (number | undefined)[] => {
      const m = machineOf('native', {
        change: (config) => {
          tlbs(config);
          config.guest.pcid = true;
        },
      });
      map(m, at(0), 2, 'rw', { gfn: 0x5000 });
      for (const place of [at(0), at(1), kernel]) read(m, place);
      m.event({ kind: 'invpcid', vcpu: 0, line: 0, type, pcid: 0, va: at(0) });
      return [at(0), at(1), kernel].map((place) => counted(m, () => read(m, place))['tlb.l1d.hit']);
    };
    expect([0, 1, 2, 3].map(left)).toEqual([
      [0, 1, 1],
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, 1],
    ]);
  });

  it('CR3 loads leave global kernel pages in the TLB', () => {
    const m = machineOf('native', { change: tlbs });
    const kernel = va({ l4: 273, l2: 100 });
    map(m, at(0), 1, 'rw', { gfn: 0x5000 });
    for (const place of [at(0), kernel]) read(m, place);
    switchTo(m, 'b');
    switchTo(m, '0');
    expect(counted(m, () => read(m, kernel))['tlb.l1d.hit']).toBe(1);
    expect(counted(m, () => read(m, at(0)))['tlb.l1d.hit']).toBe(0);
  });

  it('switches that keep their tags drop kernel pages that are not global', () => {
    const m = machineOf('native', {
      change: (config) => {
        tlbs(config);
        config.guest.pcid = true;
        config.guest.mode = 'premapped';
      },
    });
    const kernel = va({ l4: 300 });
    for (const place of [at(0), kernel]) read(m, place);
    switchTo(m, 'b'); // a free slot: nothing is flushed by tag
    expect(counted(m, () => read(m, kernel))['tlb.l1d.hit']).toBe(0);
    switchTo(m, '0');
    expect(counted(m, () => read(m, at(0)))['tlb.l1d.hit']).toBe(1);
  });

  it('fetch text through the ITLB', () => {
    const m = machineOf('native', { change: (config) => (config.l1i = { ...ways4, sizes: '4k' }) });
    fetch(m, at(0));
    expect(counted(m, () => fetch(m, at(0)))['tlb.l1i.hit.4k']).toBe(1);
  });
});
