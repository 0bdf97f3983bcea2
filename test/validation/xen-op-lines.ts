/**
 * Operations of a scenario as lines, exactly as the measured guest's own trace writer prints them, except that
 * TW has no `old` value: that is the software machine's, not the guest's (A and D may be set later on others).
 *
 *   R va | W va | FAULT va error | IRET | TR gpa 0 | TW gpa level va new | Z gpa | C to from | DW gpa value |
 *   INVLPG va | CR3 gpa | CPUID | CR4 pge=0 | CR4 pge=1 | START | END
 *
 * Instruction fetches are not printed: the trace writer has none.
 */
import { pageHi, pageLo } from '../../src/arch/paging.js';
import type { OpSink } from '../../src/scenario/soft-mmu.js';

/** `0x` and no leading zeros. */
function address(hi: number, lo: number): string {
  if (hi === 0) return `0x${(lo >>> 0).toString(16)}`;
  return `0x${(hi >>> 0).toString(16)}${(lo >>> 0).toString(16).padStart(8, '0')}`;
}

const va = (page: number): string => address(pageHi(page), pageLo(page));
const gpa = (gfn: number, index = 0): string => `0x${(gfn * 4096 + index * 8).toString(16)}`;
const value = (frame: number, flags: number): string => `0x${(frame * 4096 + flags).toString(16)}`;

export class OpLines implements OpSink {
  readonly #emit: (line: string) => void;
  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  access(kind: 'read' | 'write' | 'fetch', page: number): void {
    if (kind !== 'fetch') this.#emit(`${kind === 'read' ? 'R' : 'W'} ${va(page)}`);
  }

  fault(page: number, present: boolean, write: boolean): void {
    this.#emit(`FAULT ${va(page)} ${(present ? 1 : 0) + (write ? 2 : 0)}`);
  }

  faultDone(): void {
    this.#emit('IRET');
  }

  loadEntry(gfn: number, index: number): void {
    this.#emit(`TR ${gpa(gfn, index)} 0`);
  }

  storeEntry(gfn: number, index: number, frame: number, flags: number, level: number, page: number): void {
    this.#emit(`TW ${gpa(gfn, index)} ${level} ${va(page)} ${value(frame, flags)}`);
  }

  storeData(gfn: number, index: number, frame: number, flags: number): void {
    this.#emit(`DW ${gpa(gfn, index)} ${value(frame, flags)}`);
  }

  zeroFrame(gfn: number): void {
    this.#emit(`Z ${gpa(gfn)}`);
  }

  copyFrame(to: number, from: number): void {
    this.#emit(`C ${gpa(to)} ${gpa(from)}`);
  }

  invlpg(page: number): void {
    this.#emit(`INVLPG ${va(page)}`);
  }

  loadCr3(root: number): void {
    this.#emit(`CR3 ${gpa(root)}`);
  }

  cpuid(): void {
    this.#emit('CPUID');
  }

  togglePge(): void {
    this.#emit('CR4 pge=0');
    this.#emit('CR4 pge=1');
  }

  dropTranslations(): void {
    throw new Error('no Xen scenario does this');
  }

  mark(phase: string | null): void {
    this.#emit(phase === null ? 'START' : 'END');
  }
}
