/** Two lines of heads: names of columns, and over them the names of what several columns have in common. */

/** Columns are so far apart (grid.ts). */
const GAP = 2;

/** A column that belongs to a group. */
export interface GroupedHead {
  readonly group: string;
  readonly head: string;
}

/**
 * Heads wide enough for the names of their groups, and the line of these names, each ending where its group does.
 * @param leads heads of the columns before the groups
 * @param cells all columns of the rows below, as text
 */
export function groupedHeads(
  leads: readonly string[],
  columns: readonly GroupedHead[],
  cells: readonly (readonly string[])[],
): { readonly heads: string[]; readonly groups: string } {
  const heads = [...leads, ...columns.map(({ head }) => head)];
  const widthOf = (at: number): number =>
    cells.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), heads[at]?.length ?? 0);
  const before = leads.reduce((sum, _, at) => sum + widthOf(at) + GAP, -GAP);
  let groups = ' '.repeat(Math.max(0, before));
  for (let from = 0; from < columns.length;) {
    const { group } = columns[from]!;
    let to = from;
    while (columns[to]?.group === group) to += 1;
    const widths = columns.slice(from, to).map((_, i) => widthOf(leads.length + from + i));
    const span = widths.reduce((sum, width) => sum + width + GAP, -GAP);
    const missing = Math.max(0, group.length - span);
    heads[leads.length + from] = heads[leads.length + from]!.padStart(widths[0]! + missing);
    groups += ' '.repeat(GAP) + group.padStart(span + missing);
    from = to;
  }
  return { heads, groups };
}
