/**
 * `trace check`: what is wrong with a trace, or odd about it, without a machine.
 *
 * Errors are records that cannot be read or that contradict the trace's own events (an access after
 * UNMAP); warnings are legal but probably not meant. Addresses are canonical if they can be read. What a guest does
 * with its tables and tags: check-hardware.ts, check-translations.ts; what could be checked at all: check-scope.ts.
 */
import { formatAddress, vpnOf } from '../arch/address.js';
import { TraceError } from '../errors.js';
import type { TracePlace } from '../errors.js';
import { OP_MODIFY, OP_WRITE, type TraceChunk } from './access.js';
import { AddressSpaces, INITIAL_AS } from './address-spaces.js';
import type { TraceEvent, TraceHeader, Word64 } from './event.js';
import { TableChecker, TagChecker } from './check-hardware.js';
import { type CheckScope, scopeOf } from './check-scope.js';
import { TranslationChecker } from './check-translations.js';
import type { OpenTrace } from './open.js';
import { type PartRead, READ_WHOLE } from './part.js';
import type { PageRange } from './range-set.js';
import { RangeSet } from './range-set.js';

export type Severity = 'error' | 'warning';

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
 * Reads all of `trace` and lists findings in the order of the trace, bad records first. Open the
 * trace with `onError: 'skip'` and `maxErrors: Infinity` to have every bad record listed.
 */
export async function checkTrace(trace: OpenTrace): Promise<TraceCheck> {
  const checker = new TraceChecker(trace);
  let failure: Finding | null = null;
  try {
    for await (const chunk of trace.chunks()) checker.chunk(chunk);
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    failure = findingOf(error);
  }
  const records = trace.badRecords.map(findingOf);
  // What is wrong with the file as a whole is what its records suffer from.
  const ofFile = failure !== null && (failure.place.line ?? failure.place.offset) === undefined;
  const findings = failure !== null && ofFile ? [failure, ...records] : records;
  const unlisted = trace.skipped.count - records.length;
  if (unlisted > 0) findings.push(summary(trace.path, `${unlisted} more bad records`));
  const part = trace.part ?? READ_WHOLE;
  const stopped = failure === null ? stoppedBy(part) : 'the trace was not read to its end';
  const { scope, findings: more } = checker.finish(stopped);
  findings.push(...more);
  if (failure !== null && !ofFile) findings.push(failure);
  return { findings, scope, part };
}

function stoppedBy({ cutAfter }: PartRead): string | null {
  return cutAfter === null ? null : 'what leads to a table may come after the part that was read';
}

function findingOf({ place, message }: TraceError): Finding {
  return { place, severity: 'error', message };
}

function summary(file: string, message: string): Finding {
  return { place: { file }, severity: 'error', message };
}

/** What the trace's events say of one address space. */
interface Space {
  readonly mapped: RangeSet;
  /** Mapped once, and not now. */
  readonly unmapped: RangeSet;
  alive: boolean;
}

class TraceChecker {
  readonly #file: string;
  readonly #levels: number;
  readonly #spaces = new Map<string, Space>([[INITIAL_AS, newSpace()]]);
  readonly #selected = new AddressSpaces();
  readonly #tags = new TagChecker();
  readonly #tables: TableChecker;
  /** Null: the guest's tables and flushes are not all in the trace. */
  readonly #translations: TranslationChecker | null;
  readonly #stale: [line: number, message: string][] = [];
  readonly #kinds = new Set<TraceEvent['kind']>();
  readonly #header: TraceHeader;
  readonly #findings: Finding[] = [];
  #unlisted = 0;
  #accesses = 0;
  /** Of them: since the last event. */
  #sinceEvent = 0;
  #forks = 0;
  /** True once any address space has an unmapped range: until then accesses need no look. */
  #anyUnmapped = false;
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

  /** All findings; `stopped`: why the trace was not read to its end. */
  finish(stopped: string | null): Pick<TraceCheck, 'findings' | 'scope'> {
    const flushes = this.#translations?.flushRows ?? 0;
    // A trace that leaves flushes out says nothing about them.
    if (flushes > 0) for (const [line, message] of this.#stale) this.#find(line, 'error', message);
    if (stopped === null)
      for (const { line, message } of this.#tables.findings()) this.#find(line, 'warning', message);
    if (this.#unlisted > 0) this.#findings.push(summary(this.#file, `${this.#unlisted} more findings`));
    if (stopped === null && this.#accesses === 0) {
      this.#findings.push(summary(this.#file, 'the trace has no access; there is nothing to replay'));
    }
    const scope = scopeOf({ header: this.#header, kinds: this.#kinds, flushes, stopped });
    return { findings: this.#findings, scope };
  }

  #range(accesses: TraceChunk['accesses'], from: number, until: number): void {
    for (let i = from; this.#anyUnmapped && i < until; i++)
      this.#access(accesses, i, this.#accesses + i - from);
    for (let i = from; this.#translations !== null && i < until; i++) this.#use(accesses, i, i - from);
    this.#accesses += until - from;
    this.#sinceEvent += until - from;
  }

  #access({ hi, lo, vcpu }: TraceChunk['accesses'], i: number, number: number): void {
    const as = this.#selected.on(vcpu[i]!);
    const unmapped = this.#spaces.get(as)?.unmapped;
    if (unmapped === undefined || unmapped.empty) return;
    const va: Word64 = { hi: hi[i]!, lo: lo[i]! };
    if (!unmapped.has(vpnOf(va.hi, va.lo))) return;
    const after = this.#lastEventLine > 0 ? ` after the event of line ${this.#lastEventLine}` : '';
    const what = `is to ${formatAddress(va.hi, va.lo)}, which address space ${as} has unmapped`;
    this.#find(0, 'error', `access ${number}${after} ${what}`);
  }

  /** An access of a guest whose tables are known; `later` accesses after the first of the stretch. */
  #use({ hi, lo, op, size, vcpu }: TraceChunk['accesses'], i: number, later: number): void {
    const write = op[i] === OP_WRITE || op[i] === OP_MODIFY;
    const use = { vcpu: vcpu[i]!, hi: hi[i]!, lo: lo[i]!, size: size[i]!, write };
    for (const { line, message } of this.#translations?.use(use) ?? []) {
      const number = `access ${this.#accesses + later}`;
      const after =
        this.#lastEventLine > 0
          ? `, number ${this.#sinceEvent + later + 1} after the event of line ${this.#lastEventLine},`
          : '';
      if (this.#stale.length < MAX_FINDINGS) this.#stale.push([line, message(number + after)]);
      else this.#unlisted += 1;
    }
  }

  #event(event: TraceEvent): void {
    this.#lastEventLine = event.line;
    this.#sinceEvent = 0;
    this.#kinds.add(event.kind);
    this.#translations?.event(event);
    const as = this.#selected.on(event.vcpu);
    this.#tables.event(event);
    const stale = this.#tags.event(event);
    if (stale !== null) this.#find(event.line, 'error', stale);
    switch (event.kind) {
      case 'ptw':
        if (event.level > this.#levels) {
          const levels = `PTW of level ${event.level}, but the guest has ${this.#levels} levels`;
          this.#find(event.line, 'error', levels);
        }
        break;
      case 'map':
        this.#map(event.line, as, pagesOf(event.va, event.bytes));
        break;
      case 'unmap':
        this.#unmap(event.line, as, pagesOf(event.va, event.bytes));
        break;
      case 'switch':
      case 'cr3':
        this.#switch(event.line, event.as);
        break;
      case 'fork':
        this.#fork(event.line, as, event.child);
        break;
      case 'exec':
        this.#spaces.set(as, newSpace());
        break;
      case 'exit':
        this.#exit(event.line, event.as ?? as);
        break;
      default:
    }
    this.#selected.event(event);
  }

  #map(line: number, as: string, pages: PageRange): void {
    const space = this.#space(as);
    if (space.mapped.overlaps(pages)) {
      this.#find(
        line,
        'warning',
        `MAP overlaps what address space ${as} has mapped already; the new mapping replaces it`,
      );
    }
    space.mapped.add(pages);
    space.unmapped.remove(pages);
  }

  #unmap(line: number, as: string, pages: PageRange): void {
    const space = this.#space(as);
    if (space.unmapped.overlaps(pages)) {
      this.#find(line, 'warning', `UNMAP of pages that address space ${as} has unmapped already`);
    }
    space.mapped.remove(pages);
    space.unmapped.add(pages);
    this.#anyUnmapped = true;
  }

  #switch(line: number, as: string): void {
    const space = this.#spaces.get(as);
    if (space !== undefined && !space.alive) {
      this.#find(line, 'error', `switch to address space ${as}, which has exited`);
    } else if (space === undefined && this.#forks > 0) {
      this.#find(line, 'warning', `switch to address space ${as}, which no FORK made; it begins empty`);
    }
    if (space === undefined || !space.alive) this.#spaces.set(as, newSpace());
  }

  #fork(line: number, parent: string, child: string): void {
    this.#forks += 1;
    if (this.#spaces.get(child)?.alive === true) {
      this.#find(line, 'error', `FORK makes address space ${child}, which there is already`);
    }
    const { mapped, unmapped } = this.#space(parent);
    this.#spaces.set(child, { mapped: mapped.clone(), unmapped: unmapped.clone(), alive: true });
  }

  #exit(line: number, as: string): void {
    const space = this.#spaces.get(as);
    if (space === undefined)
      this.#find(line, 'error', `EXIT of address space ${as}, which there has never been`);
    else if (!space.alive) this.#find(line, 'error', `EXIT of address space ${as}, which has exited already`);
    this.#spaces.set(as, { ...newSpace(), alive: false });
  }

  #space(as: string): Space {
    const known = this.#spaces.get(as);
    if (known !== undefined) return known;
    const space = newSpace();
    this.#spaces.set(as, space);
    return space;
  }

  #find(line: number, severity: Severity, message: string): void {
    if (this.#findings.length >= MAX_FINDINGS) {
      this.#unlisted += 1;
      return;
    }
    const place: TracePlace = line > 0 ? { file: this.#file, line } : { file: this.#file };
    this.#findings.push({ place, severity, message });
  }
}

function newSpace(): Space {
  return { mapped: new RangeSet(), unmapped: new RangeSet(), alive: true };
}

function pagesOf(va: Word64, bytes: number): PageRange {
  const from = vpnOf(va.hi, va.lo);
  return { from, to: from + Math.ceil(bytes / 4096) };
}
