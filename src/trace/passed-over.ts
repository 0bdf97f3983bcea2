/** PassedOverCounts: records that a reader understands and that mean nothing to a machine, counted by what they are. */
import type { PassedOver } from './format.js';

export class PassedOverCounts {
  readonly #counts = new Map<string, number>();

  /** `what` is a plural: `cache flushes`. */
  add(what: string, count: number = 1): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + count);
  }

  get counts(): PassedOver {
    return this.#counts;
  }
}
