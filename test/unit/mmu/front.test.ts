import { describe, expect, it } from 'vitest';
import { createBatch, OP_FETCH, OP_READ, OP_WRITE } from '../../../src/trace/access.js';
import {
  counted,
  entryOf,
  fetch,
  machineOf,
  map,
  modify,
  only,
  read,
  va,
  write,
} from '../../helpers/machine.js';

const premapped = (preset: string) =>
  machineOf('native', { preset, change: (config) => (config.guest.mode = 'premapped') });

const at = (l1: number, offset = 0) => va({ l2: 1, l1, offset });

describe('records', () => {
  it('are page accesses by kind; a modify is one write', () => {
    const m = premapped('none');
    read(m, at(0));
    write(m, at(0));
    modify(m, at(0));
    fetch(m, at(0));
    expect(only(m.counters(), 'accesses')).toEqual({
      accesses: 4,
      'accesses.read': 1,
      'accesses.write': 2,
      'accesses.fetch': 1,
    });
  });

  it('that cross a page border are one access a page, of the same kind', () => {
    const m = premapped('none');
    read(m, at(0, 4092), 0, 4); // bytes 4092..4095: one page
    read(m, at(0, 4093), 0, 4); // the last byte is on the next
    write(m, at(0, 4095), 0, 2 + 2 * 4096); // 4095, two whole pages, one byte more
    fetch(m, at(0, 4095), 0, 2);
    expect(only(m.counters(), 'accesses')).toEqual({
      accesses: 1 + 2 + 4 + 2,
      'accesses.read': 3,
      'accesses.write': 4,
      'accesses.fetch': 2,
      'accesses.crossing': 1 + 3 + 1,
    });
  });

  it('that cross 4 GiB go on in the next upper half', () => {
    const m = premapped('reference');
    read(m, { hi: 0, lo: 0xffffffff }, 0, 2);
    const more = counted(m, () => read(m, { hi: 1, lo: 0 }));
    expect(only(more, 'tlb.')).toEqual({ 'tlb.l1d.hit': 1, 'tlb.l1d.hit.4k': 1 });
  });

  it('are replayed in order when fetches and loads alternate', () => {
    // Both arrays of 64 entries hold the page after its first use; the STLB is shared.
    const m = premapped('reference');
    const batch = createBatch(6);
    for (const op of [OP_READ, OP_FETCH, OP_READ, OP_FETCH, OP_WRITE, OP_WRITE]) {
      batch.op[batch.n] = op;
      batch.lo[batch.n] = at(3).lo;
      batch.size[batch.n++] = 1;
    }
    m.replayAccesses(batch, 0, 6);
    expect(only(m.counters(), 'tlb.')).toEqual({
      'tlb.l1d.miss': 1,
      'tlb.l1d.hit': 3,
      'tlb.l1d.hit.4k': 3,
      'tlb.l1i.miss': 1,
      'tlb.l1i.hit': 1,
      'tlb.l1i.hit.4k': 1,
      'tlb.stlb.miss': 1,
      'tlb.stlb.hit': 1,
      'tlb.stlb.hit.4k': 1,
      'tlb.fill.4k': 1,
    });
  });
});

describe('walks', () => {
  it('are one per second-level miss; refs are four with no walk cache', () => {
    const m = premapped('reference');
    for (const l1 of [0, 1, 0, 1]) read(m, at(l1));
    const c = m.counters();
    expect([c['walk.count'], c['tlb.stlb.miss'], c['walk.refs']]).toEqual([2, 2, 8]);
  });

  it('after a guest fault are retries, and the one that faulted is charged', () => {
    const m = machineOf('native');
    read(m, at(0));
    const c = m.counters();
    // Root absent: 1 reference, fault; then 4.
    expect(only(c, 'walk.')).toMatchObject({
      'walk.count': 2,
      'walk.fault': 1,
      'walk.retry': 1,
      'walk.refs': 5,
    });
    expect([c['tlb.stlb.miss'], c['walk.rewalk']]).toEqual([1, 0]);
  });

  it('for a store to a clean page are re-walks, which set D and fill again', () => {
    const m = machineOf('native', { preset: 'reference' });
    map(m, at(0), 1);
    read(m, at(0));
    const c = counted(m, () => write(m, at(0)));
    expect([c['tlb.l1d.hit'], c['walk.rewalk'], c['walk.count'], c['walk.ad_updates']]).toEqual([1, 1, 1, 1]);
    expect([c['tlb.fill.4k'], c['tlb.stlb.miss'], c['walk.fault']]).toEqual([1, 0, 0]);
    const again = counted(m, () => write(m, at(0)));
    expect([again['tlb.l1d.hit'], again['walk.count']]).toEqual([1, 0]);
  });

  it('of a bad access end it: no retry, nothing in the TLB', () => {
    const m = machineOf('native', { preset: 'reference' });
    map(m, at(0), 1, 'r');
    for (let i = 0; i < 2; i++) {
      const c = counted(m, () => write(m, at(0)));
      expect([c['walk.count'], c['walk.retry'], c['guest.faults.bad'], c['tlb.fill.4k']]).toEqual([
        1, 0, 1, 0,
      ]);
    }
  });

  it('that fault drop the translation they faulted on', () => {
    const m = machineOf('native', { preset: 'reference' });
    map(m, at(0), 1, 'r');
    read(m, at(0));
    write(m, at(0)); // bad: a protection fault through a cached read-only entry
    const c = counted(m, () => read(m, at(0)));
    expect([c['tlb.l1d.hit'], c['tlb.stlb.hit'], c['tlb.stlb.miss']]).toEqual([0, 0, 1]);
  });

  it('that fault drop the walk-cache entries that cover the address', () => {
    const m = machineOf('native', {
      change: (config) => (config.pwc.l2 = { entries: 4, ways: 4, policy: 'lru' }),
    });
    map(m, at(0), 1);
    read(m, at(0)); // the PDE is cached
    const c = counted(m, () => write(m, at(1)));
    // Fault: PDE hit, 1 reference; retry: the PDE was dropped, 4 references.
    expect([c['pwc.guest.l2.hit'], c['pwc.guest.miss'], c['walk.refs']]).toEqual([1, 1, 5]);
  });
});

describe('kernel accesses', () => {
  it('are counted apart from those of the trace', () => {
    const m = machineOf('native');
    write(m, at(0));
    const c = m.counters();
    // The handler reads 1 entry (the root's is absent), zeroes 4 frames and stores 4 entries.
    expect(only(c, 'kernel.accesses')).toEqual({
      'kernel.accesses': 1 + 4 * 512 + 4,
      'kernel.accesses.read': 1,
      'kernel.accesses.write': 4 * 512 + 4,
    });
    // Without a TLB each walks: three references to a 2m leaf of the direct map.
    expect(c['kernel.walk.refs']).toBe(3 * (1 + 4 * 512 + 4));
    expect([c['accesses'], c['walk.count']]).toEqual([1, 2]);
  });

  it('share TLBs with the trace: zeroing a frame misses at most once', () => {
    const m = machineOf('native', { preset: 'skylake' });
    map(m, at(0), 1, 'rw', { how: 'lazy' });
    write(m, at(0));
    const c = counted(m, () => write(m, at(0)));
    expect([c['kernel.accesses'], c['tlb.l1d.hit']]).toEqual([0, 1]);
    // Tables and page lie in one 2 MiB region of the direct map.
    expect(m.counters()['kernel.tlb.stlb.miss']).toBe(1);
    expect(m.counters()['kernel.tlb.l1d.hit.2m']).toBe(1 + 4 * 512 + 4 - 1);
  });
});

describe('premapped memory', () => {
  it('is there before the first walk of its region: no fault, no kernel access', () => {
    const m = premapped('none');
    write(m, at(0));
    read(m, va({ l4: 300, l1: 1 }));
    const c = m.counters();
    expect([c['guest.faults'], c['kernel.accesses'], c['walk.refs'], c['walk.ad_updates']]).toEqual([
      0, 0, 8, 0,
    ]);
  });

  it('is not there where the trace edits the tables', () => {
    const m = premapped('none');
    map(m, at(7), 1, 'rw', { how: 'lazy' });
    read(m, at(0));
    expect(m.counters()['guest.faults.demand']).toBe(1);
  });

  it('comes in ascending frames in the order of first touch', () => {
    const m = premapped('none');
    read(m, va({ l2: 9 }));
    read(m, va({ l2: 1 }));
    // Tables 0x1006 to 0x1008, 512 frames, then one more L1 table.
    expect(entryOf(m, va({ l2: 9 })).frame).toBe(0x1009);
    expect(entryOf(m, va({ l2: 1 })).frame).toBe(0x1009 + 512 + 1);
  });
});
