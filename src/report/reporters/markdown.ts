/** The same report as the table reporter's, as GitHub-flavoured Markdown. */
import { checkMarkdown } from '../budget/check-markdown.js';
import { compareSection } from '../compare-section.js';
import { costNotes, costSection } from '../cost-section.js';
import { diffMarkdown } from '../diff/diff-markdown.js';
import { experimentSection } from '../experiment-lines.js';
import { exitSection } from '../exit-section.js';
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
import {
  guestSection,
  memorySection,
  translationSection,
  walkCacheSection,
  walkSection,
} from '../run-sections.js';
import type { CompareResult, RunResult, SweepResult } from '../result.js';
import { escaped, markdownTable } from '../markdown-table.js';
import type { Section } from '../section.js';
import { sweepSection } from '../sweep-section.js';

export const markdown = {
  name: 'markdown',
  slices: 'of one run',
  summary: 'tables in GitHub-flavoured Markdown',
  render: (output, options) =>
    outputsOf(output)
      .map((single) => `${renderOne(single, options).join('\n\n')}\n`)
      .join('\n'),
  renderDiff: diffMarkdown,
  renderChecks: checkMarkdown,
  gap: '\n',
} satisfies Reporter;

/** Paragraphs. */
function renderOne(output: SingleOutput, options: ReporterOptions): string[] {
  const runs = runsOf(output);
  const first = runs[0];
  if (first === undefined) return ['no results'];
  const incomplete = incompleteLine(runs);
  const { sections, heads } = isSweep(output)
    ? { sections: [sweptSection(output, options)], heads: [sweepLine(output)] }
    : { sections: chosenSections(output, options), heads: runs.map(modeLine) };
  const verdict = verdictOf(output, options);
  const notes = [...costNotes(runs, isCompare(output) ? '' : '*'), ...assumptionLines(runs)];
  return [
    ...(incomplete === null ? [] : [`> **${escaped(incomplete)}**`]),
    [traceLine(first.manifest), ...heads].map((text) => `- ${escaped(text)}`).join('\n'),
    ...sections.filter((s) => s.rows.length > 0).map(markdownTable),
    ...(verdict.length === 0 ? [] : [escaped(verdict.join(' '))]),
    ['Notes and assumptions:', '', ...notes.map((note) => `- ${escaped(note)}`)].join('\n'),
  ];
}

function isExperiment(output: SweepResult, { all, metrics }: ReporterOptions): boolean {
  return output.experiment !== undefined && !all && metrics === null;
}

function sweptSection(output: SweepResult, options: ReporterOptions): Section {
  if (output.experiment !== undefined && isExperiment(output, options))
    return experimentSection(output.experiment);
  return sweepSection(output, options.all ? '*' : options.metrics);
}

function verdictOf(output: SingleOutput, options: ReporterOptions): readonly string[] {
  if (isCompare(output)) return output.verdict?.sentences ?? [];
  return isSweep(output) && isExperiment(output, options) ? (output.experiment?.verdict ?? []) : [];
}

function chosenSections(output: RunResult | CompareResult, options: ReporterOptions): Section[] {
  const runs = runsOf(output);
  if (options.metrics !== null) return [metricSection(runs, options.metrics)];
  return [...reportSections(output), ...(options.all ? [metricSection(runs, '*')] : [])];
}

function reportSections(output: RunResult | CompareResult): Section[] {
  if (isCompare(output)) return [compareSection(output.results)];
  return [
    translationSection(output),
    walkSection(output),
    walkCacheSection(output),
    guestSection(output),
    memorySection(output),
    exitSection(output),
    costSection(output),
    intervalSection(output),
  ];
}
