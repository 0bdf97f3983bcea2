/**
 * Terminal: whether to colour, decided once per stream and by us alone.
 *
 * Order: `--color always|never|auto`, then FORCE_COLOR, then NO_COLOR, then whether the stream is a
 * terminal that can. chalk would ignore NO_COLOR, so it is given its level and detects nothing.
 */
import type { Style } from '../index.js';

export type ColorChoice = 'always' | 'never' | 'auto';
export type Environment = Readonly<Record<string, string | undefined>>;
/** Adds a style to text, or returns it as it is. */
export type Colorizer = (style: Style, text: string) => string;

/** What the decision needs to know of a stream. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Widest table; wider terminals are not used further. */
export const MAX_COLUMNS = 100;

/** `--color` among the words, for messages that print before the words are parsed. */
export function colorChoice(argv: readonly string[]): ColorChoice {
  const at = argv.findIndex((word) => word === '--color' || word.startsWith('--color='));
  const word = argv[at]?.split('=')[1] ?? argv[at + 1];
  return at >= 0 && (word === 'always' || word === 'never') ? word : 'auto';
}

/** Whether text written to `stream` is coloured. */
export function wantsColor(stream: OutputStream, choice: ColorChoice, environment: Environment): boolean {
  if (choice !== 'auto') return choice === 'always';
  const forced = environment['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

/** A colorizer that does colour if `enabled`; loads chalk only then. */
export async function createColorizer(enabled: boolean): Promise<Colorizer> {
  if (!enabled) return (_style, text) => text;
  const { Chalk } = await import('chalk');
  const chalk = new Chalk({ level: 1 });
  return (style, text) => chalk[style](text);
}

/** Whether characters beyond ASCII can be shown: the locale says UTF-8, and the terminal is not a dumb one. */
export function wantsUnicode(environment: Environment): boolean {
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG']
    .map((name) => environment[name] ?? '')
    .find((value) => value !== '');
  return environment['TERM'] !== 'dumb' && /utf-?8/i.test(locale ?? '');
}

/** Columns to fill: those of the terminal or of COLUMNS, at most 100; 100 for a pipe. */
export function outputColumns(stream: OutputStream, environment: Environment): number {
  const columns = stream.columns ?? Number(environment['COLUMNS'] ?? MAX_COLUMNS);
  return Number.isInteger(columns) && columns >= 40 ? Math.min(columns, MAX_COLUMNS) : MAX_COLUMNS;
}
