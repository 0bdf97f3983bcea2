/**
 * Validation as text: one line per suite and scenario, what differs, a verdict.
 */
import { type Cell, distance } from '../validate/cell.js';
import { missingHistory } from '../validate/explanations.js';
import {
  byScenario,
  cellText,
  countsAsDifferent,
  reasonFor,
  type ScenarioSummary,
} from '../validate/summary.js';
import { type ScenarioRun, type Validation, VALIDATION_SCHEMA } from '../validate/validate.js';
import { type Align, gridLines, wrap } from './grid.js';
import { grouped } from './numbers.js';
import type { ToolInfo } from './result.js';

const SUMMARY_ALIGNS: readonly Align[] = ['left', 'left', 'right', 'right', 'right', 'right', 'left'];
const SUMMARY_HEAD = ['suite', 'scenario', 'cells', 'equal', 'different', 'explained', 'largest difference'];
/** Cells of a scenario that are listed without --all. */
const LISTED = 5;

/** The whole report; `all`: with every cell. */
export function validationText(validation: Validation, columns: number, all: boolean): string {
  const { cells, scenarios } = validation;
  const blocks = [
    all ? cellLines(cells) : [],
    gridLines([SUMMARY_HEAD, ...scenarios.map(summaryRow), totalRow(scenarios)], SUMMARY_ALIGNS),
    differenceLines(cells),
    explainedLines(cells, columns),
    [verdictOf(validation)],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** One sentence: how many cells, how many of them differ. */
export function verdictOf({ cells, passed }: Pick<Validation, 'cells' | 'passed'>): string {
  const different = cells.filter(countsAsDifferent).length;
  const explained = cells.filter((cell) => !cell.equal).length - different;
  const rest = explained === 0 ? '' : `; ${grouped(explained)} more differ for a reason that is known`;
  return passed
    ? `all ${grouped(cells.length - explained)} cells agree${rest}`
    : `${grouped(different)} of ${grouped(cells.length)} cells differ${rest}`;
}

function summaryRow(row: ScenarioSummary): string[] {
  const counts = [row.cells, row.equal, row.different, row.explained].map(grouped);
  return [row.suite, row.scenario, ...counts, row.largest === null ? '-' : largestText(row.largest)];
}

function totalRow(rows: readonly ScenarioSummary[]): string[] {
  const sum = (key: 'cells' | 'equal' | 'different' | 'explained'): string =>
    grouped(rows.reduce((total, row) => total + row[key], 0));
  return ['all', '', sum('cells'), sum('equal'), sum('different'), sum('explained'), ''];
}

function largestText(cell: Cell): string {
  if (cell.modelled === null) return `${cell.quantity}: not run`;
  const sign = cell.modelled > cell.measured ? '+' : '-';
  return `${cell.quantity} ${sign}${numberText(distance(cell))}`;
}

function numberText(n: number): string {
  return Number.isInteger(n) ? grouped(n) : String(n);
}

/** Cells that count against the model, a few per scenario, those that are furthest off first. */
function differenceLines(cells: readonly Cell[]): string[] {
  const off = cells.filter(countsAsDifferent);
  return byScenario(off).flatMap((group) => {
    const { suite, scenario } = group[0]!;
    const shown = group.toSorted((a, b) => distance(b) - distance(a)).slice(0, LISTED);
    const more = group.length - shown.length;
    return [
      `${suite} ${scenario}`,
      ...shown.map((cell) => `  ${cellText(cell)}${cell.note === '' ? '' : ` (${cell.note})`}`),
      ...(more > 0 ? [`  and ${grouped(more)} more (--all shows every cell)`] : []),
    ];
  });
}

/** Cells that differ for a reason that is known, by reason. */
function explainedLines(cells: readonly Cell[], columns: number): string[] {
  const off = cells.filter((cell) => !cell.equal && !countsAsDifferent(cell));
  const reasons = [...new Set(off.map(reasonFor))];
  const blocks = reasons.flatMap((reason) => {
    const group = off.filter((cell) => reasonFor(cell) === reason);
    return [
      ...wrap(reason, columns),
      ...group.map((cell) => `  ${cell.suite} ${cell.scenario} ${cellText(cell)}`),
    ];
  });
  return blocks.length === 0 ? [] : ['Explained, not counted:', ...blocks];
}

function cellLines(cells: readonly Cell[]): string[] {
  const head = ['suite', 'scenario', 'mode', 'parameters', 'phase', 'quantity', 'measured', 'modelled', ''];
  const aligns: Align[] = ['left', 'left', 'left', 'left', 'left', 'left', 'right', 'right', 'left'];
  return gridLines([head, ...cells.map(cellRow)], aligns);
}

function cellRow(cell: Cell): string[] {
  const { suite, scenario, mode, phase, quantity } = cell;
  const params = Object.entries(cell.params).map(([name, value]) => `${name}=${value}`);
  const modelled = cell.modelled === null ? '-' : numberText(cell.modelled);
  const verdict = cell.equal ? 'equal' : countsAsDifferent(cell) ? 'different' : 'explained';
  return [
    suite,
    scenario,
    mode,
    params.join(' '),
    phase,
    quantity,
    numberText(cell.measured),
    modelled,
    verdict,
  ];
}

/** The report as JSON. */
export interface ValidationJson {
  readonly schema: typeof VALIDATION_SCHEMA;
  readonly tool: ToolInfo;
  readonly passed: boolean;
  readonly verdict: string;
  readonly scenarios: readonly ScenarioSummary[];
  /** Cells that count against the model. */
  readonly different: readonly Cell[];
  readonly explained: readonly Cell[];
  readonly cells?: readonly Cell[];
}

/** The report as data; `all`: with every cell, not only those that differ. */
export function validationJson(validation: Validation, all: boolean, tool: ToolInfo): ValidationJson {
  const { cells, scenarios, passed } = validation;
  return {
    schema: VALIDATION_SCHEMA,
    tool,
    passed,
    verdict: verdictOf(validation),
    scenarios,
    different: cells.filter(countsAsDifferent),
    explained: cells.filter((cell) => !cell.equal && !countsAsDifferent(cell)),
    ...(all ? { cells } : {}),
  };
}

/** One scenario by itself: a row per number of each phase, and what it lacks beside the measured ones. */
export function scenarioText(run: ScenarioRun, columns: number): string {
  const params = Object.entries(run.params).map(([name, value]) => `${name}=${value}`);
  const rows = run.phases.flatMap(({ phase, exits, guestFaults, shadowPages, pageTablePages, counters }) => {
    const group = (name: string, values: Readonly<Record<string, number>>): [string, number][] =>
      Object.entries(values).map(([key, value]) => [`${name} ${key}`, value]);
    const numbers: (readonly [string, number])[] = [
      ['exits', exits.total],
      ...group('  by reason', exits.byReason),
      ...group('  by class', exits.byClass),
      ['guest faults', guestFaults],
      ...(run.suite === 'xen' ? [['shadow pages added', shadowPages] as const] : []),
      [run.mode.startsWith('hap') ? 'nested table pages in use' : 'shadow pages in use', pageTablePages],
      ...group('counter', counters),
    ];
    return numbers.map(([name, value], i) => [i === 0 ? phase : '', name, grouped(value)]);
  });
  const head = [run.suite, run.scenario, ...params, `mode=${run.mode}`].join(' ');
  const missing = missingHistory(run);
  const note = missing === null ? [] : ['', ...wrap(`note: ${missing}`, columns)];
  return `${[head, '', ...gridLines(rows, ['left', 'left', 'right']), ...note].join('\n')}\n`;
}
