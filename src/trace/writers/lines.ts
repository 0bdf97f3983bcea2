/**
 * Writers of the text formats that hold one plain access a line. What a format has no word for is left out or written
 * as the nearest thing, and counted, so that a conversion can say what it lost.
 */
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE, type TraceChunk } from '../access.js';
import type { AddressKind, PassedOver } from '../format.js';
import type { TraceSink, TraceWriter, TraceWriterFormat, WrittenCounts } from './writer.js';

/** What a format has for each kind of access; null: nothing. A modify may be a read and a write. */
type Words = readonly [read: string, write: string, fetch: string | null, modify: string | null];

interface LineFormat {
  readonly name: string;
  readonly suffixes: readonly string[];
  readonly addresses: AddressKind;
  readonly words: Words;
  /** A format that has no sizes has one number for `size` that reading gives back. */
  readonly sized: boolean;
  /** One line, without its break; `address` has no leading zeros and no `0x`. */
  readonly line: (word: string, address: string, size: number) => string;
}

class LineWriter implements TraceWriter {
  readonly #lost = new Map<string, number>();
  readonly #format: LineFormat;
  readonly #sink: TraceSink;
  #lines = 0;

  constructor(format: LineFormat, sink: TraceSink) {
    this.#format = format;
    this.#sink = sink;
  }

  get lost(): PassedOver {
    return this.#lost;
  }

  /** A line is an access, and nothing but accesses has a line. */
  get written(): WrittenCounts {
    return { accesses: this.#lines, events: 0 };
  }

  chunk({ accesses, events }: TraceChunk): void {
    const { hi, lo, op, size, vcpu, n } = accesses;
    const { words, sized, line } = this.#format;
    const lines: string[] = [];
    let [sizes, vcpus] = [0, 0];
    for (let i = 0; i < n; i++) {
      const address = addressText(hi[i]!, lo[i]!);
      const kind = op[i]!;
      const word = words[kind];
      if (word !== null && word !== undefined) lines.push(line(word, address, size[i]!));
      else if (kind === OP_MODIFY) {
        lines.push(line(words[OP_READ], address, size[i]!), line(words[OP_WRITE], address, size[i]!));
        this.#lose('modifies, each written as a read and a write', 1);
      } else this.#lose('instruction fetches', 1);
      if (!sized && size[i] !== 1 && (word !== null || kind !== OP_FETCH)) sizes += 1;
      if (vcpu[i] !== 0) vcpus += 1;
    }
    this.#lose('access sizes other than 1 byte', sizes);
    this.#lose('vcpus of accesses, other than 0', vcpus);
    this.#lose('events', events.length);
    this.#lines += lines.length;
    if (lines.length > 0) this.#sink(Buffer.from(`${lines.join('\n')}\n`));
  }

  /** These formats have no word for "incomplete", or for anything else that is no access. */
  end(): void {}

  #lose(what: string, count: number): void {
    if (count > 0) this.#lost.set(what, (this.#lost.get(what) ?? 0) + count);
  }
}

function addressText(hi: number, lo: number): string {
  return hi === 0 ? lo.toString(16) : `${hi.toString(16)}${lo.toString(16).padStart(8, '0')}`;
}

function lineFormat(format: LineFormat): TraceWriterFormat {
  const { name, suffixes, addresses } = format;
  const start: TraceWriterFormat['start'] = (_facts, sink) => new LineWriter(format, sink);
  return { name, suffixes, addresses, keepsNotes: false, start };
}

export const lackeyWriter = lineFormat({
  name: 'lackey',
  suffixes: ['.lackey'],
  addresses: 'virtual',
  words: [' L ', ' S ', 'I  ', ' M '],
  sized: true,
  line: (word, address, size) => `${word}${address.padStart(8, '0')},${size}`,
});

export const dinWriter = lineFormat({
  name: 'din',
  suffixes: ['.din'],
  addresses: 'virtual',
  words: ['0', '1', '2', null],
  sized: false,
  line: (word, address) => `${word} ${address}`,
});

export const xdinWriter = lineFormat({
  name: 'xdin',
  suffixes: ['.xdin'],
  addresses: 'virtual',
  words: ['r', 'w', 'i', null],
  sized: true,
  line: (word, address, size) => `${word} ${address} ${size.toString(16)}`,
});

export const rwWriter = lineFormat({
  name: 'rw',
  suffixes: ['.rw'],
  addresses: 'physical',
  words: ['R', 'W', null, null],
  sized: false,
  line: (word, address) => `0x${address} ${word}`,
});
