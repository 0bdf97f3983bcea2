/**
 * EntryMarks: A and D bits of l1/fl1 shadow entries: the processor sets them as it walks, the hypervisor as it fills.
 *
 * They decide one thing: whether a fault finds its entry exactly as it would write it, and so leaves it and its
 * neighbours alone (Linux mmu_set_spte, RET_PF_SPURIOUS).
 */
import { ENTRIES } from '../../arch/paging.js';

const A = 1;
const D = 2;

export class EntryMarks {
  /** By shadow page. */
  readonly #marks: Uint8Array[] = [];

  /** The processor used the entry. */
  walked(page: number, index: number, write: boolean): void {
    const marks = this.#of(page);
    marks[index] = marks[index]! | A | (write ? D : 0);
  }

  isDirty(page: number, index: number): boolean {
    return (this.#of(page)[index]! & D) !== 0;
  }

  /**
   * The hypervisor wrote the entry: A for the access that faulted, D for one that has just become writable
   * (make_spte leaves D out where the old entry was writable). True if the marks were the same before.
   */
  filled(page: number, index: number, accessed: boolean, becameWritable: boolean): boolean {
    const marks = this.#of(page);
    const value = (accessed ? A : 0) | (becameWritable ? D : 0);
    const same = marks[index] === value;
    marks[index] = value;
    return same;
  }

  #of(page: number): Uint8Array {
    return (this.#marks[page] ??= new Uint8Array(ENTRIES));
  }
}
