/**
 * The suite `published`: numbers and relations that papers, manuals and artifacts state, each beside what the
 * engine gives for it. Every modelled number is counted by a run that is made here; docs/validation.md lists them.
 */
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

/** Parts of the suite, in the order in which their rows are listed; each can be run by itself. */
export const PUBLISHED_PARTS: readonly (() => Cell[])[] = [
  coldWalkCells,
  nestingCells,
  walkCacheCells,
  p2mCells,
  poolCells,
  recyclingCells,
  gupsCells,
  emtCells,
  smokeCells,
  vmitosisCells,
  plainAccessCells,
  splinteringCells,
  nestedCacheCells,
  crossoverCells,
  bigMemoryCells,
];

export function publishedCells(): Cell[] {
  return PUBLISHED_PARTS.flatMap((part) => part());
}
