/** Lists of names, presets, keys and modes; configurations with origins; walks, explanations, validation. */
import { CONFIG_KEYS } from '../config/keys.js';
import type { PresetEntry } from '../config/preset.js';
import type {
  ConfigListing,
  Explanation,
  KeyList,
  KeyListing,
  ModeList,
  NamedThing,
  OriginatedValue,
  PresetList,
  PresetListing,
  BatchProgressLine,
  ProgressLine,
  ScenarioListing,
  SchemaList,
  TopicList,
  WalkListing,
} from '../report/listings.js';
import type { ValidationJson } from '../report/validation.js';
import type { WalkCacheHit, WalkPhase, WalkStep } from '../sim/run.js';
import type { Word64 } from '../trace/event.js';
import { CELL_KINDS, type Cell } from '../validate/cell.js';
import type { PhaseExits } from '../validate/exits.js';
import { LAB_SUITES } from '../validate/modes.js';
import type { Phase } from '../validate/phase.js';
import type { ScenarioSummary } from '../validate/summary.js';
import { VALIDATION_SCHEMA } from '../validate/validate.js';
import { configValue } from './config-value.js';
import { tool } from './result-shapes.js';
import {
  boolean,
  count,
  digest,
  either,
  list,
  literal,
  named,
  nullable,
  number,
  object,
  oneOf,
  optional,
  record,
  someOf,
  text,
} from './shape.js';

export const namedThing = named('named', object<NamedThing>({ name: text, summary: text }));

const entry = named('entry', object<PresetEntry>({ key: text, value: configValue, source: text }));

export const presetList = object<PresetList>({
  schema: literal('p2msim.presets/1'),
  presets: list(object({ name: text, summary: text, entries: list(entry) })),
});

export const preset = object<PresetListing>({
  schema: literal('p2msim.preset/1'),
  name: text,
  summary: text,
  entries: list(entry),
});

export const keyList = object<KeyList>({
  schema: literal('p2msim.keys/1'),
  keys: list(
    object<KeyListing>({
      key: text,
      type: oneOf(['integer', 'choice', 'boolean', 'sizes', 'name']),
      default: configValue,
      expected: text,
      meaning: text,
    }),
  ),
});

export const modeList = object<ModeList>({
  schema: literal('p2msim.modes/1'),
  modes: list(namedThing),
  shadowPolicies: list(namedThing),
});

export const effectiveConfig = object<ConfigListing>({
  schema: literal('p2msim.effective-config/1'),
  preset: text,
  sha256: digest,
  values: someOf(
    CONFIG_KEYS.map(({ key }) => key),
    named('value', object<OriginatedValue>({ value: configValue, origin: text })),
  ),
});

const word = named('word', object<Word64>({ hi: count, lo: count }));

const step = object<WalkStep>({
  n: count,
  dimension: oneOf(['guest', 'nested', 'shadow']),
  level: count,
  index: count,
  table: count,
  translating: text,
  frame: nullable(count),
});

const cacheHit = object<WalkCacheHit>({
  cache: oneOf(['pwc', 'npwc', 'ntlb']),
  level: count,
  translating: text,
  after: count,
});

export const walk = object<WalkListing>({
  schema: literal('p2msim.walk/1'),
  mode: text,
  at: nullable(count),
  op: oneOf(['R', 'W', 'X', 'M']),
  va: word,
  size: count,
  addressSpace: text,
  phases: list(object<WalkPhase>({ what: text, steps: list(step), hits: list(cacheHit) })),
  gfn: nullable(count),
  mfn: nullable(count),
});

export const topicList = object<TopicList>({ schema: literal('p2msim.topics/1'), topics: list(text) });

export const explanation = object<Explanation>({
  schema: literal('p2msim.explanation/1'),
  topic: text,
  text,
});

/** A line of `--progress ndjson`. */
export const progress = object<ProgressLine>({
  schema: literal('p2msim.progress/1'),
  progress: object<ProgressLine['progress']>({
    trace: text,
    records: count,
    bytesRead: count,
    totalBytes: nullable(count),
  }),
});

/** A line of `--progress ndjson` of a batch. */
export const batchProgress = object<BatchProgressLine>({
  schema: literal('p2msim.batch-progress/1'),
  progress: object<BatchProgressLine['progress']>({ done: count, points: count }),
});

export const schemaList = object<SchemaList>({
  schema: literal('p2msim.schemas/1'),
  schemas: list(object<SchemaList['schemas'][number]>({ name: text, id: text, summary: text })),
});

const params = record(either(number, text));

const cell = named(
  'cell',
  object<Cell>({
    suite: text,
    scenario: text,
    params,
    mode: text,
    phase: text,
    kind: oneOf(CELL_KINDS),
    quantity: text,
    measured: number,
    modelled: nullable(number),
    tolerance: number,
    equal: boolean,
    note: text,
  }),
);

export const validation = object<ValidationJson>({
  schema: literal(VALIDATION_SCHEMA),
  tool,
  passed: boolean,
  verdict: text,
  scenarios: list(
    object<ScenarioSummary>({
      suite: text,
      scenario: text,
      cells: count,
      equal: count,
      different: count,
      explained: count,
      largest: nullable(cell),
    }),
  ),
  different: list(cell),
  explained: list(cell),
  cells: optional(list(cell)),
});

export const scenario = object<ScenarioListing>({
  schema: literal('p2msim.scenario/1'),
  suite: oneOf(LAB_SUITES),
  scenario: text,
  params,
  mode: text,
  phases: list(
    object<Phase>({
      phase: text,
      seq: count,
      exits: object<PhaseExits>({ total: count, byReason: record(count), byClass: record(count) }),
      guestFaults: count,
      shadowPages: number,
      pageTablePages: count,
      counters: record(count),
    }),
  ),
});
