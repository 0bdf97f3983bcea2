/** What a report says about its input before and after the numbers: trace, mode, assumptions. */
import { counted, grouped } from './numbers.js';
import type { Manifest, RunResult, SweepResult } from './result.js';

/** `redis.csv  csv, 10,000,000 records, 2 address spaces, sha256 5f1c9a0e`. */
export function traceLine(manifest: Manifest): string {
  const { trace } = manifest;
  const optional = (n: number, text: string): string[] => (n > 0 ? [text] : []);
  const facts = [
    trace.format,
    counted(trace.accesses, 'record'),
    ...optional(trace.events, counted(trace.events, 'event')),
    counted(trace.addressSpaces, 'address space'),
    ...optional(trace.skipped, `${grouped(trace.skipped)} skipped`),
    ...optional(trace.warmup, `${grouped(trace.warmup)} warm-up`),
    ...optional(trace.badRecords, `${counted(trace.badRecords, 'bad record')} dropped`),
    `sha256 ${trace.sha256.slice(0, 8)}`,
  ];
  return `${trace.path}  ${facts.join(', ')}`;
}

/** `hap  2-D walk ..., preset skylake, config 77ab01c2`. */
export function modeLine(run: RunResult): string {
  const { preset, sha256 } = run.manifest.config;
  return `${run.mode}  ${run.description}, preset ${preset}, config ${sha256.slice(0, 8)}`;
}

/** `8 points  stlb.entries x mode, preset skylake`. */
export function sweepLine({ axes, points, experiment }: SweepResult): string {
  const presets = [...new Set(points.map(({ manifest }) => manifest.config.preset))];
  const preset = `${presets.length === 1 ? 'preset' : 'presets'} ${presets.join(', ')}`;
  const modes = [...new Set(points.map(({ mode }) => mode))];
  if (experiment !== undefined) {
    const swept = `${experiment.axis} x ${modes.join(', ')}`;
    return `experiment ${experiment.name}  ${counted(points.length, 'point')}, ${swept}, ${preset}`;
  }
  const swept = [...axes.map(({ key }) => key), ...(modes.length > 1 ? ['mode'] : [])];
  return `${counted(points.length, 'point')}  ${swept.join(' x ') || modes.join('')}, ${preset}`;
}

/** Why the numbers cover less than was asked for; null for complete runs. */
export function incompleteLine(runs: readonly RunResult[]): string | null {
  const run = runs.find((r) => r.manifest.incomplete !== null);
  if (run === undefined) return null;
  const covered = counted(run.manifest.trace.accesses, 'record');
  return `INCOMPLETE: ${run.manifest.incomplete ?? ''}; the numbers cover the ${covered} before it`;
}

/**
 * Assumptions of all runs, each once; those of some modes only begin with the modes. Those of a sweep that differ in
 * numbers alone are one: `fault-around 1/16/64`.
 */
export function assumptionLines(runs: readonly RunResult[]): string[] {
  const modes = new Map<string, Set<string>>();
  for (const run of runs) {
    for (const assumption of run.manifest.assumptions) {
      modes.set(assumption, (modes.get(assumption) ?? new Set()).add(run.mode));
    }
  }
  const all = new Set(runs.map((run) => run.mode)).size;
  const lines = [...modes].map(([assumption, of]) =>
    of.size === all ? assumption : `${[...of].join(', ')}: ${assumption}`,
  );
  return withNumbersJoined(lines);
}

const NUMBER = /\d+/g;

function withNumbersJoined(lines: readonly string[]): string[] {
  const alike = new Map<string, string[]>();
  for (const line of lines) {
    const frame = line.replace(NUMBER, '#');
    alike.set(frame, [...(alike.get(frame) ?? []), line]);
  }
  return [...alike.values()].map((same) => {
    const numbers = same.map((line) => line.match(NUMBER) ?? []);
    let at = 0;
    return same[0]!.replace(NUMBER, () => {
      const values = new Set(numbers.map((row) => row[at]!));
      at += 1;
      return [...values].join('/');
    });
  });
}
