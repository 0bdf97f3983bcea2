/**
 * GuestShare: one guest, and one p2m a kind, for several machines that replay the same records.
 *
 * Only where nothing but the order of first touches changes them: a premapped guest (every leaf has A and D set) and a
 * trace without events. That order is the same in every machine, for a first touch misses every TLB. What a sweep
 * over TLB geometries then keeps apart is small, and the tables stay in the processor's caches from one machine to
 * the next (bench/README.md, row sweep).
 */
import type { MachineConfig } from '../config/schema.js';
import { InternalError } from '../errors.js';
import type { Guest } from '../guest/guest.js';
import { P2m } from '../hypervisor/p2m.js';
import type { P2mRange } from '../trace/event.js';

export class GuestShare {
  /** Made by the first machine. */
  guest: Guest | null = null;
  /** Told when guest RAM grows: the backends of all machines. */
  readonly grown: ((ram: number) => void)[] = [];
  readonly #p2ms = new Map<string, P2m>();
  #digest: string | null = null;

  /** Machines may share if they agree on this; null: not at all. Traces with events are the caller's to exclude. */
  static key(config: MachineConfig): string | null {
    const { guest, host, seed, vcpus } = config;
    const fixed = guest.mode === 'premapped' && guest.switchEvery === 0 && host.populate === 'eager';
    return fixed ? JSON.stringify([guest, seed, vcpus]) : null;
  }

  /** The p2m of a mode; it is filled before the trace, so that walks do not change it. */
  p2m(mode: string, config: MachineConfig, ranges: readonly P2mRange[], maxSize: number): P2m {
    const key = JSON.stringify([mode, config.host, config.shadow.policy, maxSize]);
    let p2m = this.#p2ms.get(key);
    if (p2m === undefined) {
      p2m = new P2m(config.host, ranges, maxSize);
      this.#p2ms.set(key, p2m);
    }
    return p2m;
  }

  /** The guest's digest at the end of the trace. */
  digest(guest: Guest): string {
    return this.grown.length > 1 ? (this.#digest ??= guest.digest()) : guest.digest();
  }
}

/** A premapped guest takes no page fault; one in a shared guest would be counted on the wrong machine. */
export function refuseFault(): never {
  throw new InternalError('a guest that several machines share took a page fault');
}
