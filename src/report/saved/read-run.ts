/**
 * A `p2msim.result/1` object, checked field by field, as a {@link SavedRun}.
 *
 * Metrics are taken as they are there: a later version may count more, an earlier one less.
 */
import { flatten } from '../../config/build.js';
import type { ConfigValue } from '../../config/keys.js';
import { costRange } from '../../cost/model.js';
import { metricValues } from '../metric-values.js';
import type { Interval, ReplayManifest, RunResult, TraceManifest } from '../result.js';
import { Fields } from './fields.js';
import { type SavedConfig, type SavedRun, savedSlice, type SavedSlice } from './saved-run.js';

/** @param path of the object in the file, for messages; empty for the whole file */
export function readRun(value: unknown, file: string, path: string): SavedRun {
  const run = Fields.of(value, file, path);
  const manifest = run.object('manifest');
  checkNumbers(run);
  const slices = run.list('intervals').map((slice, i) => readSlice(slice, file, `intervals[${i}]`));
  const result = withCostRange(value as RunResult, run.object('cost'));
  return {
    file,
    version: run.object('tool').text('version'),
    mode: run.text('mode'),
    trace: readTrace(manifest.object('trace'), readToTheEnd(manifest)),
    replay: readReplay(manifest),
    config: readConfig(manifest.object('config')),
    metrics: new Map(metricValues(result)),
    zerosLeftOut: false,
    prices: new Map(
      readTerms(run.object('cost')).map((term) => [term.text('term'), term.count('cyclesEach')]),
    ),
    guestDigest: run.text('guestDigest'),
    incomplete: manifest.textOrNull('incomplete'),
    point: run.has('point') ? values(run.object('point')) : {},
    slices,
    slice: null,
    result,
  };
}

/** One slice of a run: of `intervals`, or a line of ndjson. */
export function readSlice(value: unknown, file: string, path: string): SavedSlice {
  const slice = Fields.of(value, file, path);
  for (const name of ['counters', 'memory']) slice.object(name).counts();
  return savedSlice({
    ...(value as Interval),
    from: slice.count('from'),
    accesses: slice.count('accesses'),
  });
}

/** Everything that {@link metricValues} will look at is there and a count. */
function checkNumbers(run: Fields): void {
  run.text('description');
  run.object('counters').counts();
  run.object('memory').counts();
  const cost = run.object('cost');
  cost.count('cycles');
  for (const name of ['low', 'high']) if (cost.has(name)) cost.count(name);
  cost.object('byGroup').counts();
  for (const term of readTerms(cost)) {
    term.text('source');
    for (const name of ['count', 'cycles']) term.count(name);
  }
  run.object('manifest').list('assumptions');
}

/** The first results had no range of the cost: it follows from the terms. */
function withCostRange(result: RunResult, cost: Fields): RunResult {
  if (cost.has('low') && cost.has('high')) return result;
  const { cycles, byGroup, terms } = result.cost;
  return { ...result, cost: { cycles, ...costRange(terms), byGroup, terms } };
}

function readTerms(cost: Fields): Fields[] {
  return cost.list('terms').map((term, i) => Fields.of(term, cost.file, `cost.terms[${i}]`));
}

/** Where a result does not say whether its digest is that of the whole trace, as the first did not. */
function readToTheEnd(manifest: Fields): boolean {
  const limited = manifest
    .list('argv')
    .some((word) => typeof word === 'string' && word.startsWith('--limit'));
  return manifest.raw('incomplete') === null && !limited;
}

/** The facts of a trace; also of a baseline. `whole` is for a result that does not say so itself. */
export function readTrace(trace: Fields, whole?: boolean): TraceManifest {
  return {
    path: trace.text('path'),
    format: trace.text('format'),
    sha256: trace.text('sha256'),
    whole: whole === undefined || trace.has('whole') ? trace.boolean('whole') : whole,
    accesses: trace.count('accesses'),
    events: trace.count('events'),
    warmup: trace.count('warmup'),
    skipped: trace.count('skipped'),
    badRecords: trace.count('badRecords'),
    addressSpaces: trace.count('addressSpaces'),
  };
}

/** How the trace was replayed, of an object that may have a field `replay`. */
export function readReplay(from: Fields): ReplayManifest {
  if (!from.has('replay')) return {};
  const replay = from.object('replay');
  const flag = (name: keyof ReplayManifest): object =>
    replay.has(name) ? { [name]: replay.boolean(name) } : {};
  const module = replay.has('module') ? { module: replay.text('module') } : {};
  return { ...flag('lenient'), ...flag('modifyAsTwo'), ...flag('ignoreColumns'), ...module };
}

function readConfig(config: Fields): SavedConfig {
  return {
    sha256: config.text('sha256'),
    preset: config.text('preset'),
    values: new Map(Object.entries(values(config.object('effective')))),
    policy: config.has('shadowPolicy') ? Object.fromEntries(config.object('shadowPolicy').entries()) : null,
  };
}

/** The leaves of an object as configuration values by dotted key. */
export function values(fields: Fields): Record<string, ConfigValue> {
  const leaves = flatten(Object.fromEntries(fields.entries())).map(([key, value]): [string, ConfigValue] => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return [key, value];
    throw fields.wrong(key, 'a text, a number, true or false');
  });
  return Object.fromEntries(leaves);
}
