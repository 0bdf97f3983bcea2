/**
 * Where the keys of a TOML document stand: the parser tells the place of a mistake in the language, not of a value.
 *
 * Reads line by line what keys look like: `[table]`, `[[list of tables]]`, `a.b = value`. A key inside an inline table or
 * a list is not found; whoever asks takes the place of what holds it. The text is known to be TOML.
 */
import type { JsonSpot } from '../util/json-mistake.js';

const KEY = String.raw`(?:[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*')`;
const PATH = String.raw`${KEY}(?:\s*\.\s*${KEY})*`;
const HEADER = new RegExp(String.raw`^(\s*)(\[\[?)\s*(${PATH})\s*\]`);
const ASSIGNMENT = new RegExp(String.raw`^(\s*)(${PATH})(\s*=\s*)`);

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

/** True if `line` begins or ends a string of several lines: it has an odd number of the quotes. */
function turns(line: string, quotes: string): boolean {
  return line.split(quotes).length % 2 === 0;
}

/** The keys of `text` in its order. */
export function tomlSpots(text: string): JsonSpot[] {
  const spots: JsonSpot[] = [];
  const tables = new Tables();
  let table: readonly (string | number)[] = [];
  let open: string | null = null;
  let offset = 0;
  for (const line of text.split('\n')) {
    const start = offset;
    offset += line.length + 1;
    if (open !== null) {
      if (turns(line, open)) open = null;
      continue;
    }
    const header = HEADER.exec(line);
    const assignment = header === null ? ASSIGNMENT.exec(line) : null;
    if (header !== null) {
      const [, blanks = '', brackets = '', path = ''] = header;
      const names = namesOf(path);
      table = brackets === '[[' ? tables.append(names) : tables.resolve(names);
      spots.push({ path: table, name: start + blanks.length, value: start + blanks.length });
    } else if (assignment !== null) {
      const [whole, blanks = '', path = ''] = assignment;
      const names = [...table, ...namesOf(path)];
      spots.push({ path: names, name: start + blanks.length, value: start + whole.length });
    }
    open = ['"""', "'''"].find((quotes) => turns(line, quotes)) ?? null;
  }
  return spots;
}
