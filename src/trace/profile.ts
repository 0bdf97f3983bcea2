/**
 * `trace info`: what a trace contains, counted in one pass without a machine.
 *
 * A page is touched if any byte of an access lies in it; pages of different address spaces are
 * different pages. Memory grows with the footprint, not with the length of the trace.
 */
import { vpnOf } from '../arch/address.js';
import { TraceError } from '../errors.js';
import type { AccessBatch, TraceChunk } from './access.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from './access.js';
import { AddressSpaces, INITIAL_AS } from './address-spaces.js';
import type { OpenTrace } from './open.js';
import { READ_WHOLE } from './part.js';
import { regionsOf } from './regions.js';
import { ReuseMeter } from './reuse.js';
import { SpacesMade } from './spaces-made.js';
import type { TraceProfile } from './trace-profile.js';

export type { Region } from './regions.js';
export type { Footprint, TraceProfile } from './trace-profile.js';

const READ = 1;
const WRITTEN = 2;
const FETCHED = 4;
/** What a page's touches are below, and the number of the last window that touched it a multiple of. */
const STAMP = 8;
/** How each kind of access touches its pages. */
const TOUCH: Readonly<Record<number, number>> = {
  [OP_READ]: READ,
  [OP_WRITE]: WRITTEN,
  [OP_FETCH]: FETCHED,
  [OP_MODIFY]: READ | WRITTEN,
};
const PAGES_2M = 512;
const PAGES_1G = 512 * 512;

/** Accesses of a window of the working set. */
export const DEFAULT_WINDOW = 100_000;

/** Kinds of events that edit tables. */
const TABLE_EDITS: ReadonlySet<string> = new Set([
  'ptw',
  'map',
  'unmap',
  'protect',
  'clear',
  'demand',
  'cow',
  'fork',
  'exec',
  'exit',
]);

/** A profile, and the error that ended reading before the end of the trace. */
export interface ProfileOutcome {
  readonly profile: TraceProfile;
  readonly error: TraceError | null;
}

/** Reads all of `trace`. `window`: accesses in a stretch of the working set. */
export async function profileTrace(trace: OpenTrace, window: number = DEFAULT_WINDOW): Promise<TraceProfile> {
  const { profile, error } = await profileWhatIsThere(trace, window);
  if (error !== null) throw error;
  return profile;
}

/** Like {@link profileTrace}, of what comes before an error. Throws the error if that is nothing. */
export async function profileWhatIsThere(
  trace: OpenTrace,
  window: number = DEFAULT_WINDOW,
): Promise<ProfileOutcome> {
  const profiler = new Profiler(window, trace.header.scripted !== undefined);
  const reuse = new ReuseMeter();
  let error: TraceError | null = null;
  try {
    for await (const chunk of trace.chunks()) {
      profiler.chunk(chunk);
      reuse.chunk(chunk);
    }
  } catch (thrown) {
    if (!(thrown instanceof TraceError)) throw thrown;
    error = thrown;
  }
  const counted = profiler.result();
  if (error !== null && counted.records === 0) throw error;
  const profile: TraceProfile = {
    path: trace.path,
    format: trace.format,
    sha256: trace.digest(),
    incomplete: error === null ? null : `${error.where}: ${error.message}`,
    ...counted,
    reuse: reuse.result(),
    badRecords: trace.skipped.count,
    lacks: trace.lacks,
    addresses: trace.virtual ? 'virtual' : 'physical',
    assumes: trace.assumes ?? [],
    passedOver: Object.fromEntries(trace.passedOver ?? []),
    part: trace.part ?? READ_WHOLE,
  };
  return { profile, error };
}

type Counted = Omit<
  TraceProfile,
  | 'path'
  | 'format'
  | 'sha256'
  | 'incomplete'
  | 'reuse'
  | 'badRecords'
  | 'lacks'
  | 'addresses'
  | 'assumes'
  | 'passedOver'
  | 'part'
>;

class Profiler {
  readonly #ops = [0, 0, 0, 0];
  readonly #vcpus = new Set<number>();
  readonly #spaces = new AddressSpaces();
  readonly #eventKinds: Record<string, number> = {};
  /** Touched pages of each address space: the way they were touched, and the last window in which they were. */
  readonly #pages = new Map<string, Map<number, number>>([[INITIAL_AS, new Map()]]);
  #crossing = 0;
  #events = 0;
  #edits = 0;
  readonly #made = new SpacesMade();
  readonly #scripted: boolean;
  readonly #window: number;
  /** Distinct pages of the windows that are over, and of the present one, in which `#left` accesses are still to come. */
  readonly #windows: number[] = [];
  #inWindow = 0;
  #left: number;
  /** Number of the present window, from 1, in units of {@link STAMP}. */
  #stamp = STAMP;

  constructor(window: number, scripted: boolean) {
    this.#window = window;
    this.#scripted = scripted;
    this.#left = window;
  }

  chunk({ accesses, events, eventAt }: TraceChunk): void {
    let from = 0;
    for (const [i, event] of events.entries()) {
      const until = eventAt[i] ?? accesses.n;
      this.#range(accesses, from, until);
      from = until;
      this.#events += 1;
      if (TABLE_EDITS.has(event.kind)) this.#edits += 1;
      const kind = event.kind === 'host' ? event.op : event.kind;
      this.#eventKinds[kind] = (this.#eventKinds[kind] ?? 0) + 1;
      this.#spaces.event(event);
      this.#made.event(event, this.#scripted);
      this.#pagesOf(event.kind === 'fork' ? event.child : this.#spaces.on(event.vcpu));
    }
    this.#range(accesses, from, accesses.n);
  }

  #range(accesses: AccessBatch, from: number, until: number): void {
    let vcpu = -1;
    let pages = new Map<number, number>();
    let lastPage = -1;
    let lastTouch = 0;
    for (let i = from; i < until; i++) {
      if (accesses.vcpu[i] !== vcpu) {
        vcpu = accesses.vcpu[i]!;
        pages = this.#pagesOf(this.#spaces.on(vcpu));
        this.#vcpus.add(vcpu);
        lastPage = -1;
      }
      if (this.#left === 0) {
        this.#nextWindow();
        lastPage = -1;
      }
      this.#left -= 1;
      const op = accesses.op[i]!;
      this.#ops[op]! += 1;
      const page = vpnOf(accesses.hi[i]!, accesses.lo[i]!);
      const last = page + Math.floor(((accesses.lo[i]! & 4095) + accesses.size[i]! - 1) / 4096);
      if (last !== page) this.#crossing += 1;
      const touch = TOUCH[op] ?? 0;
      if (last === lastPage && page === last && touch === lastTouch) continue;
      for (let p = page; p <= last; p++) this.#touch(pages, p, touch);
      lastPage = last;
      lastTouch = touch;
    }
  }

  #touch(pages: Map<number, number>, page: number, touch: number): void {
    const before = pages.get(page) ?? 0;
    const touches = before & (STAMP - 1);
    if (before - touches !== this.#stamp) this.#inWindow += 1;
    pages.set(page, this.#stamp + (touches | touch));
  }

  #nextWindow(): void {
    this.#windows.push(this.#inWindow);
    this.#inWindow = 0;
    this.#left = this.#window;
    this.#stamp += STAMP;
  }

  #pagesOf(as: string): Map<number, number> {
    const known = this.#pages.get(as);
    if (known !== undefined) return known;
    const pages = new Map<number, number>();
    this.#pages.set(as, pages);
    return pages;
  }

  result(): Counted {
    const [read = 0, write = 0, fetch = 0, modify = 0] = this.#ops;
    return {
      records: read + write + fetch + modify,
      ops: { read, write, fetch, modify },
      pageCrossing: this.#crossing,
      addressSpaces: [...this.#pages.keys()],
      addressSpacesMade: this.#made.count,
      vcpus: [...this.#vcpus].toSorted((a, b) => a - b),
      events: this.#events,
      eventKinds: this.#eventKinds,
      footprint: {
        pages4k: this.#distinct(1),
        pages2m: this.#distinct(PAGES_2M),
        pages1g: this.#distinct(PAGES_1G),
      },
      pagesBy: {
        read: this.#touched(READ),
        written: this.#touched(WRITTEN),
        fetched: this.#touched(FETCHED),
      },
      workingSet: {
        window: this.#window,
        pages: this.#left < this.#window ? [...this.#windows, this.#inWindow] : this.#windows,
      },
      tableEdits: this.#edits,
      regions: [...this.#pages].flatMap(([as, pages]) => regionsOf(as, pages)),
    };
  }

  /** Distinct pages of `frames` 4 KiB units. */
  #distinct(frames: number): number {
    let sum = 0;
    for (const pages of this.#pages.values()) {
      sum +=
        frames === 1 ? pages.size : new Set([...pages.keys()].map((page) => Math.floor(page / frames))).size;
    }
    return sum;
  }

  #touched(how: number): number {
    let sum = 0;
    for (const pages of this.#pages.values()) {
      for (const touch of pages.values()) if ((touch & how) !== 0) sum += 1;
    }
    return sum;
  }
}
