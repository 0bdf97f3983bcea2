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
  /**
   * A cache saved references: the walk cache knew the entry of `level` (`pwc` of the walk itself, `npwc` of the host walk), or
   * the nested TLB the whole host translation (`ntlb`, level 0).
   */
  cached?(cache: 'pwc' | 'npwc' | 'ntlb', level: number): void;
  /** Something other than a reference: TLB outcome, exit, guest fault. */
  note(what: string): void;
}
