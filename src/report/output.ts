/**
 * What a reporter is given, and what a reporter is: a pure function from results to text.
 *
 * A reporter is one file in reporters/ plus one line in reporters/index.ts. It computes no counter
 * and does no I/O; it does not know whether its text goes to a terminal, a pipe or a file.
 */
import type { CheckReport } from './budget/check-report.js';
import type { DiffResult } from './diff/diff-result.js';
import type { CompareResult, RunResult, SweepResult } from './result.js';

/** The result of one command on one trace. */
export type SingleOutput = RunResult | CompareResult | SweepResult;

/** The result of one command; a list if it was given several traces. */
export type Output = SingleOutput | readonly SingleOutput[];

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

export interface ReporterOptions {
  /** Adds colour, or returns the text as it is. */
  readonly color: (style: Style, text: string) => string;
  /** Widest line wanted; tables take at most 100. */
  readonly columns: number;
  /** Show these metrics only: globs like `walk.*`, joined by commas; null for the report's own choice. */
  readonly metrics: string | null;
  /** Show every metric, zeros too, after the report. */
  readonly all: boolean;
}

/** Options of a pipe: no colour, 100 columns, the report's own choice of metrics. */
export const PLAIN_OPTIONS: ReporterOptions = {
  color: (_style, text) => text,
  columns: 100,
  metrics: null,
  all: false,
};

export interface Reporter {
  readonly name: string;
  /** One line, for `--help`. */
  readonly summary: string;
  /** The whole text, ending in a newline; empty only for an empty list. */
  render(output: Output, options: ReporterOptions): string;
  /** Differences of saved results, if it can show them; nothing where there are none. */
  renderDiff?(diff: DiffResult, options: DiffReporterOptions): string;
  /** What became of budgets, if it can show that; nothing where there are none. */
  renderChecks?(report: CheckReport, options: ReporterOptions): string;
  /** Whether it shows the slices of --interval: never, of a run that stands alone, or always. */
  readonly slices?: 'of one run' | 'always';
  /** What is put between a report and its checks, if there are both. */
  readonly gap?: string;
  /** True if it shows nothing but checks. */
  readonly checksOnly?: boolean;
  /** The text of another reporter is appended to the file that this environment variable names, if it is set. */
  readonly appendix?: { readonly variable: string; readonly reporter: string };
}

/** What is shown of a diff besides {@link ReporterOptions}. */
export interface DiffReporterOptions extends ReporterOptions {
  /** Dimensions that make rows; the others make tables. */
  readonly rows: readonly string[];
  /** True if nothing of what was asked for changed: a report for people is empty then, unless all is shown. */
  readonly nothing?: boolean;
  /** What became of budgets, for a report that is one value and holds it. */
  readonly checks?: CheckReport | undefined;
}

/** The outputs one by one. */
export function outputsOf(output: Output): readonly SingleOutput[] {
  return isList(output) ? output : [output];
}

/** The runs of one output, in the order of the modes or points. */
export function runsOf(output: SingleOutput): readonly RunResult[] {
  if (isSweep(output)) return output.points;
  return isCompare(output) ? output.results : [output];
}

export function isSweep(output: SingleOutput): output is SweepResult {
  return 'points' in output;
}

export function isCompare(output: SingleOutput): output is CompareResult {
  return 'results' in output;
}

export function isList(output: Output): output is readonly SingleOutput[] {
  return Array.isArray(output);
}
