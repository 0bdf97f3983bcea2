/**
 * Kernel: one of the loops of assembly/, compiled to WebAssembly when p2msim is built and started here.
 *
 * Only what is worth it has a kernel: scanner, p2mtrace decoder and column maker, which look at every record, and the
 * replay of page accesses that are plain. Each does what TypeScript says beside it (for plain accesses that is all of
 * mmu/), and TypeScript serves where there is no WebAssembly: `node --jitless`, no SIMD, no address space to reserve for its
 * memory. Tests hold both to the same results (test/unit/kernels, test/property/replay-kernel, and those of text-scan and
 * page-columns).
 */

export interface Kernel {
  readonly memory: ArrayBuffer;
  /** The exported function `name`, of int32. */
  call(name: string): (...words: number[]) => number;
  /** The exported variable `name`. */
  global(name: string): WebAssembly.Global;
}

type Imports = Record<string, Record<string, WebAssembly.Memory | ((...words: number[]) => number)>>;

/** Starts the kernel `binary` (base64); null where that cannot be done. */
export function startKernel(binary: string, imports: Imports = {}): Kernel | null {
  if (typeof WebAssembly === 'undefined') return null;
  try {
    const module = new WebAssembly.Module(Buffer.from(binary, 'base64'));
    return kernelOf(new WebAssembly.Instance(module, imports).exports);
  } catch (error) {
    // V8 reserves 10 GiB of addresses for a memory, which a limit on the process (`ulimit -v`) may not grant; and the
    // processor may lack SIMD.
    if (error instanceof RangeError || error instanceof WebAssembly.CompileError) return null;
    throw error;
  }
}

function kernelOf(exports: Record<string, unknown>): Kernel {
  const { memory } = exports as { memory: WebAssembly.Memory };
  return {
    memory: memory.buffer,
    call: (name) => exports[name] as (...words: number[]) => number,
    global: (name) => exports[name] as WebAssembly.Global,
  };
}
