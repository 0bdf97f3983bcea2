/**
 * Fields: typed access to a parsed JSON object, with errors that name the path of what is wrong.
 */
import { TraceError } from '../../errors.js';
import { didYouMean } from '../../util/registry.js';

/** A field of saved results that is wrong, at `path` of the file: `manifest.trace`, `counters["walk.refs"]`. */
export class FieldError extends TraceError {
  readonly path: string;

  constructor(file: string, path: string, message: string, hint: string) {
    super({ file }, message, { hint });
    this.path = path;
  }
}

/** How a value is shown in a message: short, and never a whole object. */
function found(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** An object of a file, and where in the file it is. */
export class Fields {
  readonly file: string;
  readonly #path: string;
  readonly #value: Readonly<Record<string, unknown>>;

  private constructor(file: string, path: string, value: Readonly<Record<string, unknown>>) {
    this.file = file;
    this.#path = path;
    this.#value = value;
  }

  /** `value` as an object; `path` is what messages call it, empty for the whole file. */
  static of(value: unknown, file: string, path = ''): Fields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw wrong(file, path, value, 'an object');
    }
    return new Fields(file, path, value as Record<string, unknown>);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#value, name) && this.#value[name] !== undefined;
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.#value, name) ? this.#value[name] : undefined;
  }

  entries(): [string, unknown][] {
    return Object.entries(this.#value);
  }

  object(name: string): Fields {
    return Fields.of(this.raw(name), this.file, this.#pathOf(name));
  }

  list(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (Array.isArray(value)) return value;
    throw this.wrong(name, 'a list');
  }

  text(name: string): string {
    const value = this.raw(name);
    if (typeof value === 'string') return value;
    throw this.wrong(name, 'a text');
  }

  textOrNull(name: string): string | null {
    return this.raw(name) === null ? null : this.text(name);
  }

  boolean(name: string): boolean {
    const value = this.raw(name);
    if (typeof value === 'boolean') return value;
    throw this.wrong(name, 'true or false');
  }

  /** A whole number below 2^53, at least 0. */
  count(name: string): number {
    const value = this.raw(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.wrong(name, 'a whole number, at least 0');
  }

  /** All of it: every value a {@link count}. */
  counts(): [string, number][] {
    return this.entries().map(([name]) => [name, this.count(name)]);
  }

  /** Path of a field in the file: `manifest.trace`, `counters["walk.refs"]`. */
  #pathOf(name: string): string {
    if (!/^\w+$/.test(name)) return `${this.#path}[${JSON.stringify(name)}]`;
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  wrong(name: string, expected: string): TraceError {
    const near = this.has(name) ? undefined : didYouMean(name, Object.keys(this.#value));
    const there = near === undefined ? '' : `; there is "${near}" instead`;
    return wrong(this.file, this.#pathOf(name), this.raw(name), expected + there);
  }
}

function wrong(file: string, path: string, value: unknown, expected: string): TraceError {
  const what = path === '' ? 'the file' : path;
  const hint =
    'the file was changed by hand, or is not a result of p2msim: replay the trace again with --json';
  return new FieldError(file, path, `${what} is ${found(value)}; expected ${expected}`, hint);
}
