/**
 * Points as columns: one row a point, one column a fact or metric, each of one type.
 *
 * CSV, Markdown and Parquet are written from these. Facts come first (number, id, mode, ...), then swept keys, then
 * metrics in their declared order, the error last. What a point does not have is null.
 */
import { CONFIG_KEYS } from '../config/keys.js';
import { metricMatcher, metricValues } from '../report/metric-values.js';
import type { PointLine } from './point-line.js';

export type ColumnType = 'integer' | 'number' | 'boolean' | 'text';
export type PointCell = string | number | boolean | null;

export interface PointColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly cells: readonly PointCell[];
}

type Fact = (line: PointLine) => PointCell;

/** Facts of every point. A swept key of the same name (`seed`, `preset`) has the same value. */
const FACTS: readonly (readonly [name: string, type: ColumnType, fact: Fact])[] = [
  ['number', 'integer', (line) => line.number],
  ['id', 'text', (line) => line.id],
  ['name', 'text', (line) => line.name],
  ['status', 'text', (line) => line.status],
  ['trace', 'text', (line) => line.trace.path],
  ['trace.sha256', 'text', (line) => line.trace.sha256],
  ['mode', 'text', (line) => line.mode],
  ['preset', 'text', (line) => presetOf(line)],
  ['seed', 'integer', (line) => line.seed],
  ['version', 'text', (line) => line.result?.tool.version ?? null],
];

function presetOf({ point, result }: PointLine): string | null {
  const swept = point['preset'];
  return result?.manifest.config.preset ?? (swept === undefined ? null : String(swept));
}

/** @param metrics globs; null for all */
export function pointColumns(lines: readonly PointLine[], metrics: string | null): PointColumn[] {
  const facts = FACTS.map(([name, type, fact]) => ({ name, type, cells: lines.map(fact) }));
  const known = new Set(FACTS.map(([name]) => name));
  const swept = [...new Set(lines.flatMap(({ point }) => Object.keys(point)))].filter(
    (key) => !known.has(key),
  );
  const errors = lines.map(({ error }) => (error === null ? null : `${error.kind}: ${error.message}`));
  return [
    ...facts,
    ...swept.map((key) => sweptColumn(key, lines)),
    ...metricColumns(lines, metrics),
    { name: 'error', type: 'text', cells: errors },
  ];
}

/** A key that takes numbers and words (`auto`) is a column of words. */
function sweptColumn(key: string, lines: readonly PointLine[]): PointColumn {
  const cells = lines.map(({ point }) => point[key] ?? null);
  const there = cells.filter((cell) => cell !== null);
  const all = (type: string): boolean => there.every((cell) => typeof cell === type);
  const row = CONFIG_KEYS.find((each) => each.key === key);
  if (all('boolean')) return { name: key, type: 'boolean', cells };
  if (all('number') && row?.auto !== true) {
    const whole = there.every((cell) => Number.isSafeInteger(cell));
    return { name: key, type: whole ? 'integer' : 'number', cells };
  }
  return { name: key, type: 'text', cells: cells.map((cell) => (cell === null ? null : String(cell))) };
}

function metricColumns(lines: readonly PointLine[], metrics: string | null): PointColumn[] {
  const values = lines.map(({ result }) => (result === null ? null : new Map(metricValues(result))));
  const keys = [...new Set(values.flatMap((map) => [...(map?.keys() ?? [])]))];
  if (keys.length === 0) return [];
  const matches = metricMatcher(metrics ?? '*', keys);
  return keys.filter(matches).map((key) => ({
    name: key,
    type: 'integer',
    cells: values.map((map) => map?.get(key) ?? null),
  }));
}
