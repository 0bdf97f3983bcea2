/**
 * A JSON or TOML document as plain values that know where they stand: configuration files, specifications of sweeps.
 *
 * A mistake in the language, a name that is there twice and a value that is not what was expected are each a
 * {@link ConfigError} with file, line and column, and the line itself. The TOML parser is loaded when a TOML file is read.
 */
import { ConfigError, type Excerpt } from '../errors.js';
import { FieldMistake } from './field-mistake.js';
import { withOrigin } from './origin.js';
import {
  findJsonMistake,
  findRepeated,
  type JsonPath,
  type JsonSpot,
  jsonSpots,
  placeOf,
} from '../util/json-mistake.js';
import { didYouMean } from '../util/registry.js';
import { excerptAt, SourceText, type Within } from './source-text.js';
import { tomlSpots } from './toml-spots.js';

/** One value of a document. */
export class DocumentPart {
  readonly value: unknown;
  readonly path: JsonPath;
  readonly #source: SourceText;

  constructor(source: SourceText, value: unknown, path: JsonPath) {
    this.#source = source;
    this.value = value;
    this.path = path;
  }

  get file(): string {
    return this.#source.file;
  }

  /** Its path as a person writes it: `stlb.entries`, `points[2].seed`; `the file` for all of it. */
  get name(): string {
    const parts = this.path.map((part, i) => {
      if (typeof part === 'number') return `[${part}]`;
      return i === 0 ? part : `.${part}`;
    });
    return parts.length === 0 ? 'the file' : parts.join('');
  }

  get line(): number {
    return this.placeOf('value').line;
  }

  /** `FILE:LINE:COLUMN`. */
  get where(): string {
    return this.whereOf('value');
  }

  placeOf(what: 'name' | 'value'): { readonly line: number; readonly column: number } {
    return this.#source.excerpt(this.path, what);
  }

  whereOf(what: 'name' | 'value'): string {
    const { line, column } = this.placeOf(what);
    return `${this.file}:${line}:${column}`;
  }

  isTable(): boolean {
    return isTable(this.value);
  }

  isList(): boolean {
    return Array.isArray(this.value);
  }

  /** The members of a table. */
  entries(expected = 'a table of names and values'): [string, DocumentPart][] {
    const { value } = this;
    if (!isTable(value)) throw this.wrong(expected);
    return Object.entries(value).map(([name, inner]: [string, unknown]) => [name, this.#inner(name, inner)]);
  }

  /** The member of a table called `name`, if there is one. */
  get(name: string): DocumentPart | undefined {
    return this.entries().find(([each]) => each === name)?.[1];
  }

  /** The items of a list. */
  items(expected = 'a list'): DocumentPart[] {
    const { value } = this;
    if (!Array.isArray(value)) throw this.wrong(expected);
    return value.map((item: unknown, i) => this.#inner(i, item));
  }

  text(expected = 'a text'): string {
    if (typeof this.value === 'string') return this.value;
    throw this.wrong(expected);
  }

  boolean(expected = 'true or false'): boolean {
    if (typeof this.value === 'boolean') return this.value;
    throw this.wrong(expected);
  }

  /** A whole number below 2^53, at least 0. */
  count(expected = 'a whole number, at least 0'): number {
    const { value } = this;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.wrong(expected);
  }

  /** Refuses members of a table that are not among `known`, with a suggestion. */
  refuseOthers(known: readonly string[], hint?: string): void {
    for (const [name, part] of this.entries()) {
      if (known.includes(name)) continue;
      const near = didYouMean(name, known);
      const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
      throw part.mistake(`unknown name '${part.name}'${suggestion}; expected one of ${known.join(', ')}`, {
        at: 'name',
        hint,
      });
    }
  }

  /** Refuses names of one table that differ in case alone, here and further in: to a key they are the same. */
  refuseSpellings(): void {
    if (this.isList()) for (const item of this.items()) item.refuseSpellings();
    if (!this.isTable()) return;
    const seen = new Map<string, DocumentPart>();
    for (const [name, part] of this.entries()) {
      const earlier = seen.get(name.toLowerCase());
      if (earlier !== undefined) {
        const { line } = earlier.placeOf('name');
        const first = `first in line ${line} as '${earlier.name}'`;
        throw part.mistake(`'${part.name}' is there twice, ${first}; expected it once`, { at: 'name' });
      }
      seen.set(name.toLowerCase(), part);
      part.refuseSpellings();
    }
  }

  /** `FILE:LINE:COLUMN: stlb.ways is "x"; expected EXPECTED`. */
  wrong(expected: string, hint?: string): ConfigError {
    return this.mistake(`${this.name} is ${shown(this.value)}; expected ${expected}`, { hint });
  }

  /** An error about this value, or about its name. */
  mistake(
    message: string,
    { at = 'value', hint, cause }: { at?: 'name' | 'value'; hint?: string | undefined; cause?: unknown } = {},
  ): ConfigError {
    return mistakeAt(this.file, this.excerpt(at), message, { hint, cause });
  }

  /** What `read` makes of the place of this value (or of its name); what it refuses gets that place, and the line. */
  placed<T>(read: (where: string) => T, at: 'name' | 'value' = 'value'): T {
    try {
      return read(this.whereOf(at));
    } catch (error) {
      throw this.blamed(error, at);
    }
  }

  /** `error` with the place of this value in front, and the line below; any error that is not about values as it is. */
  blamed(error: unknown, at: 'name' | 'value' = 'value'): unknown {
    const said = withOrigin(error, this.whereOf(at));
    if (!(said instanceof ConfigError) || said.excerpt !== undefined) return said;
    const hint = said.hint === undefined ? {} : { hint: said.hint };
    return new ConfigError(said.message, { ...hint, cause: error, excerpt: this.excerpt(at) });
  }

  /** What `check` makes of the value; a {@link FieldMistake} gets the place of the field, and the line. */
  placedFields<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof FieldMistake)) throw error;
      const excerpt = this.#source.excerpt([...this.path, ...error.path], error.at);
      throw mistakeAt(this.file, excerpt, error.said, { hint: error.hint, cause: error });
    }
  }

  /** The line where it stands; `within` is the part of the value or of the last word of the name that is meant. */
  excerpt(at: 'name' | 'value' = 'value', within?: Within): Excerpt {
    if (within === undefined) return this.#source.excerpt(this.path, at);
    return this.#source.excerptWithin(this.path, at, within);
  }

  #inner(name: string | number, value: unknown): DocumentPart {
    return new DocumentPart(this.#source, value, [...this.path, name]);
  }
}

/** A plain object; the dates of TOML are objects of a class. */
function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** A value in a message: short, and never a whole table. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return isTable(value) ? 'a table' : 'a date';
  const text = typeof value === 'string' ? `'${value}'` : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** An error about what stands in `file` where `excerpt` says. */
export function mistakeAt(
  file: string,
  excerpt: Excerpt,
  message: string,
  { hint, cause }: { hint?: string | undefined; cause?: unknown } = {},
): ConfigError {
  return new ConfigError(`${file}:${excerpt.line}:${excerpt.column}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    cause,
    excerpt,
  });
}

/** True if `file` is read as TOML: by its ending. All others are JSON. */
function isToml(file: string): boolean {
  return /\.toml$/i.test(file);
}

/** The document in `text`; `file` is its name in messages and tells its language. Throws {@link ConfigError}. */
export async function parseDocument(text: string, file: string): Promise<DocumentPart> {
  const plain = text.replace(/^\uFEFF/, '');
  return isToml(file) ? await parseToml(plain, file) : parseJsonDocument(plain, file);
}

const OTHER_LANGUAGE = 'a file whose name ends in .toml is read as TOML';

/** The JSON document in `text`, for readers that cannot wait. Throws {@link ConfigError}. */
export function parseJsonDocument(text: string, file: string, hint = OTHER_LANGUAGE): DocumentPart {
  const mistake = findJsonMistake(text);
  if (mistake !== null) {
    throw mistakeAt(file, excerptAt(text, mistake.offset), `not JSON: ${mistake.reason}`, { hint });
  }
  const spots = jsonSpots(text);
  refuseTwice(text, file, spots);
  const value: unknown = JSON.parse(text);
  return new DocumentPart(new SourceText(file, text, spots), value, []);
}

/** JSON.parse takes the last of two members of one name; whoever wrote both meant both. */
function refuseTwice(text: string, file: string, spots: readonly JsonSpot[]): void {
  const repeated = findRepeated(spots);
  if (repeated === null) return;
  const { spot, earlier } = repeated;
  const { line } = placeOf(text, earlier.name);
  const message = `'${spot.path.join('.')}' is there twice, first in line ${line}; expected it once`;
  throw mistakeAt(file, excerptAt(text, spot.name), message);
}

async function parseToml(text: string, file: string): Promise<DocumentPart> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    const value: unknown = parse(text);
    return new DocumentPart(new SourceText(file, text, tomlSpots(text)), value, []);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    const { line, column } = cause;
    const excerpt = { line, column, text: text.split(/\r?\n/)[line - 1] ?? '', span: 1 };
    const [first = ''] = cause.message.split('\n');
    const reason = first.replace(/^Invalid TOML document: /, '');
    throw mistakeAt(file, excerpt, `not TOML: ${reason}`, { cause });
  }
}
