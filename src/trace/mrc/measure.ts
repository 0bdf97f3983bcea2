/**
 * `trace mrc`: the misses of LRU TLBs of every size from one pass over a trace, without a machine.
 *
 * Each vcpu has a TLB of its own; pages of different address spaces are different pages. Nothing is ever
 * flushed, and nobody but the trace accesses memory. Memory grows with the footprint, not with the length of the trace.
 */
import { TraceError } from '../../errors.js';
import type { OpenTrace } from '../open.js';
import { type PartRead, READ_WHOLE } from '../part.js';
import { partNotes, passedOverNotes, traceNotes } from '../trace-notes.js';
import { DistanceCounts } from './distance-counts.js';
import { LruStack } from './lru-stack.js';
import { MissCurve } from './miss-curve.js';
import { type AccessKinds, type MrcPageSize, type PageRun, PageRuns, RUN_CAPACITY } from './page-runs.js';
import { type Estimate, PageSample } from './page-sample.js';
import { SetStacks } from './set-stacks.js';

/** What is read of the trace. */
export interface MrcInput {
  readonly pageSize: MrcPageSize;
  readonly kinds: AccessKinds;
}

/** What the numbers were made of. */
export interface MrcSource extends MrcInput {
  readonly path: string;
  readonly format: string;
  readonly sha256: string;
  /** Records of the wanted kinds; each is an access to one page or more. */
  readonly records: number;
  readonly accesses: number;
  /** Accesses that are due to page borders inside records. */
  readonly crossings: number;
  /** Vcpus with accesses. */
  readonly vcpus: number;
  readonly events: number;
  readonly badRecords: number;
  readonly lacks: readonly string[];
  readonly part: PartRead;
  /** What reports have to say about the trace itself. */
  readonly notes: readonly string[];
}

export interface SampleOptions {
  /** Share of the pages, above 0 and at most 1. */
  readonly rate: number;
  readonly seed: number;
}

export interface SampleReport extends SampleOptions {
  /** Sampled pages and accesses to them. */
  readonly pages: number;
  readonly accesses: number;
}

/** The misses of a fully associative TLB by its number of entries. */
export interface MissRatioCurve {
  readonly source: MrcSource;
  /** Null: exact. */
  readonly sample: SampleReport | null;
  /** Distinct pages, added up over the vcpus: misses of the largest TLB. An estimate under sampling. */
  readonly pages: number;
  readonly curve: MissCurve;
  /** Standard error of the misses at each size of `curve`; null: exact. */
  readonly errors: Float64Array | null;
  /** Misses at the sizes asked for and at the powers of two, with their standard error, ascending by size. */
  readonly points: readonly (Estimate & { readonly size: number })[];
}

/** The misses of a set-associative TLB by its ways. */
export interface MissesByWays {
  readonly source: MrcSource;
  readonly sets: number;
  /** At `w - 1`: misses with w ways. */
  readonly misses: readonly number[];
}

export interface CurveOptions extends MrcInput {
  /** Sizes of interest besides the powers of two. */
  readonly at: readonly number[];
  /** Null: exact. */
  readonly sample: SampleOptions | null;
}

const POWERS_OF_TWO = Array.from({ length: 31 }, (_, i) => 2 ** i);

/** Reads the whole trace. */
export async function missRatioCurve(trace: OpenTrace, options: CurveOptions): Promise<MissRatioCurve> {
  const sizes = [...new Set([...POWERS_OF_TWO, ...options.at])].toSorted((a, b) => a - b);
  const { rate, seed } = options.sample ?? { rate: 1, seed: 0 };
  const sample = options.sample === null ? null : new PageSample(rate, seed, sizes, RUN_CAPACITY);
  const meter = new CurveMeter(sample);
  const source = await readPages(trace, options, (run, runs) => meter.take(run, runs.regions.pages));
  if (options.sample !== null && meter.counts.cold === 0) throw nothingSampled(trace, options.sample, source);
  const curve = new MissCurve(source.accesses, meter.counts, sample?.rate);
  const last = sizes.find((size) => size >= curve.largest) ?? curve.largest;
  const shown = sizes.filter((size) => size <= last || options.at.includes(size));
  return {
    source,
    sample:
      sample === null
        ? null
        : { rate: sample.rate, seed, pages: meter.counts.cold, accesses: sample.accesses },
    pages: Math.round(meter.counts.cold / (sample?.rate ?? 1)),
    curve,
    errors:
      sample === null ? null : Float64Array.from(curve.sizes, (size) => sample.estimate(curve, size).error),
    points: shown.map((size) => ({
      size,
      ...(sample?.estimate(curve, size) ?? { misses: curve.at(size), error: 0 }),
    })),
  };
}

/** Reads the whole trace. */
export async function missesByWays(
  trace: OpenTrace,
  options: MrcInput & { readonly sets: number; readonly ways: number },
): Promise<MissesByWays> {
  const { sets, ways } = options;
  const stacks: SetStacks[] = [];
  const source = await readPages(trace, options, (run, { regions }) => {
    const stack = (stacks[run.vcpu] ??= new SetStacks(sets, ways));
    stack.access(run.pages, run.n, regions.number);
  });
  const places = (place: number): number => stacks.reduce((sum, stack) => sum + stack.places[place]!, 0);
  const misses = Array.from({ length: ways }, () => 0);
  let left = 0;
  for (let way = ways; way > 0; way--) {
    left += places(way);
    misses[way - 1] = left;
  }
  return { source, sets, misses };
}

/** Distances of exact or sampled stacks, one per vcpu, counted together. */
class CurveMeter {
  readonly counts = new DistanceCounts();
  readonly #sample: PageSample | null;
  readonly #stacks: LruStack[] = [];
  readonly #distances = new Int32Array(RUN_CAPACITY);

  constructor(sample: PageSample | null) {
    this.#sample = sample;
  }

  take(run: PageRun, limit: number): void {
    const sample = this.#sample;
    sample?.select(run.pages, run.starts, run.n);
    const { pages, n } = sample ?? run;
    const stack = (this.#stacks[run.vcpu] ??= new LruStack());
    stack.access(pages, n, limit, this.#distances);
    this.counts.add(this.#distances, n, stack.distinct);
    sample?.count(this.#distances);
  }
}

async function readPages(
  trace: OpenTrace,
  { pageSize, kinds }: MrcInput,
  take: (run: PageRun, runs: PageRuns) => void,
): Promise<MrcSource> {
  const runs: PageRuns = new PageRuns(pageSize, kinds, (run) => take(run, runs));
  let events = 0;
  for await (const chunk of trace.chunks()) {
    events += chunk.events.length;
    runs.chunk(chunk);
  }
  if (runs.accesses === 0) throw nothingToCount(trace, kinds);
  const part = trace.part ?? READ_WHOLE;
  return {
    path: trace.path,
    format: trace.format,
    sha256: trace.digest(),
    pageSize,
    kinds,
    records: runs.records,
    accesses: runs.accesses,
    crossings: runs.crossings,
    vcpus: runs.vcpus,
    events,
    badRecords: trace.skipped.count,
    lacks: trace.lacks,
    part,
    notes: [...partNotes(part), ...traceNotes(trace), ...passedOverNotes(trace.passedOver)],
  };
}

const KINDS_MISSING = { all: 'no access', data: 'no read or write', fetch: 'no fetch' } as const;

function nothingToCount({ path, part }: OpenTrace, kinds: AccessKinds): TraceError {
  const whole = part === undefined || (part.skipped === 0 && part.cutAfter === null);
  const where = whole ? 'the trace' : 'the part that --skip and --limit leave';
  return new TraceError({ file: path }, `${where} has ${KINDS_MISSING[kinds]}`, {
    hint: `\`p2msim trace info ${path}\` shows what it holds`,
  });
}

/** No curve can be made of it, not even one of zeros: every page that was not looked at has missed at least once. */
function nothingSampled({ path }: OpenTrace, { rate, seed }: SampleOptions, source: MrcSource): TraceError {
  const accesses = `${source.accesses} page ${source.accesses === 1 ? 'access' : 'accesses'}`;
  return new TraceError(
    { file: path },
    `no page of the trace is in the sample of ${rate} (seed ${seed}), so that nothing can be estimated of its ${accesses}`,
    {
      hint: 'give --sample a larger rate, ten times or more; or leave it out: without it the curve is exact',
    },
  );
}
