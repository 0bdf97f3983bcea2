/**
 * Where a text stops being JSON (RFC 8259), and what is wrong there; where the values of JSON stand.
 *
 * JSON.parse says no place in most of its messages (Node 20), and words them differently from version to version.
 */

export interface JsonMistake {
  /** Characters before it. */
  readonly offset: number;
  /** Lower case, no full stop: `expected ',' or '}', found ']'`. */
  readonly reason: string;
}

/** The first mistake in `text`, which JSON.parse refused; null if there is none. */
export function findJsonMistake(text: string): JsonMistake | null {
  try {
    const scan = new JsonScan(text);
    scan.value();
    scan.end();
    return null;
  } catch (error) {
    if (error instanceof Mistake) return { offset: error.offset, reason: error.message };
    throw error;
  }
}

/** Names and numbers that lead to a value from the outermost one. */
export type JsonPath = readonly (string | number)[];

/** A value of a JSON text: where it begins, and where its name does (of an item: the item itself). */
export interface JsonSpot {
  readonly path: JsonPath;
  readonly name: number;
  readonly value: number;
  /** Where the last word of the name begins, if the name may be a dotted path (TOML). */
  readonly word?: number;
}

/** Every value of `text`, which is JSON, in its order; a name that is there twice comes twice. */
export function jsonSpots(text: string): JsonSpot[] {
  const spots: JsonSpot[] = [];
  new JsonScan(text, (spot) => spots.push(spot)).value();
  return spots;
}

/** The first value whose name another of the same object has, and that one; null if every name is there once. */
export function findRepeated(spots: readonly JsonSpot[]): { spot: JsonSpot; earlier: JsonSpot } | null {
  const seen = new Map<string, JsonSpot>();
  for (const spot of spots) {
    const key = JSON.stringify(spot.path);
    const earlier = seen.get(key);
    if (earlier !== undefined) return { spot, earlier };
    seen.set(key, spot);
  }
  return null;
}

/** 1-based line and column of an offset, and the text of that line. */
export function placeOf(text: string, offset: number): { line: number; column: number; excerpt: string } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', start);
  const line = text.slice(0, start).split('\n').length;
  return { line, column: offset - start + 1, excerpt: text.slice(start, end < 0 ? undefined : end) };
}

class Mistake extends Error {
  readonly offset: number;

  constructor(offset: number, reason: string) {
    super(reason);
    this.offset = offset;
  }
}

const BLANKS = /[ \t\n\r]*/y;
// oxlint-disable-next-line no-control-regex -- a string of JSON holds none unescaped
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** Reads one value; throws a {@link Mistake}. */
class JsonScan {
  readonly #text: string;
  readonly #report: (spot: JsonSpot) => void;
  #at = 0;

  constructor(text: string, report: (spot: JsonSpot) => void = () => {}) {
    this.#text = text;
    this.#report = report;
  }

  value(path: JsonPath = [], name?: number): void {
    this.#take(BLANKS);
    this.#report({ path, name: name ?? this.#at, value: this.#at });
    const next = this.#text[this.#at];
    if (next === '{') this.#items('}', () => this.#member(path));
    else if (next === '[') this.#items(']', (index) => this.value([...path, index]));
    else if (next === '"') this.#string();
    else if (!this.#take(NUMBER) && !this.#take(WORD)) throw this.#expected('a value');
  }

  end(): void {
    this.#take(BLANKS);
    if (this.#at < this.#text.length) throw this.#expected('the end');
  }

  #items(close: string, item: (index: number) => void): void {
    this.#at++;
    this.#take(BLANKS);
    if (this.#is(close)) return;
    let index = 0;
    do item(index++);
    while (this.#is(','));
    if (!this.#is(close)) throw this.#expected(`',' or '${close}'`);
  }

  #member(path: JsonPath): void {
    this.#take(BLANKS);
    const start = this.#at;
    if (this.#text[start] !== '"') throw this.#expected('a name in double quotes');
    this.#string();
    const name = String(JSON.parse(this.#text.slice(start, this.#at)));
    if (!this.#is(':')) throw this.#expected("':'");
    this.value([...path, name], start);
  }

  #string(): void {
    const start = this.#at;
    if (this.#take(STRING)) return;
    const end = this.#text.indexOf('\n', start);
    const broken = end < 0 && !this.#text.slice(start + 1).includes('"');
    throw new Mistake(
      broken ? this.#text.length : start,
      broken ? BREAKS_OFF : 'a text that does not end in its line, or with a bad escape',
    );
  }

  /** Takes `character` after blanks, if it is the next. */
  #is(character: string): boolean {
    this.#take(BLANKS);
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    this.#at += match?.[0].length ?? 0;
    return match !== null;
  }

  #expected(what: string): Mistake {
    if (this.#at >= this.#text.length) return new Mistake(this.#text.length, BREAKS_OFF);
    return new Mistake(this.#at, `expected ${what}, found '${this.#text[this.#at] ?? ''}'`);
  }
}

const BREAKS_OFF = 'it breaks off here';
