/**
 * OwnSwitches: context switches that the guest makes on its own account (`guest.switchEvery`), besides those of the trace.
 *
 * After so many accesses every vcpu, in order, switches to another process and back: two CR3 loads, with PCID those of
 * Linux's tags. The other process touches nothing, so what it would push out of TLBs and caches is not modelled:
 * the cost that is counted is the least that a switch has. docs/model.md 7.4.
 */
import { OTHER_PROCESS } from '../guest/address-space.js';
import type { Guest } from '../guest/guest.js';

export class OwnSwitches {
  readonly #every: number;
  readonly #guest: Guest;
  /** Accesses since the last one. */
  #since = 0;

  /** @param every accesses from one to the next; 0: none */
  constructor(every: number, guest: Guest) {
    this.#every = every;
    this.#guest = guest;
  }

  /** Hands on records [from, to) in pieces, between which the guest switches. */
  inSlices(from: number, to: number, replay: (from: number, to: number) => void): void {
    if (this.#every === 0) return replay(from, to);
    for (let at = from; at < to;) {
      const end = Math.min(to, at + this.#every - this.#since);
      replay(at, end);
      this.#since += end - at;
      at = end;
      if (this.#since === this.#every) this.#switchAll();
    }
  }

  #switchAll(): void {
    const guest = this.#guest;
    this.#since = 0;
    for (let vcpu = 0; vcpu < guest.vcpus; vcpu++) {
      const space = guest.current[vcpu]!;
      guest.switchTo(vcpu, guest.space(OTHER_PROCESS));
      guest.switchTo(vcpu, space);
    }
  }
}
