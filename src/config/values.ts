/**
 * From text and JSON to values of configuration keys, and how values print.
 *
 * Sizes take `4k`, `2M`, `1GiB` (powers of 1024, case ignored); a key that counts MiB or pages takes
 * plain numbers in its own unit and sizes with a suffix. Page sizes are `4k`, `2m`, `1g`.
 */
import { ConfigError } from '../errors.js';
import { didYouMean } from '../util/registry.js';
import { parseSize } from '../util/units.js';
import { type ConfigKey, type ConfigUnit, type ConfigValue, findKey } from './keys.js';

/** One value with the place that it comes from, e.g. `--set` or `p2msim.config.json`. */
export interface Setting {
  readonly key: string;
  readonly value: ConfigValue;
  readonly origin: string;
}

const UNIT_BYTES: Readonly<Record<ConfigUnit, number>> = { '': 1, bytes: 1, pages: 4096, MiB: 2 ** 20 };

/** What a key expects, in words: `an integer from 1 to 256`, `one of demand, premapped`. */
export function expectedOf(row: ConfigKey): string {
  switch (row.type) {
    case 'integer': {
      const unit = row.unit === '' ? '' : ` ${row.unit}`;
      const size = row.unit === '' ? '' : ' or a size such as 64MiB';
      return `an integer from ${row.min} to ${row.max}${unit}${size}${row.auto ? ' or auto' : ''}`;
    }
    case 'choice':
      return `one of ${row.choices.join(', ')}`;
    case 'boolean':
      return 'on or off';
    case 'sizes':
      return 'page sizes joined by +, such as 4k+2m';
    case 'name':
      return 'a name';
  }
}

function bad(row: ConfigKey, found: string, origin: string): ConfigError {
  const near = row.type === 'choice' && /\D/.test(found) ? didYouMean(found, row.choices) : undefined;
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  const place = origin.includes(row.key) ? origin : `${origin}: ${row.key}`;
  return new ConfigError(`${place} is '${found}'${suggestion}; expected ${expectedOf(row)}`);
}

function parseInteger(row: ConfigKey, text: string): number | undefined {
  if (/^\d+$/.test(text)) return inRange(row, Number(text));
  if (row.unit === '') return undefined;
  const bytes = parseSize(text);
  if (bytes === null || bytes % UNIT_BYTES[row.unit] !== 0) return undefined;
  return inRange(row, bytes / UNIT_BYTES[row.unit]);
}

function inRange(row: ConfigKey, value: number): number | undefined {
  return value >= row.min && value <= row.max ? value : undefined;
}

function parseBoolean(text: string): boolean | undefined {
  if (['on', 'true', 'yes', '1'].includes(text)) return true;
  return ['off', 'false', 'no', '0'].includes(text) ? false : undefined;
}

/** `2m+4k` -> `4k+2m`; undefined if it names anything else or one size twice. */
function parseSizes(text: string): string | undefined {
  const wanted = text.split('+');
  const known = ['4k', '2m', '1g'].filter((size) => wanted.includes(size));
  return known.length === wanted.length ? known.join('+') : undefined;
}

function parseText(row: ConfigKey, text: string): ConfigValue | undefined {
  const lower = text.trim().toLowerCase();
  switch (row.type) {
    case 'integer':
      return row.auto && lower === 'auto' ? 'auto' : parseInteger(row, lower);
    case 'choice': {
      if (!row.choices.includes(lower)) return undefined;
      return /^\d+$/.test(lower) ? Number(lower) : lower;
    }
    case 'boolean':
      return parseBoolean(lower);
    case 'sizes':
      return parseSizes(lower);
    case 'name':
      return text.trim() === '' ? undefined : text.trim();
  }
}

/** Reads `value` for the key called `name`; throws {@link ConfigError} that names `origin`. */
export function parseSetting(name: string, value: unknown, origin: string): Setting {
  const row = findKey(name, origin);
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw bad(row, JSON.stringify(value) ?? 'nothing', origin);
  }
  const parsed = parseText(row, String(value));
  if (parsed === undefined) throw bad(row, String(value), origin);
  return { key: row.key, value: parsed, origin };
}

/** Reads `key=value`, as given to `--set`. */
export function parseAssignment(text: string, origin: string): Setting {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new ConfigError(`${origin}: '${text}' is not an assignment; expected key=value`, {
      hint: 'for example `--set stlb.entries=2048`',
    });
  }
  return parseSetting(text.slice(0, at).trim(), text.slice(at + 1), `${origin} ${text.slice(0, at).trim()}`);
}
