/** A miss-ratio curve, or the misses by ways, as text: heading, plot, table, and what the numbers rest on. */
import type { MissesByWays, MissRatioCurve, MrcSource } from '../trace/mrc/measure.js';
import { PAGE_SHIFTS } from '../trace/mrc/page-runs.js';
import { gridLines, wrap } from './grid.js';
import { missRatioPlot, type PlotCharacters } from './mrc-plot.js';
import { binarySize, counted, grouped, percent } from './numbers.js';

const KINDS = { all: 'reads, writes and fetches', data: 'reads and writes', fetch: 'fetches' } as const;

export interface MrcTextOptions {
  readonly columns: number;
  /** Null: no plot. */
  readonly plot: PlotCharacters | null;
}

/** Misses by size. */
export function missRatioText(result: MissRatioCurve, { columns, plot }: MrcTextOptions): string {
  const { source, sample, pages, points } = result;
  const { accesses } = source;
  const reach = (entries: number): string => binarySize(entries * 2 ** PAGE_SHIFTS[source.pageSize]);
  const heads = ['entries', 'reach', 'misses', 'miss ratio', ...(sample === null ? [] : ['standard error'])];
  const rows = points.map(({ size, misses, error }) => [
    grouped(size),
    reach(size),
    grouped(Math.round(misses)),
    percent(misses, accesses),
    ...(sample === null ? [] : [`+- ${percent(error, accesses)}`]),
  ]);
  const exact =
    sample === null
      ? 'exact'
      : `estimated from ${counted(sample.pages, 'sampled page')} with ${counted(sample.accesses, 'access', 'accesses')}`;
  const about = sample === null ? '' : 'about ';
  return text(
    headingLines(source, columns),
    wrap(
      `Misses of a fully associative LRU TLB, ${exact}; ${about}${counted(pages, 'distinct page')}.`,
      columns,
    ),
    plot === null ? [] : missRatioPlot(result.curve, plot),
    gridLines(
      [heads, ...rows],
      heads.map(() => 'right'),
    ),
    assumptionLines(curveAssumptions(result), columns),
  );
}

/** Misses by ways at one number of sets. */
export function missesByWaysText(result: MissesByWays, columns: number): string {
  const { source, sets, misses } = result;
  const rows = misses.map((count, i) => [
    grouped(i + 1),
    grouped(sets * (i + 1)),
    grouped(count),
    percent(count, source.accesses),
  ]);
  return text(
    headingLines(source, columns),
    wrap(`Misses of an LRU TLB of ${counted(sets, 'set')} by its ways, exact.`, columns),
    gridLines([['ways', 'entries', 'misses', 'miss ratio'], ...rows], ['right', 'right', 'right', 'right']),
    assumptionLines(waysAssumptions(result), columns),
  );
}

function text(...blocks: readonly (readonly string[])[]): string {
  const full = blocks.filter((lines) => lines.length > 0);
  return `${full.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function headingLines(
  { path, format, sha256, accesses, kinds, vcpus }: MrcSource,
  columns: number,
): string[] {
  const counts = `${counted(accesses, 'page access', 'page accesses')} (${KINDS[kinds]})`;
  return wrap(
    `${path}  ${format}, ${counts}, ${counted(vcpus, 'vcpu')}, sha256 ${sha256.slice(0, 8)}`,
    columns,
  );
}

function assumptionLines(assumptions: readonly string[], columns: number): string[] {
  return ['Assumptions', ...assumptions.flatMap((line) => wrap(line, columns, '  - '))];
}

/** What the curve rests on, one sentence each. */
export function curveAssumptions({ source, sample }: MissRatioCurve): string[] {
  const sampled =
    sample === null
      ? []
      : [
          `sampled: the accesses to ${percent(sample.rate, 1)} of the pages, chosen by a hash (seed ${sample.seed}), SHARDS with adjustment; ` +
            'the standard error says how far another sample would be off, two of them are rarely exceeded; at sizes ' +
            `below some ${grouped(Math.ceil(10 / sample.rate))} entries the sample is too coarse to say much`,
        ];
  return [
    ...sampled,
    'one TLB per vcpu, fully associative, true LRU, filled at each miss',
    ...common(source),
  ];
}

export function waysAssumptions({ source }: MissesByWays): string[] {
  return [
    'one TLB per vcpu, true LRU, filled at each miss; the set is the low bits of the page number',
    ...common(source),
  ];
}

function common(source: MrcSource): string[] {
  const { pageSize, kinds, crossings, events, badRecords, notes } = source;
  const list = [
    `one level for ${KINDS[kinds]}; every page is a page of ${pageSize}`,
    'no flushes: entries carry the address space, and switches, CR3 loads, INVLPG and unmapping drop nothing; the high half is shared by all',
    "the trace's accesses only: none of the guest kernel's, none to page tables",
  ];
  if (crossings > 0)
    list.push(
      `records that cross a page border access each page: ${counted(crossings, 'access', 'accesses')} more`,
    );
  if (events > 0)
    list.push(`${counted(events, 'event')}: only context switches matter here, ROI marks do not`);
  if (badRecords > 0) list.push(`${counted(badRecords, 'bad record')} passed over`);
  return [...list, ...notes];
}
