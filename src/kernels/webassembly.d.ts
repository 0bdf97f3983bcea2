/** What the kernels use of the WebAssembly interface, which the types of Node do not declare. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array);
  }
  class CompileError extends Error {}
  class Memory {
    constructor(size: { initial: number; maximum: number; shared: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Global {
    readonly value: number;
  }
  class Instance {
    constructor(
      module: Module,
      imports: Record<string, Record<string, Memory | ((...words: number[]) => number)>>,
    );
    readonly exports: Record<string, unknown>;
  }
}
