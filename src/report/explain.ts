/**
 * `p2msim explain`: any metric, cost term, VMEXIT reason, mode, configuration key, word of the field or label of a report
 * as plain text.
 *
 * A metric is explained by meaning, unit, cause, remedy and source; a reason by its names at both
 * vendors and in both hypervisors.
 */
import { CONFIG_KEYS, type ConfigKey } from '../config/keys.js';
import { expectedOf } from '../config/values.js';
import { DEFAULT_COST_TABLE } from '../cost/table.js';
import { COST_GROUPS, type CostRow } from '../cost/types.js';
import { UsageError } from '../errors.js';
import {
  findVmexitReasons,
  hardwareName,
  labelWithNames,
  PAGE_FAULT_KINDS,
  VMEXIT_REASONS,
  vendorNames,
  vmexitNames,
  type PageFaultKind,
  type VmexitReason,
} from '../hypervisor/vmexit.js';
import { COUNTERS, MEMORY_COUNTERS, type CounterDef } from '../counters.js';
import { didYouMean } from '../util/registry.js';
import { RATIOS, type Ratio } from './budget/ratios.js';
import { GLOSSARY, MODE_ENTRIES, TOPIC_ENTRIES, type GlossaryEntry } from './glossary.js';
import { wrap } from './grid.js';
import type { Explanation, TopicList } from './listings.js';
import { metricNote } from './metric-notes.js';
import { ROW_LABELS } from './row-labels.js';

/** Width of the text: what `--help` uses. */
const COLUMNS = 80;

/** A metric with everything there is to say about it; no field is empty. */
export interface MetricExplanation {
  readonly key: string;
  readonly unit: string;
  readonly meaning: string;
  readonly cause: string;
  readonly remedy: string;
  readonly source: string;
}

/** Every metric, in declared order: counters, `memory.*`, `cost.*`. */
export const METRIC_EXPLANATIONS: readonly MetricExplanation[] = [
  ...[...COUNTERS, ...MEMORY_COUNTERS].map(counterExplanation),
  costExplanation('cost.cycles', 'sum of all terms of the estimated cost'),
  costExplanation('cost.low.cycles', 'the same with every figure that is an assumption halved'),
  costExplanation('cost.high.cycles', 'the same with every figure that is an assumption doubled'),
  ...COST_GROUPS.map((group) =>
    costExplanation(`cost.${group}.cycles`, `sum of the terms of group ${group}`),
  ),
  ...DEFAULT_COST_TABLE.rows.map(termExplanation),
];

function counterExplanation({ key, unit, meaning, source, remedy }: CounterDef): MetricExplanation {
  const note = metricNote(key);
  const cure = remedy === '' ? (note?.remedy ?? '') : remedy;
  return { key, unit: unitText(unit), meaning, cause: note?.cause ?? '', remedy: cure, source };
}

function unitText(unit: CounterDef['unit']): string {
  return unit === 'pages' ? 'pages of 4 KiB' : unit;
}

function costExplanation(key: string, meaning: string): MetricExplanation {
  const { cause, remedy } = metricNote('cost') ?? { cause: '', remedy: '' };
  return { key, unit: 'cycles', meaning, cause, remedy, source: 'cost/table.ts' };
}

function termExplanation(row: CostRow): MetricExplanation {
  const counters = row.counters.join(' + ');
  const notes = row.counters.flatMap((key) => metricNote(key)?.remedy ?? []);
  return {
    key: `cost.${row.term}.cycles`,
    unit: 'cycles',
    meaning: `${row.what}: ${row.cyclesEach} cycles each, group ${row.group}`,
    cause: `counts ${counters}`,
    remedy: notes[0] ?? '',
    source: row.source,
  };
}

/** Every topic that {@link explain} knows by its main name: topics, modes, words, reasons, metrics. */
export function explainTopics(): string[] {
  return [
    ...[...TOPIC_ENTRIES, ...MODE_ENTRIES, ...GLOSSARY].map((e) => e.term),
    ...VMEXIT_REASONS.map((reason) => `vmexit.${reason.key}`),
    ...PAGE_FAULT_KINDS.map((kind) => `vmexit.pf.${kind.key}`),
    ...METRIC_EXPLANATIONS.map((metric) => metric.key).filter((key) => !/^vmexit\.(?!total)/.test(key)),
    ...RATIOS.map((ratio) => ratio.key),
  ];
}

/**
 * Plain text about `topic`, in lines of at most 80 columns, ending in a newline. Case, a leading
 * `VMEXIT_` and the difference between `-`, `_` and a blank do not matter. Throws {@link UsageError}
 * with a suggestion for a topic that is not known.
 */
export function explain(topic: string): string {
  const parts = explanations(topic);
  if (parts.length === 0) throw unknownTopic(topic);
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** A name as such, and then as the label of a row or column, each text once. */
function explanations(given: string): string[][] {
  const found = [...named(given), ...labelTexts(given)];
  const texts = (found.length > 0 ? found : barTexts(given)).map((lines) => lines.join('\n'));
  return [...new Set(texts)].map((text) => text.split('\n'));
}

/** Over the bars of an experiment stands the column that they draw, and its group: `hap cycles/1000`. */
function barTexts(given: string): string[][] {
  const [, head = '', group = ''] = /^\s*(\S+)\s+(\S.*)$/.exec(given) ?? [];
  const texts = ROW_LABELS.has(group) ? labelTexts(group) : [];
  const own = [...named(head), ...labelTexts(head)];
  return texts.length === 0 || own.length === 0 ? [] : [...texts, ...own];
}

/** Labels of reports: a metric as it stands is explained by its own text. */
function labelTexts(given: string): string[][] {
  const wanted = loose(given).replace(/ \*$/, '');
  const is = (label: string): boolean => loose(label) === wanted;
  // `Walk references` is a table, `walk references` a row: whoever writes neither as it is printed gets both.
  const labels = [...ROW_LABELS.keys()];
  const found = labels.includes(given) ? [given] : labels.filter(is);
  const terms = DEFAULT_COST_TABLE.rows
    .filter(({ what }) => is(what))
    .map(({ term }) => `cost.${term}.cycles`);
  const reasons = VMEXIT_REASONS.filter((reason) =>
    [reason.label, labelWithNames(reason), vendorNames(reason)].some(is),
  );
  const kinds = PAGE_FAULT_KINDS.filter(({ label: name, xen, kvm }) =>
    [name, `Xen: ${xen}`, `KVM: ${kvm}`].some(is),
  );
  return [
    ...found.flatMap(rowTexts),
    ...terms.flatMap(named),
    ...reasons.map(reasonLines),
    ...kinds.map(kindLines),
  ];
}

function rowTexts(label: string): string[][] {
  const { text, keys } = ROW_LABELS.get(label) ?? { text: null, keys: [] };
  if (text === null) return keys.flatMap(named);
  const counts = keys.length === 0 ? [] : field('metrics', keys.join(', '));
  return [[label, ...field('meaning', text), ...counts]];
}

function named(topic: string): string[][] {
  const wanted = loose(topic);
  const words = [...TOPIC_ENTRIES, ...MODE_ENTRIES, ...GLOSSARY].filter((e) =>
    [e.term, ...e.aliases].some((name) => loose(name) === wanted),
  );
  const reasons = findVmexitReasons(topic.trim());
  const kind = PAGE_FAULT_KINDS.find((k) =>
    [`vmexit.pf.${k.key}`, `pf.${k.key}`, k.xen].includes(topic.trim()),
  );
  const metric = METRIC_EXPLANATIONS.find(
    (m) => loose(m.key) === wanted || loose(m.key) === loose(`cost.${topic}.cycles`),
  );
  const ratio = RATIOS.find(({ key }) => loose(key) === wanted);
  const plainMetric =
    metric !== undefined && reasons.length === 0 && kind === undefined ? [metricLines(metric)] : [];
  return [
    ...words.map(wordLines),
    ...reasons.map(reasonLines),
    ...(kind === undefined ? [] : [kindLines(kind)]),
    ...plainMetric,
    ...(ratio === undefined ? [] : [ratioLines(ratio)]),
    ...CONFIG_KEYS.filter(({ key }) => loose(key) === wanted).map(keyLines),
    ...(wanted === 'cost' ? [costLines()] : []),
  ];
}

/** Letters, digits and dots only, lower case. */
function loose(name: string): string {
  return name
    .trim()
    .toLowerCase()
    .replace(/^-+/, '')
    .replace(/[-_\s]+/g, ' ');
}

function unknownTopic(topic: string): UsageError {
  const aliases = [...TOPIC_ENTRIES, ...MODE_ENTRIES, ...GLOSSARY].flatMap((e) => e.aliases);
  const names = [...VMEXIT_REASONS.flatMap(vmexitNames), ...aliases, ...ROW_LABELS.keys()];
  const near = didYouMean(topic, [...explainTopics(), ...names]);
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  return new UsageError(`nothing to explain under '${topic}'${suggestion}`, {
    hint: 'a metric (walk.refs), a VMEXIT reason (cr3_write), a mode (hap), a term (oos), a configuration key (stlb.entries) or a label of a report (vs native); see docs/metrics.md',
  });
}

function field(name: string, text: string): string[] {
  return wrap(text, COLUMNS, `  ${name.padEnd(8)}`);
}

function wordLines(e: GlossaryEntry): string[] {
  const also = e.aliases.length === 0 ? [] : field('also', e.aliases.join(', '));
  return [e.term, ...wrap(e.text, COLUMNS, '  '), ...also];
}

function metricLines(metric: MetricExplanation): string[] {
  return [metric.key, ...field('meaning', metric.meaning), ...metricFields(metric)];
}

/** Everything but the meaning. */
function metricFields(metric: MetricExplanation): string[] {
  return [
    ...field('unit', metric.unit),
    ...field('cause', metric.cause),
    ...field('remedy', metric.remedy),
    ...field('source', metric.source),
  ];
}

/** A ratio has no cause of its own. */
function ratioLines({ key, meaning, part, whole }: Ratio): string[] {
  return [
    key,
    ...field('meaning', `${meaning}; a metric of budgets`),
    ...field('unit', 'ratio'),
    ...field('cause', `${part} by ${whole.join(' + ')}, of the same run; \`p2msim explain ${part}\``),
  ];
}

/** A configuration key: what is swept by it is at the head of tables. */
function keyLines(key: ConfigKey): string[] {
  return [
    key.key,
    ...field('meaning', `${key.meaning}; a configuration key`),
    ...field('values', expectedOf(key)),
    ...field('set', `--set ${key.key}=VALUE, or docs/configuration.md`),
  ];
}

function reasonLines(reason: VmexitReason): string[] {
  const metric = METRIC_EXPLANATIONS.find((m) => m.key === `vmexit.${reason.key}`);
  const kinds = reason.key === 'pf' ? PAGE_FAULT_KINDS.map((kind) => `vmexit.pf.${kind.key}`) : [];
  return [
    `vmexit.${reason.key}: ${reason.label}`,
    ...field('meaning', reason.meaning),
    ...field('intel', hardwareName(reason.intel)),
    ...field('amd', reason.amd === null ? '-' : `VMEXIT_${hardwareName(reason.amd)}`),
    ...field('xen', reason.xen),
    ...field('kvm', reason.kvm),
    ...(kinds.length === 0 ? [] : field('kinds', kinds.join(', '))),
    ...(metric === undefined ? [] : metricFields(metric)),
  ];
}

function kindLines(kind: PageFaultKind): string[] {
  const metric = METRIC_EXPLANATIONS.find((m) => m.key === `vmexit.pf.${kind.key}`);
  return [
    `vmexit.pf.${kind.key}: ${kind.label}`,
    ...field('meaning', kind.meaning),
    ...field('xen', kind.xen),
    ...field('kvm', kind.kvm),
    ...(metric === undefined ? [] : metricFields(metric)),
  ];
}

/** The default cost table, one line per row and its source below. */
function costLines(): string[] {
  const rows = DEFAULT_COST_TABLE.rows.flatMap((row) => [
    `  ${row.term.padEnd(22)}${String(row.cyclesEach).padStart(6)}  ${row.what}`,
    ...wrap(row.source, COLUMNS, ' '.repeat(32)),
  ]);
  return ['term                   cycles  what, and where the figure comes from', ...rows];
}

export function topicList(): TopicList {
  return { schema: 'p2msim.topics/1', topics: explainTopics() };
}

export function explanation(topic: string): Explanation {
  return { schema: 'p2msim.explanation/1', topic, text: explain(topic) };
}
