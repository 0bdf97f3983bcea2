/**
 * A walk as text: one row per guest level for two-dimensional walks, with the numbers of the p2m
 * references under the p2m levels; one line per reference for one-dimensional walks.
 */
import type { WalkReport, WalkStep } from '../index.js';

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

/** The guest's entry, or the shadow's: `guest L4[254]`. */
function entry(step: WalkStep): string {
  return `${step.dimension} L${step.level}[${step.index}]`;
}

function gives(step: WalkStep): string {
  if (step.frame === null) return 'not present';
  const kind = step.dimension === 'guest' ? 'gfn' : 'page';
  return `-> ${kind} ${hex(step.frame)}`;
}

/** One row of a two-dimensional walk: p2m references, then the guest entry that they led to. */
interface Row {
  readonly label: string;
  readonly nested: readonly WalkStep[];
  readonly read: WalkStep | undefined;
}

function rowsOf(steps: readonly WalkStep[]): Row[] {
  const rows: Row[] = [];
  let nested: WalkStep[] = [];
  const label = (read: WalkStep | undefined): string => {
    const translating = nested[0]?.translating ?? (read === undefined ? '' : `gL${read.level}`);
    return translating.startsWith('gL') ? `${translating} table` : translating;
  };
  for (const step of steps) {
    const last = nested.at(-1);
    if (step.dimension === 'nested') {
      if (last !== undefined && last.translating !== step.translating) {
        rows.push({ label: label(undefined), nested, read: undefined });
        nested = [];
      }
      nested.push(step);
    } else {
      rows.push({ label: label(step), nested, read: step });
      nested = [];
    }
  }
  if (nested.length > 0) rows.push({ label: label(undefined), nested, read: undefined });
  return rows;
}

function nestedGrid(steps: readonly WalkStep[]): string[] {
  const levels = [...new Set(steps.filter((s) => s.dimension === 'nested').map((s) => s.level))].sort(
    (a, b) => b - a,
  );
  const head = `  ${'p2m'.padEnd(10)}${levels.map((level) => `L${level}`.padStart(4)).join('')}   then reads`;
  const lines = rowsOf(steps).map(({ label, nested, read }) => {
    const cells = levels.map((level) =>
      `${nested.find((step) => step.level === level)?.n ?? '-'}`.padStart(4),
    );
    const frame = nested.at(-1)?.frame;
    const reached = frame === null || frame === undefined ? '' : `mfn ${hex(frame)}`;
    const tail =
      read === undefined
        ? `  -  ${reached}`
        : `${`${read.n}`.padStart(3)}  ${entry(read).padEnd(16)} ${gives(read)}`;
    return `  ${label.padEnd(10)}${cells.join('')}  ${tail}`;
  });
  return [head, ...lines];
}

function flatList(steps: readonly WalkStep[]): string[] {
  return steps.map((step) => `  ${`${step.n}`.padStart(3)}  ${entry(step).padEnd(18)} ${gives(step)}`);
}

/** The whole report, ending in a newline. */
export function walkText(report: WalkReport, address: string): string {
  const which = report.at === null ? 'address' : `access ${report.at}`;
  const what = report.size === 0 ? '' : `  ${report.op} ${report.size} B`;
  const lines = [
    `${which}${what}  gVA ${address}  address space ${report.addressSpace}  mode ${report.mode}`,
  ];
  for (const phase of report.phases) {
    lines.push(phase.what);
    const twoDimensional = phase.steps.some((step) => step.dimension === 'nested');
    lines.push(...(twoDimensional ? nestedGrid(phase.steps) : flatList(phase.steps)));
  }
  const gfn = report.gfn === null ? 'no frame' : `gfn ${hex(report.gfn)}`;
  const mfn = report.mfn === null ? '' : `, mfn ${hex(report.mfn)}`;
  return `${[...lines, `result: ${gfn}${mfn}`].join('\n')}\n`;
}
