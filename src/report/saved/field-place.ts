/**
 * Line and column of a field that is wrong in saved results: readers know its path, the text knows where that is.
 */
import { TraceError } from '../../errors.js';
import { type JsonPath, type JsonSpot, jsonSpots, placeOf } from '../../util/json-mistake.js';
import { FieldError } from './fields.js';

/**
 * `error` with the place of its field in `text`, which is JSON or JSON lines; any error but a {@link FieldError} as it
 * is. `from` is where the text begins, if it is a line of a file.
 */
export function withPlace(
  error: unknown,
  text: string,
  from?: { readonly file: string; readonly line: number },
): unknown {
  if (!(error instanceof FieldError)) return error;
  const { offset, length } = offsetOf(text, pathOf(error.path));
  const { line, column, excerpt } = placeOf(text, offset);
  const hint = error.hint === undefined ? {} : { hint: error.hint };
  const place = { file: from?.file ?? error.place.file, line: line + (from?.line ?? 1) - 1, column };
  return new TraceError(place, error.message, { ...hint, excerpt, span: length, cause: error });
}

/** `cost.terms[3].count`, `counters["walk.refs"]` -> their parts. */
function pathOf(text: string): JsonPath {
  const parts = text.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|(\w+)/g);
  return Array.from(parts, ([, index, quoted, name = '']): string | number => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? name : String(JSON.parse(quoted));
  });
}

/** Where the value begins, or the nearest one around it that is there. */
function offsetOf(text: string, path: JsonPath): { offset: number; length: number } {
  const all = valuesOf(text);
  // A value that is alone is not counted in paths.
  const [first, ...rest] = path;
  const counted = typeof first === 'number' && all.length > 1;
  const { start, spots } = all[counted ? first : 0] ?? { start: 0, spots: [] };
  const wanted = counted ? rest : path;
  for (let length = wanted.length; length > 0; length--) {
    const key = JSON.stringify(wanted.slice(0, length));
    const spot = spots.find((each) => JSON.stringify(each.path) === key);
    if (spot === undefined) continue;
    const whole = length === wanted.length;
    const offset = start + (whole ? spot.value : spot.name);
    return { offset, length: whole ? wordAt(text, offset) : 1 };
  }
  return { offset: start, length: 1 };
}

const WORD = /"(?:[^"\\\n]|\\.)*"|[\w.+-]+|/y;

function wordAt(text: string, offset: number): number {
  WORD.lastIndex = offset;
  return Math.max(1, (WORD.exec(text)?.[0] ?? '').length);
}

interface Value {
  readonly start: number;
  readonly spots: readonly JsonSpot[];
}

/** The values of a text: of a list its items, of JSON lines one each. */
export function valuesOf(text: string): Value[] {
  if (isJson(text)) return [{ start: 0, spots: jsonSpots(text) }].flatMap(itemsOf);
  let start = 0;
  return text.split('\n').flatMap((line) => {
    const at = start;
    start += line.length + 1;
    return line.trim() === '' ? [] : [{ start: at, spots: jsonSpots(line) }];
  });
}

/** The items of a list at the top, as values of their own. */
function itemsOf(value: Value): Value[] {
  const items = value.spots.filter(({ path }) => path.length === 1 && typeof path[0] === 'number');
  if (items.length === 0) return [value];
  return items.map((_, i) => ({
    start: value.start,
    spots: value.spots
      .filter(({ path }) => path[0] === i)
      .map((spot) => ({ ...spot, path: spot.path.slice(1) })),
  }));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
