/**
 * A KVM scenario run on page tables alone, with every operation of its guest written down.
 */
import { KVM_SUITE } from '../../src/scenario/kvm/index.js';
import { completeParams } from '../../src/scenario/params.js';
import { type OpSink, SoftMmu } from '../../src/scenario/soft-mmu.js';

/** First workload page: VA 512 GiB. */
const BASE = 0x8000000;
const CODE_FETCH = 'fetch 100';
/** An operation as words: `write 8000000`, `store 1000 1 1001 27`, all numbers hexadecimal. */
export type Op = string;

export interface Recorded {
  readonly phase: string;
  readonly ops: readonly Op[];
  /** Fetches of the code page, those of {@link ops} included. */
  readonly fetches: number;
}

/** Writes operations down, phase by phase; loads are left out. */
export class Recorder implements OpSink {
  readonly all: Op[] = [];
  readonly phases: Recorded[] = [];
  #ops: Op[] = [];
  #fetches = 0;

  #add(...words: (string | number)[]): void {
    const op = words.map((word) => (typeof word === 'number' ? word.toString(16) : word)).join(' ');
    // Every operation is fetched first: written down only where the fetch can exit by itself.
    if (op === CODE_FETCH) this.#fetches += 1;
    if (op === CODE_FETCH && !/^(cr3|drop)/.test(this.all.at(-1) ?? '')) return;
    this.#ops.push(op);
    this.all.push(op);
  }

  access(kind: string, page: number): void {
    this.#add(kind, page);
  }

  fault(page: number): void {
    this.#add('fault', page);
  }

  faultDone(): void {}

  loadEntry(): void {}

  storeEntry(gfn: number, index: number, frame: number, flags: number, level: number): void {
    this.#add('store', level, gfn, index, frame, flags);
  }

  storeData(gfn: number, index: number, frame: number, flags: number): void {
    this.#add('data', gfn, index, frame, flags);
  }

  zeroFrame(gfn: number): void {
    this.#add('zero', gfn);
  }

  copyFrame(to: number, from: number): void {
    this.#add('copy', to, from);
  }

  invlpg(page: number): void {
    this.#add('invlpg', page);
  }

  loadCr3(root: number, tag?: { readonly id: number; readonly noflush: boolean }): void {
    this.#add('cr3', root, ...(tag === undefined ? [] : [tag.id, tag.noflush ? 'noflush' : 'flush']));
  }

  cpuid(): void {
    this.#add('cpuid');
  }

  togglePge(): void {
    this.#add('pge');
  }

  dropTranslations(): void {
    this.#add('drop');
  }

  mark(phase: string | null): void {
    if (phase !== null) this.phases.push({ phase, ops: this.#ops, fetches: this.#fetches });
    this.#ops = [];
    this.#fetches = 0;
  }
}

export type Given = Record<string, number>;

export function record(scenario: string, given: Given = {}): Recorder {
  const params = completeParams(KVM_SUITE.scenarios.get(scenario), given);
  const recorder = new Recorder();
  const mmu = new SoftMmu(KVM_SUITE.bootRoot, recorder);
  KVM_SUITE.bootTables(params, (...entry) => mmu.place(...entry));
  KVM_SUITE.boot(mmu, params).run(scenario, params);
  return recorder;
}

/** Operations of the phase; of its `nth` occurrence where it repeats. */
export function phase(recorder: Recorder, name: string, nth = 0): readonly Op[] {
  const found = recorder.phases.filter((one) => one.phase === name)[nth];
  if (found === undefined) throw new Error(`no phase ${name}`);
  return found.ops;
}

export function count(ops: readonly Op[], word: string): number {
  return ops.filter((op) => op.split(' ')[0] === word).length;
}

/** What follows the word in each operation of that kind. */
export function operands(ops: readonly Op[], word: string): string[] {
  return ops.filter((op) => op.startsWith(`${word} `)).map((op) => op.slice(word.length + 1));
}

export function workloadPages(ops: readonly Op[], kind: string): number[] {
  return operands(ops, kind)
    .map((page) => Number.parseInt(page, 16))
    .filter((page) => page >= BASE)
    .map((page) => page - BASE);
}

export const hex = (n: number): string => n.toString(16);
