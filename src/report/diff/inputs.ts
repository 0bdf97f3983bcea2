/**
 * What two runs were given that is not the same: trace, configuration, cost table.
 *
 * Counts of two runs say something about p2msim or about the mode only if these agree. Which traces are equal is
 * decided by contents (SHA-256) and by what of them was counted, not by path or preset name.
 */
import { defaultValues } from '../../config/defaults.js';
import { CONFIG_KEYS, formatValue } from '../../config/keys.js';
import { presets } from '../../config/presets/index.js';
import { UsageError } from '../../errors.js';
import type { SavedRun } from '../saved/saved-run.js';

/** What may differ, in the words of `--allow-different`. */
export const INPUT_KINDS = ['trace', 'config', 'cost'] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

/** One key of the input that has two values, as text. */
export interface InputDifference {
  readonly kind: InputKind;
  /** `trace.sha256`, `stlb.entries`, `shadow.policy.prefetchEntries`, `cost.walk.pwc`. */
  readonly key: string;
  readonly base: string;
  readonly head: string;
}

type Facts = ReadonlyMap<string, string>;

/** Stands where one of the two has no such key. */
const MISSING = 'missing';

/** Every key of the input in which the runs differ: trace first, then configuration, then prices. */
export function inputDifferences(base: SavedRun, head: SavedRun): InputDifference[] {
  return [
    ...between('trace', traceFacts(base), traceFacts(head)),
    ...between('config', configFacts(base), configFacts(head)),
    ...between('cost', priceFacts(base), priceFacts(head)),
  ];
}

function between(kind: InputKind, base: Facts, head: Facts): InputDifference[] {
  return [...new Set([...base.keys(), ...head.keys()])].flatMap((key) => {
    const values = { base: base.get(key) ?? MISSING, head: head.get(key) ?? MISSING };
    return values.base === values.head ? [] : [{ kind, key, ...values }];
  });
}

function traceFacts({ trace, incomplete }: SavedRun): Facts {
  return new Map([
    ['trace.sha256', trace.sha256],
    ['trace.whole', String(trace.whole)],
    ['trace.skipped', String(trace.skipped)],
    ['trace.warmup', String(trace.warmup)],
    ['trace.accesses', String(trace.accesses)],
    ['trace.events', String(trace.events)],
    ['trace.badRecords', String(trace.badRecords)],
    ['incomplete', incomplete === null ? 'no' : 'yes'],
  ]);
}

/** A key that the writing version did not have yet is what it is by default. */
function configFacts({ config, replay }: SavedRun): Facts {
  const defaults = presets.has(config.preset) ? defaultValues(config.preset) : new Map<string, never>();
  const known = CONFIG_KEYS.map(({ key }) => key);
  const facts = new Map<string, string>();
  for (const key of new Set([...known, ...config.values.keys()])) {
    const value = config.values.get(key) ?? defaults.get(key);
    // The path of a policy file says nothing; its fields are below.
    if (value !== undefined && (key !== 'shadow.policy' || config.policy === null))
      facts.set(key, formatValue(value));
  }
  for (const [field, value] of Object.entries(config.policy ?? {})) {
    if (field !== 'name' && field !== 'summary') facts.set(`shadow.policy.${field}`, JSON.stringify(value));
  }
  // Where a mode was loaded from is no input; that it is another mode is known.
  const { module: _, ...options } = replay;
  for (const key of ['lenient', 'modifyAsTwo', 'ignoreColumns'] as const)
    facts.set(`replay.${key}`, String(options[key] ?? false));
  return facts;
}

function priceFacts({ prices }: SavedRun): Facts {
  return new Map([...prices].map(([term, cycles]) => [`cost.${term}`, `${cycles} cycles`]));
}

const KIND_NAMES: Readonly<Record<InputKind, string>> = {
  trace: 'the traces differ',
  config: 'the configurations differ',
  cost: 'the cost tables differ',
};

/** Why two runs are not compared: each key that differs with both values. */
export function refusal(base: SavedRun, head: SavedRun, refused: readonly InputDifference[]): UsageError {
  const kinds = [...new Set(refused.map(({ kind }) => kind))];
  const width = Math.max(...refused.map(({ key }) => key.length));
  const what = kinds.map((kind) => KIND_NAMES[kind]).join(' and ');
  const same = (one: string, other: string): string => (one === other ? one : `${one} and ${other}`);
  const files = same(base.file, head.file);
  const names = [
    ...(files === '' ? [] : [files]),
    `${same(base.mode, head.mode)}, ${same(base.trace.path, head.trace.path)}`,
  ];
  return new UsageError(`${names.join(': ')}: cannot be compared: ${what}`, {
    details: refused.map((each) => `${each.key.padEnd(width)}  ${each.base} -> ${each.head}`),
    hint: `\`--allow-different ${kinds.join(',')}\` compares them nevertheless`,
  });
}
