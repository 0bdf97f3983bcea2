import { describe, expect, it } from 'vitest';
import type { MachineConfig } from '../../../src/config/schema.js';
import { MFN_OFFSET } from '../../../src/hypervisor/p2m.js';
import type { Machine } from '../../../src/sim/machine.js';
import type { Word64 } from '../../../src/trace/event.js';
import { counted, machineOf, map, plain, read, switchTo, va } from '../../helpers/machine.js';

const at = (l1: number, l2 = 1): Word64 => va({ l2, l1 });
const ways = (n: number) => ({ entries: n, ways: n, policy: 'lru' }) as const;

/** A HAP machine with `pages` pages mapped at {@link at}(0). */
function hap(change: (config: MachineConfig) => void = () => {}, pages = 2): Machine {
  const m = machineOf('hap', { change });
  map(m, at(0), pages);
  return m;
}

const refs = (m: Machine, place: Word64): number => counted(m, () => read(m, place))['walk.refs']!;

describe('walk caches of a two-dimensional walk', () => {
  it('with combined entries skip the guest levels and their host walks', () => {
    const m = hap((config) => (config.pwc.l2 = ways(4)));
    read(m, at(0));
    // PDE hit: guest L1 entry, then the host walk of the page.
    expect(refs(m, at(1))).toBe(1 + 4);
  });

  it('with guest-physical entries still walk the host for the table', () => {
    const m = hap((config) => {
      config.pwc.l2 = ways(4);
      config.pwc.semantics = 'gpa';
    });
    read(m, at(0));
    expect(refs(m, at(1))).toBe(4 + 1 + 4);
  });

  it('at level 3 and 4 leave two and three guest levels', () => {
    for (const [level, expected] of [
      ['l3', 2 + 4 + 4],
      ['l4', 3 + 4 + 4 + 4],
    ] as const) {
      const m = hap((config) => (config.pwc[level] = ways(4)));
      read(m, at(0));
      expect(refs(m, at(1)), level).toBe(expected);
    }
  });

  it('never hold a leaf of the guest', () => {
    const m = machineOf('hap', { change: (config) => (config.pwc.l2 = ways(4)) });
    map(m, at(0), 512, 'rw', { pageSize: '2m', gfn: 0x2000 });
    read(m, at(0));
    expect(counted(m, () => read(m, at(1)))['pwc.guest.l2.hit']).toBe(0);
  });

  it('enter a combined entry only when the next table is known: not when the entry was absent', () => {
    const m = hap((config) => (config.pwc.l2 = ways(8)), 1);
    const c = counted(m, () => read(m, at(0, 2))); // the L2 entry is absent at first
    // Fault: miss. Retry: miss, since nothing was entered for this region.
    expect([c['pwc.guest.l2.hit'], c['pwc.guest.miss']]).toEqual([0, 2]);
  });

  it('of the host start each host walk below the deepest p2m entry', () => {
    const m = hap((config) => (config.npwc.l2 = ways(4)), 1);
    // 1006 to 1009 and root 1005 share one p2m L1 table: one walk of 4, then four of 1.
    const c = counted(m, () => read(m, at(0)));
    expect([c['walk.refs.nested'], c['pwc.nested.miss'], c['pwc.nested.l2.hit']]).toEqual([5, 0, 5]);
  });

  it('of the host forget a frame that an exit was taken for', () => {
    const m = machineOf('hap', {
      change: (config) => {
        config.npwc.l2 = ways(4);
        config.host.populate = 'lazy';
        config.guest.memory = 'cold';
      },
    });
    map(m, at(0), 2, 'rw', { gfn: 0x9000 });
    read(m, at(0));
    const c = counted(m, () => read(m, at(1)));
    // Four tables and the page hit level 2, one reference each; exit; on the retry the page's entry is gone.
    expect([c['vmexit.npf'], c['walk.refs.nested'], c['pwc.nested.miss']]).toEqual([1, 5 + 4 + 4, 1]);
  });

  it('of the host are flushed by nothing that the guest does', () => {
    const m = hap((config) => (config.npwc.l2 = ways(4)), 1);
    read(m, at(0));
    switchTo(m, 'b');
    switchTo(m, '0');
    m.event({ kind: 'invlpg', vcpu: 0, line: 0, va: at(0) });
    m.event(plain('flushall'));
    expect(counted(m, () => read(m, at(0)))['walk.refs.nested']).toBe(5);
  });
});

describe('the nested TLB', () => {
  it('saves host walks of frames that it holds', () => {
    const m = hap((config) => (config.ntlb = ways(16)), 2);
    const first = counted(m, () => read(m, at(0)));
    // MAP wrote the tables through the direct map, so the frames of the direct map's own tables are
    // known, and those that were zeroed: four tables and the page.
    expect([first['ntlb.hit']! + first['ntlb.miss']!, first['walk.refs']]).toEqual([
      5,
      4 + 4 * first['ntlb.miss']!,
    ]);
    const again = counted(m, () => read(m, at(0)));
    expect([again['ntlb.hit'], again['ntlb.miss'], again['walk.refs']]).toEqual([5, 0, 4]);
  });

  it('holds a large host leaf in one entry', () => {
    const m = hap((config) => {
      config.ntlb = ways(2);
      config.host.pageSize = '2m';
    }, 2);
    // All frames are in [0x1000, 0x1200): one entry.
    expect(counted(m, () => read(m, at(1)))['ntlb.hit']).toBe(5);
  });

  it('of one entry keeps the frame used last', () => {
    const m = hap((config) => (config.ntlb = ways(1)), 1);
    read(m, at(0));
    expect(counted(m, () => read(m, at(0)))['ntlb.miss']).toBe(5);
  });

  it('tells frames of different leaf sizes apart', () => {
    const m = machineOf('hap', {
      change: (config) => {
        config.ntlb = ways(64);
        config.host.pageSize = '2m';
      },
      // Frame 0x8 alone is wanted in 4k: its 2 MiB are splintered. 0x1000 is page 8 of the 2m leaves.
      header: { p2m: [{ gfn: 8, count: 1, pageSize: '4k' }] },
    });
    map(m, at(0), 1, 'rw', { gfn: 8 });
    map(m, at(1), 1, 'rw', { gfn: 0x1000 });
    read(m, at(0));
    read(m, at(1));
    expect(counted(m, () => read(m, at(0)))['tlb.fill.4k']).toBe(1);
    expect([m.parts.translation.size, m.parts.translation.mfn]).toEqual([0, 8 + MFN_OFFSET]);
  });
});
