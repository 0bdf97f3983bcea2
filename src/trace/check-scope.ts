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
  ['rights of mappings', ['map']],
  ['address spaces', ['fork', 'exit', 'switch', 'cr3']],
  ['tags', ['cr3']],
  ['levels of table stores', ['ptw']],
];
const NO_NX = 'a replay does not model NX: any right of a mapping allows fetches';
const NOT_SCRIPTED =
  "only a scripted guest's trace (`# guest: scripted`) is known to have every table store and flush in it";

/** What has been read of a trace when it has been checked. */
export interface Checked {
  readonly header: TraceHeader;
  readonly kinds: ReadonlySet<TraceEvent['kind']>;
  /** Rows that flush translations. */
  readonly flushes: number;
  readonly stopped: Stopped | null;
}

/** What ended reading before the end of the trace: an error, or `--limit`. */
export type Stopped = 'error' | 'limit';

export function scopeOf(checked: Checked): CheckScope[] {
  const reason = (what: string, why: string | null): CheckScope =>
    why === null ? { what, checked: true } : { what, checked: false, why };
  const { stopped, flushes } = checked;
  const tables = tablesUnchecked(checked);
  return [
    reason('records', null),
    ...(stopped === 'error' ? [reason('records after the error', 'the trace was not read to its end')] : []),
    ...BY_EVENTS.map(([what, kinds]) =>
      reason(what, kinds.some((kind) => checked.kinds.has(kind)) ? null : noEvents(checked)),
    ),
    reason('rights to execute', checked.kinds.has('map') ? NO_NX : noEvents(checked)),
    reason(
      'table stores outside tables',
      tables ?? (stopped === null ? null : 'what leads to a table may come after the part that was read'),
    ),
    reason(
      'stale translations',
      tables ??
        (flushes > 0
          ? null
          : `${read(checked)} has no flush: no INVLPG, INVPCID, FLUSHALL, IPIFLUSH or CR3 load`),
    ),
  ];
}

/** What was read, as a subject. */
function read({ stopped }: Checked): string {
  return stopped === null ? 'the trace' : 'the part that was read';
}

function noEvents(checked: Checked): string {
  return `${read(checked)} has no such events`;
}

function tablesUnchecked(checked: Checked): string | null {
  if (checked.header.scripted === undefined) return NOT_SCRIPTED;
  return checked.kinds.has('ptw') ? null : noEvents(checked);
}
