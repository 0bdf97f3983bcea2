/**
 * The suite `published`: numbers and relations that papers, manuals and artifacts state, each beside what the
 * engine gives for it. Every modelled number is counted by a run that is made here; docs/validation.md lists them.
 */
import { InternalError } from '../../errors.js';
import type { Cell } from '../cell.js';
import { bigMemoryCells } from './big-memory.js';
import { coldWalkCells, nestingCells, walkCacheCells } from './closed-walks.js';
import { crossoverCells } from './crossover.js';
import { emtCells } from './emt-gups.js';
import { gupsCells } from './gups-closed-form.js';
import { smokeCells } from './sagepte-smoke.js';
import { nestedCacheCells, plainAccessCells, splinteringCells } from './statements.js';
import { p2mCells, poolCells, recyclingCells } from './table-memory.js';
import { vmitosisCells } from './vmitosis.js';

const CELLS = {
  coldWalks: coldWalkCells,
  nesting: nestingCells,
  walkCaches: walkCacheCells,
  p2m: p2mCells,
  pool: poolCells,
  recycling: recyclingCells,
  gups: gupsCells,
  emt: emtCells,
  smoke: smokeCells,
  vmitosis: vmitosisCells,
  plainAccesses: plainAccessCells,
  splintering: splinteringCells,
  nestedCaches: nestedCacheCells,
  crossover: crossoverCells,
  bigMemory: bigMemoryCells,
} as const satisfies Readonly<Record<string, () => Cell[]>>;

export type PublishedPart = keyof typeof CELLS;

/** Parts of the suite, in the order in which their rows are listed; each is run by itself, on any thread. */
export const PUBLISHED_PARTS = Object.keys(CELLS) as PublishedPart[];

/** The rows of a part. */
export function publishedPart(part: PublishedPart): Cell[] {
  if (!Object.hasOwn(CELLS, part)) throw new InternalError(`the published suite has no part '${part}'`);
  return CELLS[part]();
}
