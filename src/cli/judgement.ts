/** Budgets of a command: from words and files, checked before the replay; and the exit code after it. */
import { existsSync } from 'node:fs';
import type { Budget, CheckReport, InputKind, RunResult, SavedFile } from '../index.js';
import { DEFAULT_BASELINE } from './baseline-inputs.js';
import { readConfigFile, readConfigText } from './config-file.js';
import type { Context, Library } from './context.js';
import { allowedKinds } from './diff-options.js';
import { EXIT_CHECK_FAILED } from './exit-codes.js';
import type { Given } from './options.js';

/** Origin of the budgets that are given in words. */
const WORDS = '--fail-on';

/** What a run will be judged by. */
export interface Judgement {
  readonly budgets: readonly Budget[];
  readonly baseline: SavedFile | null;
  readonly allow: readonly InputKind[];
  /** False under --no-exit-code. */
  readonly failing: boolean;
}

/** `--fail-on`, then `--budgets FILE` or the configuration file's section. */
export async function budgetsOf(given: Given, library: Library): Promise<Budget[]> {
  const words = given.list('fail-on').map((text) => library.parseBudget(text, WORDS));
  return [...words, ...(await budgetsOfFile(given, library))];
}

async function budgetsOfFile(given: Given, library: Library): Promise<Budget[]> {
  const path = given.text('budgets');
  if (path === undefined) {
    const section = (await readConfigFile(given, library)).sections.get('budgets');
    return section === undefined ? [] : library.budgetsOfSection(section);
  }
  const document = await library.parseDocument(readConfigText(path, library), path);
  // A configuration file will do, and so will its section alone.
  return library.budgetsOfSection(document.isTable() ? (document.get('budgets') ?? document) : document);
}

/** `--baseline`, or the file that `baseline update` writes if a budget needs one. */
async function baselineOf(
  given: Given,
  budgets: readonly Budget[],
  library: Library,
): Promise<SavedFile | null> {
  const named = given.text('baseline');
  if (named !== undefined) return library.readSaved(named);
  const found = budgets.some((budget) => library.isRelative(budget)) && existsSync(DEFAULT_BASELINE);
  return found ? library.readSaved(DEFAULT_BASELINE) : null;
}

/** Everything about budgets that can be wrong before the first access; `modes` by name, `interval` in records. */
export async function judgementOf(
  given: Given,
  library: Library,
  { modes, interval }: { readonly modes: readonly string[]; readonly interval: number },
): Promise<Judgement> {
  const budgets = await budgetsOf(given, library);
  const allow = allowedKinds(given, library);
  const baseline = await baselineOf(given, budgets, library);
  if (budgets.length === 0 && given.has('baseline')) {
    throw new library.UsageError('--baseline is what budgets are relative to, and there are none', {
      hint: "give --fail-on 'walk.refs > +1%', or compare with `p2msim diff`",
    });
  }
  library.checkBudgets(budgets, { modes, interval, baseline });
  return { budgets, baseline, allow, failing: given.flag('exit-code') };
}

/** Judges what was just replayed. */
export function judge(
  { budgets, baseline, allow }: Judgement,
  runs: readonly RunResult[],
  library: Library,
): CheckReport {
  const heads = runs.map((run) => library.savedRun(run, 'this run'));
  return library.judgeRuns(budgets, heads, baseline, allow);
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
