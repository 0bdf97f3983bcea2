/**
 * A walk as text: one row per guest level for two-dimensional walks, with the numbers of the p2m
 * references under the p2m levels; one line per reference for one-dimensional walks.
 */
import type { WalkCacheHit, WalkPhase, WalkReport, WalkStep } from '../index.js';

function hex(n: number): string {
  return `0x${n.toString(16)}`;
}

/** The guest's entry, or the shadow's: `guest L4[254]`. */
function entry(step: WalkStep): string {
  return `${step.dimension} L${step.level}[${step.index}]`;
}

function gives(step: WalkStep): string {
  if (step.frame === null) return 'not present';
  const kind = step.dimension === 'guest' ? 'gfn' : 'page';
  return `-> ${kind} ${hex(step.frame)}`;
}

/** One row of a two-dimensional walk: p2m references, then the guest entry that they led to. */
interface Row {
  /** What is translated: `gL4` ... `gL1`, the guest table of that level, or `page`. */
  readonly target: string;
  readonly nested: readonly WalkStep[];
  readonly read: WalkStep | undefined;
}

function rowsOf({ steps, hits }: WalkPhase): Row[] {
  const rows: Row[] = [];
  let nested: WalkStep[] = [];
  const end = (read: WalkStep | undefined): void => {
    rows.push({
      target: nested[0]?.translating ?? (read === undefined ? '' : `gL${read.level}`),
      nested,
      read,
    });
    nested = [];
  };
  for (const step of steps) {
    const last = nested.at(-1);
    if (step.dimension === 'nested') {
      if (last !== undefined && last.translating !== step.translating) end(undefined);
      nested.push(step);
    } else end(step);
  }
  if (nested.length > 0) end(undefined);
  // The nested TLB may know the data page, which is then no step at all.
  const page =
    hits.some(({ translating }) => translating === 'page') && !rows.some(({ target }) => target === 'page');
  return page ? [...rows, { target: 'page', nested: [], read: undefined }] : rows;
}

/** Width of a column of a p2m level. */
const CELL = 4;
const KNOWN_ENTRY = 'c';

/** Words for a translation that is known as a whole: by the nested TLB, or by a combined entry of the walk cache. */
const BY_TLB = ' nTLB';
const BY_WALK_CACHE = ' PWC';

/** Width of the columns of `levels`, with room for a word if one may stand there. */
function widthOf(levels: readonly number[], hits: readonly WalkCacheHit[]): number {
  const words = hits.some(({ cache }) => cache !== 'npwc');
  return Math.max(CELL * levels.length, words ? BY_TLB.length : 0);
}

/** The p2m references of a row, and in the place of those that a cache saved which one did. */
function nestedCells(row: Row, levels: readonly number[], hits: readonly WalkCacheHit[]): string {
  const { target, nested, read } = row;
  const width = widthOf(levels, hits);
  const own = hits.filter(({ translating }) => translating === target);
  if (own.some(({ cache }) => cache === 'ntlb')) return BY_TLB.padStart(width);
  const start = hits.find(({ cache }) => cache === 'pwc');
  if (nested.length === 0 && start !== undefined && start.level - 1 === read?.level)
    return BY_WALK_CACHE.padStart(width);
  const known = own.find(({ cache }) => cache === 'npwc')?.level ?? Infinity;
  const cell = (level: number): string =>
    `${nested.find((step) => step.level === level)?.n ?? (level >= known ? KNOWN_ENTRY : '-')}`;
  return levels
    .map((level) => cell(level).padStart(CELL))
    .join('')
    .padStart(width);
}

function nestedGrid(phase: WalkPhase): string[] {
  const { steps, hits } = phase;
  const read = steps.filter(({ dimension }) => dimension === 'nested').map(({ level }) => level);
  const saved = hits.filter(({ cache }) => cache === 'npwc').map(({ level }) => level);
  const top = Math.max(1, ...read, ...saved);
  const levels = Array.from({ length: top }, (_, i) => top - i).filter(
    (level) => level >= Math.min(top, ...read),
  );
  const heads = levels.map((level) => `L${level}`.padStart(CELL)).join('');
  const head = `  ${'p2m'.padEnd(10)}${heads.padStart(widthOf(levels, hits))}   then reads`;
  const lines = rowsOf(phase).map((row) => {
    const { target, nested, read: found } = row;
    const frame = nested.at(-1)?.frame;
    const reached = frame === null || frame === undefined ? '' : `mfn ${hex(frame)}`;
    const tail =
      found === undefined
        ? `  -  ${reached}`
        : `${`${found.n}`.padStart(3)}  ${entry(found).padEnd(16)} ${gives(found)}`;
    const label = target.startsWith('gL') ? `${target} table` : target;
    return `  ${label.padEnd(10)}${nestedCells(row, levels, hits)}  ${tail}`.trimEnd();
  });
  return [head, ...lines, ...legendOf(hits)];
}

/** What stands in the place of references. */
function legendOf(hits: readonly WalkCacheHit[]): string[] {
  const has = (wanted: WalkCacheHit['cache']): boolean => hits.some(({ cache }) => cache === wanted);
  return [
    ...(has('ntlb') ? [`  ${BY_TLB.trim()}: the nested TLB knows the translation`] : []),
    ...(has('npwc')
      ? [`  ${KNOWN_ENTRY}: the host page-walk cache knows this p2m entry, hence those above it`]
      : []),
  ];
}

function flatList(steps: readonly WalkStep[]): string[] {
  return steps.map((step) => `  ${`${step.n}`.padStart(3)}  ${entry(step).padEnd(18)} ${gives(step)}`);
}

/** What the walk cache saved: the levels from the root down to the entry that it held. */
function startOf({ steps, hits }: WalkPhase): string[] {
  const dimension = steps.find((step) => step.dimension !== 'nested')?.dimension ?? 'guest';
  return hits
    .filter(({ cache }) => cache === 'pwc')
    .map(({ level }) => `  page-walk cache (PWC): ${dimension} L${level} is known, hence those above it`);
}
/** The whole report, ending in a newline. */
export function walkText(report: WalkReport, address: string): string {
  const which = report.at === null ? 'address' : `access ${report.at}`;
  const what = report.size === 0 ? '' : `  ${report.op} ${report.size} B`;
  const lines = [
    `${which}${what}  gVA ${address}  address space ${report.addressSpace}  mode ${report.mode}`,
  ];
  for (const phase of report.phases) {
    lines.push(phase.what);
    const twoDimensional =
      phase.steps.some(({ dimension }) => dimension === 'nested') ||
      phase.hits.some(({ cache }) => cache !== 'pwc');
    lines.push(...startOf(phase), ...(twoDimensional ? nestedGrid(phase) : flatList(phase.steps)));
  }
  const gfn = report.gfn === null ? 'no frame' : `gfn ${hex(report.gfn)}`;
  const mfn = report.mfn === null ? '' : `, mfn ${hex(report.mfn)}`;
  return `${[...lines, `result: ${gfn}${mfn}`].join('\n')}\n`;
}
