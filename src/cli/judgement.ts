/** Budgets of a command: from words and files, checked before the replay; and the exit code after it. */
import { existsSync } from 'node:fs';
import type { Budget, CheckReport, DocumentPart, RunResult, SavedFile } from '../index.js';
import { DEFAULT_BASELINE } from './baseline-inputs.js';
import { readConfigFile, readConfigText } from './config-file.js';
import type { Context, Judging, Library } from './context.js';
import { allowedKinds } from './diff-options.js';
import { EXIT_CHECK_FAILED } from './exit-codes.js';
import type { Given } from './options.js';

/** Origin of the budgets that are given in words. */
const WORDS = '--fail-on';

/** What a run will be judged by. */
export interface Judgement {
  readonly budgets: readonly Budget[];
  /** Judges what was just replayed. */
  readonly judge: (runs: readonly RunResult[]) => CheckReport;
  /** False under --no-exit-code. */
  readonly failing: boolean;
}

const NO_CHECKS: CheckReport = { checks: [], implicit: true };

/** `--fail-on`, then `--budgets FILE` or the configuration file's section. */
export async function budgetsOf(given: Given, context: Context, library: Library): Promise<Budget[]> {
  const words = given.list('fail-on');
  const budgets: Budget[] = [];
  if (words.length > 0) {
    const { parseBudget } = await context.loadJudging();
    budgets.push(...words.map((text) => parseBudget(text, WORDS)));
  }
  const section = await budgetsSection(given, library);
  if (section !== undefined) budgets.push(...(await context.loadJudging()).budgetsOfSection(section));
  return budgets;
}

async function budgetsSection(given: Given, library: Library): Promise<DocumentPart | undefined> {
  const path = given.text('budgets');
  if (path === undefined) return (await readConfigFile(given, library)).sections.get('budgets');
  const document = await library.parseDocument(readConfigText(path, library), path);
  // A configuration file will do, and so will its section alone.
  return document.isTable() ? (document.get('budgets') ?? document) : document;
}

/** `--baseline`, or the file that `baseline update` writes if a budget needs one. */
async function baselineOf(
  given: Given,
  budgets: readonly Budget[],
  judging: Judging,
): Promise<SavedFile | null> {
  const named = given.text('baseline');
  if (named !== undefined) return judging.readSaved(named);
  const found = budgets.some((budget) => judging.isRelative(budget)) && existsSync(DEFAULT_BASELINE);
  return found ? judging.readSaved(DEFAULT_BASELINE) : null;
}

/** Everything about budgets that can be wrong before the first access; `modes` by name, `interval` in records. */
export async function judgementOf(
  given: Given,
  context: Context,
  library: Library,
  { modes, interval }: { readonly modes: readonly string[]; readonly interval: number },
): Promise<Judgement> {
  const failing = given.flag('exit-code');
  const budgets = await budgetsOf(given, context, library);
  const allow = allowedKinds(given, library);
  if (budgets.length === 0 && !given.has('baseline')) return { budgets, judge: () => NO_CHECKS, failing };
  const judging = await context.loadJudging();
  const baseline = await baselineOf(given, budgets, judging);
  if (budgets.length === 0) {
    throw new library.UsageError('--baseline is what budgets are relative to, and there are none', {
      hint: "give --fail-on 'walk.refs > +1%', or compare with `p2msim diff`",
    });
  }
  judging.checkBudgets(budgets, { modes, interval, baseline });
  const judge = (runs: readonly RunResult[]): CheckReport => {
    const heads = runs.map((run) => judging.savedRun(run, 'this run'));
    return judging.judgeRuns(budgets, heads, baseline, allow);
  };
  return { budgets, judge, failing };
}

interface Exit {
  /** False under --no-exit-code. */
  readonly failing: boolean;
  /** True if a run ended early, which is an error of its own (exit 3). */
  readonly ended: boolean;
}

/**
 * Exit 1 if a check failed, unless told not to. A budget in words that no run could be judged by is an error: whoever gave
 * it would take exit 0 for kept. One of a file may be for other runs than these.
 */
export function exitWith(
  report: CheckReport,
  { failing, ended }: Exit,
  context: Context,
  library: Library,
): void {
  if (!failing) return;
  if (library.failedChecks(report).length > 0) return context.exit(EXIT_CHECK_FAILED);
  const [check] = library.unjudgedChecks(report).filter(({ origin }) => origin === WORDS);
  if (check === undefined || ended) return;
  throw new library.UsageError(`${WORDS} '${check.budget}': ${check.said}`, {
    hint: 'no run was judged by it; a budget that need not apply belongs in a file (docs/ci.md)',
  });
}
