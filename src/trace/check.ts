/**
 * `trace check`: what is wrong with a trace, or odd about it, without a machine.
 *
 * Errors are records that cannot be read or that contradict the trace's own events (an access after
 * UNMAP, a store to what is mapped without w); warnings are legal but probably not meant. Addresses are canonical if they can be read. Mappings and address
 * spaces: check-spaces.ts; tables and tags: check-hardware.ts, check-translations.ts; what could be checked at all: check-scope.ts.
 */
import { TraceError } from '../errors.js';
import type { TracePlace } from '../errors.js';
import { OP_MODIFY, OP_WRITE, type TraceChunk } from './access.js';
import type { TraceEvent, TraceHeader } from './event.js';
import { TableChecker, TagChecker } from './check-hardware.js';
import { type CheckScope, scopeOf, type Stopped } from './check-scope.js';
import { type Severity, SpaceChecker, type SpaceFinding } from './check-spaces.js';
import { TranslationChecker } from './check-translations.js';
import type { OpenTrace } from './open.js';
import { type PartRead, READ_WHOLE } from './part.js';
import { WrongFormatError } from './reading-error.js';
import { toldOf } from './source-line.js';

export type { Severity } from './check-spaces.js';

/** One thing to mend. */
export interface Finding {
  readonly place: TracePlace;
  readonly severity: Severity;
  readonly message: string;
}

/** All that a check says. */
export interface TraceCheck {
  readonly findings: readonly Finding[];
  /** What was checked, and what could not be. */
  readonly scope: readonly CheckScope[];
  readonly part: PartRead;
}

/** Findings of one kind that are listed one by one; the rest are summed up. */
export const MAX_FINDINGS = 1000;

/**
 * Reads all of `trace` and lists findings in the order of the trace; in formats without lines bad records come first. Open the
 * trace with `onError: 'skip'` and `maxErrors: Infinity` to have every bad record listed. Throws a {@link TraceError} if nothing
 * could be read in the format that was named.
 */
export async function checkTrace(trace: OpenTrace): Promise<TraceCheck> {
  const checker = new TraceChecker(trace);
  let failure: Finding | null = null;
  try {
    for await (const chunk of trace.chunks()) checker.chunk(chunk);
  } catch (error) {
    if (!(error instanceof TraceError) || error instanceof WrongFormatError) throw error;
    failure = findingOf(error);
  }
  const records = trace.badRecords.map(findingOf);
  // What is wrong with the file as a whole is what its records suffer from.
  const ofFile = failure !== null && (failure.place.line ?? failure.place.offset) === undefined;
  const unlisted = trace.skipped.count - trace.badRecords.length;
  const part = trace.part ?? READ_WHOLE;
  const stopped = failure === null ? (part.cutAfter === null ? null : 'limit') : 'error';
  const { scope, findings: more, summaries } = checker.finish(stopped);
  const findings = [
    ...(failure !== null && ofFile ? [failure] : []),
    ...formatFinding(trace),
    ...inOrder([...records, ...more]),
    ...(unlisted > 0 ? [summary(trace.path, `${unlisted} more bad records`)] : []),
    ...summaries,
    ...(failure !== null && !ofFile ? [failure] : []),
  ];
  return {
    findings: findings.map((finding) => ({ ...finding, ...toldOf(finding, trace) })),
    scope,
    part,
  };
}

/** A finding whose place in the trace is a line, though it may not be its own. */
type Placed = Finding & { readonly after?: number };

/** By lines; what is in a format without lines stays as it is: bad records, then the rest in the order of the trace. */
function inOrder(findings: readonly Placed[]): Finding[] {
  const lineOf = ({ place, after }: Placed): number => place.line ?? after ?? 0;
  return findings
    .toSorted((a, b) => lineOf(a) - lineOf(b))
    .map(({ place, severity, message }) => ({ place, severity, message }));
}

/** What is wrong with all records, perhaps, comes before what is wrong with some. */
function formatFinding({ path, format, looksLike }: OpenTrace): Finding[] {
  if (looksLike === undefined) return [];
  const message = `read as ${format}, as --format says; it looks like ${looksLike}`;
  return [{ place: { file: path }, severity: 'warning', message }];
}

function findingOf({ place, message }: TraceError): Finding {
  return { place, severity: 'error', message };
}

function summary(file: string, message: string): Finding {
  return { place: { file }, severity: 'error', message };
}

/** A kind of finding of which only the first is listed. */
interface Repeated {
  /** Where it is in the list. */
  readonly index: number;
  readonly of: 'events' | 'accesses';
  count: number;
}

/** `1st`, `2nd`, `3rd`, `4th`, `11th`. */
function ordinal(n: number): string {
  const tens = Math.floor((n % 100) / 10);
  return `${n}${(tens === 1 ? undefined : ['th', 'st', 'nd', 'rd'][n % 10]) ?? 'th'}`;
}

class TraceChecker {
  readonly #file: string;
  readonly #levels: number;
  readonly #spaces = new SpaceChecker();
  readonly #tags = new TagChecker();
  readonly #tables: TableChecker;
  /** Null: the guest's tables and flushes are not all in the trace. */
  readonly #translations: TranslationChecker | null;
  readonly #stale: [line: number, message: string][] = [];
  readonly #kinds = new Set<TraceEvent['kind']>();
  readonly #header: TraceHeader;
  readonly #findings: Placed[] = [];
  readonly #repeated = new Map<string, Repeated>();
  #unlisted = 0;
  #accesses = 0;
  /** Of them: since the last event. */
  #sinceEvent = 0;
  #events = 0;
  /** Line of the last event, after which an access without a line of its own is placed. */
  #lastEventLine = 0;

  constructor(trace: OpenTrace) {
    this.#file = trace.path;
    const { header } = trace;
    this.#header = header;
    this.#levels = header.guestLevels ?? 4;
    this.#tables = new TableChecker(header);
    this.#translations =
      header.scripted === undefined ? null : new TranslationChecker(header.scripted, this.#levels);
  }

  chunk({ accesses, events, eventAt }: TraceChunk): void {
    let from = 0;
    for (const [i, event] of events.entries()) {
      const until = eventAt[i] ?? accesses.n;
      this.#range(accesses, from, until);
      from = until;
      this.#event(event);
    }
    this.#range(accesses, from, accesses.n);
  }

  /** All findings; `stopped`: what kept the trace from being read to its end. */
  finish(stopped: Stopped | null): {
    readonly findings: readonly Placed[];
    /** What is said of the trace as a whole. */
    readonly summaries: readonly Finding[];
    readonly scope: TraceCheck['scope'];
  } {
    const summaries: Finding[] = [];
    const flushes = this.#translations?.flushRows ?? 0;
    // A trace that leaves flushes out says nothing about them.
    if (flushes > 0) for (const [line, message] of this.#stale) this.#find(line, 'error', message);
    if (stopped === null)
      for (const { line, number, message } of this.#tables.findings())
        this.#find(line, 'warning', line > 0 ? message : `${message} (event ${number})`);
    if (this.#unlisted > 0) summaries.push(summary(this.#file, `${this.#unlisted} more findings`));
    if (stopped === null && this.#accesses === 0) {
      summaries.push(summary(this.#file, 'the trace has no access; there is nothing to replay'));
    }
    for (const { index, count, of } of this.#repeated.values()) {
      const first = this.#findings[index]!;
      if (count > 1)
        this.#findings[index] = { ...first, message: `${first.message}; ${count} such ${of} in all` };
    }
    const scope = scopeOf({ header: this.#header, kinds: this.#kinds, flushes, stopped });
    return { findings: this.#findings, summaries, scope };
  }

  #range(accesses: TraceChunk['accesses'], from: number, until: number): void {
    if (this.#spaces.watchful) this.#watch(accesses, from, until);
    for (let i = from; this.#translations !== null && i < until; i++) this.#use(accesses, i, i - from);
    this.#accesses += until - from;
    this.#sinceEvent += until - from;
  }

  /** Accesses between two events: one to the page of the last one, and no store if that was none, is as right as that. */
  #watch({ hi, lo, op, size, vcpu }: TraceChunk['accesses'], from: number, until: number): void {
    let [lastHi, lastFrame, lastVcpu, stored] = [-1, -1, -1, false];
    for (let i = from; i < until; i++) {
      const write = op[i] === OP_WRITE || op[i] === OP_MODIFY;
      const frame = lo[i]! >>> 12;
      const within = (lo[i]! & 4095) + size[i]! <= 4096;
      if (within && frame === lastFrame && hi[i] === lastHi && vcpu[i] === lastVcpu && (stored || !write))
        continue;
      const use = { vcpu: vcpu[i]!, hi: hi[i]!, lo: lo[i]!, size: size[i]!, write };
      const wrong = this.#spaces.access(use);
      if (wrong !== null) this.#findAccess(i - from, wrong);
      else if (within) [lastHi, lastFrame, lastVcpu, stored] = [use.hi, frame, use.vcpu, write];
    }
  }

  #findAccess(later: number, { kind, severity, message }: SpaceFinding): void {
    this.#findOnce(kind, 'accesses', () => this.#find(0, severity, `${this.#accessName(later)} ${message}`));
  }

  /** An access of a guest whose tables are known; `later` accesses after the first of the stretch. */
  #use({ hi, lo, op, size, vcpu }: TraceChunk['accesses'], i: number, later: number): void {
    const write = op[i] === OP_WRITE || op[i] === OP_MODIFY;
    const use = { vcpu: vcpu[i]!, hi: hi[i]!, lo: lo[i]!, size: size[i]!, write };
    for (const { line, message } of this.#translations?.use(use) ?? []) {
      if (this.#stale.length < MAX_FINDINGS) this.#stale.push([line, message(this.#accessName(later))]);
      else this.#unlisted += 1;
    }
  }

  /** `access 7 (the 3rd after the event of line 4)`; all accesses that are found wrong come after an event. */
  #accessName(later: number): string {
    const event =
      this.#lastEventLine > 0 ? `the event of line ${this.#lastEventLine}` : `event ${this.#events - 1}`;
    return `access ${this.#accesses + later} (the ${ordinal(this.#sinceEvent + later + 1)} after ${event})`;
  }

  #event(event: TraceEvent): void {
    this.#lastEventLine = event.line;
    this.#sinceEvent = 0;
    this.#events += 1;
    this.#kinds.add(event.kind);
    this.#translations?.event(event);
    this.#tables.event(event);
    const stale = this.#tags.event(event);
    if (stale !== null) this.#findAt(event, 'error', stale);
    if (event.kind === 'ptw' && event.level > this.#levels) {
      const levels = `PTW of level ${event.level}, but the guest has ${this.#levels} levels`;
      this.#findAt(event, 'error', levels);
    }
    const wrong = this.#spaces.event(event);
    if (wrong === null) return;
    const { kind, severity, message } = wrong;
    this.#findOnce(kind, 'events', () => this.#findAt(event, severity, message));
  }

  /** Of a kind that only the first is listed of, that one. */
  #findOnce(kind: string | undefined, of: Repeated['of'], find: () => void): void {
    const before = kind === undefined ? undefined : this.#repeated.get(kind);
    if (before !== undefined) {
      before.count += 1;
      return;
    }
    const index = this.#findings.length;
    find();
    if (kind !== undefined && this.#findings.length > index)
      this.#repeated.set(kind, { index, of, count: 1 });
  }

  /** An event of a trace without lines is told by its number. */
  #findAt({ line }: TraceEvent, severity: Severity, message: string): void {
    const where = line > 0 ? '' : ` (event ${this.#events - 1}, before access ${this.#accesses})`;
    this.#find(line, severity, message + where);
  }

  #find(line: number, severity: Severity, message: string): void {
    if (this.#findings.length >= MAX_FINDINGS) {
      this.#unlisted += 1;
      return;
    }
    const place: TracePlace = line > 0 ? { file: this.#file, line } : { file: this.#file };
    this.#findings.push({ place, severity, message, after: this.#lastEventLine });
  }
}
