/** A table of a diff as a section: a row per number, the base's column, and value and change for every other side. */
import { grouped } from '../numbers.js';
import type { Section } from '../section.js';
import type { DiffSide } from './diff-result.js';
import type { DiffEntry, DiffTable } from './diff-view.js';

export function diffSection(table: DiffTable, sides: readonly DiffSide[], rows: readonly string[]): Section {
  const [first = '', ...labels] = rows;
  const [base, ...others] = sides;
  return {
    title: first,
    heads: [...labels, base?.label ?? '', ...others.flatMap(({ label }) => [label, 'delta', ''])],
    aligns: [
      ...labels.map(() => 'left' as const),
      ...sides.slice(0, 1).map(() => 'right' as const),
      ...others.flatMap(() => ['right', 'right', 'right'] as const),
    ],
    rows: table.entries.map((entry) => ({
      depth: 0,
      label: entry.dimensions.get(first) ?? '',
      cells: [...labels.map((name) => entry.dimensions.get(name) ?? ''), ...numbers(entry)],
    })),
  };
}

function numbers({ values }: DiffEntry): string[] {
  const [base = null, ...others] = values;
  return [shown(base), ...others.flatMap((value) => [shown(value), ...change(base, value)])];
}

function shown(value: number | null): string {
  return value === null ? '-' : grouped(value);
}

/** `=`, or the difference and its share of the base. */
function change(base: number | null, value: number | null): [delta: string, share: string] {
  if (base === value) return [value === null ? '' : '=', ''];
  if (base === null) return ['new', ''];
  if (value === null) return ['gone', ''];
  return [signed(value - base), base === 0 ? '' : signedPercent(value - base, base)];
}

/** `+71,019`, `-3`. */
export function signed(delta: number): string {
  return `${delta < 0 ? '-' : '+'}${grouped(Math.abs(delta))}`;
}

/** `+2.94%`. */
export function signedPercent(delta: number, base: number): string {
  return `${delta < 0 ? '-' : '+'}${((Math.abs(delta) / base) * 100).toFixed(2)}%`;
}
