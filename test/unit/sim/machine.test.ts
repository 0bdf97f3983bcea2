import { describe, expect, it } from 'vitest';
import { InternalError, TraceError } from '../../../src/errors.js';
import type { HostEvent, TraceEvent } from '../../../src/trace/event.js';
import {
  counted,
  entryOf,
  machineOf,
  map,
  perm,
  plain,
  read,
  switchTo,
  va,
  write,
} from '../../helpers/machine.js';

const at = (l1: number) => va({ l2: 1, l1 });
const share: HostEvent = { kind: 'host', vcpu: 0, line: 12, op: 'SHARE', gfn: 5, order: 0, note: '' };

/** The error that `act` throws. */
function errorOf(act: () => void): TraceError {
  try {
    act();
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a vcpu that the machine does not have', () => {
  it('is refused with the number of those it has, for accesses and for events', () => {
    const m = machineOf('native', { change: (config) => (config.vcpus = 2), options: { file: 'a.csv' } });
    read(m, at(0), 1);
    const error = errorOf(() => read(m, at(0), 2));
    expect(error.message).toBe('the trace uses vcpu 2, but the machine has 2 (0 to 1)');
    expect([error.where, error.hint]).toEqual([
      'a.csv',
      'give it more with --vcpus 3, or `# vcpus: 3` at the head of the trace',
    ]);
    expect(errorOf(() => m.event({ kind: 'exec', vcpu: 7, line: 31 })).where).toBe('a.csv:31');
  });
});

describe('an event that a mode cannot take', () => {
  it.each(['native', 'hap', 'shadow'])('from the host side is refused by %s, with its line', (mode) => {
    const error = errorOf(() => machineOf(mode, { options: { file: 'a.csv' } }).event(share));
    expect(error.where).toBe('a.csv:12');
    expect(error.message).toMatch(
      new RegExp(`^mode ${mode} cannot replay this event: SHARE is a host-side event`),
    );
    expect(error.hint).toMatch(/--lenient/);
  });

  it('is passed over and counted when lenient', () => {
    const m = machineOf('native', { options: { lenient: true } });
    for (let i = 0; i < 3; i++) m.event(share);
    m.event({ kind: 'cr0wp', vcpu: 0, line: 0, on: false });
    expect([...m.ignored.values()]).toEqual([3, 1]);
    expect([...m.ignored.keys()][0]).toMatch(/^SHARE is a host-side event/);
  });

  it('is not a mark, an annotation, a schedule or a system call', () => {
    const m = machineOf('shadow');
    const quiet: TraceEvent[] = [
      { kind: 'mark', vcpu: 0, line: 0, name: 'x' },
      { kind: 'fault', vcpu: 0, line: 0, va: at(0), error: 2 },
      { kind: 'sched', vcpu: 0, line: 0, pcpu: 1 },
      plain('syscall'),
    ];
    const c = counted(m, () => quiet.forEach((event) => m.event(event)));
    expect(Object.values(c).filter((n) => n !== 0)).toEqual([]);
  });
});

describe('events of the guest', () => {
  it('DEMAND and COW are one access of the trace', () => {
    const m = machineOf('native');
    m.event({ kind: 'demand', vcpu: 0, line: 0, va: at(0), write: false });
    m.event({ kind: 'cow', vcpu: 0, line: 0, va: at(0) });
    const c = m.counters();
    expect([c['accesses'], c['accesses.read'], c['accesses.write']]).toEqual([2, 1, 1]);
    expect([c['guest.faults.demand'], c['guest.faults.cow']]).toEqual([1, 1]);
  });

  it('PTW stores an entry of a table, which the next walk reads', () => {
    const m = machineOf('native');
    map(m, at(0), 1);
    const { table } = entryOf(m, at(0));
    m.event({
      kind: 'ptw',
      vcpu: 0,
      line: 0,
      gfn: table,
      level: 1,
      va: at(3),
      value: { hi: 0, lo: 0x77067 },
    });
    expect(counted(m, () => read(m, at(3)))['guest.faults']).toBe(0);
    expect([m.parts.translation.gfn, m.counters()['kernel.accesses.write']! > 0]).toEqual([0x77, true]);
  });

  it('PTW beyond the RAM is an error with its line', () => {
    const m = machineOf('native', { options: { file: 'a.csv' } });
    const event = { kind: 'ptw', vcpu: 0, line: 9, gfn: 0x10000, level: 1, va: at(0), value: at(0) } as const;
    expect(errorOf(() => m.event(event)).where).toBe('a.csv:9');
    expect(errorOf(() => m.event(event)).message).toMatch(
      /PTW names table gfn 0x10000, beyond the guest's RAM/,
    );
  });

  it('IPIFLUSH reaches every other vcpu', () => {
    const m = machineOf('native', { change: (config) => (config.vcpus = 3) });
    const one = counted(m, () => m.event({ kind: 'ipiflush', vcpu: 1, line: 0, va: at(0) }));
    expect([one['guest.invlpg'], one['tlb.flush.page'], one['guest.cr3']]).toEqual([2, 2, 0]);
    const all = counted(m, () => m.event({ kind: 'ipiflush', vcpu: 1, line: 0, va: null }));
    expect([all['guest.invlpg'], all['guest.cr3'], all['tlb.flush.asid']]).toEqual([0, 2, 2]);
  });

  it('MAP with large pages must be aligned', () => {
    const m = machineOf('native');
    expect(() => map(m, at(1), 512, 'rw', { pageSize: '2m' })).toThrow(/multiples of it/);
    expect(() => map(m, at(0), 100, 'rw', { pageSize: '2m' })).toThrow(TraceError);
  });

  it('MAP of a part of a page takes the whole page', () => {
    const m = machineOf('native');
    const event = {
      kind: 'map',
      vcpu: 0,
      line: 0,
      gfn: null,
      perm: perm('rw'),
      how: 'lazy',
      pageSize: null,
    } as const;
    m.event({ ...event, va: at(0), bytes: 4097 });
    expect(m.parts.guest.current[0]!.vmas().map((vma) => vma.end - vma.start)).toEqual([2]);
  });

  it('FORK needs a new name, EXIT a known one that no other vcpu runs', () => {
    const m = machineOf('native', { change: (config) => (config.vcpus = 2) });
    m.event({ kind: 'fork', vcpu: 0, line: 0, child: 'c' });
    expect(() => m.event({ kind: 'fork', vcpu: 0, line: 0, child: 'c' })).toThrow(/exists already/);
    expect(() => m.event({ kind: 'exit', vcpu: 0, line: 0, as: 'q' })).toThrow(/which does not exist/);
    expect(() => m.event({ kind: 'exit', vcpu: 0, line: 0, as: null })).toThrow(/while vcpu 1 runs it/);
    expect(() => m.event(plain('exec'))).toThrow(/while vcpu 1 runs it/);
    switchTo(m, 'c', 1);
    m.event({ kind: 'exit', vcpu: 0, line: 0, as: null });
    expect(() => m.event(plain('exec'))).toThrow(/no process is running on vcpu 0/);
  });

  // A table entry without RW that no fault of the modelled kernel cures: a trace's own doing, not ours.
  it('a store under an upper entry that PTW made read-only ends, and is no bug of the model', () => {
    const m = machineOf('native');
    map(m, at(0), 1);
    const { guest } = m.parts;
    const l2 = guest.tables.frame(guest.tables.frame(guest.current[0]!.root, 0), 0);
    const { table } = entryOf(m, at(0));
    // The entry of the L1 table, without RW: P US A D.
    m.event({
      kind: 'ptw',
      vcpu: 0,
      line: 0,
      gfn: l2,
      level: 2,
      va: at(0),
      value: { hi: 0, lo: table * 4096 + 0x65 },
    });
    expect(() => write(m, at(0))).not.toThrow(InternalError);
  });
});

describe('several vcpus', () => {
  it('have TLBs of their own and one guest', () => {
    const m = machineOf('native', {
      preset: 'reference',
      change: (config) => {
        config.vcpus = 2;
        config.guest.mode = 'premapped';
      },
    });
    for (const vcpu of [0, 1, 0, 1]) read(m, at(0), vcpu);
    const c = m.counters();
    expect([c['tlb.stlb.miss'], c['tlb.l1d.hit'], c['guest.faults']]).toEqual([2, 2, 0]);
  });

  it('may run different address spaces', () => {
    const m = machineOf('native', { change: (config) => (config.vcpus = 2) });
    switchTo(m, 'b', 1);
    write(m, at(0), 0);
    const first = m.parts.translation.gfn;
    write(m, at(0), 1);
    expect(m.parts.translation.gfn).not.toBe(first);
  });
});

describe('the same trace in three modes', () => {
  it('makes the same guest tables', () => {
    const digests = ['native', 'hap', 'shadow'].map((mode) => {
      const m = machineOf(mode, { preset: 'skylake' });
      write(m, at(0));
      read(m, at(700 % 512));
      m.event({ kind: 'fork', vcpu: 0, line: 0, child: 'c' });
      write(m, at(0));
      switchTo(m, 'c');
      write(m, at(0));
      map(m, va({ l3: 1 }), 40);
      m.event({ kind: 'unmap', vcpu: 0, line: 0, va: va({ l3: 1 }), bytes: 35 * 4096 });
      return m.guestDigest();
    });
    expect(new Set(digests).size).toBe(1);
  });
});

describe('a chilled machine', () => {
  it('has nothing cached, and the same tables', () => {
    const m = machineOf('hap', { preset: 'skylake' });
    write(m, at(0));
    const tables = m.guestTables();
    m.chill();
    const c = counted(m, () => read(m, at(0)));
    // 4 guest entries; the first host walk is 4, the other four hit the host walk cache's level 2: 1 each.
    expect([c['walk.refs'], c['vmexit.total'], c['tlb.flush.all']]).toEqual([4 + 4 + 4, 0, 0]);
    expect(m.guestTables()).toBe(tables);
  });
});
