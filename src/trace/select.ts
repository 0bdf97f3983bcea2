/**
 * Part of a trace: by position, kind, address, address space and vcpu.
 *
 * Events of what is left out go with it; all others stay, those of the skipped beginning too, for they say what is
 * mapped where the part begins. An address space that is wanted but not its parent begins empty.
 */
import { TraceError } from '../errors.js';
import type { AccessBatch, TraceChunk } from './access.js';
import { AddressSpaces, INITIAL_AS } from './address-spaces.js';
import { quoted } from './bad-records.js';
import { ChunkBuilder } from './chunk-builder.js';
import { MAX_VCPUS, type TraceEvent, type Word64 } from './event.js';
import type { OpenTrace } from './open.js';
import { nothingLeft } from './part.js';
import { viewOf } from './view.js';

/** Addresses from the first to the last byte. */
export interface AddressRange {
  readonly first: Word64;
  readonly last: Word64;
}

/** What is wanted; null: all. Positions count the accesses that the other conditions leave. */
export interface Selection {
  readonly skip: number;
  readonly limit: number;
  /** Kinds of access: OP_READ and so on. */
  readonly ops: ReadonlySet<number> | null;
  readonly ranges: readonly AddressRange[] | null;
  readonly addressSpaces: ReadonlySet<string> | null;
  readonly vcpus: ReadonlySet<number> | null;
}

export const EVERYTHING: Selection = {
  skip: 0,
  limit: Infinity,
  ops: null,
  ranges: null,
  addressSpaces: null,
  vcpus: null,
};

class Selector {
  readonly out = new ChunkBuilder();
  readonly #wanted: Selection;
  readonly #spaces = new AddressSpaces();
  /** Accesses that the conditions other than the position have left so far. */
  seen = 0;
  /** Names of address spaces in the trace, and numbers of vcpus that access memory. */
  readonly #spaceNames = new Set<string>([INITIAL_AS]);
  readonly #isVcpu = new Uint8Array(MAX_VCPUS);

  constructor(wanted: Selection) {
    this.#wanted = wanted;
  }

  get done(): boolean {
    return this.seen >= this.#wanted.skip + this.#wanted.limit;
  }

  access(batch: AccessBatch, i: number): void {
    const { ops, ranges, addressSpaces, vcpus, skip } = this.#wanted;
    const [op, hi, lo, vcpu] = [batch.op[i]!, batch.hi[i]!, batch.lo[i]!, batch.vcpu[i]!];
    this.#isVcpu[vcpu] = 1;
    if (ops !== null && !ops.has(op)) return;
    if (vcpus !== null && !vcpus.has(vcpu)) return;
    if (addressSpaces !== null && !addressSpaces.has(this.#spaces.on(vcpu))) return;
    if (ranges !== null && !ranges.some((range) => isIn(range, hi, lo))) return;
    this.seen += 1;
    if (this.seen > skip) this.out.access(op, hi, lo, batch.size[i]!, vcpu);
  }

  /** What is wanted and was not in the trace, once all of it was read. */
  get missing(): string[] {
    const { addressSpaces, vcpus } = this.#wanted;
    const spaces = [...(addressSpaces ?? [])].filter((name) => !this.#spaceNames.has(name));
    const numbers = [...(vcpus ?? [])].filter((vcpu) => this.#isVcpu[vcpu] !== 1);
    return [
      ...spaces.map((name) => `address space ${quoted(name)}`),
      ...numbers.map((vcpu) => `vcpu ${vcpu}`),
    ];
  }

  event(event: TraceEvent): void {
    const { addressSpaces, vcpus } = this.#wanted;
    this.#spaces.event(event);
    if (event.kind === 'switch' || event.kind === 'cr3') this.#spaceNames.add(event.as);
    if (event.kind === 'fork') this.#spaceNames.add(event.child);
    this.#isVcpu[event.vcpu] = 1;
    if (vcpus !== null && !vcpus.has(event.vcpu)) return;
    if (addressSpaces !== null && !addressSpaces.has(subjectOf(event, this.#spaces))) return;
    this.out.event(event);
  }
}

function isIn({ first, last }: AddressRange, hi: number, lo: number): boolean {
  const below = hi < first.hi || (hi === first.hi && lo < first.lo);
  const above = hi > last.hi || (hi === last.hi && lo > last.lo);
  return !below && !above;
}

/** The address space that an event is about: the child of a FORK, for without it nothing is shared. */
function subjectOf(event: TraceEvent, spaces: AddressSpaces): string {
  if (event.kind === 'fork') return event.child;
  if (event.kind === 'exit' && event.as !== null) return event.as;
  return spaces.on(event.vcpu);
}

/** The part of `chunks` that is wanted. It ends with the last access; no more is asked for then. */
export function selectChunks(
  chunks: AsyncIterable<TraceChunk>,
  wanted: Selection,
): AsyncGenerator<TraceChunk> {
  return selectedBy(new Selector(wanted), chunks);
}

async function* selectedBy(
  selector: Selector,
  chunks: AsyncIterable<TraceChunk>,
): AsyncGenerator<TraceChunk> {
  const { out } = selector;
  let rawBytes = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const { accesses, events, eventAt, rawBytes: read } of chunks) {
      rawBytes = read;
      let next = 0;
      for (let i = 0; i <= accesses.n && !selector.done; i++) {
        for (; next < events.length && (eventAt[next] ?? 0) <= i; next++) selector.event(events[next]!);
        if (i < accesses.n) selector.access(accesses, i);
        if (!out.full) continue;
        yield out.chunk(rawBytes);
        out.clear();
      }
      if (selector.done) break;
    }
  } catch (error) {
    // What came before it is delivered first.
    failure = { error };
  }
  if (!out.empty) yield out.chunk(rawBytes);
  if (failure !== undefined) throw failure.error;
}

/** The chunks of a part of the trace at `path`; an error at the end if no access was among them. */
async function* withAccesses(
  trace: OpenTrace,
  wanted: Selection,
  onWarning: (text: string) => void,
): AsyncGenerator<TraceChunk> {
  const selector = new Selector(wanted);
  yield* selectedBy(selector, trace.chunks());
  const { seen, done, missing } = selector;
  // Of what --limit has left unread nothing is known.
  if (!done && seen > wanted.skip)
    for (const what of missing) onWarning(`${trace.path} has no ${what}; \`p2msim trace info\` lists them`);
  if (seen > wanted.skip) return;
  if (seen > 0 && isByPositionOnly(wanted)) throw nothingLeft(trace, seen, wanted.skip);
  if (seen > 0) {
    const left = seen === 1 ? '1 access' : `${seen} accesses`;
    throw new TraceError(
      { file: trace.path },
      `nothing is left: the other conditions leave ${left}, and --skip passes over ${wanted.skip}`,
      { hint: 'give a smaller --skip, which counts what the other conditions leave' },
    );
  }
  throw new TraceError({ file: trace.path }, 'no access is in the part that was chosen', {
    hint: `\`p2msim trace info ${trace.path}\` lists addresses, address spaces and vcpus`,
  });
}

function isByPositionOnly({ ops, ranges, addressSpaces, vcpus }: Selection): boolean {
  return ops === null && ranges === null && addressSpaces === null && vcpus === null;
}

/**
 * A trace of which only part is read. Its chunks end in a {@link TraceError} if that part has no access; an address space or
 * vcpu that is wanted and not there is a warning.
 */
export function selectTrace(
  trace: OpenTrace,
  wanted: Selection,
  onWarning: (text: string) => void = () => undefined,
): OpenTrace {
  return viewOf(trace, { chunks: () => withAccesses(trace, wanted, onWarning) });
}
