/**
 * Cell: one number that somebody measured or published, beside the one that the model gives.
 */
import type { ScenarioParams } from '../scenario/scenario.js';

/**
 * What stands on the measured side. `measured`: a count of our own experiment; in the published suite (published/rows.ts)
 * `exact`, `near`, `shape`, `calibrated` numbers and `statement`s.
 */
export const CELL_KINDS = ['measured', 'exact', 'near', 'shape', 'calibrated', 'statement'] as const;
export type CellKind = (typeof CELL_KINDS)[number];

export interface Cell {
  /** `xen`, `kvm`, `published`. */
  readonly suite: string;
  /** The scenario; in `published`, the table or statement. */
  readonly scenario: string;
  readonly params: ScenarioParams;
  /** `shadow`, `shadow-nooos`, `hap`, ...; with KVM's other builds a suffix: `hap:legacy`. */
  readonly mode: string;
  /** Phase of the scenario; `region` for Xen. */
  readonly phase: string;
  readonly kind: CellKind;
  /** What is compared: `exits`, `exits.byReason.EXCP_PF`, `shadowPages`, ... */
  readonly quantity: string;
  readonly measured: number;
  /** Null: the model could not be run for it (it counts as different). */
  readonly modelled: number | null;
  /** Largest difference that passes, as a share of `measured`; 0: equality. */
  readonly tolerance: number;
  /** The verdict: within the tolerance. */
  readonly equal: boolean;
  /** Why it differs, or what the row means; empty: nothing to say. */
  readonly note: string;
}

/** The cell with its verdict. */
export function judged(cell: Omit<Cell, 'equal'>): Cell {
  return { ...cell, equal: agrees(cell.measured, cell.modelled, cell.tolerance) };
}

/** How far off a cell is; one that has no modelled number is furthest. */
export function distance(cell: Cell): number {
  return cell.modelled === null ? Infinity : Math.abs(cell.modelled - cell.measured);
}

/** True if `modelled` is `measured`, give or take `tolerance` times `measured`. */
export function agrees(measured: number, modelled: number | null, tolerance: number): boolean {
  if (modelled === null) return false;
  return Math.abs(modelled - measured) <= tolerance * Math.abs(measured);
}
