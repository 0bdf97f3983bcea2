/**
 * A miss-ratio curve for programs: JSON and CSV with every size at which the number of misses changes.
 *
 * Between two sizes that are listed the number is that of the smaller one.
 */
import type { MissesByWays, MissRatioCurve, MrcSource, SampleReport } from '../trace/mrc/measure.js';
import { curveAssumptions, waysAssumptions } from './mrc.js';

/** Version of the JSON: it changes when a field changes its meaning or goes. */
export const MRC_SCHEMA = 'p2msim.mrc/1';

/** What {@link missRatioJson} writes. */
export interface MissRatioJson {
  readonly schema: typeof MRC_SCHEMA;
  readonly trace: MrcSource;
  readonly sample: SampleReport | null;
  readonly pages: number;
  readonly points: readonly {
    readonly entries: number;
    readonly misses: number;
    /** Of an estimate from a sample. */
    readonly standardError?: number;
  }[];
  readonly assumptions: readonly string[];
  /** Every size at which the number of misses changes, with that number. */
  readonly curve: readonly (readonly [entries: number, misses: number])[];
  /** Under sampling: the standard error of the misses in each item of `curve`. */
  readonly curveErrors?: readonly number[];
}

/** What {@link missesByWaysJson} writes. */
export interface MissesByWaysJson {
  readonly schema: typeof MRC_SCHEMA;
  readonly trace: MrcSource;
  readonly sets: number;
  readonly ways: readonly { readonly ways: number; readonly entries: number; readonly misses: number }[];
  readonly assumptions: readonly string[];
}

/** `curve` is a list of `[entries, misses]`, on one line: it may be long. */
export function missRatioJson(result: MissRatioCurve): string {
  const { source, sample, pages, points, curve, errors } = result;
  const head: Omit<MissRatioJson, 'curve' | 'curveErrors'> = {
    schema: MRC_SCHEMA,
    trace: source,
    sample,
    pages,
    points: points.map(({ size, misses, error }) => ({
      entries: size,
      misses: Math.round(misses),
      ...(sample === null ? {} : { standardError: Math.ceil(error) }),
    })),
    assumptions: curveAssumptions(result),
  };
  const pairs = [...steps(curve)].map(([size, misses]) => `[${size},${misses}]`);
  const errorList = errors === null ? '' : `,\n  "curveErrors": [${[...errors].map(Math.ceil).join(',')}]`;
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "curve": [${pairs.join(',')}]${errorList}\n}\n`;
}

/** The column `standard_error`, of the misses, is there where they are an estimate. */
export function missRatioCsv({ curve, errors }: MissRatioCurve): string {
  const rows = [...steps(curve)].map(([size, misses], i) => {
    const error = errors === null ? '' : `,${Math.ceil(errors[i]!)}`;
    return `${size},${misses},${ratio(misses, curve.accesses)}${error}\n`;
  });
  return [`entries,misses,miss_ratio${errors === null ? '' : ',standard_error'}\n`, ...rows].join('');
}

export function missesByWaysJson(result: MissesByWays): string {
  const { source, sets, misses } = result;
  const ways = misses.map((count, i) => ({ ways: i + 1, entries: sets * (i + 1), misses: count }));
  const value: MissesByWaysJson = {
    schema: MRC_SCHEMA,
    trace: source,
    sets,
    ways,
    assumptions: waysAssumptions(result),
  };
  return `${JSON.stringify(value, null, 2)}\n`;
}

export function missesByWaysCsv({ source, sets, misses }: MissesByWays): string {
  const rows = misses.map(
    (count, i) => `${i + 1},${sets * (i + 1)},${count},${ratio(count, source.accesses)}\n`,
  );
  return ['ways,entries,misses,miss_ratio\n', ...rows].join('');
}

function* steps(curve: MissRatioCurve['curve']): Generator<readonly [size: number, misses: number]> {
  for (const [i, size] of curve.sizes.entries()) yield [size, Math.round(curve.misses[i] ?? 0)];
}

/** Eight decimals: a digit more than a curve over 10^7 accesses can have. */
function ratio(misses: number, accesses: number): string {
  return (misses / accesses).toFixed(8);
}
