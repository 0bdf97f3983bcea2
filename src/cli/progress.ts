/**
 * Progress on standard error: one line rewritten in place on a terminal, or a JSON object per line.
 *
 * The replay reports after every batch; ten times a second is enough. Nothing is shown on a pipe, under
 * CI, or with `--quiet`, and nothing of it ever reaches standard output.
 */
import type { BatchProgressLine, ProgressLine } from '../index.js';
import type { Context } from './context.js';

export type ProgressChoice = 'auto' | 'never' | 'ndjson';
export type OnProgress = (records: number, bytesRead: number, totalBytes: number | null) => unknown;

export interface Progress {
  /** Undefined if nothing is shown. */
  readonly report: OnProgress | undefined;
  /** Takes the line away again. */
  readonly end: () => void;
}

const NO_PROGRESS: Progress = { report: undefined, end: () => {} };
const INTERVAL_MS = 100;
/** Back to column one and clear the line (ECMA-48 CR, EL 2). */
const CLEAR_LINE = '\r\u001b[2K';

/** Chooses how progress shows; `trace` names the trace in it. */
export function createProgress(
  context: Context,
  choice: ProgressChoice,
  quiet: boolean,
  trace: string,
): Progress {
  const { stderr } = context;
  if (choice === 'ndjson') {
    const line: OnProgress = (records, bytesRead, totalBytes) => {
      const value: ProgressLine = {
        schema: 'p2msim.progress/1',
        progress: { trace, records, bytesRead, totalBytes },
      };
      return stderr.write(`${JSON.stringify(value)}\n`);
    };
    return { report: atMostEvery(INTERVAL_MS, line), end: () => {} };
  }
  if (choice === 'never' || quiet || !showsLine(context)) return NO_PROGRESS;
  const line: OnProgress = (records, bytesRead, totalBytes) =>
    stderr.write(CLEAR_LINE + progressLine(trace, records, bytesRead, totalBytes));
  return { report: atMostEvery(INTERVAL_MS, line), end: () => stderr.write(CLEAR_LINE) };
}

/** Lets a report through when the last one is at least `milliseconds` old; the first always. */
function atMostEvery(milliseconds: number, report: OnProgress): OnProgress {
  let next = -Infinity;
  return (records, bytesRead, totalBytes) => {
    const now = performance.now();
    if (now < next) return;
    next = now + milliseconds;
    report(records, bytesRead, totalBytes);
  };
}

/** `cc1.lackey.gz  1,200,000 records  43%`. */
export function progressLine(
  trace: string,
  records: number,
  bytesRead: number,
  totalBytes: number | null,
): string {
  const share =
    totalBytes === null || totalBytes === 0 ? '' : `  ${Math.floor((100 * bytesRead) / totalBytes)}%`;
  return `${trace}  ${records.toLocaleString('en-US')} records${share}`;
}

/** Counts things done, on a terminal: `validate xen  12 of 726`. */
export function createCounter(context: Context, quiet: boolean) {
  if (quiet || !showsLine(context)) return { report: () => {}, end: () => {} };
  const { stderr } = context;
  return {
    report: (what: string, done: number, total: number) =>
      void stderr.write(
        `${CLEAR_LINE}${what}  ${done.toLocaleString('en-US')} of ${total.toLocaleString('en-US')}`,
      ),
    end: () => void stderr.write(CLEAR_LINE),
  };
}

/** Counts the points of a batch, on a terminal or as JSON; `report` is told how many are done. */
export function createPointProgress(context: Context, choice: ProgressChoice, quiet: boolean) {
  if (choice !== 'ndjson') {
    const counter = createCounter(context, quiet || choice === 'never');
    return { ...counter, report: (done: number, total: number) => counter.report('sweep', done, total) };
  }
  const report = (done: number, points: number): void => {
    const value: BatchProgressLine = { schema: 'p2msim.batch-progress/1', progress: { done, points } };
    context.stderr.write(`${JSON.stringify(value)}\n`);
  };
  return { report, end: () => {} };
}

/** True if standard error is a terminal on which a line can be rewritten. */
function showsLine({ stderr, environment }: Context): boolean {
  return stderr.isTTY === true && environment['TERM'] !== 'dumb' && (environment['CI'] ?? '') === '';
}
