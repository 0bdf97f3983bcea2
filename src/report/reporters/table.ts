/**
 * The report for people: aligned columns, at most 100 wide, plain words, thousands separators.
 *
 * One run is printed in blocks, a comparison as one table with a column per mode and the verdict
 * below. Assumptions close every report.
 */
import { checkText } from '../budget/check-text.js';
import { compareSection } from '../compare-section.js';
import { costNotes, costSection } from '../cost-section.js';
import { experimentLines } from '../experiment-lines.js';
import { exitSection } from '../exit-section.js';
import { diffText } from '../diff/diff-text.js';
import { besideOrBelow, visibleWidth, wrap } from '../grid.js';
import { assumptionLines, incompleteLine, modeLine, sweepLine, traceLine } from '../heading.js';
import { intervalSection } from '../interval-section.js';
import { metricSection } from '../metric-section.js';
import {
  isCompare,
  isSweep,
  outputsOf,
  type Reporter,
  type ReporterOptions,
  runsOf,
  type SingleOutput,
} from '../output.js';
import type { CompareResult, RunResult, SweepResult } from '../result.js';
import {
  guestSection,
  memorySection,
  translationSection,
  walkCacheSection,
  walkSection,
} from '../run-sections.js';
import type { Section } from '../section.js';
import { sectionLines } from '../section-lines.js';
import { sweepSection } from '../sweep-section.js';
import { fittedSections } from '../wide-section.js';

/** Wider tables are hard to read and to paste. */
const MAX_COLUMNS = 100;

export const table = {
  name: 'table',
  slices: 'of one run',
  summary: 'aligned columns for people (default)',
  render(output, options) {
    const blocks = outputsOf(output).map((single) => `${renderOne(single, options).join('\n')}\n`);
    return blocks.join('\n');
  },
  renderDiff: diffText,
  renderChecks: checkText,
  gap: '\n',
} satisfies Reporter;

function renderOne(output: SingleOutput, options: ReporterOptions): string[] {
  if (isSweep(output)) return sweepReport(output, options);
  const runs = runsOf(output);
  const first = runs[0];
  if (first === undefined) return ['no results'];
  const columns = width(options);
  const incomplete = incompleteLine(runs);
  const body = options.metrics === null ? report(output, options) : metricLines(runs, options);
  return [
    ...(incomplete === null ? [] : [...wrap(incomplete, columns).map((l) => options.color('yellow', l)), '']),
    ...wrap(traceLine(first.manifest), columns),
    ...runs.flatMap((run) => wrap(modeLine(run), columns)),
    '',
    ...body,
    ...(options.all && options.metrics === null
      ? ['', ...metricLines(runs, { ...options, metrics: '*' })]
      : []),
    ...assumptions(runs, options),
  ];
}

/** What differs from point to point is in the table. */
function sweepReport(output: SweepResult, options: ReporterOptions): string[] {
  const { points } = output;
  const [first] = points;
  if (first === undefined) return ['no results'];
  const columns = width(options);
  const incomplete = incompleteLine(points);
  return [
    ...(incomplete === null ? [] : [...wrap(incomplete, columns).map((l) => options.color('yellow', l)), '']),
    ...wrap(traceLine(first.manifest), columns),
    ...wrap(sweepLine(output), columns),
    '',
    ...sweepBody(output, options),
    ...assumptions(points, options),
  ];
}

/** Swept keys and mode say which row it is. */
function sweepTable(output: SweepResult, options: ReporterOptions): string[] {
  const section = sweepSection(output, options.all ? '*' : options.metrics);
  return fittedLines(section, Math.max(1, output.axes.length), options);
}

/** The table of the experiment, or one row a point where there is none or metrics are chosen. */
function sweepBody(output: SweepResult, options: ReporterOptions): string[] {
  const { experiment, points } = output;
  if (experiment === undefined || options.all || options.metrics !== null) return sweepTable(output, options);
  const [headline, ...rest] = experiment.verdict.flatMap((sentence) => wrap(sentence, width(options)));
  const notes = costNotes(points, '').flatMap((note) => wrap(note, width(options)));
  return [
    ...wrap(experiment.question, width(options)).map((line) => options.color('bold', line)),
    '',
    ...experimentLines(experiment, { ...options, columns: width(options) }),
    ...(headline === undefined ? [] : ['', headline, ...rest]),
    '',
    ...notes.map((line) => options.color('dim', line)),
  ];
}

function report(output: Exclude<SingleOutput, SweepResult>, options: ReporterOptions): string[] {
  return isCompare(output) ? compareReport(output, options) : runReport(output, options);
}

function runReport(run: RunResult, options: ReporterOptions): string[] {
  const block = (sections: readonly Section[]): string[] => fittedBlock(sections, options);
  const left = block([translationSection(run), walkSection(run)]);
  const right = block([walkCacheSection(run), guestSection(run), memorySection(run)]);
  const notes = costNotes([run], '*').flatMap((note) => wrap(note, width(options)));
  return [
    ...besideOrBelow(left, right, width(options)),
    '',
    ...block([exitSection(run)]),
    '',
    ...block([costSection(run)]),
    ...(run.intervals.length === 0 ? [] : ['', ...block([intervalSection(run)])]),
    '',
    ...notes.map((line) => options.color('dim', line)),
  ];
}

function compareReport(result: CompareResult, options: ReporterOptions): string[] {
  const columns = width(options);
  const notes = costNotes(result.results, '').flatMap((note) => wrap(note, columns));
  const [headline, ...rest] = result.verdict?.sentences ?? [];
  return [
    ...modeColumns(compareSection(result.results), options),
    ...(headline === undefined ? [] : ['', ...wrap(headline, columns).map((l) => options.color('bold', l))]),
    ...rest.flatMap((sentence) => wrap(sentence, columns)),
    '',
    ...notes.map((line) => options.color('dim', line)),
  ];
}

function metricLines(runs: readonly RunResult[], options: ReporterOptions): string[] {
  return modeColumns(metricSection(runs, options.metrics ?? '*'), options);
}

/** A table of modes, cut into as many tables as it takes to stay within the width. */
function modeColumns(whole: Section, options: ReporterOptions): string[] {
  return fittedLines(whole, 0, options);
}

/** A section in as many tables as it takes; the first `leads` columns are in each. */
function fittedLines(whole: Section, leads: number, options: ReporterOptions): string[] {
  const parts = fittedSections(whole, leads, width(options));
  return parts.flatMap((part, i) => [...(i === 0 ? [] : ['']), ...sectionLines([part], options)]);
}

/** Sections in one grid; if that is too wide, each in tables of its own. */
function fittedBlock(sections: readonly Section[], options: ReporterOptions): string[] {
  const lines = sectionLines(sections, options);
  if (lines.every((line) => visibleWidth(line) <= width(options))) return lines;
  const shown = sections.filter(({ rows }) => rows.length > 0);
  return shown.flatMap((each, i) => [...(i === 0 ? [] : ['']), ...fittedLines(each, 0, options)]);
}

function assumptions(runs: readonly RunResult[], options: ReporterOptions): string[] {
  const lines = assumptionLines(runs).flatMap((text) => wrap(text, width(options), '  - '));
  return lines.length === 0 ? [] : ['', options.color('bold', 'Assumptions'), ...lines];
}

function width(options: ReporterOptions): number {
  return Math.min(options.columns, MAX_COLUMNS);
}
