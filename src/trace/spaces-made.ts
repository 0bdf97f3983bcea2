/**
 * SpacesMade: how many address spaces the events of a trace make.
 *
 * More than it names, where a name is used again: EXEC gives the process that calls it a new one, and so does a switch to
 * what has exited. In the trace of a scripted guest a root is one address space under each of its tags. A replay makes the same ones.
 */
import { AddressSpaces, INITIAL_AS } from './address-spaces.js';
import type { TraceEvent } from './event.js';

export class SpacesMade {
  /** Names that stand for an address space now. */
  readonly #alive = new Set<string>([INITIAL_AS]);
  readonly #selected = new AddressSpaces();
  /** Of the whole trace so far; the one in which every vcpu begins is the first. */
  count = 1;

  event(event: TraceEvent, scripted: boolean): void {
    switch (event.kind) {
      case 'switch':
        this.#use(event.as);
        break;
      case 'cr3':
        this.#use(scripted && event.pcid !== null ? `${event.as} ${event.pcid}` : event.as);
        break;
      case 'fork':
        this.#use(event.child);
        break;
      case 'exec':
        this.count += 1;
        break;
      case 'exit':
        this.#alive.delete(event.as ?? this.#selected.on(event.vcpu));
        break;
    }
    this.#selected.event(event);
  }

  #use(name: string): void {
    if (this.#alive.has(name)) return;
    this.#alive.add(name);
    this.count += 1;
  }
}
