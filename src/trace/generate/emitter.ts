/**
 * Emitter: where a generator puts its accesses and events; it counts them, and adds the kernel's table writes.
 *
 * Addresses are doubles here: all of generated memory lies below 2^47, where they are exact.
 */
import { wordOf } from '../../arch/address.js';
import type { Prng } from '../../util/prng.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../access.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import type { EventDraft, Perm } from '../event.js';
import type { GeneratorParams } from './params.js';

const TWO_32 = 2 ** 32;

export const READ_WRITE: Perm = { read: true, write: true, exec: false };
export const READ_EXEC: Perm = { read: true, write: false, exec: true };

export class Emitter {
  /** Bytes of an access, and the share of stores as a fraction. */
  readonly size: number;
  readonly #writeShare: number;
  readonly #editsPer1000: number;
  readonly #bit: 'A' | 'D';
  readonly #out: ChunkBuilder;
  readonly #random: Prng;
  #left: number;
  #editsDue = 0;

  constructor(out: ChunkBuilder, params: GeneratorParams, random: Prng) {
    this.#out = out;
    this.#random = random;
    this.#left = params.number('accesses');
    this.size = params.number('size', 1);
    this.#writeShare = params.number('writes', 0) / 100;
    this.#editsPer1000 = params.number('edits');
    this.#bit = params.word('edit') === 'age' ? 'A' : 'D';
  }

  /** True if there is no room for another access now, or no wish for one any more. */
  get full(): boolean {
    return this.#left === 0 || this.#out.full;
  }

  /** True if there are as many accesses as are wanted. */
  get done(): boolean {
    return this.#left === 0;
  }

  /** A load, or a store as often as `writes` says. */
  touch(address: number, vcpu = 0): void {
    const share = this.#writeShare;
    const write = share > 0 && (share === 1 || this.#random.unit() < share);
    this.access(write ? OP_WRITE : OP_READ, address, this.size, vcpu);
  }

  read(address: number, bytes: number = this.size, vcpu = 0): void {
    this.access(OP_READ, address, bytes, vcpu);
  }

  write(address: number, bytes: number = this.size, vcpu = 0): void {
    this.access(OP_WRITE, address, bytes, vcpu);
  }

  fetch(address: number, bytes: number): void {
    this.access(OP_FETCH, address, bytes, 0);
  }

  modify(address: number, bytes: number): void {
    this.access(OP_MODIFY, address, bytes, 0);
  }

  access(op: number, address: number, bytes: number, vcpu: number): void {
    this.#out.access(op, Math.floor(address / TWO_32), address >>> 0, bytes, vcpu);
    this.#left -= 1;
    if (this.#editsPer1000 === 0) return;
    this.#editsDue += this.#editsPer1000;
    if (this.#editsDue < 1000) return;
    this.#editsDue -= 1000;
    this.event({ kind: 'clear', bit: this.#bit, va: wordOf(address - (address % 4096)), bytes: 4096 }, vcpu);
  }

  event(draft: EventDraft, vcpu = 0): void {
    this.#out.event({ ...draft, vcpu, line: 0 });
  }

  /** A range is mapped on first touch. */
  mapLazily(address: number, bytes: number, perm: Perm = READ_WRITE, how: 'lazy' | 'file' = 'lazy'): void {
    this.event({ kind: 'map', va: wordOf(address), bytes, gfn: null, perm, how, pageSize: null });
  }
}
