/**
 * Outputs: which reporter writes where, found out before the replay so that a wrong path costs no time.
 *
 * At most one reporter writes to standard output.
 */
import { appendFileSync } from 'node:fs';
import { extname } from 'node:path';
import type {
  CheckReport,
  DiffReporterOptions,
  DiffResult,
  Output,
  Reporter,
  ReporterOptions,
} from '../index.js';
import type { Context, Library } from './context.js';
import { systemReason } from '../util/system-reason.js';
import type { Given } from './options.js';
import { OutputFile } from './output-file.js';
import { type ColorChoice, createColorizer, outputColumns, wantsColor } from './terminal.js';

/** One reporter and its destination. */
export interface Target {
  readonly reporter: Reporter;
  /** Path, or null for standard output. */
  readonly path: string | null;
  /** True if nobody named the reporter: the ending of the path chose it. */
  readonly byEnding: boolean;
}

/** `reporter csv`; with why it is that one, if nobody named it. */
function calledBy({ reporter, path, byEnding }: Target): string {
  return `reporter ${reporter.name}${byEnding ? `, which the ending of ${path} chooses (-r chooses another),` : ''}`;
}

interface OpenTarget extends Target {
  /** Null for standard output. */
  readonly file: OutputFile | null;
}

const NO_CHECKS: CheckReport = { checks: [], implicit: true };

const BY_EXTENSION: Readonly<Record<string, string>> = {
  '.json': 'json',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.csv': 'csv',
  '.md': 'markdown',
  '.xml': 'junit',
};

/** Reporters and files that the flags ask for; throws on unknown names and two for standard output. */
export function targets(given: Given, library: Library): Target[] {
  const specs = [...given.list('reporter'), ...(given.flag('json') ? ['json'] : [])];
  const file = given.text('output') ?? null;
  const byEnding = specs.length === 0;
  if (byEnding)
    specs.push(BY_EXTENSION[extname((file ?? '').replace(/\.gz$/i, '')).toLowerCase()] ?? 'table');
  refuseIdle(specs, file, library);
  const all = specs.map((spec): Target => {
    const at = spec.indexOf('=');
    const reporter = library.reporters.get(at < 0 ? spec : spec.slice(0, at));
    const path = at < 0 ? file : spec.slice(at + 1);
    return { reporter, path: path === '-' || path === '' ? null : path, byEnding };
  });
  refuseShared(all, library);
  return all;
}

/** A file that no reporter would write. */
function refuseIdle(specs: readonly string[], file: string | null, library: Library): void {
  if (file === null || specs.some((spec) => !spec.includes('='))) return;
  throw new library.UsageError(`-o ${file}: no reporter writes there, every -r names a file of its own`, {
    hint: 'leave out -o, or add a reporter without a file: `-r table`',
  });
}

function refuseShared(all: readonly Target[], library: Library): void {
  for (const [i, target] of all.entries()) {
    const earlier = all.slice(0, i).find((other) => other.path === target.path);
    if (earlier === undefined) continue;
    const place = target.path ?? 'standard output';
    throw new library.UsageError(
      `reporters ${earlier.reporter.name} and ${target.reporter.name} both write to ${place}`,
      { hint: `give one a file: \`-r ${target.reporter.name}=FILE\`` },
    );
  }
}

/** A file that is added to. */
interface Appendix {
  readonly reporter: Reporter;
  readonly path: string;
}

/** What reporters add to files that the environment names. Throws if one cannot be written. */
function appendicesOf(wanted: readonly Target[], context: Context, library: Library): Appendix[] {
  return wanted.flatMap(({ reporter: { appendix } }) => {
    const path = appendix === undefined ? undefined : context.environment[appendix.variable];
    if (appendix === undefined || path === undefined || path === '') return [];
    try {
      appendFileSync(path, '');
    } catch (cause) {
      throw new library.UsageError(
        `${path}, which ${appendix.variable} names, cannot be written: ${systemReason(cause)}`,
        { cause },
      );
    }
    return [{ reporter: library.reporters.get(appendix.reporter), path }];
  });
}

/** A report is a paragraph of its own below what others have added. */
function appendText(path: string, text: string): void {
  if (text !== '') appendFileSync(path, `${text}\n`);
}

/** The outputs of one command. */
export class Outputs {
  readonly #context: Context;
  readonly #targets: readonly OpenTarget[];
  readonly #options: ReporterOptions;
  readonly #plain: ReporterOptions;
  readonly #appendices: readonly Appendix[];
  readonly #checkText: (checks: CheckReport) => string;

  private constructor(
    context: Context,
    library: Library,
    open: readonly OpenTarget[],
    appendices: readonly Appendix[],
    options: ReporterOptions,
  ) {
    this.#context = context;
    this.#targets = open;
    this.#appendices = appendices;
    this.#checkText = (checks) => library.checkText(checks, this.#plain);
    this.#options = options;
    this.#plain = { ...options, color: (_style, text) => text, columns: 100 };
  }

  /** Checks names, metrics (of the `known` ones, if not all results have the same) and files. */
  static async open(
    given: Given,
    context: Context,
    library: Library,
    inputs: readonly string[] = [],
    known?: readonly string[],
  ): Promise<Outputs> {
    const wanted = targets(given, library);
    const metrics = given.text('metrics') ?? null;
    if (metrics !== null) library.metricMatcher(metrics, known);
    const choice: ColorChoice = given.word('color', ['auto', 'always', 'never'], 'auto');
    const color = await createColorizer(wantsColor(context.stdout, choice, context.environment));
    const columns = outputColumns(context.stdout, context.environment);
    const open = wanted.map((target): OpenTarget => {
      const { path } = target;
      return { ...target, file: path === null ? null : new OutputFile(path, inputs, context, library) };
    });
    for (const { file } of open) file?.require();
    const appendices = appendicesOf(wanted, context, library);
    return new Outputs(context, library, open, appendices, {
      color,
      columns,
      metrics,
      all: given.flag('all'),
    });
  }

  /**
   * Renders and writes; what became of budgets follows the report. What is not `whole`, since an input ended early, does
   * not take the place of a file that may be.
   */
  write(output: Output, checks: CheckReport = NO_CHECKS, whole = true): void {
    this.#write((reporter, options) => reporter.render(output, options), checks, whole);
  }

  /** The same for a diff; `rows` and `nothing` as in {@link DiffReporterOptions}. */
  writeDiff(
    diff: DiffResult,
    { rows, nothing = false }: Pick<DiffReporterOptions, 'rows' | 'nothing'>,
    checks: CheckReport = NO_CHECKS,
    whole = true,
  ): void {
    this.#write(
      (reporter, options) => reporter.renderDiff?.(diff, { ...options, rows, nothing, checks }) ?? '',
      checks,
      whole,
    );
  }

  /** Throws if a reporter shows nothing but checks, and there are none. */
  requireChecks(some: boolean, library: Library): void {
    const empty = this.#targets.find(({ reporter }) => reporter.checksOnly === true);
    if (some || empty === undefined) return;
    throw new library.UsageError(`${calledBy(empty)} shows checks, and there are none`, {
      hint: "give a budget, such as --fail-on 'walk.refs > +1%', or a file with --budgets",
    });
  }

  /** Says of a reporter that shows no slices, though they are counted, which ones do. */
  noteSlices(several: boolean): void {
    const hidden = this.#targets.find(
      ({ reporter: { slices } }) =>
        slices === undefined || (slices === 'of one run' && (several || this.#options.metrics !== null)),
    );
    if (hidden === undefined || hidden.reporter.checksOnly === true) return;
    const only = hidden.reporter.slices === undefined || !several ? '' : ' of a comparison or a sweep';
    this.#context.stderr.write(
      `note: reporter ${hidden.reporter.name} shows no slices${only} (--interval); -r ndjson and --json have them\n`,
    );
  }

  /** Throws unless every reporter can show a diff. */
  requireDiff(library: Library): void {
    const cannot = this.#targets.find(({ reporter }) => reporter.renderDiff === undefined);
    if (cannot === undefined) return;
    const can = library.reporters.all().filter(({ renderDiff }) => renderDiff !== undefined);
    throw new library.UsageError(`${calledBy(cannot)} cannot show a diff`, {
      hint: `reporters that can are ${can.map(({ name }) => name).join(', ')}`,
    });
  }

  /** Files first, since standard output may be closed by its reader. */
  #write(
    render: (reporter: Reporter, options: ReporterOptions) => string,
    checks: CheckReport,
    isWhole: boolean,
  ): void {
    const whole = (reporter: Reporter, options: ReporterOptions): string => {
      const [report, checked] = [render(reporter, options), reporter.renderChecks?.(checks, options) ?? ''];
      return report + (report !== '' && checked !== '' ? (reporter.gap ?? '') : '') + checked;
    };
    for (const { reporter, file, path } of this.#targets) {
      if (file === null) continue;
      try {
        file.write(whole(reporter, this.#plain));
        if (isWhole) file.commit();
        else this.#keepPartial(file, path ?? '');
      } finally {
        file.discard();
      }
    }
    for (const { reporter, path } of this.#appendices) appendText(path, whole(reporter, this.#plain));
    const shown = this.#targets.filter(({ file }) => file === null);
    for (const { reporter } of shown) this.#context.stdout.write(whole(reporter, this.#options));
    if (shown.some(({ reporter }) => reporter.renderChecks !== undefined)) return;
    // Whoever gave a budget sees what became of it, whatever else is written where.
    this.#context.stderr.write(this.#checkText(checks));
  }

  #keepPartial(file: OutputFile, path: string): void {
    const name = file.commitPartial();
    if (name === path) return;
    this.#context.stderr.write(
      `note: ${name} holds what was counted before the error; ${path} is not written\n`,
    );
  }
}
