/** Projection: runs as rows and columns of numbers, averaged over seeds. Plain data, written as it is by `--format json`. */
import type { MeanInterval } from '../../util/student-t.js';
import type { FailedPoints } from '../saved/failed-points.js';
import type { TABLE_SCHEMA, ToolInfo } from '../result.js';

/** Share of samples whose interval holds the true mean. */
export const CONFIDENCE = 0.95;

/** What is divided by what. */
export interface Normalization {
  readonly dimension: string;
  readonly value: string;
}

export interface ProjectionColumn {
  /** Values of the column dimensions. */
  readonly values: readonly string[];
  readonly metric: string;
}

/** A number, and why it covers less than it should. */
export interface ProjectionCell extends MeanInterval {
  /** Of the first run in it that ended early, if one did. */
  readonly incomplete?: string;
}

/** A run that ended early. */
export interface IncompleteRun {
  /** `stlb.entries=768 mode=hap`. */
  readonly place: string;
  readonly reason: string;
}

export interface ProjectionRow {
  /** Values of the row dimensions. */
  readonly values: readonly string[];
  /** By column; null where no run is, or nothing to divide by. */
  readonly cells: readonly (ProjectionCell | null)[];
}

/** Rows and columns of the runs that agree in all other dimensions. */
export interface ProjectionTable {
  /** The other dimensions that vary, with the values of this table. */
  readonly values: Readonly<Record<string, string>>;
  readonly columns: readonly ProjectionColumn[];
  readonly rows: readonly ProjectionRow[];
}

export interface Projection {
  readonly schema: typeof TABLE_SCHEMA;
  readonly tool: ToolInfo;
  readonly rowDimensions: readonly string[];
  readonly columnDimensions: readonly string[];
  readonly metrics: readonly string[];
  readonly normalize: Normalization | null;
  readonly confidence: number;
  readonly incomplete: readonly IncompleteRun[];
  /** Points that have no run, by file. */
  readonly failed: readonly FailedPoints[];
  readonly tables: readonly ProjectionTable[];
}
