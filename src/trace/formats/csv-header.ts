/**
 * What a p2msim CSV declares before its first row: `# key: value` lines.
 *
 * `guest-levels`, `vcpus`, `ram`, `p2m`, `features`, `guest`, `direct-map`, `root`, `format`; and
 * notes (csv-notes.ts), whose keys begin with a capital. A line `# word: ...` with another word is an
 * error, since a slip there would silently change the machine; any other `#` line is a comment.
 */
import { MAX_FRAMES, PAGE_BYTES, parseHex } from '../../arch/address.js';
import type { TraceError } from '../../errors.js';
import { didYouMean } from '../../util/registry.js';
import { parseSize } from '../../util/units.js';
import type { FieldPlace } from '../bad-records.js';
import { badRecord, quoted } from '../bad-records.js';
import { type CsvNotes, nearNoteKey, noteKey } from './csv-notes.js';
import { EMPTY_HEADER, MAX_VCPUS, type P2mRange, type TraceHeader } from '../event.js';

/** Value of the `format` key. */
export const CSV_FORMAT_ID = 'p2msim-csv/1';

export const HEADER_KEYS = [
  'guest-levels',
  'vcpus',
  'ram',
  'p2m',
  'features',
  'guest',
  'direct-map',
  'root',
  'format',
] as const;
export type HeaderKey = (typeof HEADER_KEYS)[number];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Collects declarations, line by line. */
export class HeaderReader {
  readonly #file: string;
  readonly #notes: CsvNotes;
  readonly #header: Mutable<TraceHeader> = { ...EMPTY_HEADER };
  readonly #seen = new Set<HeaderKey>();
  /** What belongs to `guest: scripted`, and the line that said so last. */
  #guest: { scripted: boolean; directMapHi?: number; root?: number; place: FieldPlace } | null = null;

  /** @param notes takes what is no declaration and says something of the trace */
  constructor(file: string, notes: CsvNotes) {
    this.#file = file;
    this.#notes = notes;
  }

  /** What was declared. Throws {@link TraceError} for keys that do not go together. */
  get header(): TraceHeader {
    if (this.#guest === null) return this.#header;
    const { scripted, directMapHi, root, place } = this.#guest;
    if (!scripted || directMapHi === undefined || root === undefined) {
      const missing = (['guest', 'direct-map', 'root'] as const).filter((key) => !this.#seen.has(key));
      const message = `a guest that is scripted is declared by three keys; missing: ${missing.join(', ')}`;
      throw badRecord(this.#file, place, message, 'docs/formats.md says what they mean');
    }
    return { ...this.#header, scripted: { directMapHi, root } };
  }

  /** A line that begins with `#`. Throws {@link TraceError} for an unknown key or a bad value. */
  comment(line: number, text: string): void {
    const match = /^(\s*#\s*)([A-Za-z][\w-]*)\s*:\s*/.exec(text);
    if (match === null) return;
    const [all, lead = '', name = ''] = match;
    const value = text.slice(all.length).trimEnd();
    const keyPlace = { line, column: lead.length + 1, span: name.length, text };
    const valuePlace = { line, column: all.length + 1, span: value.length, text };
    const note = noteKey(name);
    if (note !== undefined && value !== '') return this.#notes.note(note, value, valuePlace);
    const key = HEADER_KEYS.find((known) => known === name.toLowerCase());
    if (key === undefined) {
      if (isComment(name)) return;
      throw this.#unknownKey(keyPlace, name);
    }
    if (this.#seen.has(key))
      throw badRecord(this.#file, keyPlace, `key '${key}' is declared twice`, 'drop one of the lines');
    this.#seen.add(key);
    this.#declare(key, value, valuePlace);
  }

  #scripted(place: FieldPlace): { scripted: boolean; directMapHi?: number; root?: number } {
    this.#guest = { ...(this.#guest ?? { scripted: false }), place };
    return this.#guest;
  }

  #unknownKey(place: FieldPlace, name: string): TraceError {
    const note = nearNoteKey(name);
    if (note !== undefined)
      return badRecord(this.#file, place, `unknown key '${name}'`, `with a capital, '${note}', it is a note`);
    const near = didYouMean(name, HEADER_KEYS);
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    const message = `unknown key '${name}'${suggestion}; keys are ${HEADER_KEYS.join(', ')}`;
    return badRecord(this.#file, place, message, 'for a comment, do not begin it with a word and a colon');
  }

  #declare(key: HeaderKey, value: string, place: FieldPlace): void {
    const expected = (what: string): TraceError =>
      badRecord(
        this.#file,
        place,
        `${quoted(value)} is not ${what} (key ${key})`,
        'docs/formats.md lists the keys',
      );
    switch (key) {
      case 'guest-levels':
        if (value !== '4' && value !== '5') throw expected('4 or 5');
        this.#header.guestLevels = value === '4' ? 4 : 5;
        break;
      case 'vcpus':
        if (!/^\d{1,3}$/.test(value) || +value < 1 || +value > MAX_VCPUS)
          throw expected(`a number from 1 to ${MAX_VCPUS}`);
        this.#header.vcpus = Number(value);
        break;
      case 'ram': {
        const bytes = parseSize(value);
        if (bytes === null || bytes === 0 || bytes % 4096 !== 0)
          throw expected('a size in whole 4 KiB pages, such as 512M');
        this.#header.ram = bytes;
        break;
      }
      case 'p2m': {
        const ranges = parseP2m(value);
        if (ranges === null) throw expected('a list of FIRSTGFN+COUNT:4k|2m|1g with hexadecimal numbers');
        this.#header.p2m = ranges;
        break;
      }
      case 'features': {
        const features = value.split(/\s+/).filter((feature) => feature !== '');
        if (!features.every((feature) => /^pcid=(on|off)$/.test(feature))) {
          throw expected('pcid=on or pcid=off, the only feature that a guest can declare');
        }
        this.#header.features = features;
        break;
      }
      case 'guest':
        if (value !== 'scripted') throw expected('scripted, the only guest that a trace can declare');
        this.#scripted(place).scripted = true;
        break;
      case 'direct-map': {
        const address = parseHex(value);
        if (address === null || address.lo !== 0) throw expected('an address that is a multiple of 4 GiB');
        this.#scripted(place).directMapHi = address.hi;
        break;
      }
      case 'root': {
        const address = parseHex(value);
        const root = address === null ? 0.5 : (address.hi * 2 ** 32 + address.lo) / PAGE_BYTES;
        if (!Number.isInteger(root) || root >= MAX_FRAMES) throw expected('the address of a table page');
        this.#scripted(place).root = root;
        break;
      }
      case 'format':
        if (value !== CSV_FORMAT_ID) throw expected(`${CSV_FORMAT_ID}, the only one there is`);
        break;
    }
  }
}

/** `Source: ...` is prose; `vcpu: 4` is a slip of the hand. */
function isComment(name: string): boolean {
  return /[A-Z]/.test(name) && didYouMean(name, HEADER_KEYS) === undefined;
}

/** `0+40000:2m,40000+200:4k`; null if it is not of that form. */
function parseP2m(value: string): P2mRange[] | null {
  const ranges: P2mRange[] = [];
  for (const part of value.split(',')) {
    const match = /^([0-9a-fx]+)\+([0-9a-fx]+):(4k|2m|1g)$/i.exec(part.trim());
    const gfn = frameNumber(match?.[1]);
    const count = frameNumber(match?.[2]);
    const pageSize = (['4k', '2m', '1g'] as const).find((size) => size === match?.[3]?.toLowerCase());
    if (gfn === null || count === null || count === 0 || pageSize === undefined) return null;
    if (gfn + count > MAX_FRAMES) return null;
    ranges.push({ gfn, count, pageSize });
  }
  return ranges;
}

/** A hexadecimal frame number below 2^40, or null. */
export function frameNumber(text: string | undefined): number | null {
  const word = text === undefined ? null : parseHex(text);
  if (word === null) return null;
  const number = word.hi * 2 ** 32 + word.lo;
  return number < MAX_FRAMES ? number : null;
}
