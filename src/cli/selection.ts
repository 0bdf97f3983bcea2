/** Flags that select part of a trace, for `trace capture` and `trace cut`. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { AddressRange, Selection, TracePart, Word64 } from '../index.js';
import type { Library } from './context.js';
import { collected, type Given, limitOf } from './options.js';

export const KINDS = ['loads', 'stores', 'fetches'] as const;
type Kind = (typeof KINDS)[number];

/** Operations of each kind (OP_READ, OP_WRITE, OP_FETCH, OP_MODIFY); a modify loads and stores. */
const OPS: Readonly<Record<Kind, readonly number[]>> = { loads: [0, 3], stores: [1, 3], fetches: [2] };

export function addSelectionFlags(command: CommandUnknownOpts): void {
  command
    .option('--skip <n>', 'accesses to leave out first (10k = 10,000); events before them are kept')
    .option('--limit <n>', 'accesses to keep')
    .option('--range <lo-hi>', 'addresses to keep, hexadecimal, without hi itself; repeatable', collected)
    .option('--process <names>', 'address spaces to keep, separated by commas')
    .option('--vcpu <numbers>', 'vcpus to keep, separated by commas');
}

/** Kinds of access that `--accesses` names. */
export function kindsOf(given: Given, otherwise: readonly Kind[], library: Library): readonly Kind[] {
  const text = given.text('accesses');
  if (text === undefined) return otherwise;
  return text.split(',').map((word) => {
    const kind = KINDS.find((each) => each === word.trim());
    if (kind !== undefined) return kind;
    const near = library.didYouMean(word, KINDS);
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    throw new library.UsageError(
      `--accesses has '${word}'${suggestion}; expected some of ${KINDS.join(',')}, separated by commas`,
    );
  });
}

/** Which records `--skip` and `--limit` name. */
export function partOf(given: Given, library: Library): TracePart {
  return { skip: given.count('skip', 0), limit: limitOf(given, library) };
}

export function selectionOf(given: Given, kinds: readonly Kind[], library: Library): Selection {
  const ranges = given.list('range').map((word) => rangeOf(word, library));
  return {
    ...partOf(given, library),
    ops: kinds.length === KINDS.length ? null : new Set(kinds.flatMap((kind) => OPS[kind])),
    ranges: ranges.length === 0 ? null : ranges,
    addressSpaces: given.text('process') === undefined ? null : new Set(words(given, 'process')),
    vcpus:
      given.text('vcpu') === undefined
        ? null
        : new Set(words(given, 'vcpu').map((word) => vcpuOf(word, library))),
  };
}

function words(given: Given, flag: string): string[] {
  return (given.text(flag) ?? '').split(',').map((word) => word.trim());
}

function vcpuOf(word: string, library: Library): number {
  if (/^\d{1,3}$/.test(word) && Number(word) < 256) return Number(word);
  throw new library.UsageError(`--vcpu has '${word}'; expected numbers from 0 to 255, separated by commas`);
}

function rangeOf(word: string, library: Library): AddressRange {
  const [low = '', high = ''] = word.split('-');
  const [first, end] = [library.parseHex(low), library.parseHex(high)];
  const last = end === null ? null : before(end);
  const ascends =
    first !== null && last !== null && (first.hi < last.hi || (first.hi === last.hi && first.lo <= last.lo));
  if (ascends) return { first, last };
  throw new library.UsageError(
    `--range is '${word}'; expected two hexadecimal addresses, the lower one first`,
    {
      hint: 'for example --range 400000-600000, as in /proc/PID/maps',
    },
  );
}

/** The address before, or null before address 0. */
function before({ hi, lo }: Word64): Word64 | null {
  if (lo > 0) return { hi, lo: lo - 1 };
  return hi > 0 ? { hi: hi - 1, lo: 0xffffffff } : null;
}
