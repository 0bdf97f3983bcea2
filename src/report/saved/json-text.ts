/**
 * JSON text to a value, with the line and column of a mistake; several values one a line, too.
 */
import { TraceError } from '../../errors.js';
import { findJsonMistake, placeOf } from '../../util/json-mistake.js';

const WHERE_FROM = 'results are written by `p2msim replay --json`, `compare --json` and `sweep --json`';

/** How a baseline begins, as far as it goes to tell it. */
const BASELINE_START = /^\s*\{\s*"schema":\s*"p2msim\.baseline\//;
const START_LENGTH = 200;
const HOW_BASELINE =
  'take it from version control again, or remove it and let `p2msim baseline update TRACE...` write it anew';

/** `text` as JSON, or as one JSON value a line. Throws {@link TraceError} with the place in `file`. */
export function parseJsonValues(text: string, file: string): readonly unknown[] {
  if (text.trim() === '')
    throw new TraceError({ file }, 'is empty; expected a saved result', { hint: WHERE_FROM });
  const whole = tryJson(text);
  if (whole !== null) return [whole.value];
  const lines = text.split('\n');
  // One value a line: then the first line is whole by itself.
  if (tryJson(lines[0] ?? '') === null) throw notJson(text.trimEnd(), 1, file);
  return lines.flatMap((line, at) => {
    if (line.trim() === '') return [];
    const parsed = tryJson(line);
    if (parsed === null) throw notJson(line, at + 1, file);
    return [parsed.value];
  });
}

function tryJson(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function notJson(text: string, firstLine: number, file: string): TraceError {
  const mistake = findJsonMistake(text) ?? { offset: 0, reason: 'it cannot be read' };
  const { line, column, excerpt } = placeOf(text, mistake.offset);
  const place = { file, line: line + firstLine - 1, column };
  const isBaseline = BASELINE_START.test(text.slice(0, START_LENGTH));
  if (!/^\s*[[{]/.test(text) && firstLine === 1) {
    throw new TraceError(place, 'is no saved result, which is JSON; expected one', {
      excerpt,
      hint: `${WHERE_FROM}; a trace is replayed where it is the second of \`p2msim diff BASE TRACE\``,
    });
  }
  const expected = isBaseline ? 'the rest of a baseline' : 'a saved result';
  return new TraceError(place, `not JSON: ${mistake.reason}; expected ${expected}`, {
    excerpt,
    hint: isBaseline ? HOW_BASELINE : WHERE_FROM,
  });
}
