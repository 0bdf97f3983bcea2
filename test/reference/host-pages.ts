/** What the host keeps behind guest frames: nothing, its shared zero page, or a page of the guest's own (9.14). */
import type { MachineConfig } from '../../src/config/schema.js';
import type { P2m } from './p2m.js';

type Backing = 'absent' | 'zero' | 'own';

/** A range of frames. */
export interface Frames {
  first: number;
  n: number;
}

export class HostPages {
  #p2m: P2m;
  #populated: boolean;
  #frames = new Map<number, Backing>();
  /** First frames of 2 MiB that the host maps in pieces since its zero page of that size was split. */
  #split = new Set<number>();

  constructor(config: MachineConfig, p2m: P2m) {
    this.#p2m = p2m;
    this.#populated = config.host.memory === 'populated';
  }

  of(gfn: number): Backing {
    return this.#populated ? 'own' : (this.#frames.get(gfn) ?? 'absent');
  }

  /** Is the frame part of 2 MiB that the host maps as one? */
  isHuge(gfn: number): boolean {
    return this.#p2m.leafSize(gfn) !== '4k' && !this.#split.has(gfn - (gfn % 512));
  }

  /** The host page, of whatever size it uses there, that holds a frame. */
  #pageOf(gfn: number): Frames {
    return this.isHuge(gfn) ? { first: gfn - (gfn % 512), n: 512 } : { first: gfn, n: 1 };
  }

  /** First touch: a read gets the zero page. */
  bring(gfn: number, write: boolean): void {
    const { first, n } = this.#pageOf(gfn);
    for (let i = 0; i < n; i++) this.#frames.set(first + i, write ? 'own' : 'zero');
  }

  /** A store found the zero page: a copy takes its place. Returns the frames whose mappings go. */
  copy(gfn: number): Frames {
    const lost = this.#pageOf(gfn);
    if (lost.n > 1) this.#split.add(lost.first);
    this.#frames.set(gfn, 'own');
    return lost;
  }
}
