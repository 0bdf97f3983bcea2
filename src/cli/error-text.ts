/**
 * How an error prints: `error: <where>: <what>`, the offending line with carets, and a hint.
 *
 * Text from inputs is shown without control characters, so that a trace cannot drive the terminal.
 */
import type { Library } from './context.js';
import { EXIT_INPUT, EXIT_INTERNAL } from './exit-codes.js';
import { systemReason } from '../util/system-reason.js';
import type { Colorizer } from './terminal.js';

/** Longest excerpt, in characters; longer lines are cut around the column. */
const EXCERPT_COLUMNS = 100;

/** What main prints and exits with. */
export interface ErrorReport {
  readonly text: string;
  readonly exitCode: number;
}

function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}

/** The line, its number, and carets under `span` characters from `column` (from 1). */
export function excerptLines(line: number, text: string, column: number | undefined, span: number): string[] {
  const start = column === undefined ? 0 : Math.max(0, column - 1 - EXCERPT_COLUMNS / 2);
  const cut = printable(text.slice(start, start + EXCERPT_COLUMNS));
  const gutter = `  ${line} | `;
  const lines = [gutter + cut];
  if (column === undefined) return lines;
  const at = column - 1 - start;
  const carets = '^'.repeat(Math.max(1, Math.min(span, cut.length - at)));
  return [...lines, `${' '.repeat(gutter.length - 2)}| ${' '.repeat(at)}${carets}`];
}

function internalReport(error: unknown, version: string): ErrorReport {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const text = [
    `internal error: ${stack}`,
    `p2msim ${version}, node ${process.version}, ${process.platform}`,
    'hint: this is a bug in p2msim; please report it with the command line and the lines above',
  ];
  return { text: `${text.join('\n')}\n`, exitCode: EXIT_INTERNAL };
}

function systemMessage(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined;
  return 'path' in error && typeof error.path === 'string'
    ? `${error.path}: ${systemReason(error)}`
    : systemReason(error);
}

/** Turns anything thrown into text and an exit code. `debug` adds stacks. */
export function reportError(library: Library, error: unknown, color: Colorizer, debug: boolean): ErrorReport {
  const label = color('red', 'error:');
  if (!(error instanceof library.P2msimError)) {
    const system = systemMessage(error);
    if (system === undefined || debug) return internalReport(error, library.TOOL.version);
    return { text: `${label} ${printable(system)}\n`, exitCode: EXIT_INPUT };
  }
  if (error instanceof library.InternalError) return internalReport(error, library.TOOL.version);
  const lines: string[] = [];
  if (error instanceof library.TraceError) {
    lines.push(`${label} ${printable(error.where)}: ${printable(error.message)}`);
    const { line, column } = error.place;
    if (error.excerpt !== undefined && line !== undefined) {
      lines.push(...excerptLines(line, error.excerpt, column, error.span));
    }
  } else {
    lines.push(`${label} ${printable(error.message)}`);
    const excerpt = error instanceof library.ConfigError ? error.excerpt : undefined;
    if (excerpt !== undefined)
      lines.push(...excerptLines(excerpt.line, excerpt.text, excerpt.column, excerpt.span));
  }
  lines.push(...error.details.map((line) => `  ${printable(line)}`));
  if (error.hint !== undefined) lines.push(`${color('cyan', 'hint:')} ${error.hint}`);
  if (debug && error.stack !== undefined) lines.push(error.stack);
  return { text: `${lines.join('\n')}\n`, exitCode: error.exitCode };
}
