/**
 * Arena: memory that JavaScript and a WebAssembly kernel share, for tables that grow.
 *
 * It is handed out piece by piece and never taken back; a piece stays where it is, and JavaScript's views of it last,
 * because shared memory grows in place. The system provides only the pages that are written.
 */
const PAGE_BYTES = 65536;
/** 4 GiB: what 32-bit addresses reach. */
const MAX_PAGES = 65536;
/** At least so many pages a growth: each costs a system call. */
const STEP = 64;
/** Below are a kernel's constants; address 0 means nowhere. */
const FIRST = 4096;
/** A cache line. */
const ALIGNMENT = 64;

export class Arena {
  readonly memory: WebAssembly.Memory;
  #used = FIRST;
  #pages = 1;

  /** Null where there is no WebAssembly, or no address space to reserve for its memory (`ulimit -v`). */
  static create(): Arena | null {
    if (typeof WebAssembly === 'undefined') return null;
    try {
      return new Arena(new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true }));
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  private constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
  }

  /** Address of `bytes` bytes, all of them 0 and the first at the start of a cache line; 0 if there is no room. */
  take(bytes: number): number {
    const at = this.#used;
    const end = at + Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    const missing = Math.ceil(end / PAGE_BYTES) - this.#pages;
    if (missing > 0 && !this.#grow(Math.max(missing, STEP)) && !this.#grow(missing)) return 0;
    this.#used = end;
    return at;
  }

  #grow(pages: number): boolean {
    if (this.#pages + pages > MAX_PAGES) return false;
    try {
      this.memory.grow(pages);
    } catch (error) {
      if (error instanceof RangeError) return false;
      throw error;
    }
    this.#pages += pages;
    return true;
  }

  /** The `n` int32 at address `at`. */
  int32(at: number, n: number): Int32Array {
    return new Int32Array(this.memory.buffer, at, n);
  }

  /** The `n` bytes at address `at`. */
  uint8(at: number, n: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, n);
  }
}
