/** Which address space each vcpu of a trace is in: what the trace's own events say, no more. */
import type { TraceEvent } from './event.js';

/** Address space in which every vcpu begins. */
export const INITIAL_AS = '0';

export class AddressSpaces {
  readonly #selected = new Map<number, string>();

  /** Address space selected on `vcpu`. */
  on(vcpu: number): string {
    return this.#selected.get(vcpu) ?? INITIAL_AS;
  }

  /** Follows context switches. */
  event(event: TraceEvent): void {
    if (event.kind === 'switch' || event.kind === 'cr3') this.#selected.set(event.vcpu, event.as);
  }
}
