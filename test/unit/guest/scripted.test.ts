/**
 * A trace with a scripted guest: its tables, its fault handler and its address spaces come from the trace.
 */
import { describe, expect, it } from 'vitest';
import { ConfigError, TraceError } from '../../../src/errors.js';
import { createMachine, Machine } from '../../../src/sim/machine.js';
import { createBatch, OP_READ, OP_WRITE } from '../../../src/trace/access.js';
import { EMPTY_HEADER, type TraceEvent, type TraceHeader } from '../../../src/trace/event.js';
import { configOf } from '../../helpers/machine.js';

const HEADER: TraceHeader = { ...EMPTY_HEADER, scripted: { directMapHi: 0xffff8800, root: 0x10 } };
const AT = { vcpu: 0, line: 7 } as const;

function machineOf(guestMode: 'demand' | 'premapped' = 'demand'): Machine {
  const config = configOf('none', (c) => {
    c.guest.ram = 64;
    c.guest.mode = guestMode;
  });
  return createMachine({ mode: 'native', config }, HEADER);
}

/** Entry `index` of the table in `gfn`: {frame, P RW US}. */
const store = (gfn: number, index: number, frame: number): TraceEvent => ({
  ...AT,
  kind: 'ptw',
  gfn,
  level: 1,
  va: { hi: 0, lo: index * 4096 },
  value: { hi: 0, lo: frame * 4096 + 7 },
});

function access(machine: Machine, lo: number, op: number): void {
  const batch = createBatch(1);
  batch.n = 1;
  batch.lo[0] = lo;
  batch.op[0] = op;
  batch.size[0] = 1;
  machine.replayAccesses(batch, 0, 1);
}

describe('a scripted guest', () => {
  it('drops an access that faults, counts the fault, and maps nothing', () => {
    const machine = machineOf();
    access(machine, 0x5000, OP_READ);
    expect(machine.counters()['guest.faults']).toBe(1);
    expect(machine.counters()['guest.faults.demand']).toBe(0);
    access(machine, 0x5000, OP_READ);
    expect(machine.counters()['guest.faults']).toBe(2);
  });

  it('walks the tables that the trace stored', () => {
    const machine = machineOf();
    for (const [gfn, frame] of [
      [0x10, 0x11],
      [0x11, 0x12],
      [0x12, 0x13],
    ] as const)
      machine.event(store(gfn, 0, frame));
    machine.event(store(0x13, 5, 0x40));
    const before = machine.counters()['guest.faults']!;
    access(machine, 0x5000, OP_WRITE);
    expect(machine.counters()['guest.faults']).toBe(before);
    expect(machine.parts.translation.gfn).toBe(0x40);
    access(machine, 0x6000, OP_WRITE);
    expect(machine.counters()['guest.faults']).toBe(before + 1);
  });

  it('names address spaces by the address of their root; a tag makes another', () => {
    const machine = machineOf();
    const load = (as: string, pcid: number | null): number => {
      machine.event({ ...AT, kind: 'cr3', as, pcid, noflush: false });
      return machine.parts.guest.current[0]!.id;
    };
    const [first, again, tagged] = [load('0x20000', null), load('0x20000', null), load('0x20000', 3)];
    expect(machine.parts.guest.current[0]!.root).toBe(0x20);
    expect(again).toBe(first);
    expect(tagged).not.toBe(first);
    for (const as of ['init', '0x20001', '0x40000000'])
      expect(() => load(as, null)).toThrow(
        `CR3 names address space '${as}', expected the address of a table`,
      );
  });

  it('has no kernel that could MAP or fork', () => {
    const machine = machineOf();
    expect(() => machine.event({ ...AT, kind: 'fork', child: 'c' })).toThrow(TraceError);
    expect(() => machine.event({ ...AT, kind: 'unmap', va: { hi: 0, lo: 0 }, bytes: 4096 })).toThrow(
      'UNMAP in the trace of a scripted guest',
    );
  });

  it('cannot be premapped', () => {
    expect(() => machineOf('premapped')).toThrow(ConfigError);
  });
});
