/**
 * RowReader: one CSV row, split into fields, to one access or event.
 *
 * Both ways of splitting (the byte scanner and csv-parse) end here, so that they give the same
 * records and the same messages.
 */
import type { PagingLevels } from '../../arch/address.js';
import { didYouMean } from '../../util/registry.js';
import { INITIAL_AS } from '../address-spaces.js';
import type { BadRecords, FieldPlace } from '../bad-records.js';
import { badRecord, quoted } from '../bad-records.js';
import { MAX_ACCESS_BYTES } from '../bytes.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import { MAX_VCPUS, type TraceEvent, type TraceHeader } from '../event.js';
import { beyondVcpus, vcpuRange } from '../vcpu-limit.js';
import { CellError, Cells } from './csv-cells.js';
import type { CsvNotes } from './csv-notes.js';
import type { ColumnTable } from './csv-columns.js';
import { ACCESS_OPS, fieldSpan } from './csv-columns.js';
import { EVENT_OPS } from './csv-ops.js';

/** Every value of the `op` column. */
export const CSV_OPS: readonly string[] = [...ACCESS_OPS.keys(), ...EVENT_OPS.keys()];

/** A row on a vcpu that the machine has not: no bad record, which could be dropped, but the end. */
class VcpuError extends CellError {
  readonly hint: string;

  constructor(field: number, id: number, count: number) {
    const { message, hint } = beyondVcpus(id, count);
    super(field, message);
    this.hint = hint;
  }
}

export class RowReader {
  readonly levels: PagingLevels;
  readonly bad: BadRecords;
  readonly notes: CsvNotes;
  /** UTF-8 of the address space selected on each vcpu, for the scanner; null after its exit. */
  readonly current: (Buffer | null)[];
  readonly #names: (string | null)[];
  readonly #file: string;
  readonly #table: ColumnTable;
  readonly #cells: Cells;
  readonly #out: ChunkBuilder;
  /** Vcpus that the header declares; null: it says nothing. */
  readonly #declared: number | null;
  /** Vcpus of the machine, and the first access for which that counts. */
  #machine = { vcpus: MAX_VCPUS, from: 0 };

  constructor(
    file: string,
    { table, header, notes }: { table: ColumnTable; header: TraceHeader; notes: CsvNotes },
    out: ChunkBuilder,
    bad: BadRecords,
  ) {
    this.#file = file;
    this.notes = notes;
    this.#table = table;
    this.#out = out;
    this.bad = bad;
    this.levels = header.guestLevels ?? 4;
    this.#declared = header.vcpus;
    this.#cells = new Cells(table, this.levels);
    this.#names = Array.from({ length: MAX_VCPUS }, () => INITIAL_AS);
    this.current = Array.from({ length: MAX_VCPUS }, () => Buffer.from(INITIAL_AS));
  }

  /** Vcpus that rows may be on without a second look. */
  get vcpuLimit(): number {
    return Math.min(this.#declared ?? MAX_VCPUS, this.#machine.vcpus);
  }

  /** See {@link TraceStream.limitVcpus}. */
  limitVcpus(vcpus: number, from: number): void {
    this.#machine = { vcpus, from };
  }

  /** Adds what the row says, or reports it as bad. `text` is the whole line, for messages. */
  row(fields: readonly string[], line: number, text: string): void {
    try {
      this.#read(fields, line);
    } catch (error) {
      if (error instanceof VcpuError) {
        const place = this.#placeOf(line, text, error.field);
        throw badRecord(this.#file, place, error.message, error.hint);
      }
      if (!(error instanceof CellError)) throw error;
      this.fail(line, text, error.field, error.message);
    }
  }

  /** Reports a bad row at its field `field`, counted from 0. */
  fail(line: number, text: string, field: number, message: string): void {
    this.bad.report(badRecord(this.#file, this.#placeOf(line, text, field), message));
  }

  #placeOf(line: number, text: string, field: number): FieldPlace {
    const { column, span } = fieldSpan(text, field, this.#table.delimiter);
    return { line, column, span, text };
  }

  #read(fields: readonly string[], line: number): void {
    const cells = this.#cells;
    cells.fields = fields;
    const columns = this.#table.names.length;
    const extra = fields.findIndex((field, i) => i >= columns && field !== '');
    if (extra >= 0)
      throw new CellError(
        extra,
        `${quoted(fields[extra] ?? '')} is field ${extra + 1}; the header names ${columns}`,
      );
    const op = cells.text('op');
    const access = ACCESS_OPS.get(op);
    const vcpu = this.#vcpu(access !== undefined && this.#out.decoded.records < this.#machine.from);
    if (access !== undefined) {
      const va = cells.address('va');
      const size = cells.decimal('size', 1, MAX_ACCESS_BYTES, 1);
      cells.extent('va', va, size);
      this.#enter(vcpu, line);
      this.#out.access(access, va.hi, va.lo, size, vcpu);
      return;
    }
    const reader = EVENT_OPS.get(op);
    if (reader === undefined) throw this.#unknownOp(op);
    const event = reader.read(cells, { vcpu, line });
    if (reader.inAddressSpace) this.#enter(vcpu, line);
    this.#out.event(event);
    this.#follow(event);
  }

  /** @param passedOver no machine sees the row */
  #vcpu(passedOver: boolean): number {
    const vcpu = this.#cells.decimal('vcpu', 0, MAX_VCPUS - 1, 0);
    if (vcpu < this.vcpuLimit) return vcpu;
    const declared = this.#declared;
    if (declared !== null && vcpu >= declared) {
      const has = `the header has ${declared} (${vcpuRange(declared)})`;
      throw this.#cells.error('vcpu', `vcpu ${vcpu} is not declared: ${has} (column vcpu)`);
    }
    if (passedOver) return vcpu;
    throw new VcpuError(this.#table.index.get('vcpu') ?? 0, vcpu, this.#machine.vcpus);
  }

  /** A row in another address space than its vcpu's is a context switch and then the row. */
  #enter(vcpu: number, line: number): void {
    const as = this.#cells.text('as');
    if (as === '' || as === this.#names[vcpu]) return;
    const event: TraceEvent = { kind: 'switch', vcpu, line, as, noflush: false };
    this.#out.event(event);
    this.#follow(event);
  }

  /** Keeps track of the address space that is selected on each vcpu. */
  #follow(event: TraceEvent): void {
    if (event.kind === 'switch' || event.kind === 'cr3') this.#select(event.vcpu, event.as);
    if (event.kind !== 'exit') return;
    const gone = event.as ?? this.#names[event.vcpu];
    for (const [vcpu, name] of this.#names.entries()) if (name === gone) this.#select(vcpu, null);
  }

  #select(vcpu: number, as: string | null): void {
    this.#names[vcpu] = as;
    this.current[vcpu] = as === null ? null : Buffer.from(as);
  }

  #unknownOp(op: string): CellError {
    if (op === '') return this.#cells.error('op', 'the op is missing (column op is empty)');
    // One letter is near to every other; only its case can be a slip.
    const near = op.length > 1 || CSV_OPS.includes(op.toUpperCase()) ? didYouMean(op, CSV_OPS) : undefined;
    const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
    const expected = 'expected R, W, X, RW or an event of docs/formats.md';
    return this.#cells.error('op', `${quoted(op)} is not an op${suggestion}; ${expected} (column op)`);
  }
}
