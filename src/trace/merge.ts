/**
 * Several traces as one, as if a scheduler gave each the machine for a quantum of accesses in turn.
 *
 * Address spaces are renamed NUMBER:NAME, by the number of the trace from 1, so that none are shared; vcpus keep their
 * numbers, so that what ran at the same time still does. A vcpu switches when it is next used. What names frames of a
 * guest of its own (PTW, a scripted guest, a p2m) or tags (PCID) cannot be merged.
 */
import { TraceError } from '../errors.js';
import { BATCH_CAPACITY, type TraceChunk } from './access.js';
import { AddressSpaces } from './address-spaces.js';
import { ChunkBuilder } from './chunk-builder.js';
import type { TraceEvent, TraceHeader } from './event.js';
import type { OpenTrace } from './open.js';
import { PassedOverCounts } from './passed-over.js';
import { errorIn } from './source-line.js';

const ADVICE = 'only traces without tables and tags of their own can share a guest';

/** One input, with the place up to which it has been read. */
class Input {
  readonly number: number;
  readonly path: string;
  readonly format: string;
  readonly spaces = new AddressSpaces();
  readonly #chunks: AsyncIterator<TraceChunk>;
  #chunk: TraceChunk | null = null;
  #nextAccess = 0;
  #nextEvent = 0;

  constructor(trace: OpenTrace, number: number) {
    this.number = number;
    this.path = trace.path;
    this.format = trace.format;
    this.#chunks = trace.chunks()[Symbol.asyncIterator]();
  }

  /** Name of one of its address spaces among all. */
  name(as: string): string {
    return `${this.number}:${as}`;
  }

  /** True if there is a record; reads on if need be. */
  async ready(): Promise<boolean> {
    while (this.#chunk === null || this.drained) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      [this.#chunk, this.#nextAccess, this.#nextEvent] = [next.value, 0, 0];
    }
    return true;
  }

  get drained(): boolean {
    const chunk = this.#chunk;
    return chunk === null || (this.#nextAccess >= chunk.accesses.n && this.#nextEvent >= chunk.events.length);
  }

  /** Hands the next record on; true if it was an access. */
  step(merger: Merger): boolean {
    const { accesses, events, eventAt } = this.#chunk!;
    const at = eventAt[this.#nextEvent];
    if (at !== undefined && at <= this.#nextAccess) {
      merger.event(this, events[this.#nextEvent++]!);
      return false;
    }
    const i = this.#nextAccess++;
    merger.access(this, accesses, i);
    return true;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}

class Merger {
  readonly out: ChunkBuilder;
  /** Address space that each vcpu is in; absent: that of the beginning. */
  readonly #current = new Map<number, string>();

  constructor(out: ChunkBuilder) {
    this.out = out;
  }

  access(input: Input, { op, hi, lo, size, vcpu }: TraceChunk['accesses'], i: number): void {
    this.#enter(input, vcpu[i]!);
    this.out.access(op[i]!, hi[i]!, lo[i]!, size[i]!, vcpu[i]!);
  }

  event(input: Input, event: TraceEvent): void {
    const objection = objectionTo(event);
    if (objection !== null) {
      const place = event.line > 0 ? { file: input.path, line: event.line } : { file: input.path };
      throw errorIn(new TraceError(place, objection, { hint: ADVICE }), {
        path: input.path,
        format: input.format,
      });
    }
    switch (event.kind) {
      case 'switch':
      case 'cr3': {
        const as = input.name(event.as);
        input.spaces.event(event);
        this.#current.set(event.vcpu, as);
        this.out.event({ ...event, as });
        return;
      }
      case 'fork':
        this.#enter(input, event.vcpu);
        this.out.event({ ...event, child: input.name(event.child) });
        return;
      case 'exit':
        this.#enter(input, event.vcpu);
        this.out.event(event.as === null ? event : { ...event, as: input.name(event.as) });
        if (event.as === null || event.as === input.spaces.on(event.vcpu)) this.#current.delete(event.vcpu);
        return;
      default:
        this.#enter(input, event.vcpu);
        this.out.event(event);
    }
  }

  /** Puts a vcpu into the address space that it has in `input`. */
  #enter(input: Input, vcpu: number): void {
    const as = input.name(input.spaces.on(vcpu));
    if (this.#current.get(vcpu) === as) return;
    this.#current.set(vcpu, as);
    this.out.event({ kind: 'switch', as, noflush: false, vcpu, line: 0 });
  }
}

/** Why an event cannot be in a merged trace, or null. */
function objectionTo(event: TraceEvent): string | null {
  if (event.kind === 'ptw' || event.kind === 'ptdying')
    return 'an edit of a table by its frame cannot be merged';
  if (event.kind === 'host') return `${event.op} edits frames of one guest and cannot be merged`;
  if (event.kind === 'map' && event.gfn !== null) return 'a MAP of frames by their numbers cannot be merged';
  if ((event.kind === 'cr3' && event.pcid !== null) || event.kind === 'invpcid')
    return 'a PCID means something to one guest and cannot be merged';
  return null;
}

/** The header of all: levels and features that they agree on, the most vcpus, the sum of RAM if all declare it. */
function headerOf(traces: readonly OpenTrace[]): TraceHeader {
  for (const { path, header } of traces) {
    if (header.scripted === undefined && header.p2m.length === 0) continue;
    const what = header.scripted === undefined ? 'a p2m' : 'a scripted guest';
    throw new TraceError({ file: path }, `the trace declares ${what} and cannot be merged`, { hint: ADVICE });
  }
  const vcpus = Math.max(...traces.map(({ header }) => header.vcpus ?? 1));
  const rams = traces.map(({ header }) => header.ram);
  return {
    guestLevels: agreed(traces, 'guest-levels', ({ guestLevels }) => guestLevels),
    features: agreed(traces, 'features', ({ features }) => (features.length === 0 ? null : features)) ?? [],
    vcpus: vcpus === 1 ? null : vcpus,
    ram: rams.includes(null) ? null : rams.reduce((sum: number, ram) => sum + (ram ?? 0), 0),
    p2m: [],
  };
}

/** What all traces declare that declare it at all (null: not). */
function agreed<T>(traces: readonly OpenTrace[], what: string, value: (header: TraceHeader) => T): T | null {
  const declaring = traces.filter(({ header }) => value(header) !== null);
  const [first] = declaring;
  if (first === undefined) return null;
  const text = (trace: OpenTrace): string => JSON.stringify(value(trace.header));
  const other = declaring.find((trace) => text(trace) !== text(first));
  if (other === undefined) return value(first.header);
  throw new TraceError({ file: other.path }, `declares other ${what} than ${first.path}`, {
    hint: 'traces that are merged run on one guest',
  });
}

/** Merges traces that are open into one; `quantum`: accesses of each before the next has its turn. */
export function mergeTraces(traces: readonly OpenTrace[], quantum: number): OpenTrace {
  const sum = (value: (trace: OpenTrace) => number): number =>
    traces.reduce((total, trace) => total + value(trace), 0);
  const union = (value: (trace: OpenTrace) => readonly string[]): string[] => [
    ...new Set(traces.flatMap(value)),
  ];
  const formats = union(({ format }) => [format]).join(' and ');
  const header = headerOf(traces);
  const out = new ChunkBuilder();
  return {
    path: traces.map(({ path }) => path).join(', '),
    format: formats,
    source: union(({ source, format }) => [source ?? format]).join(' and '),
    header,
    virtual: traces.every(({ virtual }) => virtual),
    lacks: union(({ lacks }) => lacks),
    assumes: union(({ assumes }) => assumes ?? []),
    eventless: false,
    batchRecords: BATCH_CAPACITY,
    totalBytes: traces.some(({ totalBytes }) => totalBytes === null)
      ? null
      : sum(({ totalBytes }) => totalBytes ?? 0),
    get bytesRead() {
      return sum(({ bytesRead }) => bytesRead);
    },
    get skipped() {
      const first = traces.find(({ skipped }) => skipped.first !== null)?.skipped.first ?? null;
      return { count: sum(({ skipped }) => skipped.count), first };
    },
    get badRecords() {
      return traces.flatMap(({ badRecords }) => badRecords);
    },
    get passedOver() {
      const counts = new PassedOverCounts();
      for (const { passedOver } of traces)
        for (const [what, count] of passedOver ?? []) counts.add(what, count);
      return counts.counts;
    },
    get decoded() {
      return out.decoded;
    },
    chunks: () => mergedChunks(traces, quantum, out),
    digest: () => traces.map((trace) => trace.digest()).join('+'),
    close: async () => {
      for (const trace of traces) await trace.close();
    },
  };
}

async function* mergedChunks(
  traces: readonly OpenTrace[],
  quantum: number,
  out: ChunkBuilder,
): AsyncGenerator<TraceChunk> {
  const merger = new Merger(out);
  const inputs = traces.map((trace, i) => new Input(trace, i + 1));
  let runnable = inputs;
  try {
    while (runnable.length > 0) {
      const ended = new Set<Input>();
      for (const input of runnable) {
        for (let left = quantum; left > 0;) {
          if (input.drained && !(await input.ready())) {
            ended.add(input);
            break;
          }
          if (input.step(merger)) left -= 1;
          if (!out.full) continue;
          yield out.chunk(0);
          out.clear();
        }
      }
      runnable = runnable.filter((input) => !ended.has(input));
    }
    if (!out.empty) yield out.chunk(0);
  } finally {
    for (const input of inputs) await input.close();
  }
}
