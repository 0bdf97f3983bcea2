/* oxlint-disable unicorn/no-useless-spread -- one line a field, with what it is beside it */
import { gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../../../src/trace/event.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { BlockWriter } from '../../../../src/trace/formats/p2mtrace-blocks.js';
import { p2mtrace } from '../../../../src/trace/formats/p2mtrace.js';
import { openTrace } from '../../../../src/trace/open.js';
import type { TraceFacts } from '../../../../src/trace/writers/writer.js';
import { EVERY_EVENT } from '../../../helpers/every-event.js';
import type { Item, PlainAccess } from '../../../helpers/p2mtrace.js';
import {
  block,
  bytes,
  chunksOf,
  end,
  header,
  NO_FACTS,
  note,
  read,
  shown,
  u32,
  write,
} from '../../../helpers/p2mtrace.js';
import { randomCase } from '../../../helpers/random-trace.js';
import { bytesSource, decode, shortError } from '../../../helpers/traces.js';

/** Two reads of 8 bytes in a row, a fetch, an INVLPG, and a read on vcpu 1: each byte from docs/formats.md. */
const BODY = bytes(
  3, // tokens
  [0x04 | (5 << 5), 8], // token 0: read (0), slot 1, whole address (5); 8 bytes
  [0x04 | (0 << 5), 8, 0], // token 1: read, slot 1, no payload (0); 8 bytes; where the last one ended
  [0x02 | (3 << 5), 4], // token 2: fetch (2), slot 0, difference in 3 bytes; 4 bytes
  [3, 0, 1, 1], // 3 accesses on vcpu 0, 1 on vcpu 1
  0, // tokens as they are
  [0, 1, 2, 255],
  8 + 3 + 13, // bytes of addresses
  [0x10, 0x5d, 0x2c, 0x1a, 0x3c, 0x7f, 0, 0], // token 0: 0x7f3c1a2c5d10
  [0x00, 0x10, 0x40], // token 2: slot 0 is at 0, and 0x401000 further
  // Token 255: write (1) in slot 3; 64 bytes; 0xffff888000001000.
  [0x01 | (3 << 2), 64, 0, 0, 0, 0x00, 0x10, 0x00, 0x00, 0x80, 0x88, 0xff, 0xff],
  // Event: after 2 accesses, kind 2 (invlpg), vcpu 1, line 7 (zigzag 14), va 0x2000 (zigzag 0x4000).
  [2, 2, 1, 14, 0x80, 0x80, 0x01],
);
const CONTENTS = bytes(
  [1, 1, 5], // field 1, one byte: 5 levels
  [2, 1, 2], // field 2, one byte: 2 vcpus
  [4, 4, 0x80, 0x04, 0x10, 1], // field 4, 4 bytes: frames 0x200 + 0x10, 2m
  [8, 7, 'threads'], // field 8: what it cannot say
  [10, 6, 'lackey'], // field 10: made from
);
const TRACE = bytes(header(CONTENTS), block(BODY, { accesses: 4, events: 1 }), end(4, 1, [CONTENTS, BODY]));
const INVLPG: TraceEvent = { kind: 'invlpg', vcpu: 1, line: 7, va: { hi: 0, lo: 0x2000 } };
const RECORDS = [
  'R 0x00007f3c1a2c5d10 8 0',
  'R 0x00007f3c1a2c5d18 8 0',
  INVLPG,
  'X 0x0000000000401000 4 0',
  'W 0xffff888000001000 64 1',
];

async function open(trace: Uint8Array) {
  return p2mtrace.open(bytesSource(trace), DEFAULT_READ_OPTIONS);
}

describe('a p2mtrace written from its specification', () => {
  it('is read as it says', async () => {
    expect(await read(TRACE)).toEqual({ records: RECORDS, error: null });
  });

  it('declares what its header says', async () => {
    const { header: declared, lacks, virtual, eventless, source } = await open(TRACE);
    const p2m = [{ gfn: 0x200, count: 0x10, pageSize: '2m' }];
    expect(declared).toEqual({ guestLevels: 5, vcpus: 2, ram: null, p2m, features: [] });
    expect([lacks, virtual, eventless, source]).toEqual([['threads'], true, false, 'lackey']);
  });

  it('is of version 2 where what was assumed is in its header, and of version 1 otherwise', async () => {
    const written = (facts: Partial<TraceFacts>): Uint8Array => write([], facts);
    const version = (trace: Uint8Array): Uint8Array => trace.subarray(8, 12);
    expect(version(written({}))).toEqual(Buffer.from(u32(1)));
    expect(version(written({ assumes: [] }))).toEqual(Buffer.from(u32(1)));
    const second = written({ assumes: ['one thing'] });
    expect(version(second)).toEqual(Buffer.from(u32(2)));
    expect((await open(second)).assumes).toEqual(['one thing']);
  });

  it.each([1, 2])('is read in version %i with every field and a note', async (number) => {
    const contents = bytes(CONTENTS, [11, 3, 'one']);
    const passed = bytes([1, 5, 7, 'odd ']);
    const trace = bytes(
      header(contents, number),
      block(BODY, { accesses: 4, events: 1 }),
      note(passed),
      end(4, 1, [contents, BODY, passed]),
    );
    expect(await read(trace)).toEqual({ records: RECORDS, error: null });
    const { assumes } = await open(trace);
    expect(assumes).toEqual(['one']);
  });

  it('is refused in a version that there is not, by what made it', async () => {
    const whole = (number: number): Uint8Array => bytes(header(CONTENTS, number), end(0, 0, [CONTENTS]));
    await expect(open(whole(7))).rejects.toMatchObject({
      message: 'is version 7 of p2mtrace, made by a newer p2msim; this one reads version 1 or 2',
      hint: 'read it with that p2msim, or convert it to CSV there',
    });
    await expect(open(whole(0))).rejects.toMatchObject({
      message: 'is version 0 of p2mtrace; expected version 1 or 2',
    });
  });

  it('is recognised by content, plain and compressed', async () => {
    for (const stored of [TRACE, gzipSync(TRACE)]) {
      const stdin = Readable.from([stored]);
      expect((await openTrace('-', { stdin, read: DEFAULT_READ_OPTIONS })).format).toBe('p2mtrace');
    }
  });

  it('is read in chunks of any size', async () => {
    for (let size = 1; size <= TRACE.length; size++) {
      expect((await read(TRACE, {}, size)).records, `${size}`).toEqual(RECORDS);
    }
  });

  it('has tokens in runs where the block says so', async () => {
    // One token: read, slot 0, difference 56, 8 bytes: a stride of 64 from 0; 100 of them in two bytes.
    const body = bytes(1, 0x00, 8, 112, 100, 0, 1, 0, 100, 0);
    const trace = bytes(header(bytes()), block(body, { accesses: 100 }), end(100, 0, [body]));
    const { records, error } = await read(trace);
    expect(error).toBeNull();
    expect(records).toHaveLength(100);
    expect([records[0], records[99]]).toEqual(['R 0x0000000000000038 8 0', 'R 0x00000000000018f8 8 0']);
  });
});

describe('a note', () => {
  // Of what was passed over: 300 cache flushes (LEB ac 02), 1 prefetch.
  const NOTE = bytes(1, 15, 0xac, 2, 'cache flushes', 1, 11, 1, 'prefetches');
  const noted = (...notes: Buffer[]): Buffer =>
    bytes(
      header(CONTENTS),
      block(BODY, { accesses: 4, events: 1 }),
      ...notes,
      end(4, 1, [CONTENTS, BODY, NOTE]),
    );

  it('is behind the last block, and in the digest', async () => {
    const trace = await open(noted(note(NOTE)));
    expect(trace.passedOver).toBeUndefined();
    expect(await decode(async () => trace)).toEqual({ records: RECORDS, error: null });
    expect([...(trace.passedOver ?? [])]).toEqual([
      ['cache flushes', 300],
      ['prefetches', 1],
    ]);
    const other = bytes(header(CONTENTS), block(BODY, { accesses: 4, events: 1 }), note(NOTE));
    const { error } = await read(bytes(other, end(4, 1, [CONTENTS, BODY])));
    expect(error?.message).toMatch(/the SHA-256 of the contents begins with/);
  });

  it('is what the writer makes of it', () => {
    const parts: Uint8Array[] = [];
    const writer = new BlockWriter(NO_FACTS, (part) => parts.push(part), { deflate: false });
    const counts = new Map([
      ['cache flushes', 300],
      ['prefetches', 1],
    ]);
    writer.end(true, counts);
    expect(Buffer.concat(parts)).toEqual(bytes(header(bytes()), note(NOTE), end(0, 0, [NOTE])));
  });

  it('is not there where there is nothing to say', () => {
    expect(write([]).equals(bytes(header(bytes()), end(0, 0, [])))).toBe(true);
  });

  it.each([
    ['twice', [note(NOTE), note(NOTE)], /found the bytes 4e 4f 54 45; expected the end record/],
    [
      'before a block',
      [note(NOTE), block(BODY, { accesses: 4 })],
      /found the bytes 42 4c 43 4b; expected the end/,
    ],
    [
      'with another field',
      [note(bytes(2, 1, 7))],
      /the note cannot be read: field 2 is not known; expected 1/,
    ],
    ['with a name twice', [note(bytes(1, 2, 1, 'a', 1, 2, 1, 'a'))], /"a" is there twice/],
    ['without a name', [note(bytes(1, 1, 5))], /what was passed over is empty/],
    ['that is damaged', [note(NOTE).fill(0, 9, 10)], /the note is damaged: its CRC-32 is/],
    ['too long to be', [bytes('NOTE', u32(1 << 21))], /the note has 2097152 bytes; expected 1048576 at most/],
  ])('is an error %s, behind the records', async (_what, notes, message) => {
    const { records, error } = await read(noted(...notes));
    expect(records).toEqual(RECORDS);
    expect(error?.message).toMatch(message);
  });

  it('that is cut off is an error', async () => {
    const whole = noted(note(NOTE));
    const first = whole.length - 60 - note(NOTE).length;
    for (let length = first + 1; length < first + note(NOTE).length; length++) {
      const { records, error } = await read(whole.subarray(0, length));
      expect([records.length, error === null], `${length}`).toEqual([RECORDS.length, false]);
    }
  });
});

describe('writing and reading', () => {
  it('keeps every event, its place and its line, and the header', async () => {
    const csv = await openTrace('-', { stdin: Readable.from([EVERY_EVENT]), read: DEFAULT_READ_OPTIONS });
    const facts: TraceFacts = { ...csv, virtual: false, eventless: false, source: 'csv' };
    const items: Item[] = [];
    const before = await decode(async () => ({ chunks: () => csv.chunks() }));
    for (const record of before.records) items.push(typeof record === 'string' ? parsed(record) : record);
    for (const deflate of [false, true]) {
      const trace = write(chunksOf(items), facts, deflate);
      expect(await read(trace)).toEqual(before);
      const { header: declared, lacks, virtual, source } = await open(trace);
      expect([declared, lacks, virtual, source]).toEqual([csv.header, csv.lacks, false, 'csv']);
    }
  });

  it('keeps random traces with events', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const items = randomCase(seed).items.map((item): Item => {
        if (item.kind === 'event') return item.event;
        const { op, va, size, vcpu } = item;
        return { op, va, size, vcpu };
      });
      expect(await read(write(chunksOf(items), {}, true)), `seed ${seed}`).toEqual({
        records: shown(items),
        error: null,
      });
    }
  }, 60_000);

  it('keeps any accesses, in any chunks, and gives the same bytes for any chunks', async () => {
    const lower = fc.bigInt(0n, (1n << 47n) - (1n << 20n));
    const upper = fc.bigInt(-(1n << 47n), -(1n << 20n));
    // Half of them close together, so that short differences come up.
    const near = fc.bigInt(0xffffff00n, 0x100000100n);
    const access: fc.Arbitrary<PlainAccess> = fc.record({
      op: fc.integer({ min: 0, max: 3 }),
      va: fc.oneof(near, near, lower, upper),
      size: fc.oneof(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 1 << 20 })),
      vcpu: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 })),
    });
    const mark = fc.string().filter((name) => !/[\r\n\p{Surrogate}]/u.test(name));
    const event = fc.record({
      kind: fc.constant('mark' as const),
      vcpu: fc.constant(3),
      line: fc.nat(),
      name: mark,
    });
    const items = fc.array(fc.oneof({ arbitrary: access, weight: 8 }, event), { maxLength: 400 });
    await fc.assert(
      fc.asyncProperty(items, fc.integer({ min: 1, max: 50 }), async (all, length) => {
        const trace = write(chunksOf(all, length));
        expect(await read(trace, {}, 977)).toEqual({ records: shown(all), error: null });
        expect(trace.equals(write(chunksOf(all, 1000)))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('makes blocks of 16,384 records and chunks of as many blocks as fit', async () => {
    const access = (i: number): PlainAccess => ({ op: i % 3, va: BigInt(i) * 40n, size: 8, vcpu: i >> 12 });
    const items = Array.from({ length: 40_000 }, (_, i) => access(i));
    const trace = write(chunksOf(items, 777));
    expect((await read(trace)).records).toEqual(shown(items));
    for (const [batchRecords, expected] of [
      [16_384, [16_384, 16_384, 7_232]],
      [40_000, [32_768, 7_232]],
      [1, [16_384, 16_384, 7_232]],
    ] as const) {
      const { chunks } = await p2mtrace.open(bytesSource(trace), { ...DEFAULT_READ_OPTIONS, batchRecords });
      const lengths: number[] = [];
      for await (const { accesses } of chunks()) lengths.push(accesses.n);
      expect(lengths).toEqual(expected);
    }
  });

  it('takes a few bits for a sequential access', () => {
    const items = Array.from({ length: 100_000 }, (_, i) => ({
      op: 0,
      va: BigInt(i) * 8n,
      size: 8,
      vcpu: 0,
    }));
    // 7 blocks: a frame of 48 bytes and a body below 30 each.
    expect(write(chunksOf(items, 16_384)).length).toBeLessThan(7 * 78 + 80);
  });

  it('bounds a block that has only events', async () => {
    const mark = (i: number): TraceEvent => ({ kind: 'mark', vcpu: 0, line: i, name: 'x'.repeat(1000) + i });
    const items = Array.from({ length: 1000 }, (_, i) => mark(i));
    const trace = write(chunksOf(items));
    // 256 KiB of events: 260 or so a block.
    expect(trace.toString('latin1').split('BLCK').length - 1).toBe(4);
    expect((await read(trace)).records).toEqual(items);
  });
});

function parsed(record: string): PlainAccess {
  const [op = '', va = '', size, vcpu] = record.split(' ');
  return { op: 'RWXM'.indexOf(op), va: BigInt(va), size: Number(size), vcpu: Number(vcpu) };
}

const TWO_BODIES = bytes(
  header(CONTENTS),
  block(BODY, { accesses: 4, events: 1 }),
  block(BODY, { accesses: 4, events: 1, firstAccess: 4, firstEvent: 1 }),
  end(8, 2, [CONTENTS, BODY, BODY]),
);

describe('a p2mtrace that is cut off', () => {
  it('is an error wherever it is cut, after all that came before', async () => {
    const first = header(CONTENTS).length + 48 + BODY.length;
    for (let length = 1; length < TWO_BODIES.length; length++) {
      const { records, error } = await read(TWO_BODIES.subarray(0, length));
      const blocks = length < first ? 0 : length < first + 48 + BODY.length ? 1 : 2;
      expect(records, `${length} bytes`).toEqual([...RECORDS, ...RECORDS].slice(0, 5 * blocks));
      expect(error?.message, `${length} bytes`).toMatch(/^the trace ends early: /);
      expect(error?.place.offset).toBeLessThanOrEqual(length);
    }
  });

  it('says how much of what is there', async () => {
    // The header has 49 bytes; the frame and 3 bytes of the body are there.
    expect(shortError((await read(TRACE.subarray(0, 100))).error)).toBe(
      `t.p2mtrace: byte 49: the trace ends early: 51 of ${48 + BODY.length} bytes of block 1 are there`,
    );
  });
});

describe('a p2mtrace with a changed byte', () => {
  it('is never read without an error, and never as other records', async () => {
    for (let at = 0; at < TWO_BODIES.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(TWO_BODIES);
        changed[at]! ^= flip;
        const { records, error } = await read(changed);
        expect(error, `byte ${at}`).not.toBeNull();
        expect(error?.hint).toBeTruthy();
        expect([...RECORDS, ...RECORDS].slice(0, records.length)).toEqual(records);
      }
    }
  });

  it('loses the block it is in, if bad records are skipped', async () => {
    const damaged = Buffer.from(TWO_BODIES);
    damaged[header(CONTENTS).length + 48 + 5]! ^= 4;
    const stream = await p2mtrace.open(bytesSource(damaged), {
      ...DEFAULT_READ_OPTIONS,
      onError: 'skip',
      maxErrors: 1,
    });
    expect((await decode(async () => stream)).records).toEqual(RECORDS);
    expect(stream.skipped.count).toBe(1);
    expect(stream.skipped.first).toMatch(
      /byte 49: block 1 is damaged: its CRC-32 is 0x\w{8}; expected 0x\w{8}$/,
    );
  });
});

describe('contents with right sums that were changed at random', () => {
  /** Some bytes are changed, taken out or put in. */
  const changes = fc.array(
    fc.record({
      at: fc.nat(200),
      out: fc.nat(3),
      put: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  );
  const changed = (original: Buffer, list: readonly { at: number; out: number; put: number[] }[]): Buffer =>
    list.reduce((body, { at, out, put }) => {
      const from = at % (body.length + 1);
      return bytes(body.subarray(0, from), put, body.subarray(from + out));
    }, original);

  it('are read or refused, with a TraceError and canonical addresses', async () => {
    const counts = fc.record({
      accesses: fc.constantFrom(4, 4, 4, 0, 5, 16_384),
      events: fc.constantFrom(1, 1, 0, 9),
    });
    await fc.assert(
      fc.asyncProperty(changes, changes, fc.boolean(), counts, async (inBody, inHeader, both, n) => {
        const body = changed(BODY, inBody);
        const contents = both ? changed(CONTENTS, inHeader) : CONTENTS;
        const trace = bytes(header(contents), block(body, n), end(n.accesses, n.events, [contents, body]));
        const { records, error } = await read(trace);
        if (error === null) expect(records).toHaveLength(n.accesses + n.events);
        else expect(records).toEqual([]);
        for (const record of records) {
          if (typeof record === 'string') expect(record).toMatch(/^[RWXM] 0x(00|ff)/);
        }
      }),
      { numRuns: 2000 },
    );
  }, 60_000);
});

describe('contents with right sums that cannot be', () => {
  const bodies: readonly [what: string, body: Buffer, accesses: number, events: number, message: RegExp][] = [
    ['a token that is not defined', bytes(0, 1, 0, 0, 7, 0), 1, 0, /a token is not defined/],
    ['a length code', bytes(1, 0xc0, 8), 1, 0, /a token has length code 6/],
    ['a size of 0', bytes(1, 0, 0, 0), 1, 0, /an access has 0 bytes; expected 1 to 1048576/],
    [
      'an explicit size of 2 MiB',
      bytes(0, 1, 0, 0, 255, 13, 0, u32(1 << 21), new Uint8Array(8)),
      1,
      0,
      /an access has 2097152 bytes/,
    ],
    ['a vcpu that is not declared', bytes(0, 1, 2), 1, 0, /vcpu is 2; expected 0 to 1/],
    ['a run of vcpus that is too long', bytes(0, 2, 0), 1, 0, /a run of one vcpu is 2; expected 0 to 1/],
    ['a run of vcpus without length', bytes(0, 0, 0), 1, 0, /a run of one vcpu is empty/],
    ['a form of tokens', bytes(0, 1, 0, 2), 1, 0, /the form of the tokens is 2; expected 0 or 1/],
    ['addresses too short', bytes(1, 0x20, 8, 1, 0, 0, 0, 0), 1, 0, /tokens and addresses do not fit/],
    [
      'an address not canonical',
      bytes(1, 0xa0, 8, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2),
      1,
      0,
      /8 bytes from 0x0200000000000000 are not all canonical 57-bit/,
    ],
    [
      'an access over the end of the user half',
      bytes(1, 0xa0, 8, 1, 0, 0, 0, 8, 0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0),
      1,
      0,
      /8 bytes from 0x00fffffffffffffc are not all canonical/,
    ],
    ['bytes behind', bytes(0, 0, 0, 9), 0, 0, /1 bytes behind its last event/],
    [
      'an unknown kind of event',
      bytes(0, 0, 0, 0, 99, 0, 0),
      0,
      1,
      /the kind of an event is 99; expected 0 to 26/,
    ],
    [
      'an event out of place',
      bytes(0, 0, 0, 1, 4, 0, 0),
      0,
      1,
      /the position of an event is 1; expected 0 to 0/,
    ],
    [
      'an event on a vcpu that is not declared',
      bytes(0, 0, 0, 0, 4, 2, 0),
      0,
      1,
      /the vcpu of an event is 2/,
    ],
    ['a level', bytes(0, 0, 0, 0, 0, 0, 0, 2, 12, 0, 0), 0, 1, /a level is 6; expected 1 to 5/],
    [
      'an unaligned range',
      bytes(0, 0, 0, 0, 14, 0, 0, 2, 0x80, 0x40),
      0,
      1,
      /does not begin on a page border/,
    ],
    ['a range of half a page', bytes(0, 0, 0, 0, 14, 0, 0, 0, 0x82, 0x40), 0, 1, /is not whole pages/],
    ['a name that is empty', bytes(0, 0, 0, 0, 19, 0, 0, 0, 0), 0, 1, /a name is empty/],
    [
      'a text that is not there',
      bytes(0, 0, 0, 0, 19, 0, 0, 1),
      0,
      1,
      /the number of a text is 1; expected 0 to 0/,
    ],
    ['a text that is not UTF-8', bytes(0, 0, 0, 0, 19, 0, 0, 0, 1, 0xff), 0, 1, /a text is not UTF-8/],
    ['a line break', bytes(0, 0, 0, 0, 19, 0, 0, 0, 1, 10), 0, 1, /a text contains a line break/],
    ['a choice', bytes(0, 0, 0, 0, 5, 0, 0, 2), 0, 1, /a choice is 2; expected 0 to 1/],
    [
      'a number of 70 bits',
      bytes(0, 0, 0, 0, 4, 0, ...Array<number>(10).fill(0xff), 0),
      0,
      1,
      /more than 64 bits/,
    ],
  ];

  it.each(bodies)('%s', async (_what, body, accesses, events, message) => {
    const trace = bytes(
      header(CONTENTS),
      block(body, { accesses, events }),
      end(accesses, events, [CONTENTS, body]),
    );
    const { records, error } = await read(trace);
    expect(records).toEqual([]);
    expect(shortError(error)).toMatch(/^t\.p2mtrace: byte 49: block 1 cannot be read: /);
    expect(error?.message).toMatch(message);
  });

  const headers: readonly [what: string, contents: Buffer, message: RegExp][] = [
    ['levels', bytes(1, 1, 3), /guest-levels is 3; expected 4 or 5/],
    ['vcpus', bytes(2, 1, 0), /vcpus is 0; expected 1 to 256/],
    ['ram', bytes(3, 1, 5), /ram is 5 bytes; expected whole pages of 4096/],
    ['a page size', bytes(4, 3, 0, 1, 3), /the page size of a p2m range is 3/],
    ['a feature', bytes(5, 3, 'abc'), /feature 'abc' is not pcid=on or pcid=off/],
    ['a field that is not known', bytes(12, 0), /field 12 is not known; expected 1 to 11/],
    ['a field twice', bytes(2, 1, 1, 2, 1, 1), /field 2 is there twice/],
    ['a wrong length', bytes(2, 2, 1, 1), /field 2 has not the length 2/],
    ['a field cut off', bytes(8, 9, 'abc'), /the length of a field is 9; expected 0 to 5/],
    ['an assumption with an escape', bytes(11, 2, 27, 99), /what was assumed contains a control character/],
    ['an empty text', bytes(8, 0), /what the trace cannot say is empty/],
    ['a control character', bytes(8, 1, 27), /what the trace cannot say contains a control character/],
  ];

  it.each(headers)('in the header: %s', async (_what, contents, message) => {
    const { error } = await read(bytes(header(contents), end(0, 0, [contents])));
    expect(shortError(error)).toMatch(/^t\.p2mtrace: byte 0: the header cannot be read: /);
    expect(error?.message).toMatch(message);
  });
});
