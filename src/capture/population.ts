/** Population: how many processes and vcpus access memory in a stream, so that a summary says what is in the file. */
import type { TraceChunk } from '../trace/access.js';
import { AddressSpaces } from '../trace/address-spaces.js';

export class Population {
  readonly #spaces = new AddressSpaces();
  readonly #processes = new Set<string>();
  readonly #vcpus = new Set<number>();

  get processes(): number {
    return this.#processes.size;
  }

  get vcpus(): number {
    return this.#vcpus.size;
  }

  chunk({ accesses, events, eventAt }: TraceChunk): void {
    let from = 0;
    for (const [i, event] of events.entries()) {
      const until = eventAt[i] ?? accesses.n;
      this.#range(accesses.vcpu, from, until);
      from = until;
      this.#spaces.event(event);
    }
    this.#range(accesses.vcpu, from, accesses.n);
  }

  #range(vcpus: Uint8Array, from: number, until: number): void {
    let last = -1;
    for (let i = from; i < until; i++) {
      const vcpu = vcpus[i]!;
      if (vcpu === last) continue;
      last = vcpu;
      this.#vcpus.add(vcpu);
      this.#processes.add(this.#spaces.on(vcpu));
    }
  }
}
