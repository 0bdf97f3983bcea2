/**
 * Rows of the published suite: a published number, what the engine gave, how far they may differ, and the source.
 *
 * `exact` rows are integers that follow from the architecture. `near` rows have a published tolerance. `shape`
 * rows come from inputs that cannot be had (other machines, other traces): a generator with the stated geometry
 * stands in, so they show that a relation holds, not that a number is met. `calibrated` rows are shapes of which one
 * side rests on a constant that was derived from that side's published number: only the other side is modelled.
 * `holds` rows are statements. The measured side of a row is never a number of the model's own.
 */
import type { ScenarioParams } from '../../scenario/scenario.js';
import { type Cell, type CellKind, judged } from '../cell.js';

/** What a row is about. */
export interface Subject {
  readonly scenario: string;
  readonly params?: ScenarioParams;
  readonly mode?: string;
  readonly phase?: string;
  readonly quantity: string;
  /** Paper, repository or manual that the number is from. */
  readonly source: string;
  /** What else there is to know. */
  readonly remark?: string;
}

function cell(subject: Subject, measured: number, modelled: number, tolerance: number, kind: CellKind): Cell {
  const { scenario, quantity, source } = subject;
  const remark = subject.remark === undefined ? '' : `; ${subject.remark}`;
  return judged({
    suite: 'published',
    scenario,
    params: subject.params ?? {},
    mode: subject.mode ?? 'hap',
    phase: subject.phase ?? 'steady',
    kind,
    quantity,
    measured,
    modelled,
    tolerance,
    note: `${source}${remark}`,
  });
}

export function exact(subject: Subject, published: number, modelled: number): Cell {
  return cell(subject, published, modelled, 0, 'exact');
}

/** Within `tolerance` as a share of `published`. */
export function near(subject: Subject, published: number, modelled: number, tolerance: number): Cell {
  return cell(subject, published, rounded(modelled), tolerance, 'near');
}

export function shape(subject: Subject, published: number, modelled: number, tolerance: number): Cell {
  return cell(subject, rounded(published), rounded(modelled), tolerance, 'shape');
}

export function calibrated(subject: Subject, published: number, modelled: number, tolerance: number): Cell {
  return cell(subject, rounded(published), rounded(modelled), tolerance, 'calibrated');
}

/** A statement: 1 if it holds. What it was judged by belongs in the remark. */
export function holds(subject: Subject, truth: boolean): Cell {
  return cell(subject, 1, truth ? 1 : 0, 0, 'statement');
}

/** Four significant digits: more would feign a precision that sampled rates do not have. */
export function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
