/**
 * TableFrames: which guest frames are shadowed as tables, of which types, and whether they are out of sync.
 */
import { FrameCounts, FrameMap } from '../../util/frame-map.js';

/** State bits of a guest frame: bit t = shadowed as type t (1..4); and the two out-of-sync marks. */
const TYPE_MASK = 0b11110;
/** Levels above the leaf. */
const UPPER_MASK = 0b11100;
const ONLY_L1 = 0b10;
const OUT_OF_SYNC = 0x20;
const MAY_WRITE = 0x40;

export class TableFrames {
  readonly #state = new FrameCounts();
  /** Tables by 2 MiB range of guest memory. */
  readonly #inRange = new FrameMap(0);

  /** True while the frame is shadowed as a table. */
  isTable(gfn: number): boolean {
    return (this.#state.get(gfn) & TYPE_MASK) !== 0;
  }

  /** True if shadowed as exactly one type, l1. */
  isOnlyL1(gfn: number): boolean {
    return (this.#state.get(gfn) & TYPE_MASK) === ONLY_L1;
  }

  /** True if shadowed as a table above the leaves. */
  isUpper(gfn: number): boolean {
    return (this.#state.get(gfn) & UPPER_MASK) !== 0;
  }

  hasType(gfn: number, type: number): boolean {
    return (this.#state.get(gfn) & (1 << type)) !== 0;
  }

  /** True if some table lies in the 2 MiB of guest memory around `gfn`. */
  rangeHasTable(gfn: number): boolean {
    return this.#inRange.get(gfn >>> 9) > 0;
  }

  isOutOfSync(gfn: number): boolean {
    return (this.#state.get(gfn) & OUT_OF_SYNC) !== 0;
  }

  mayWrite(gfn: number): boolean {
    return (this.#state.get(gfn) & MAY_WRITE) !== 0;
  }

  setOutOfSync(gfn: number, on: boolean): void {
    const state = this.#state.get(gfn);
    this.#state.set(gfn, on ? state | OUT_OF_SYNC | MAY_WRITE : state & ~OUT_OF_SYNC);
  }

  forbidWrite(gfn: number): void {
    this.#state.set(gfn, this.#state.get(gfn) & ~MAY_WRITE);
  }

  /** shadow_promote: a frame that was no table starts afresh. */
  promote(gfn: number, type: number): void {
    const state = this.#state.get(gfn);
    const wasTable = (state & TYPE_MASK) !== 0;
    this.#state.set(gfn, (wasTable ? state : 0) | (1 << type));
    if (!wasTable) this.#inRange.set(gfn >>> 9, this.#inRange.get(gfn >>> 9) + 1);
  }

  /** shadow_demote; true if the frame is a table no longer. */
  demote(gfn: number, type: number): boolean {
    const state = this.#state.get(gfn) & ~(1 << type);
    this.#state.set(gfn, state);
    if ((state & TYPE_MASK) !== 0) return false;
    this.#inRange.set(gfn >>> 9, this.#inRange.get(gfn >>> 9) - 1);
    return true;
  }

  forget(gfn: number): void {
    this.#state.set(gfn, 0);
  }
}
