/**
 * Experiment: a ready-made study: which machines replay a trace, which numbers of theirs answer the question.
 *
 * One file of data each, and one line in index.ts. Rows are configurations, columns are numbers of the row's machines,
 * one machine a mode. docs/cookbook.md shows every experiment on a shipped trace.
 */
import type { ConfigValue } from '../config/keys.js';
import type { MachineConfig } from '../config/schema.js';
import type { ExperimentColumn, RunResult } from '../report/result.js';

/** Values by configuration key. */
export type Values = Readonly<Record<string, ConfigValue>>;

export interface ExperimentRow {
  /** As printed in the first column. */
  readonly label: string;
  /** What sets this row apart. Rows with equal settings share their machines. */
  readonly settings: Values;
  /** Factor on what exits and their handling cost, where that is what the rows vary. */
  readonly exitScale?: number;
}

/** The machines of one row, as columns see them. */
export interface Place {
  readonly row: ExperimentRow;
  /** The result of `mode` in this row. */
  run(mode: string): RunResult;
  /** All rows, for columns that compare with one of them. */
  readonly rows: readonly Place[];
}

/** A column: what is printed over it, and its number. */
export interface Column extends ExperimentColumn {
  /** Null where there is no such number: a ratio to nothing. */
  of(place: Place): number | null;
}

/** The numbers of the finished table, for verdicts. */
export interface Numbers {
  readonly rows: readonly ExperimentRow[];
  /** Of row `row` in the column `head` of `group`. */
  at(row: number, group: string, head: string): number;
  /** The results of row `row`. */
  runs(row: number): readonly RunResult[];
}

export interface Experiment {
  readonly name: string;
  /** One line, for lists. */
  readonly summary: string;
  readonly question: string;
  /** Modes of every row. */
  readonly modes: readonly string[];
  /** What all rows have, over what the user set. */
  readonly settings: Values;
  /** Head of the first column. */
  readonly axis: string;
  /** Rows, by the configuration that the user chose. Throws {@link ConfigError} where it leaves nothing to vary. */
  rows(base: MachineConfig): readonly ExperimentRow[];
  readonly columns: readonly Column[];
  /** The column that is drawn as bars. */
  readonly bars: { readonly group: string; readonly head: string };
  /** What the numbers say, with the condition under which they say it. */
  verdict(numbers: Numbers): readonly string[];
}
