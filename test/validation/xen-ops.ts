/**
 * Replays operation traces of the guest that was measured on real Xen (one line per operation).
 *
 * That guest is not the modelled Linux: it has a 4 KiB direct map at 0xffff880000000000, an identity map of
 * the same tables in slot 0, and a fault handler whose operations are in the trace. So the machine is
 * built with a layout of its own and a handler that leaves everything to the trace. No TLB: the measured
 * machine flushed at every entry and exit.
 */
import { decodePte, PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US, TABLE_FLAGS } from '../../src/arch/pte.js';
import { defaultConfig } from '../../src/config/defaults.js';
import type { AddressSpace } from '../../src/guest/address-space.js';
import { backends } from '../../src/mmu/index.js';
import { Machine } from '../../src/sim/machine.js';
import { createBatch, OP_READ, OP_WRITE } from '../../src/trace/access.js';
import { EMPTY_HEADER } from '../../src/trace/event.js';

const DIRECT_HI = 0xffff8800;
const MAPPED_FRAMES = 0x30000; // 768 MiB
const BASE_ROOT = 0x800; // gpa 8 MiB
const LEAF = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;

export class XenGuest {
  readonly machine: Machine;
  readonly #batch = createBatch(1);
  readonly #spaces = new Map<number, AddressSpace>();

  constructor(mode: 'shadow' | 'shadow-nooos' | 'hap') {
    const config = defaultConfig('none');
    config.vendor = 'amd';
    config.guest.ram = 1024;
    if (mode === 'shadow-nooos') config.shadow.policy = 'xen-oos-off';
    config.shadow.pool = 0;
    const plugin = backends.get(mode === 'hap' ? 'hap' : 'shadow');
    this.machine = new Machine(plugin, config, EMPTY_HEADER, {
      layout: { directMapHi: DIRECT_HI, mapsKernel: false },
      handleFault: (guest) => {
        guest.counters.guestFaults += 1;
        return false;
      },
    });
    this.#buildTables();
    this.loadCr3(BASE_ROOT * 4096);
    for (let gfn = 0; gfn < MAPPED_FRAMES; gfn++)
      this.access(DIRECT_HI + (gfn >>> 20), (gfn << 12) >>> 0, true);
  }

  /** L4 -> L3 -> L2 -> 384 L1s that map [0, 768 MiB) one to one, in slots 0 and 272. */
  #buildTables(): void {
    const { tables } = this.machine.parts.guest;
    const [l4, l3, l2, l1] = [BASE_ROOT, BASE_ROOT + 1, BASE_ROOT + 2, BASE_ROOT + 3];
    tables.set(l4, 0, l3, TABLE_FLAGS);
    tables.set(l4, 272, l3, TABLE_FLAGS);
    tables.set(l3, 0, l2, TABLE_FLAGS);
    for (let i = 0; i < MAPPED_FRAMES / 512; i++) tables.set(l2, i, l1 + i, TABLE_FLAGS);
    for (let i = 0; i < MAPPED_FRAMES; i++) tables.set(l1 + (i >> 9), i & 511, i, LEAF);
  }

  access(hi: number, lo: number, write: boolean): void {
    const batch = this.#batch;
    batch.n = 1;
    batch.hi[0] = hi;
    batch.lo[0] = lo;
    batch.op[0] = write ? OP_WRITE : OP_READ;
    batch.size[0] = 1;
    this.machine.replayAccesses(batch, 0, 1);
  }

  /** CR3 load, and the fetch of the next instruction from VA 0x200000. */
  loadCr3(gpa: number): void {
    const { guest } = this.machine.parts;
    let space = this.#spaces.get(gpa);
    if (space === undefined) {
      space = guest.register(`0x${gpa.toString(16)}`, gpa / 4096);
      this.#spaces.set(gpa, space);
    }
    guest.loadCr3(0, space, false);
    this.access(0, 0x200000, false);
  }

  /** Carries out one line of the trace. */
  line(text: string): void {
    const { guest } = this.machine.parts;
    const [op, ...args] = text.split(' ');
    switch (op) {
      case 'R':
      case 'W': {
        const { hi, lo } = halves(args[0]!);
        return this.access(hi, lo, op === 'W');
      }
      case 'TR':
        return guest.readEntry(0, frameOf(args[0]!), indexOf(args[0]!));
      case 'TW': {
        const value = halves(args[4]!);
        const { frame, flags } = decodePte(value.hi, value.lo);
        return guest.storeEntry(0, frameOf(args[0]!), indexOf(args[0]!), frame, flags);
      }
      case 'DW': {
        const value = halves(args[1]!);
        const { frame, flags } = decodePte(value.hi, value.lo);
        return guest.storeEntry(0, frameOf(args[0]!), indexOf(args[0]!), frame, flags);
      }
      case 'Z':
        return guest.zeroFrame(0, frameOf(args[0]!));
      case 'C':
        return guest.copyFrame(0, frameOf(args[0]!), frameOf(args[1]!));
      case 'INVLPG':
        return guest.invlpg(
          0,
          Math.floor((halves(args[0]!).hi & 0x1ffffff) * 2 ** 20 + halves(args[0]!).lo / 4096),
        );
      case 'CR3':
        return this.loadCr3(Number(args[0]));
      case 'CPUID':
        return this.machine.event({ kind: 'cpuid', vcpu: 0, line: 0 });
      case 'CR4':
        if (args[0] === 'pge=0') this.machine.event({ kind: 'flushall', vcpu: 0, line: 0 });
        return;
      default: // FAULT and IRET: the model must find them by itself.
    }
  }
}

function halves(hex: string): { hi: number; lo: number } {
  const digits = hex.slice(2).padStart(16, '0');
  return { hi: parseInt(digits.slice(0, 8), 16), lo: parseInt(digits.slice(8), 16) };
}

const frameOf = (gpa: string): number => Math.floor(Number(gpa) / 4096);
const indexOf = (gpa: string): number => (Number(gpa) % 4096) >> 3;
