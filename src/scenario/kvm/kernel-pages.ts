/**
 * The kernel's own pages as the measured loops touch them: code, variables, parameters, stack.
 *
 * They lie in the identity window. Nothing is lost by leaving out most of their accesses: once in use they
 * cannot exit. They can after a CR3 load (the window may not be linked into the new root yet), after the
 * hypervisor dropped everything, and where a limit of shadow pages makes it recycle the window's own
 * (fetched-ops.ts). Which page is touched when was read off the compiled loops.
 */
import type { GuestOps } from '../guest-ops.js';
import { CODE_PAGE, GLOBALS_PAGE, PARAMETERS, STACK_PAGE } from './layout.js';

export class KernelPages {
  readonly #ops: GuestOps;

  constructor(ops: GuestOps) {
    this.#ops = ops;
  }

  /** What start-up code has touched before it warms memory. */
  start(): void {
    this.fetch();
    this.#ops.write(STACK_PAGE);
    this.readParameters();
    this.#ops.write(GLOBALS_PAGE);
  }

  fetch(): void {
    this.#ops.fetch(CODE_PAGE);
  }

  /** A loop over the pages is called: return address, number of pages, order. */
  enterLoop(): void {
    this.#ops.write(STACK_PAGE);
    this.readGlobals();
    this.readParameters();
  }

  /** The loops look up in the parameters what to do next. */
  readParameters(): void {
    this.#ops.read(PARAMETERS.start);
  }

  /** Number of pages, stride, roots of the spaces. */
  readGlobals(): void {
    this.#ops.read(GLOBALS_PAGE);
  }

  /** The kernel notes which root it is about to load. */
  noteRoot(): void {
    this.#ops.write(GLOBALS_PAGE);
  }
}
