/**
 * Events of a p2mtrace block: one table says the fields of every kind, and writing and reading follow it.
 *
 * An event is its position (accesses since the event before), the number of its kind, vcpu, line, and the fields in
 * the order of the table. The type checker compares the table with event.ts: no field can be forgotten.
 */
import type { PagingLevels } from '../../arch/address.js';
import { addBytes, isCanonical } from '../../arch/address.js';
import { MAX_ACCESS_BYTES } from '../bytes.js';
import { invariant } from '../../util/assert.js';
import type { TraceEvent } from '../event.js';
import { HOST_OPS } from '../event.js';
import type { ByteReader, ByteWriter } from './p2mtrace-bytes.js';
import { ContentError } from './p2mtrace-bytes.js';
import type { Codec, FieldIn, FieldOut } from './p2mtrace-fields.js';
import * as field from './p2mtrace-fields.js';
import { MAX_TEXT_BYTES } from './p2mtrace-layout.js';

type Kind = TraceEvent['kind'];
type EventOf<K extends Kind> = Extract<TraceEvent, { kind: K }>;
type FieldsOf<K extends Kind> = {
  readonly [F in Exclude<keyof EventOf<K>, 'kind' | 'vcpu' | 'line'>]-?: Codec<EventOf<K>[F]>;
};

const BYTES = field.numeric('the length of a range', 4096, 2 ** 52);

/** Kinds in the order of their numbers, fields in the order in which they are written: both only ever grow. */
const KINDS: { readonly [K in Kind]: FieldsOf<K> } = {
  ptw: {
    gfn: field.FRAME,
    level: field.numeric('a level', 1, 5),
    va: field.ADDRESS,
    value: field.WORD,
  },
  cr3: { as: field.NAME, pcid: field.optional(field.numeric('a PCID', 0, 4095)), noflush: field.FLAG },
  invlpg: { va: field.ADDRESS },
  invpcid: {
    type: field.numeric('a type of INVPCID', 0, 3),
    pcid: field.numeric('a PCID', 0, 4095),
    va: field.ADDRESS,
  },
  flushall: {},
  cr0wp: { on: field.FLAG },
  pgmode: { levels: field.oneOf(0, 2, 3, 4, 5) },
  fault: { va: field.ADDRESS, error: field.numeric('an error code', 0, 2 ** 32 - 1) },
  mmio: {
    va: field.ADDRESS,
    size: field.numeric('a size', 1, MAX_ACCESS_BYTES),
    write: field.FLAG,
    device: field.oneOf('dm', 'int', 'direct'),
  },
  ptdying: { gfn: field.FRAME },
  sched: { pcpu: field.optional(field.numeric('a physical CPU', 0, 99_999)) },
  ipiflush: { va: field.optional(field.ADDRESS) },
  cpuid: {},
  map: {
    va: field.PAGE_ADDRESS,
    bytes: BYTES,
    gfn: field.optional(field.FRAME),
    perm: field.RIGHTS,
    how: field.oneOf('populate', 'lazy', 'file'),
    pageSize: field.oneOf(null, '4k', '2m', '1g'),
  },
  unmap: { va: field.PAGE_ADDRESS, bytes: BYTES },
  protect: { va: field.PAGE_ADDRESS, bytes: BYTES, perm: field.RIGHTS },
  clear: { bit: field.oneOf('A', 'D'), va: field.PAGE_ADDRESS, bytes: BYTES },
  demand: { va: field.ADDRESS, write: field.FLAG },
  cow: { va: field.ADDRESS },
  fork: { child: field.NAME },
  exec: {},
  exit: { as: field.optional(field.NAME) },
  switch: { as: field.NAME, noflush: field.FLAG },
  syscall: {},
  mark: { name: field.TEXT },
  roi: { on: field.FLAG },
  host: {
    op: field.oneOf(...HOST_OPS),
    gfn: field.optional(field.FRAME),
    order: field.numeric('an order', 0, 40),
    note: field.TEXT,
  },
};

interface Field {
  readonly name: string;
  readonly codec: Codec<unknown>;
  /** Under which its last word is kept. */
  readonly number: number;
}

interface Layout {
  readonly kind: string;
  /** In the file: its place in the table. */
  readonly number: number;
  readonly fields: readonly Field[];
}

/** The line of an event is field 0. */
const LINE = 0;
const LINES = field.numeric('a line', 0, Number.MAX_SAFE_INTEGER);

const LAYOUTS: readonly Layout[] = layouts();
const BY_KIND: ReadonlyMap<string, Layout> = new Map(LAYOUTS.map((layout) => [layout.kind, layout]));
const FIELDS = 1 + LAYOUTS.reduce((sum, { fields }) => sum + fields.length, 0);

function layouts(): Layout[] {
  let next = LINE + 1;
  return Object.entries(KINDS).map(([kind, fields], number): Layout => {
    const named = Object.entries<Codec<unknown>>(fields);
    return { kind, number, fields: named.map(([name, codec]) => ({ name, codec, number: next++ })) };
  });
}

/** Collects the events of one block. */
export class EventEncoder {
  readonly #out: FieldOut;
  #position = 0;
  count = 0;

  constructor(bytes: ByteWriter) {
    this.#out = { bytes, state: new field.FieldState(FIELDS) };
  }

  clear(): void {
    this.#out.state.clear();
    this.#out.bytes.clear();
    this.#position = 0;
    this.count = 0;
  }

  /** Adds an event after `position` accesses of the block. */
  add(event: TraceEvent, position: number): void {
    const { bytes } = this.#out;
    const layout = BY_KIND.get(event.kind)!;
    bytes.number(position - this.#position);
    bytes.byte(layout.number);
    bytes.byte(event.vcpu);
    LINES.write(this.#out, event.line, LINE);
    for (const { name, codec, number } of layout.fields) {
      const value: unknown = Reflect.get(event, name);
      if (typeof value === 'string') checkText(value);
      codec.write(this.#out, value, number);
    }
    this.#position = position;
    this.count += 1;
  }
}

/** Texts that the reader would refuse; a character has at most three bytes per unit of `length`. */
function checkText(text: string): void {
  const short = 3 * text.length <= MAX_TEXT_BYTES || Buffer.byteLength(text) <= MAX_TEXT_BYTES;
  invariant(short && !/[\r\n]/.test(text), 'a text of an event is one line of 1 MiB at most');
}

/** Reads the events of one block after the other. */
export class EventDecoder {
  readonly #state = new field.FieldState(FIELDS);
  readonly #levels: PagingLevels;
  readonly #vcpus: number;

  constructor(levels: PagingLevels, vcpus: number) {
    this.#levels = levels;
    this.#vcpus = vcpus;
  }

  /** `count` events at positions up to `accesses`, in order, each given to `take`. */
  decode(
    bytes: ByteReader,
    count: number,
    accesses: number,
    take: (event: TraceEvent, position: number) => void,
  ): void {
    this.#state.clear();
    const input: FieldIn = { bytes, state: this.#state, levels: this.#levels };
    let position = 0;
    for (let i = 0; i < count; i++) {
      position += bytes.number('the position of an event', accesses - position);
      take(this.#event(input), position);
    }
  }

  #event(input: FieldIn): TraceEvent {
    const number = input.bytes.byte();
    const layout = LAYOUTS[number];
    if (layout === undefined) {
      throw new ContentError(`the kind of an event is ${number}; expected 0 to ${LAYOUTS.length - 1}`);
    }
    const vcpu = input.bytes.byte();
    if (vcpu >= this.#vcpus)
      throw new ContentError(`the vcpu of an event is ${vcpu}; expected 0 to ${this.#vcpus - 1}`);
    const line = LINES.read(input, LINE);
    const values: Record<string, unknown> = { vcpu, line, kind: layout.kind };
    for (const { name, codec, number: of } of layout.fields) values[name] = codec.read(input, of);
    const event = values as unknown as TraceEvent;
    this.#checkExtent(event);
    return event;
  }

  /** A range ends in the half of the addresses in which it begins. */
  #checkExtent(event: TraceEvent): void {
    const bytes = 'bytes' in event ? event.bytes : event.kind === 'mmio' ? event.size : 0;
    if (bytes === 0 || !('va' in event) || event.va === null) return;
    const { hi, lo } = event.va;
    const last = addBytes(hi, lo, bytes - 1);
    const whole = last !== null && isCanonical(last.hi, last.lo, this.#levels) && last.hi >> 31 === hi >> 31;
    if (!whole) throw new ContentError('a range of an event leaves the canonical addresses');
    if (event.kind !== 'mmio' && bytes % 4096 !== 0)
      throw new ContentError('a range of an event is not whole pages');
  }
}
