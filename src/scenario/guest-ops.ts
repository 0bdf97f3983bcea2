/**
 * GuestOps: what a measured guest may do to the machine under it, one operation at a time.
 *
 * Scenarios are written against this and nothing else, so that the same operations can run on a modelled
 * machine (validate/), on a plain software MMU that writes them down as a trace, or into a digest.
 *
 * Units: `page` is a 45-bit page number of a gVA (arch/paging.ts pageNumberOf: no sign extension), `gfn` a
 * guest frame, `index` an entry of a table (0..511). Loads and stores of tables and frames go through the
 * guest's direct map (Xen's guest: 0xffff880000000000; KVM's guest: the identity window at 0).
 */

/** A page-table entry as guest memory holds it: frame number and the flags of arch/pte.ts. */
export interface TableEntry {
  readonly frame: number;
  readonly flags: number;
}

/** The guest's #PF handler; the access that faulted is repeated when it returns. */
export type PageFaultHandler = (page: number, present: boolean, write: boolean) => void;

export interface GuestOps {
  /** One byte read at the start of the page; repeated after each guest fault until it succeeds. */
  read(page: number): void;
  write(page: number): void;
  /** Instruction fetch. */
  fetch(page: number): void;
  /** 8-byte load of an entry through the direct map; returns what guest memory holds. */
  loadEntry(gfn: number, index: number): TableEntry;
  /** 8-byte store of an entry; `level` and `page` (an address it translates) are for the record only. */
  storeEntry(gfn: number, index: number, frame: number, flags: number, level: number, page: number): void;
  /** 8-byte store to a frame that is data (though it may still be shadowed as a table). */
  storeData(gfn: number, index: number, frame: number, flags: number): void;
  /** 512 stores of zero. */
  zeroFrame(gfn: number): void;
  /** 512 loads, 512 stores. */
  copyFrame(to: number, from: number): void;
  invlpg(page: number): void;
  /** MOV to CR3 of the root in frame `root`; `pcid` null where CR4.PCIDE is clear. */
  loadCr3(root: number, pcid?: { readonly id: number; readonly noflush: boolean }): void;
  cpuid(): void;
  /** CR4 read, write with PGE clear, write with PGE set: a global flush. */
  togglePge(): void;
  /** The hypervisor drops every translation it holds (KVM: the memory slot is deleted and made again). */
  dropTranslations(): void;
  /** Whoever is called when the guest's own tables forbid an access. */
  onPageFault(handler: PageFaultHandler): void;
  /** Ends a phase: what was counted since the last mark goes by this name; null: it is discarded. */
  mark(phase: string | null): void;
}
