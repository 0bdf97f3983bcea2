/**
 * ReverseMap: from a guest frame to every shadow entry that maps it (Linux kvm_rmap_head).
 *
 * Entries are written as page * 512 + index. Mappings by a 2 MiB entry are kept by the first frame of their range.
 */
const FRAMES_OF_2M = 512;

export class ReverseMap {
  readonly #small = new Map<number, Set<number>>();
  readonly #large = new Map<number, Set<number>>();

  add(frame: number, entry: number, large: boolean): void {
    const chains = large ? this.#large : this.#small;
    const chain = chains.get(frame);
    if (chain === undefined) chains.set(frame, new Set([entry]));
    else chain.add(entry);
  }

  remove(frame: number, entry: number, large: boolean): void {
    const chains = large ? this.#large : this.#small;
    const chain = chains.get(frame);
    if (chain === undefined) return;
    chain.delete(entry);
    if (chain.size === 0) chains.delete(frame);
  }

  /** 4 KiB entries that map `frame`, in the order in which they were made. */
  entriesOf(frame: number): number[] {
    return [...(this.#small.get(frame) ?? [])];
  }

  /** 2 MiB entries whose range holds `frame`. */
  largeEntriesOf(frame: number): number[] {
    return [...(this.#large.get(frame - (frame % FRAMES_OF_2M)) ?? [])];
  }
}
