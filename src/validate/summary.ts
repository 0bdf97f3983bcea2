/**
 * ScenarioSummary: the cells of one scenario in one line, and the verdict over all.
 */
import { type Cell, distance } from './cell.js';
import { explanationOf } from './explanations.js';

export interface ScenarioSummary {
  readonly suite: string;
  readonly scenario: string;
  readonly cells: number;
  readonly equal: number;
  /** Cells that count against the model. */
  readonly different: number;
  /** Cells that differ for a reason that is known. */
  readonly explained: number;
  /** The cell that is furthest off, counted or not; null: none is. */
  readonly largest: Cell | null;
}

/** True if the cell counts against the model. */
export function countsAsDifferent(cell: Cell): boolean {
  return !cell.equal && explanationOf(cell) === null;
}

/** Why a cell differs, as far as that is known; empty: it is not. */
export function reasonFor(cell: Cell): string {
  return explanationOf(cell) ?? cell.note;
}

/** Cells of each suite and scenario, in the order in which these first appear. */
export function byScenario(cells: readonly Cell[]): readonly (readonly Cell[])[] {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const key = `${cell.suite} ${cell.scenario}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [cell]);
    else group.push(cell);
  }
  return [...groups.values()];
}

/** One row per suite and scenario. */
export function summarize(cells: readonly Cell[]): readonly ScenarioSummary[] {
  return byScenario(cells).map(summaryOf);
}

function summaryOf(cells: readonly Cell[]): ScenarioSummary {
  const off = cells.filter((cell) => !cell.equal);
  const different = off.filter(countsAsDifferent).length;
  const { suite, scenario } = cells[0]!;
  return {
    suite,
    scenario,
    cells: cells.length,
    equal: cells.length - off.length,
    different,
    explained: off.length - different,
    largest: off.reduce<Cell | null>(
      (worst, cell) => (worst === null || distance(cell) > distance(worst) ? cell : worst),
      null,
    ),
  };
}

/** `phase quantity: measured 5, modelled 6`. */
export function cellText(cell: Cell): string {
  const params = Object.entries(cell.params).map(([name, value]) => `${name}=${value}`);
  const where = [cell.mode, ...params].join(' ');
  const what = `${cell.phase} ${cell.quantity}: measured ${cell.measured}, modelled ${cell.modelled ?? '-'}`;
  return `${where}: ${what}`;
}
