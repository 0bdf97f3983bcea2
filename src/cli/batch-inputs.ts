/**
 * From the words of `p2msim sweep` to a batch: a trace with axes, or a specification, to which both may add.
 */
import type {
  Batch,
  BatchOptions,
  Exclusion,
  ExperimentPlan,
  Grid,
  Setting,
  Spec,
  SweepAxis,
} from '../index.js';
import { readConfigText } from './config-file.js';
import type { Context, FullLibrary, Library } from './context.js';
import { experimentPlan } from './experiment.js';
import { type Given, configOptions, costOption, readOptions, runOptions } from './options.js';

const DEFAULT_MODES = ['hap'];

/** True if the first word of a sweep names a specification: by its ending. */
export function isSpec(word: string): boolean {
  return /\.(?:toml|json)$/i.test(word);
}

/** What the words after a repeated option are worth, `size` at a time; the trace must come before them. */
function grouped(given: Given, name: string, flag: string, size: number, library: Library): string[][] {
  const words = given.list(name);
  if (words.length % size !== 0) {
    throw new library.UsageError(`${flag} takes ${size} words each time; found ${words.join(' ')}`, {
      hint: 'the trace comes first: `p2msim sweep TRACE -L stlb.entries 768,1536 -P l1d.ways 1 4`',
    });
  }
  return Array.from({ length: words.length / size }, (_, i) => words.slice(i * size, (i + 1) * size));
}

/** `-L KEY VALUES`, then `-P KEY FROM TO` with the `--step` of the same place. */
export function axesOf(given: Given, library: Library): SweepAxis[] {
  const steps = given.list('step');
  const lists = grouped(given, 'values', '-L', 2, library).map(([key = '', values = '']) =>
    library.axisOfList(key, values.split(','), '-L'),
  );
  const ranges = grouped(given, 'param', '-P', 3, library).map(([key = '', from = '', to = ''], i) =>
    library.axisOfRange(key, from, to, steps[i] ?? 'x2', '-P'),
  );
  if (steps.length > ranges.length) {
    throw new library.UsageError('--step belongs to a range (-P), and there are more steps than ranges');
  }
  return [...lists, ...ranges];
}

/** The axes of a sweep without a specification: there have to be some. */
export function neededAxes(given: Given, library: Library): SweepAxis[] {
  const axes = axesOf(given, library);
  if (axes.length > 0) return axes;
  throw new library.UsageError('nothing is swept', {
    hint: 'give a key with values: `-L stlb.entries 768,1536` or `-P stlb.entries 384 3072`',
  });
}

/** `-m`, by its names; null if it was not given. */
export function modesOf(given: Given): string[] | null {
  const words = given.text('mode');
  return words === undefined ? null : words.split(',').map((mode) => mode.trim());
}

/** Traces, modes and axes: of the specification, with what the command line adds to it or says otherwise. */
function gridOf(word: string, spec: Spec | null, given: Given, library: FullLibrary): Grid {
  const modes = modesOf(given);
  if (spec === null) {
    const groups = neededAxes(given, library).map(library.groupOf);
    return { traces: [word], modes: modes ?? DEFAULT_MODES, groups, exclusions: [], points: [] };
  }
  const groups = [...spec.grid.groups, ...axesOf(given, library).map(library.groupOf)];
  if (modes === null) return { ...spec.grid, groups };
  return { ...spec.grid, groups, modes, exclusions: exclusionsFor(spec, modes) };
}

/** With `-m`: exclusions of modes that are not swept now exclude nothing, which is no mistake of the specification. */
function exclusionsFor({ grid }: Spec, modes: readonly string[]): Exclusion[] {
  return grid.exclusions.flatMap((exclusion) => {
    const wanted = exclusion.when.get('mode');
    if (wanted === undefined) return [exclusion];
    const left = wanted.filter((mode) => modes.includes(String(mode)));
    return left.length === 0 ? [] : [{ ...exclusion, when: new Map([...exclusion.when, ['mode', left]]) }];
  });
}

/** The rows of an experiment, each a named point. */
function experimentGrid(word: string, plan: ExperimentPlan, library: FullLibrary): Grid {
  const { modes } = plan.experiment;
  return { traces: [word], modes, groups: [], exclusions: [], points: library.experimentPoints(plan) };
}

/** A key that is swept has no other value, so a flag for it would say nothing. */
export function refuseSwept(flags: readonly Setting[], keys: readonly string[], library: Library): void {
  const swept = new Set(keys);
  const twice = flags.find(({ key }) => swept.has(key));
  if (twice === undefined) return;
  throw new library.UsageError(`${twice.origin} sets ${twice.key}, which is swept`, {
    hint: `leave out ${twice.origin}, or the axis`,
  });
}

/** The specification in the file `word`; what is known to be something else is named as that. */
async function specOf(word: string, library: FullLibrary): Promise<Spec> {
  const text = readConfigText(word, library);
  const known = library.ownFile({ name: word, head: Buffer.from(text) });
  if (known?.schema !== undefined) {
    throw new library.ConfigError(`${word} is no specification of a sweep: ${known.what}`, {
      hint: `${known.use}; \`p2msim sweep\` takes a trace, or a specification (docs/batch.md)`,
    });
  }
  return library.readSpec(await library.parseDocument(text, word), DEFAULT_MODES);
}

/** Plans the batch of `word`, a trace or a specification. */
export async function batchOf(
  word: string,
  given: Given,
  context: Context,
  library: FullLibrary,
): Promise<Batch> {
  const spec = isSpec(word) ? await specOf(word, library) : null;
  const config = await configOptions(given, context, library);
  const experiment = given.text('experiment');
  if (experiment !== undefined && spec !== null) {
    throw new library.UsageError('--experiment takes a trace: a specification says itself what is swept');
  }
  const grid =
    experiment === undefined
      ? gridOf(word, spec, given, library)
      : experimentGrid(word, experimentPlan(experiment, config, given, library), library);
  // Flags say otherwise than the specification, which says otherwise than what is in the folder and the environment.
  const flags = config.settings.filter(({ origin }) => origin.startsWith('--'));
  refuseSwept(
    flags,
    grid.groups.flatMap(({ keys }) => keys),
    library,
  );
  const around = config.settings.filter((setting) => !flags.includes(setting));
  const { jobs: _, ...run } = runOptions(given, library);
  const options: BatchOptions = {
    format: given.text('format'),
    read: readOptions(given, library),
    preset: given.text('preset') ?? spec?.preset ?? config.preset,
    settings: [...around, ...(spec?.settings ?? []), ...flags],
    ...run,
    ...rangeOf(spec, given),
    costs: await costOption(given, library),
  };
  return library.planBatch(grid, options, spec?.places);
}

/** `skip`, `warmup` and `limit` of the specification, where no flag says otherwise. */
function rangeOf(spec: Spec | null, given: Given): Pick<BatchOptions, 'skip' | 'warmup' | 'limit'> {
  const names = ['skip', 'warmup', 'limit'] as const;
  const set = names.filter((name) => !given.has(name) && (spec?.range[name] ?? null) !== null);
  return Object.fromEntries(set.map((name) => [name, spec?.range[name] ?? 0]));
}
