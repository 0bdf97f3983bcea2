/** Parameters that every generator takes. A generator can replace one by another default or meaning. */
import type { GeneratorParam, NumberParam } from './generator.js';
import type { GeneratorParams } from './params.js';

/** Where generated memory begins: 16 TiB, which leaves 112 TiB of the lower half above it. */
const DEFAULT_BASE = 2 ** 44;
/** End of what a generator may use: the lower half of 48-bit addresses, less 2 TiB for regions beside the footprint. */
export const USABLE_END = 2 ** 47 - 2 ** 41;
const MAX_FOOTPRINT = 2 ** 46;

/** Memory that the generated program goes over. */
export function footprint(fallback: number, meaning: string): NumberParam {
  const [min, max] = [8192, MAX_FOOTPRINT];
  return { name: 'footprint', kind: 'size', unit: 'bytes', min, max, fallback, meaning, multiple: 4096 };
}

/** Share of stores. */
export function writes(fallback: number, meaning = 'stores among the accesses'): NumberParam {
  return { name: 'writes', kind: 'percent', unit: '%', min: 0, max: 100, fallback, meaning };
}

/** Skew of popularity. */
export function skew(fallback: number): NumberParam {
  const meaning = 'exponent s of the popularity 1/rank^s; 0 is uniform';
  return { name: 'skew', kind: 'real', unit: 'exponent', min: 0, max: 4, fallback, meaning };
}

/** A whole number of something. */
export function count(
  name: string,
  unit: string,
  [min, max]: readonly [number, number],
  fallback: number,
  meaning: string,
): NumberParam {
  return { name, kind: 'count', unit, min, max, fallback, meaning };
}

const PAGE = 4096;

/** Said of a program that forks once its pages are written and `pause` more accesses are over, if the trace ends before. */
export function noFork(params: GeneratorParams, pause: number): string | null {
  const [accesses, first] = [params.number('accesses'), params.number('footprint') / PAGE + pause];
  if (accesses > first) return null;
  const grouped = (n: number): string => n.toLocaleString('en-US');
  return `ends before its first child runs, which is after ${grouped(first)} accesses: it has ${grouped(accesses)}`;
}

export const COMMON_PARAMS: readonly GeneratorParam[] = [
  count('accesses', 'accesses', [1, 1e15], 1e6, 'length of the trace'),
  footprint(64 * 2 ** 20, 'memory that is used'),
  { ...count('size', 'bytes', [1, 4096], 8, 'bytes of an access'), kind: 'size' },
  writes(0),
  count(
    'edits',
    'per 1000 accesses',
    [0, 1000],
    0,
    'page-table writes by the kernel: to the entry of the page accessed last',
  ),
  {
    name: 'edit',
    kind: 'word',
    words: ['age', 'clean'],
    fallback: 'age',
    meaning: 'what these are: age clears A and flushes nothing, clean clears D and flushes the page',
  },
  {
    name: 'base',
    kind: 'address',
    unit: 'gVA',
    min: 65536,
    max: USABLE_END,
    fallback: DEFAULT_BASE,
    meaning: 'where the footprint begins',
    multiple: 4096,
  },
  count('seed', 'seed', [0, 2 ** 31 - 1], 1, 'seed of the randomness'),
];
