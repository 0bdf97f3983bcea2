/** The text of a document, and the lines and columns of what stands in it. */
import type { Excerpt } from '../errors.js';
import { type JsonPath, type JsonSpot, placeOf } from '../util/json-mistake.js';

/** Characters of a name or of a text between its quotes, after escapes: what of it is wrong. */
export interface Within {
  readonly at: number;
  readonly length: number;
}

/** A text, and where its values are. */
export class SourceText {
  readonly file: string;
  readonly #text: string;
  readonly #spots: ReadonlyMap<string, JsonSpot>;

  constructor(file: string, text: string, spots: readonly JsonSpot[]) {
    this.file = file;
    this.#text = text;
    this.#spots = new Map(spots.map((spot) => [JSON.stringify(spot.path), spot]));
  }

  /** The line of a value, or of its name with the dotted path before it; of what holds it if it has no place of its own. */
  excerpt(path: JsonPath, what: 'name' | 'value'): Excerpt {
    for (let length = path.length; length > 0; length--) {
      const spot = this.#spotOf(path.slice(0, length));
      if (spot !== undefined) return excerptAt(this.#text, spot[what]);
    }
    return excerptAt(this.#text, 0);
  }

  /** A part of a value, or of the last word of a name. */
  excerptWithin(path: JsonPath, what: 'name' | 'value', within: Within): Excerpt {
    const spot = this.#spotOf(path);
    if (spot === undefined) return this.excerpt(path, what);
    const offset = what === 'value' ? spot.value : (spot.word ?? spot.name);
    return partOf(excerptAt(this.#text, offset, WORD), within);
  }

  #spotOf(path: JsonPath): JsonSpot | undefined {
    return this.#spots.get(JSON.stringify(path));
  }
}

/** A text in quotes, or a word without a dot in it. */
const WORD = /"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w+-]+|/y;
/** What stands at an offset: such words with dots between them, or one character. */
const PATH = /(?:(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[\w+-]+)\.?)*/y;

export function excerptAt(text: string, offset: number, pattern = PATH): Excerpt {
  const { line, column, excerpt } = placeOf(text, offset);
  pattern.lastIndex = offset;
  const [word = ''] = pattern.exec(text) ?? [];
  return { line, column, text: excerpt.replace(/\r$/, ''), span: Math.max(1, word.length) };
}

/** One character of a text in double quotes as it is written, in JSON or TOML. */
const WRITTEN = /\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\?./gsu;

/** Escapes that stand for another character than the one behind the backslash. */
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  e: '\u001b',
};

/** The character that `written` stands for. */
function meant(written: string): string {
  if (!written.startsWith('\\')) return written;
  const letter = written.slice(1, 2);
  if (written.length > 2) return String.fromCodePoint(Number.parseInt(written.slice(2), 16));
  return SHORT_ESCAPES[letter] ?? letter;
}

/** What stands between the quotes of `"..."`. */
export function unescaped(quoted: string): string {
  return [...quoted.slice(1, -1).matchAll(WRITTEN)].map(([written]) => meant(written)).join('');
}

/** The part `within` of what an excerpt shows. A text over several lines is left whole. */
function partOf(whole: Excerpt, within: Within): Excerpt {
  const word = whole.text.slice(whole.column - 1, whole.column - 1 + whole.span);
  const quote = /^["']/.test(word) ? 1 : 0;
  const inner = word.slice(quote, word.length - quote);
  const starts = startsOf(inner, word.startsWith('"'));
  const start = starts[within.at];
  const end = starts[within.at + within.length];
  if (start === undefined || end === undefined) return whole;
  return { ...whole, column: whole.column + quote + start, span: Math.max(1, end - start) };
}

/** Where each character of the value begins in what is written, and where the last one ends. */
function startsOf(inner: string, escapes: boolean): number[] {
  if (!escapes) return [...Array(inner.length + 1).keys()];
  const starts: number[] = [];
  let at = 0;
  for (const [written] of inner.matchAll(WRITTEN)) {
    // What is outside of the Basic Multilingual Plane is two characters of a string.
    for (let i = 0; i < meant(written).length; i++) starts.push(at);
    at += written.length;
  }
  return [...starts, at];
}
