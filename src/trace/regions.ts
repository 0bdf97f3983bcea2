/** Regions: touched pages of an address space, in groups that lie apart. */

/** Pages without a touch that separate two regions: 1 GiB. */
const REGION_GAP = 512 * 512;

/** Pages touched between two addresses of one address space. */
export interface Region {
  readonly addressSpace: string;
  /** First and last page touched, as page numbers. */
  readonly firstPage: number;
  readonly lastPage: number;
  /** Distinct 4 KiB pages. */
  readonly pages: number;
}

/** Regions of the touched `pages`, ascending. */
export function regionsOf(addressSpace: string, pages: ReadonlyMap<number, number>): Region[] {
  const regions: Region[] = [];
  for (const page of [...pages.keys()].toSorted((a, b) => a - b)) {
    const open = regions.at(-1);
    if (open !== undefined && page - open.lastPage < REGION_GAP) {
      regions[regions.length - 1] = { ...open, lastPage: page, pages: open.pages + 1 };
    } else {
      regions.push({ addressSpace, firstPage: page, lastPage: page, pages: 1 });
    }
  }
  return regions;
}
