/**
 * The header of a p2mtrace: what TraceHeader declares and what the trace cannot say, field by field.
 *
 * A field is its number, the length of its contents, and the contents. A reader refuses a number it does not know:
 * passing over a declaration would silently change the machine.
 */
import { MAX_FRAMES, PAGE_BYTES } from '../../arch/address.js';
import { EMPTY_HEADER, MAX_VCPUS, type P2mRange, type TraceHeader } from '../event.js';
import type { TraceFacts } from '../writers/writer.js';
import { ByteReader, ByteWriter, ContentError, textOf } from './p2mtrace-bytes.js';
import { HEADER_FIELDS as FIELD } from './p2mtrace-layout.js';

const PAGE_SIZES = ['4k', '2m', '1g'] as const;

/** Contents of the header record. */
export function encodeHeader({ header, virtual, lacks, assumes, eventless, source }: TraceFacts): Uint8Array {
  const out = new ByteWriter();
  const contents = new ByteWriter();
  const put = (field: number, write: (out: ByteWriter) => void): void => {
    contents.clear();
    write(contents);
    out.byte(field);
    out.number(contents.length);
    out.bytes(contents.written);
  };
  const { guestLevels, vcpus, ram, scripted } = header;
  if (guestLevels !== null) put(FIELD.guestLevels, (to) => to.byte(guestLevels));
  if (vcpus !== null) put(FIELD.vcpus, (to) => to.number(vcpus));
  if (ram !== null) put(FIELD.ram, (to) => to.number(ram));
  for (const { gfn, count, pageSize } of header.p2m) {
    put(FIELD.p2m, (to) => {
      to.number(gfn);
      to.number(count);
      to.byte(PAGE_SIZES.indexOf(pageSize));
    });
  }
  for (const feature of header.features) put(FIELD.feature, (to) => to.bytes(Buffer.from(feature)));
  if (scripted !== undefined) {
    put(FIELD.scripted, (to) => {
      to.number(scripted.directMapHi >>> 0);
      to.number(scripted.root);
    });
  }
  if (!virtual) put(FIELD.physical, () => undefined);
  for (const what of lacks) put(FIELD.lacks, (to) => to.bytes(Buffer.from(what)));
  if (eventless) put(FIELD.eventless, () => undefined);
  if (source !== '') put(FIELD.source, (to) => to.bytes(Buffer.from(source)));
  for (const what of assumes ?? []) put(FIELD.assumes, (to) => to.bytes(Buffer.from(what)));
  return out.written;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The facts so far, to be added to. */
interface Draft extends Mutable<TraceFacts> {
  readonly header: Mutable<TraceHeader> & { readonly p2m: P2mRange[]; readonly features: string[] };
  readonly lacks: string[];
  readonly assumes: string[];
}

/** Reads the content of a field: `text` is for content that is text. */
type FieldReader = (draft: Draft, input: ByteReader, text: (what: string) => string) => void;

const READERS: Readonly<Record<number, FieldReader>> = {
  [FIELD.guestLevels]: ({ header }, input) => {
    header.guestLevels = levels(input.byte());
  },
  [FIELD.vcpus]: ({ header }, input) => {
    header.vcpus = positive(input, 'vcpus', MAX_VCPUS);
  },
  [FIELD.ram]: ({ header }, input) => {
    header.ram = wholePages(input);
  },
  [FIELD.p2m]: ({ header }, input) => header.p2m.push(p2mRange(input)),
  [FIELD.feature]: ({ header }, _input, text) => header.features.push(feature(text('a feature'))),
  [FIELD.scripted]: ({ header }, input) => {
    const directMapHi = input.number('the direct map', 2 ** 32 - 1);
    header.scripted = { directMapHi, root: input.number('the root', MAX_FRAMES - 1) };
  },
  [FIELD.physical]: (draft) => {
    draft.virtual = false;
  },
  [FIELD.lacks]: ({ lacks }, _input, text) => lacks.push(text('what the trace cannot say')),
  [FIELD.eventless]: (draft) => {
    draft.eventless = true;
  },
  [FIELD.source]: (draft, _input, text) => {
    draft.source = text('the name of the first format');
  },
  [FIELD.assumes]: ({ assumes }, _input, text) => assumes.push(text('what was assumed')),
};

const REPEATABLE: readonly number[] = [FIELD.p2m, FIELD.feature, FIELD.lacks, FIELD.assumes];

/** Throws {@link ContentError} for what cannot be. */
export function decodeHeader(bytes: Uint8Array): TraceFacts {
  const input = new ByteReader(bytes, 0, bytes.length);
  const header = { ...EMPTY_HEADER, p2m: [], features: [] };
  const draft: Draft = { header, virtual: true, lacks: [], assumes: [], eventless: false, source: '' };
  const seen = new Set<number>();
  while (input.left > 0) {
    const field = input.byte();
    const length = input.number('the length of a field', bytes.length);
    const start = input.at;
    if (seen.has(field) && !REPEATABLE.includes(field))
      throw new ContentError(`field ${field} is there twice`);
    seen.add(field);
    const read = READERS[field];
    if (read === undefined)
      throw new ContentError(`field ${field} is not known; expected 1 to ${Object.keys(FIELD).length}`);
    read(draft, input, (what) => printableText(input.bytes(length), what));
    if (input.at !== start + length) throw new ContentError(`field ${field} has not the length ${length}`);
  }
  return draft;
}

/** Reports print it: a trace must not drive the terminal. */
export function printableText(bytes: Uint8Array, what: string): string {
  const text = textOf(bytes, what);
  if (text === '') throw new ContentError(`${what} is empty`);
  if (/\p{Cc}/u.test(text)) throw new ContentError(`${what} contains a control character`);
  return text;
}

function levels(value: number): 4 | 5 {
  if (value === 4 || value === 5) return value;
  throw new ContentError(`guest-levels is ${value}; expected 4 or 5`);
}

function positive(input: ByteReader, what: string, max: number): number {
  const value = input.number(what, max);
  if (value > 0) return value;
  throw new ContentError(`${what} is 0; expected 1 to ${max}`);
}

function wholePages(input: ByteReader): number {
  const bytes = positive(input, 'ram', Number.MAX_SAFE_INTEGER);
  if (bytes % PAGE_BYTES === 0) return bytes;
  throw new ContentError(`ram is ${bytes} bytes; expected whole pages of 4096`);
}

function p2mRange(input: ByteReader): P2mRange {
  const gfn = input.number('the first frame of a p2m range', MAX_FRAMES - 1);
  const count = positive(input, 'the length of a p2m range', MAX_FRAMES - gfn);
  const size = input.byte();
  const pageSize = PAGE_SIZES[size];
  if (pageSize !== undefined) return { gfn, count, pageSize };
  throw new ContentError(`the page size of a p2m range is ${size}; expected 0 to 2`);
}

function feature(text: string): string {
  if (/^pcid=(on|off)$/.test(text)) return text;
  throw new ContentError(`feature '${text.slice(0, 40)}' is not pcid=on or pcid=off`);
}
