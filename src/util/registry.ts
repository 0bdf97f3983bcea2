/**
 * Name -> plugin tables with a did-you-mean for the ones that are not there.
 *
 * A plugin is a value with a `name`; registering it is one line in the index of its kind.
 */
import { InternalError, UsageError } from '../errors.js';

/** Edit distance in which swapping two neighbours is one slip (optimal string alignment). */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row.push(Math.min(at(i, j - 1) + 1, at(i - 1, j) + 1, at(i - 1, j - 1) + cost));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return at(a.length, b.length);
}

/** The known name nearest to `name`, if it is near enough to be a slip of the hand; else one of which it is the beginning. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  // Another number or size is another value, however few digits differ.
  if (/^\d+[a-z]*$/i.test(name)) return undefined;
  const limit = Math.max(1, Math.floor(name.length * 0.4));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    // So much they differ at least; a name may be a whole line of a file.
    if (Math.abs(name.length - candidate.length) >= bestDistance) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best ?? known.find((candidate) => candidate.toLowerCase().startsWith(`${name.toLowerCase()}.`));
}

/** `unknown mode 'hpa' (did you mean 'hap'?); modes are native, hap, shadow` */
export function unknownName(kind: string, name: string, known: readonly string[]): UsageError {
  const near = didYouMean(name, known);
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  return new UsageError(`unknown ${kind} '${name}'${suggestion}; ${plural(kind)} are ${known.join(', ')}`);
}

/** `shadow policies`, `modes of suite kvm`. */
function plural(kind: string): string {
  const [, noun = kind, rest = ''] = /^(.*?)( of .*)?$/.exec(kind) ?? [];
  return `${noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`}${rest}`;
}

/** An ordered table of plugins of one kind. */
export class Registry<T extends { readonly name: string }> {
  readonly #kind: string;
  readonly #entries = new Map<string, T>();

  constructor(kind: string, entries: readonly T[]) {
    this.#kind = kind;
    for (const entry of entries) {
      if (this.#entries.has(entry.name)) throw new InternalError(`two ${kind}s are called '${entry.name}'`);
      this.#entries.set(entry.name, entry);
    }
  }

  /** Names in the order of registration. */
  names(): string[] {
    return [...this.#entries.keys()];
  }

  all(): T[] {
    return [...this.#entries.values()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The plugin called `name`; throws {@link UsageError} with a suggestion if there is none. */
  get(name: string): T {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw unknownName(this.#kind, name, this.names());
    return entry;
  }
}
