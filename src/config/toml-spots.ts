/**
 * Where the values of a TOML document stand: the parser tells the place of a mistake in the language, not of a value.
 *
 * Goes over what keys look like, `[table]`, `[[list of tables]]`, `a.b = value`, and over lists and inline tables. The
 * text is known to be TOML: what cannot be there is not looked for.
 */
import type { JsonPath, JsonSpot } from '../util/json-mistake.js';
import { unescaped } from './source-text.js';

const KEY = String.raw`(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')`;
const PATH = String.raw`${KEY}(?:\s*\.\s*${KEY})*`;
const HEADER = new RegExp(String.raw`(\[\[?)\s*(${PATH})\s*\]\]?`, 'y');
const ASSIGNMENT = new RegExp(String.raw`(${PATH})\s*=[ \t]*`, 'y');

/** One of the names of a dotted path, and where it stands. */
interface Step {
  readonly name: string;
  readonly at: number;
}

/** `a."b.c"` -> a, b.c; `start` is where the path begins. */
function stepsOf(path: string, start: number): Step[] {
  return [...path.matchAll(new RegExp(KEY, 'g'))].map((match) => {
    const [part] = match;
    const at = start + match.index;
    if (part.startsWith('"')) return { name: unescaped(part), at };
    return { name: part.startsWith("'") ? part.slice(1, -1) : part, at };
  });
}

const namesOf = (steps: readonly Step[]): string[] => steps.map(({ name }) => name);

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
  readonly #known = new Set<string>();
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
    const [all = '', brackets = '', path = ''] = this.#take(HEADER) ?? [];
    const steps = stepsOf(path, start + all.indexOf(path, brackets.length));
    this.#above(steps, (names) => this.#tables.resolve(names));
    const names = namesOf(steps);
    const table = brackets === '[[' ? this.#tables.append(names) : this.#tables.resolve(names);
    const at = steps[0]?.at ?? start;
    this.#note({ path: table, name: at, value: at, word: steps.at(-1)?.at ?? at });
    return table;
  }

  /** `a.b = value`, in a table or between braces. */
  #member(table: JsonPath): void {
    const start = this.#at;
    const [, path = ''] = this.#take(ASSIGNMENT) ?? [];
    const steps = stepsOf(path, start);
    this.#above(steps, (names) => [...table, ...names]);
    this.#value([...table, ...namesOf(steps)], start, steps.at(-1)?.at ?? start);
  }

  /** Tables that a dotted path makes on its way, if they are not there yet: each stands at its name. */
  #above(steps: readonly Step[], pathOf: (names: readonly string[]) => JsonPath): void {
    for (let i = 1; i < steps.length; i++) {
      const path = pathOf(namesOf(steps.slice(0, i)));
      const at = steps[i - 1]?.at ?? 0;
      if (!this.#known.has(JSON.stringify(path))) this.#note({ path, name: at, value: at });
    }
  }

  #note(spot: JsonSpot): void {
    this.spots.push(spot);
    this.#known.add(JSON.stringify(spot.path));
  }

  #value(path: JsonPath, name = this.#at, word = name): void {
    this.#note({ path, name, value: this.#at, word });
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
