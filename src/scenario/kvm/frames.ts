/**
 * The frame allocators of the measured KVM guest, and how many frames of each kind it warms before a workload.
 *
 * New frames come in ascending order, freed ones are taken again last in, first out. The pool of table
 * frames is zero at the start; a table frame that is used again is zeroed by 512 stores.
 */
import { UsageError } from '../../errors.js';
import type { GuestOps } from '../guest-ops.js';
import type { FrameRange } from '../scenario.js';
import { COLD, COLD_TABLES, DATA, sizeOf, TABLE_POOL } from './layout.js';
import type { KvmParams } from './params.js';

/** What the warm-up needs to know of a scenario: how its frames add to those of the parameters. */
export interface FrameNeed {
  /** Table frames beyond those of n, s and w. */
  readonly tables: number;
  /** Data frames per page: 2 where each page changes its frame. */
  readonly dataPerPage: 1 | 2;
  /** It warms what data frames it uses itself. */
  readonly ownData: boolean;
}

/** Table frames that the measured guest counts on; it may come to use more of them. */
function expectedTables({ n, stride, s, w }: KvmParams, need: FrameNeed): number {
  const perSpace = 4 + Math.floor((w * stride) / 512) + 1;
  return 64 + 2 * (Math.floor((n * stride) / 512) + 4) + s * perSpace + need.tables;
}

/** Data frames that it counts on. */
function expectedData({ n, s, w, m }: KvmParams, need: FrameNeed): number {
  return need.dataPerPage * n + s * (w + m) + 2 * m + 64;
}

/** Table frames that are warmed. */
export function warmTables(params: KvmParams, need: FrameNeed): number {
  return params.ptcold === 0 ? expectedTables(params, need) : 0;
}

/** Data frames that are warmed. */
export function warmData(params: KvmParams, need: FrameNeed): number {
  return need.ownData || params.cold !== 0 ? 0 : expectedData(params, need);
}

/** The measured guest refuses to start where it counts on more frames than it has; null: it starts. */
export function frameObjection(params: KvmParams, need: FrameNeed): string | null {
  const tables = expectedTables(params, need);
  if (tables > sizeOf(TABLE_POOL)) return tooMany(tables, 'page-table', TABLE_POOL);
  const data = warmData(params, need);
  return data > sizeOf(DATA) ? tooMany(data, 'data', DATA) : null;
}

function tooMany(frames: number | string, what: string, area: FrameRange): string {
  return `needs ${frames} ${what} frames, and the measured guest has ${sizeOf(area)}: make n, stride, s, w or m smaller`;
}

/** The cold frames that are left for data. */
export function coldData(params: KvmParams): FrameRange {
  return { start: COLD.start, end: params.ptcold === 0 ? COLD.end : COLD_TABLES.start };
}

/** Frames of an area in ascending order. */
class Cursor {
  readonly #area: FrameRange;
  readonly #what: string;
  #next: number;

  constructor(area: FrameRange, what: string) {
    this.#area = area;
    this.#what = what;
    this.#next = area.start;
  }

  /** First of `count` frames in a row. */
  take(count: number): number {
    const first = this.#next;
    this.#next += count;
    if (this.#next > this.#area.end) throw new UsageError(`it ${tooMany('more', this.#what, this.#area)}`);
    return first;
  }

  get next(): number {
    return this.#next;
  }
}

export class FrameAllocator {
  readonly #ops: GuestOps;
  readonly #tables: Cursor;
  readonly #cold: Cursor;
  #data: Cursor;
  readonly #freeTables: number[] = [];
  readonly #freeData: number[] = [];

  constructor(ops: GuestOps, params: KvmParams) {
    this.#ops = ops;
    this.#tables = new Cursor(params.ptcold === 0 ? TABLE_POOL : COLD_TABLES, 'page-table');
    this.#data = new Cursor(DATA, 'data');
    this.#cold = new Cursor(coldData(params), 'cold data');
  }

  /** An empty table. */
  table(): number {
    const used = this.#freeTables.pop();
    if (used === undefined) return this.#tables.take(1);
    this.#ops.zeroFrame(used);
    return used;
  }

  freeTable(gfn: number): void {
    this.#freeTables.push(gfn);
  }

  /** The table frame that comes next, unless a freed one does. */
  get nextTable(): number {
    return this.#tables.next;
  }

  data(): number {
    return this.#freeData.pop() ?? this.#data.take(1);
  }

  freeData(gfn: number): void {
    this.#freeData.push(gfn);
  }

  /** `count` new data frames in a row; the first. */
  dataRun(count: number): number {
    return this.#data.take(count);
  }

  /** The data frame that comes next, unless a freed one does. */
  get nextData(): number {
    return this.#data.next;
  }

  cold(): number {
    return this.#cold.take(1);
  }

  /** From now on, new data frames are cold ones. */
  useColdData(): void {
    this.#data = this.#cold;
  }
}
