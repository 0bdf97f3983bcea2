/**
 * FetchedOps: the guest's operations with the fetch of each instruction in front of it.
 *
 * The hypervisor has a limit of shadow pages: any exit can recycle those that map the code
 * (kvm_mmu_zap_oldest_mmu_pages), and the next instruction exits for its own fetch.
 */
import type { GuestOps, PageFaultHandler, TableEntry } from '../guest-ops.js';
import { CODE_PAGE, GLOBALS_PAGE, STACK_PAGE } from './layout.js';

export class FetchedOps implements GuestOps {
  readonly #ops: GuestOps;

  constructor(ops: GuestOps) {
    this.#ops = ops;
  }

  /** The operation, once its instruction is fetched. */
  #fetched(): GuestOps {
    this.#ops.fetch(CODE_PAGE);
    return this.#ops;
  }

  read(page: number): void {
    this.#fetched().read(page);
  }

  write(page: number): void {
    this.#fetched().write(page);
  }

  fetch(page: number): void {
    this.#ops.fetch(page);
  }

  loadEntry(gfn: number, index: number): TableEntry {
    return this.#fetched().loadEntry(gfn, index);
  }

  storeEntry(gfn: number, index: number, frame: number, flags: number, level: number, page: number): void {
    this.#fetched().storeEntry(gfn, index, frame, flags, level, page);
  }

  storeData(gfn: number, index: number, frame: number, flags: number): void {
    this.#fetched().storeData(gfn, index, frame, flags);
  }

  zeroFrame(gfn: number): void {
    this.#fetched().zeroFrame(gfn);
  }

  copyFrame(to: number, from: number): void {
    this.#fetched().copyFrame(to, from);
  }

  invlpg(page: number): void {
    this.#fetched().invlpg(page);
  }

  loadCr3(root: number, pcid?: { readonly id: number; readonly noflush: boolean }): void {
    this.#fetched().loadCr3(root, pcid);
  }

  cpuid(): void {
    this.#fetched().cpuid();
  }

  togglePge(): void {
    this.#fetched().togglePge();
  }

  dropTranslations(): void {
    this.#fetched().dropTranslations();
  }

  /** A fault pushes its frame on the stack and starts with a look at the kernel's variables. */
  onPageFault(handler: PageFaultHandler): void {
    this.#ops.onPageFault((page, present, write) => {
      this.#ops.write(STACK_PAGE);
      this.read(GLOBALS_PAGE);
      handler(page, present, write);
    });
  }

  mark(phase: string | null): void {
    this.#fetched().mark(phase);
  }
}
