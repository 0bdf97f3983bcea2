/**
 * ProcessSpaces: address spaces for the process numbers of a trace. The first process is the space in which every trace
 * begins, so that a trace of one process has no context switch; process N is the space `pN` otherwise.
 */
import { INITIAL_AS } from './address-spaces.js';
import type { TraceEvent } from './event.js';

export class ProcessSpaces {
  #first: number | null = null;
  readonly #named = new Set<number>();
  readonly #selected = new Map<number, string>();

  /** Name of the address space of a process. */
  nameOf(process: number): string {
    this.#first ??= process;
    this.#named.add(process);
    return process === this.#first ? INITIAL_AS : `p${process}`;
  }

  /** True if the process has been named: it has an address space. */
  has(process: number): boolean {
    return this.#named.has(process);
  }

  /** The context switch after which `process` runs on `vcpu`, or null if it does already. */
  switchTo(vcpu: number, process: number, line: number): TraceEvent | null {
    const as = this.nameOf(process);
    if ((this.#selected.get(vcpu) ?? INITIAL_AS) === as) return null;
    this.#selected.set(vcpu, as);
    return { kind: 'switch', vcpu, line, as, noflush: false };
  }
}
