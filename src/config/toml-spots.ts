/**
 * Where the values of a TOML document stand: the parser tells the place of a mistake in the language, not of a value.
 *
 * Goes over what keys look like, `[table]`, `[[list of tables]]`, `a.b = value`, and over lists and inline tables. The
 * text is known to be TOML: what cannot be there is not looked for.
 */
import type { JsonPath, JsonSpot } from '../util/json-mistake.js';

const KEY = String.raw`(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')`;
const PATH = String.raw`${KEY}(?:\s*\.\s*${KEY})*`;
const HEADER = new RegExp(String.raw`(\[\[?)\s*(${PATH})\s*\]\]?`, 'y');
const ASSIGNMENT = new RegExp(String.raw`(${PATH})\s*=[ \t]*`, 'y');

/** `a."b.c"` -> a, b.c */
function namesOf(path: string): string[] {
  return [...path.matchAll(new RegExp(KEY, 'g'))].map(([part]) => {
    if (part.startsWith('"')) return String(JSON.parse(part));
    return part.startsWith("'") ? part.slice(1, -1) : part;
  });
}

/** Paths of the tables in use: which item of each list of tables is the current one. */
class Tables {
  readonly #counts = new Map<string, number>();

  /** `names` with the number of the item after every list of tables in it. */
  resolve(names: readonly string[]): (string | number)[] {
    const path: (string | number)[] = [];
    for (const name of names) {
      path.push(name);
      const count = this.#counts.get(JSON.stringify(path));
      if (count !== undefined) path.push(count - 1);
    }
    return path;
  }

  /** `[[names]]`: one more item. */
  append(names: readonly string[]): (string | number)[] {
    const list = [...this.resolve(names.slice(0, -1)), ...names.slice(-1)];
    const key = JSON.stringify(list);
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return [...list, count - 1];
  }
}

/** Blanks, ends of lines and comments. */
const SPACE = /(?:[ \t\r\n]|#[^\n]*)*/y;
const TEXT = /"""(?:[^\\]|\\[^])*?"{3,5}|'''[^]*?'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y;
/** A number, a date, true or false. */
const BARE = /[^,\]}\n#]*/y;

/** Goes over a text that is TOML, and notes where its values are. */
class TomlScan {
  readonly spots: JsonSpot[] = [];
  readonly #text: string;
  readonly #tables = new Tables();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): void {
    let table: JsonPath = [];
    for (this.#take(SPACE); this.#at < this.#text.length; this.#take(SPACE)) {
      if (this.#text[this.#at] === '[') table = this.#header();
      else this.#member(table);
    }
  }

  #header(): JsonPath {
    const start = this.#at;
    const [, brackets = '', path = ''] = this.#take(HEADER) ?? [];
    const names = namesOf(path);
    const table = brackets === '[[' ? this.#tables.append(names) : this.#tables.resolve(names);
    this.spots.push({ path: table, name: start, value: start });
    return table;
  }

  /** `a.b = value`, in a table or between braces. */
  #member(table: JsonPath): void {
    const start = this.#at;
    const [, path = ''] = this.#take(ASSIGNMENT) ?? [];
    this.#value([...table, ...namesOf(path)], start);
  }

  #value(path: JsonPath, name = this.#at): void {
    this.spots.push({ path, name, value: this.#at });
    const next = this.#text[this.#at];
    if (next === '[') this.#items(']', (index) => this.#value([...path, index]));
    else if (next === '{') this.#items('}', () => this.#member(path));
    else if (this.#take(TEXT) === null) this.#take(BARE);
  }

  #items(close: string, item: (index: number) => void): void {
    this.#at++;
    this.#take(SPACE);
    for (let index = 0; this.#at < this.#text.length && this.#text[this.#at] !== close; index++) {
      item(index);
      this.#take(SPACE);
      if (this.#text[this.#at] === ',') this.#at++;
      this.#take(SPACE);
    }
    this.#at++;
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    this.#at += match?.[0].length ?? 0;
    return match;
  }
}

/** The values of `text` in its order. */
export function tomlSpots(text: string): JsonSpot[] {
  const scan = new TomlScan(text);
  scan.document();
  return scan.spots;
}
