/**
 * Baseline: runs in a form that is kept in a repository: `p2msim.baseline/1`.
 *
 * Small, and such that a changed count is one changed line: one metric a line in a fixed order, zeros left out, and what
 * runs share (configurations, prices) written once, under its digest. Runs are in the order of trace, mode and point.
 */
import { createHash } from 'node:crypto';
import { CONFIG_KEYS, type ConfigValue } from '../../config/keys.js';
import { TraceError } from '../../errors.js';
import { METRIC_KEYS } from '../metric-values.js';
import { Fields } from './fields.js';
import { readReplay, readTrace, values } from './read-run.js';
import type { SavedConfig, SavedRun } from './saved-run.js';

export const BASELINE_SCHEMA = 'p2msim.baseline/1';

type Shared = Record<string, unknown>;

/** The text of a baseline with these runs. */
export function baselineText(runs: readonly SavedRun[]): string {
  const configs: Shared = {};
  const prices: Shared = {};
  const entries = [...runs].sort(byPlace).map((run) => ({
    trace: run.trace,
    mode: run.mode,
    ...(Object.keys(run.point).length === 0 ? {} : { point: run.point }),
    ...(Object.keys(run.replay).length === 0 ? {} : { replay: run.replay }),
    config: share(configs, run.config.sha256, configValue(run.config)),
    prices: share(prices, digestOf(run.prices), Object.fromEntries(run.prices)),
    version: run.version,
    guestDigest: run.guestDigest,
    metrics: Object.fromEntries(metricsOf(run)),
  }));
  const file = { schema: BASELINE_SCHEMA, configs: sorted(configs), prices: sorted(prices), runs: entries };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Digits of a digest that names something shared. */
const NAME_DIGITS = 12;

function share(all: Shared, digest: string, value: unknown): string {
  const name = digest.slice(0, NAME_DIGITS);
  all[name] = value;
  return name;
}

function configValue({ sha256, preset, values: all, policy }: SavedConfig): object {
  const known = CONFIG_KEYS.map(({ key }) => key).filter((key) => all.has(key));
  const keys = new Set([...known, ...all.keys()]);
  return {
    sha256,
    preset,
    values: Object.fromEntries([...keys].map((key) => [key, all.get(key)])),
    ...(policy === null ? {} : { policy }),
  };
}

/** Metrics that are not zero, in declared order. */
function metricsOf(run: SavedRun): [string, number][] {
  const keys = new Set([...METRIC_KEYS.filter((key) => run.metrics.has(key)), ...run.metrics.keys()]);
  return [...keys].flatMap((key): [string, number][] => {
    const value = run.metrics.get(key) ?? 0;
    return value === 0 ? [] : [[key, value]];
  });
}

function digestOf(prices: ReadonlyMap<string, number>): string {
  const lines = [...prices].map(([term, cycles]) => `${term}=${cycles}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex');
}

function sorted(all: Shared): Shared {
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What makes a run the same entry of a baseline: trace (by path), mode and point. */
export function placeOfRun(run: SavedRun): string {
  return JSON.stringify([run.trace.path, run.mode, Object.entries(run.point)]);
}

function byPlace(a: SavedRun, b: SavedRun): number {
  const [left, right] = [a, b].map(placeOfRun) as [string, string];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The runs of a baseline. Throws {@link TraceError} that names what is wrong. */
export function readBaseline(value: unknown, file: string, path: string): SavedRun[] {
  const baseline = Fields.of(value, file, path);
  const configs = baseline.object('configs');
  const prices = baseline.object('prices');
  return baseline.list('runs').map((entry, i) => {
    const run = Fields.of(entry, file, `${path === '' ? '' : `${path}.`}runs[${i}]`);
    return {
      file,
      version: run.text('version'),
      mode: run.text('mode'),
      trace: readTrace(run.object('trace')),
      replay: readReplay(run),
      config: readConfig(shared(configs, run.text('config'), 'configs')),
      metrics: new Map(run.object('metrics').counts()),
      zerosLeftOut: true,
      prices: new Map(shared(prices, run.text('prices'), 'prices').counts()),
      guestDigest: run.text('guestDigest'),
      incomplete: null,
      point: run.has('point') ? values(run.object('point')) : {},
      slices: [],
      slice: null,
      result: null,
    };
  });
}

function shared(all: Fields, name: string, what: string): Fields {
  if (all.has(name)) return all.object(name);
  throw new TraceError({ file: all.file }, `a run names ${what} "${name}", which is not in the file`, {
    hint: 'lines were lost, perhaps in a merge: `p2msim baseline update TRACE...` writes them again',
  });
}

function readConfig(config: Fields): SavedConfig {
  return {
    sha256: config.text('sha256'),
    preset: config.text('preset'),
    values: new Map<string, ConfigValue>(Object.entries(values(config.object('values')))),
    policy: config.has('policy') ? Object.fromEntries(config.object('policy').entries()) : null,
  };
}
