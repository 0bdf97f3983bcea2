/**
 * CsvWriter: accesses and events back to p2msim CSV text, for `trace head` and round trips.
 *
 * Reading the text gives the same accesses and events again (line numbers apart): context switches
 * are SWITCH rows, and access rows leave the `as` column empty.
 */
import { formatAddress, PAGE_BYTES } from '../arch/address.js';
import { assertUnreachable } from '../util/assert.js';
import type { AccessBatch, TraceChunk } from './access.js';
import type { Perm, TraceEvent, TraceHeader, Word64 } from './event.js';
import type { CsvColumn } from './formats/csv-columns.js';
import { CSV_COLUMNS } from './formats/csv-columns.js';
import { CSV_FORMAT_ID } from './formats/csv-header.js';

const ACCESS_NAMES = ['R', 'W', 'X', 'RW'] as const;

/** Columns that accesses alone need. */
export const ACCESS_COLUMNS: readonly CsvColumn[] = ['op', 'va', 'size', 'vcpu'];

/** A row by column; what is not there is left empty. */
type Row = Partial<Record<CsvColumn, string>> & { readonly op: string };

export class CsvWriter {
  readonly #columns: readonly CsvColumn[];

  /** `columns`: {@link ACCESS_COLUMNS} will do for a trace without events. */
  constructor(columns: readonly CsvColumn[] = CSV_COLUMNS) {
    this.#columns = columns;
  }

  /** Declarations and the line that names the columns. */
  header(header: TraceHeader): string {
    const lines = [`# format: ${CSV_FORMAT_ID}`];
    if (header.guestLevels !== null) lines.push(`# guest-levels: ${header.guestLevels}`);
    if (header.vcpus !== null) lines.push(`# vcpus: ${header.vcpus}`);
    if (header.ram !== null) lines.push(`# ram: ${header.ram}`);
    const ranges = header.p2m.map(
      ({ gfn, count, pageSize }) => `${gfn.toString(16)}+${count.toString(16)}:${pageSize}`,
    );
    if (ranges.length > 0) lines.push(`# p2m: ${ranges.join(',')}`);
    if (header.features.length > 0) lines.push(`# features: ${header.features.join(' ')}`);
    lines.push(...scriptedLines(header), this.#columns.join(','));
    return `${lines.join('\n')}\n`;
  }

  /** One line for each access and event, in the order of the trace. */
  chunk({ accesses, events, eventAt }: TraceChunk): string {
    const lines: string[] = [];
    let next = 0;
    for (let i = 0; i <= accesses.n; i++) {
      for (; next < events.length && eventAt[next] === i; next++) {
        const event = events[next];
        if (event !== undefined) lines.push(this.event(event));
      }
      if (i < accesses.n) lines.push(this.access(accesses, i));
    }
    return lines.join('');
  }

  /** Access `i` of a batch. */
  access(accesses: AccessBatch, i: number): string {
    return this.#line({
      op: ACCESS_NAMES[accesses.op[i] ?? 0] ?? 'R',
      va: formatAddress(accesses.hi[i] ?? 0, accesses.lo[i] ?? 0),
      size: String(accesses.size[i] ?? 1),
      vcpu: String(accesses.vcpu[i] ?? 0),
    });
  }

  event(event: TraceEvent): string {
    return this.#line({ vcpu: String(event.vcpu), ...rowOf(event) });
  }

  #line(row: Row): string {
    // A row may be shorter than the header.
    let last = this.#columns.length;
    while (last > 1 && (row[this.#columns[last - 1]!] ?? '') === '') last--;
    return `${this.#columns
      .slice(0, last)
      .map((column) => quote(row[column] ?? ''))
      .join(',')}\n`;
  }
}

function scriptedLines({ scripted }: TraceHeader): string[] {
  if (scripted === undefined) return [];
  const root = `0x${(scripted.root * PAGE_BYTES).toString(16)}`;
  return ['# guest: scripted', `# direct-map: ${formatAddress(scripted.directMapHi, 0)}`, `# root: ${root}`];
}

function quote(cell: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function hex(word: Word64): string {
  return formatAddress(word.hi, word.lo);
}

function frame(gfn: number | null): string {
  return gfn === null ? '' : `0x${gfn.toString(16)}`;
}

function rights(perm: Perm): string {
  const letters = `${perm.read ? 'r' : ''}${perm.write ? 'w' : ''}${perm.exec ? 'x' : ''}`;
  return letters === '' ? 'none' : letters;
}

/** Cells of an event: the inverse of formats/csv-ops.ts. */
function rowOf(event: TraceEvent): Row {
  switch (event.kind) {
    case 'ptw':
      return {
        op: 'PTW',
        gfn: frame(event.gfn),
        level: String(event.level),
        va: hex(event.va),
        value: hex(event.value),
      };
    case 'cr3':
      return {
        op: 'CR3',
        as: event.as,
        pcid: event.pcid === null ? '' : String(event.pcid),
        note: noflush(event),
      };
    case 'invlpg':
      return { op: 'INVLPG', va: hex(event.va) };
    case 'invpcid':
      return { op: 'INVPCID', order: String(event.type), pcid: String(event.pcid), va: hex(event.va) };
    case 'flushall':
      return { op: 'FLUSHALL' };
    case 'cr0wp':
      return { op: 'CR0WP', value: event.on ? '1' : '0' };
    case 'pgmode':
      return { op: 'PGMODE', level: String(event.levels) };
    case 'fault':
      return { op: 'FAULT', va: hex(event.va), value: `0x${event.error.toString(16)}` };
    case 'mmio':
      return {
        op: 'MMIO',
        va: hex(event.va),
        size: String(event.size),
        perm: event.write ? 'w' : 'r',
        note: event.device,
      };
    case 'ptdying':
      return { op: 'PTDYING', gfn: frame(event.gfn) };
    case 'sched':
      return { op: 'VCPU', note: event.pcpu === null ? 'off' : String(event.pcpu) };
    case 'ipiflush':
      return { op: 'IPIFLUSH', va: event.va === null ? '' : hex(event.va) };
    case 'cpuid':
      return { op: 'CPUID' };
    case 'host':
      return { op: event.op, gfn: frame(event.gfn), order: String(event.order), note: event.note };
    default:
      return logicalRow(event);
  }
}

type LogicalKind =
  | 'map'
  | 'unmap'
  | 'protect'
  | 'clear'
  | 'demand'
  | 'cow'
  | 'fork'
  | 'exec'
  | 'exit'
  | 'switch'
  | 'syscall'
  | 'mark'
  | 'roi';

function logicalRow(event: Extract<TraceEvent, { kind: LogicalKind }>): Row {
  switch (event.kind) {
    case 'map':
      return {
        op: 'MAP',
        ...range(event),
        gfn: frame(event.gfn),
        perm: rights(event.perm),
        note: mapNote(event),
      };
    case 'unmap':
      return { op: 'UNMAP', ...range(event) };
    case 'protect':
      return { op: 'PROTECT', ...range(event), perm: rights(event.perm) };
    case 'clear':
      return { op: `CLEAR${event.bit}`, ...range(event) };
    case 'demand':
      return { op: 'DEMAND', va: hex(event.va), perm: event.write ? 'w' : 'r' };
    case 'cow':
      return { op: 'COW', va: hex(event.va) };
    case 'fork':
      return { op: 'FORK', note: event.child };
    case 'exec':
      return { op: 'EXEC' };
    case 'exit':
      return { op: 'EXIT', as: event.as ?? '' };
    case 'switch':
      return { op: 'SWITCH', as: event.as, note: noflush(event) };
    case 'syscall':
      return { op: 'SYSCALL' };
    case 'mark':
      return { op: 'MARK', note: event.name };
    case 'roi':
      return { op: 'ROI', note: event.on ? 'on' : 'off' };
    default:
      return assertUnreachable(event);
  }
}

function noflush(event: { readonly noflush: boolean }): string {
  return event.noflush ? 'noflush' : '';
}

function range(event: { readonly va: Word64; readonly bytes: number }): { va: string; size: string } {
  return { va: hex(event.va), size: String(event.bytes) };
}

function mapNote(event: { readonly how: string; readonly pageSize: string | null }): string {
  return event.pageSize === null ? event.how : `${event.how}+${event.pageSize}`;
}
