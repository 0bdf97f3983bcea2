/**
 * Outputs: which reporter writes where, opened before the replay so that a wrong path costs no time.
 *
 * A file keeps its old content until there is new content; one that was made here and never written
 * is removed again. At most one reporter writes to standard output.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { extname } from 'node:path';
import type { CheckReport, DiffResult, Output, Reporter, ReporterOptions } from '../index.js';
import type { Context, Library } from './context.js';
import { systemReason } from './error-text.js';
import type { Given } from './options.js';
import { type ColorChoice, createColorizer, outputColumns, wantsColor } from './terminal.js';

/** One reporter and its destination. */
interface Target {
  readonly reporter: Reporter;
  /** Path, or null for standard output. */
  readonly path: string | null;
}

interface OpenTarget extends Target {
  readonly fd: number | null;
  /** True if opening made the file. */
  readonly made: boolean;
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
function targets(given: Given, library: Library): Target[] {
  const specs = [...given.list('reporter'), ...(given.flag('json') ? ['json'] : [])];
  const file = given.text('output') ?? null;
  if (specs.length === 0) specs.push(BY_EXTENSION[extname(file ?? '').toLowerCase()] ?? 'table');
  const all = specs.map((spec): Target => {
    const at = spec.indexOf('=');
    const reporter = library.reporters.get(at < 0 ? spec : spec.slice(0, at));
    const path = at < 0 ? file : spec.slice(at + 1);
    return { reporter, path: path === '-' || path === '' ? null : path };
  });
  refuseShared(all, library);
  return all;
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

/** Writing over an input, a trace or results, would destroy what is being read. */
export function refuseInput(path: string, inputs: readonly string[], library: Library): void {
  const same = (a: string, b: string): boolean => {
    if (!existsSync(a) || !existsSync(b)) return false;
    const [one, other] = [statSync(a), statSync(b)];
    return one.isFile() && one.ino === other.ino && one.dev === other.dev;
  };
  const input = inputs.find((name) => name !== '-' && same(path, name));
  if (input === undefined) return;
  throw new library.UsageError(`the output ${path} is the input ${input} itself`, {
    hint: 'give the output another name',
  });
}

function openTarget(target: Target, library: Library): OpenTarget {
  if (target.path === null) return { ...target, fd: null, made: false };
  const made = !existsSync(target.path);
  try {
    return { ...target, fd: openSync(target.path, 'a'), made };
  } catch (cause) {
    throw new library.UsageError(`${target.path}: cannot be written: ${systemReason(cause)}`, { cause });
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
  readonly #written = new Set<number>();
  readonly #appendices: readonly Appendix[];
  readonly #checkText: (checks: CheckReport) => string;
  readonly #library: Library;

  private constructor(
    context: Context,
    library: Library,
    open: readonly OpenTarget[],
    appendices: readonly Appendix[],
    options: ReporterOptions,
  ) {
    this.#context = context;
    this.#library = library;
    this.#targets = open;
    this.#appendices = appendices;
    this.#checkText = (checks) => library.checkText(checks, this.#plain);
    this.#options = options;
    this.#plain = { ...options, color: (_style, text) => text, columns: 100 };
  }

  /** Checks names and metrics (of the `known` ones, if not all results have the same), then opens every file. */
  static async open(
    given: Given,
    context: Context,
    library: Library,
    inputs: readonly string[] = [],
    known?: readonly string[],
  ): Promise<Outputs> {
    const wanted = targets(given, library);
    for (const { path } of wanted) if (path !== null) refuseInput(path, inputs, library);
    const metrics = given.text('metrics') ?? null;
    if (metrics !== null) library.metricMatcher(metrics, known);
    const choice: ColorChoice = given.word('color', ['auto', 'always', 'never'], 'auto');
    const color = await createColorizer(wantsColor(context.stdout, choice, context.environment));
    const columns = outputColumns(context.stdout, context.environment);
    const open: OpenTarget[] = [];
    const appendices = appendicesOf(wanted, context, library);
    const outputs = new Outputs(context, library, open, appendices, {
      color,
      columns,
      metrics,
      all: given.flag('all'),
    });
    try {
      for (const target of wanted) open.push(openTarget(target, library));
    } catch (error) {
      outputs.discard();
      throw error;
    }
    return outputs;
  }

  /** Renders and writes; what became of budgets follows the report. */
  write(output: Output, checks: CheckReport = NO_CHECKS): void {
    this.#write((reporter, options) => reporter.render(output, options), checks);
  }

  /** The same for a diff; `rows` as in {@link DiffReporterOptions}. */
  writeDiff(diff: DiffResult, rows: readonly string[], checks: CheckReport = NO_CHECKS): void {
    this.#write(
      (reporter, options) => reporter.renderDiff?.(diff, { ...options, rows, checks }) ?? '',
      checks,
    );
  }

  /** Throws if a reporter shows nothing but checks, and there are none. */
  requireChecks(some: boolean, library: Library): void {
    const empty = this.#targets.find(({ reporter }) => reporter.checksOnly === true);
    if (some || empty === undefined) return;
    throw new library.UsageError(`reporter ${empty.reporter.name} shows checks, and there are none`, {
      hint: "give a budget, such as --fail-on 'walk.refs > +1%', or a file with --budgets",
    });
  }

  /** Throws unless every reporter can show a diff. */
  requireDiff(library: Library): void {
    const cannot = this.#targets.find(({ reporter }) => reporter.renderDiff === undefined);
    if (cannot === undefined) return;
    const can = library.reporters.all().filter(({ renderDiff }) => renderDiff !== undefined);
    throw new library.UsageError(`reporter ${cannot.reporter.name} cannot show a diff`, {
      hint: `reporters that can are ${can.map(({ name }) => name).join(', ')}`,
    });
  }

  /** Files first, since standard output may be closed by its reader. */
  #write(render: (reporter: Reporter, options: ReporterOptions) => string, checks: CheckReport): void {
    const whole = (reporter: Reporter, options: ReporterOptions): string => {
      const [report, checked] = [render(reporter, options), reporter.renderChecks?.(checks, options) ?? ''];
      return report + (report !== '' && checked !== '' ? (reporter.gap ?? '') : '') + checked;
    };
    for (const { reporter, fd, path } of this.#targets) {
      if (fd === null) continue;
      this.#fill(fd, path ?? '', whole(reporter, this.#plain));
      this.#written.add(fd);
      closeSync(fd);
    }
    for (const { reporter, path } of this.#appendices) appendText(path, whole(reporter, this.#plain));
    const shown = this.#targets.filter(({ fd }) => fd === null);
    for (const { reporter } of shown) this.#context.stdout.write(whole(reporter, this.#options));
    if (shown.some(({ reporter }) => reporter.renderChecks !== undefined)) return;
    // Whoever gave a budget sees what became of it, whatever else is written where.
    this.#context.stderr.write(this.#checkText(checks));
  }

  #fill(fd: number, path: string, text: string): void {
    try {
      if (fstatSync(fd).isFile()) ftruncateSync(fd, 0);
      writeFileSync(fd, text);
    } catch (cause) {
      throw new this.#library.UsageError(`${path}: cannot be written: ${systemReason(cause)}`, { cause });
    }
  }

  /** Gives up: closes the files and removes those that were made here. */
  discard(): void {
    for (const { fd, path, made } of this.#targets) {
      if (fd === null || path === null || this.#written.has(fd)) continue;
      closeSync(fd);
      if (made) rmSync(path, { force: true });
    }
  }
}
