/** What `p2msim walk` is told while a walk goes on. Null in every other run: one test per reference. */
export interface WalkObserver {
  /**
   * One memory reference: entry `index` of `table` (gfn, p2m page or shadow page number) at `level`
   * gave `frame` (null: not present).
   */
  reference(
    dimension: 'guest' | 'nested' | 'shadow',
    level: number,
    table: number,
    index: number,
    frame: number | null,
  ): void;
  /** The host walk that follows translates the guest table of `level`; 0 is the data page. */
  translating(level: number): void;
  /** Something other than a reference: TLB outcome, exit, guest fault. */
  note(what: string): void;
}
