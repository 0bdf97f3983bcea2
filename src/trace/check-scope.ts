/** What `trace check` has checked of a trace, and what it could not, and why. */
import type { TraceEvent, TraceHeader } from './event.js';

/** One kind of finding. */
export interface CheckScope {
  readonly what: string;
  readonly checked: boolean;
  /** Why not. */
  readonly why?: string;
}

/** Kinds of findings by the events that they are about. */
const BY_EVENTS: readonly (readonly [what: string, kinds: readonly TraceEvent['kind'][]])[] = [
  ['mappings', ['map', 'unmap']],
  ['address spaces', ['fork', 'exit', 'switch', 'cr3']],
  ['tags', ['cr3']],
  ['levels of table stores', ['ptw']],
];
const NO_EVENTS = 'the trace has no such events';
const NOT_SCRIPTED =
  "only a scripted guest's trace (`# guest: scripted`) is known to have every table store and flush in it";

/** What has been read of a trace when it has been checked. */
export interface Checked {
  readonly header: TraceHeader;
  readonly kinds: ReadonlySet<TraceEvent['kind']>;
  /** Rows that flush translations. */
  readonly flushes: number;
  /** Why it was not read to its end, or null. */
  readonly stopped: string | null;
}

export function scopeOf(checked: Checked): CheckScope[] {
  const reason = (what: string, why: string | null): CheckScope =>
    why === null ? { what, checked: true } : { what, checked: false, why };
  return [
    reason('records', null),
    ...BY_EVENTS.map(([what, kinds]) =>
      reason(what, kinds.some((kind) => checked.kinds.has(kind)) ? null : NO_EVENTS),
    ),
    reason('table stores outside tables', tablesUnchecked(checked) ?? checked.stopped),
    reason(
      'stale translations',
      tablesUnchecked(checked) ??
        (checked.flushes > 0
          ? null
          : 'the trace has no flush: no INVLPG, INVPCID, FLUSHALL, IPIFLUSH or CR3 load'),
    ),
  ];
}

function tablesUnchecked({ header, kinds }: Checked): string | null {
  if (header.scripted === undefined) return NOT_SCRIPTED;
  return kinds.has('ptw') ? null : NO_EVENTS;
}
