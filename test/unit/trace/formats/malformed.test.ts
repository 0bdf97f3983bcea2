/**
 * Every malformed file of traces/: what is read before the mistake, and the exact message.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TRACE_FORMATS } from '../../../../src/trace/formats/index.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { openTrace } from '../../../../src/trace/open.js';
import { decode, decodeText, shortError } from '../../../helpers/traces.js';

const KNOWN = TRACE_FORMATS.names().join(', ');

/** Accesses before the error, and the error as `file:line:column: message`. */
type Expected = readonly [accesses: number, message: string];

const CSV: Readonly<Record<string, Expected>> = {
  'bad-hex.csv': [1, 'bad-hex.csv:3:3: "0x7fq0" is not a hexadecimal address (column va)'],
  'bad-key-value.csv': [0, 'bad-key-value.csv:1:17: "3" is not 4 or 5 (key guest-levels)'],
  'bad-level.csv': [0, 'bad-level.csv:2:19: "6" is not a decimal number from 1 to 5 (column level)'],
  'bad-perm.csv': [0, 'bad-perm.csv:2:17: "rq" is not any of the letters r, w and x, or none (column perm)'],
  'bad-size.csv': [0, 'bad-size.csv:2:10: "0" is not a decimal number from 1 to 1048576 (column size)'],
  'bad-vcpu.csv': [0, 'bad-vcpu.csv:3:10: vcpu 2 is not declared: the header has 2 (0 to 1) (column vcpu)'],
  'binary-junk.csv': [0, 'binary-junk.csv: is in no format that p2msim knows: it is a PNG image'],
  'damaged.csv.gz': [0, 'damaged.csv.gz: the gzip data is damaged: incorrect data check'],
  'empty.csv': [0, 'empty.csv: the trace is empty; expected at least one access'],
  'extra-field.csv': [0, 'extra-field.csv:2:12: "1" is field 4; the header names 3'],
  'inner-quote.csv': [
    0,
    'inner-quote.csv:2:7: a quote stands inside a field; a quoted field begins and ends with one, and doubles those within',
  ],
  'leaves-user-half.csv': [
    0,
    'leaves-user-half.csv:2:3: 8 bytes from "0x7ffffffffffc" are not all canonical 48-bit addresses (column va)',
  ],
  'long-hex.csv': [
    0,
    'long-hex.csv:2:3: "0x11112222333344445" has more than 16 hexadecimal digits (column va)',
  ],
  'lower-case-op.csv': [
    1,
    'lower-case-op.csv:3:1: "w" is not an op (did you mean \'W\'?); expected R, W, X, RW or an event of docs/formats.md (column op)',
  ],
  'missing-column.csv': [0, 'missing-column.csv:1:1: the header "op,size" names no column \'va\''],
  'missing-event-column.csv': [
    0,
    "missing-event-column.csv:2:1: FORK needs a column 'note' (the child's address space), which the header does not name",
  ],
  'missing-va.csv': [0, 'missing-va.csv:2:3: R needs a hexadecimal address (column va is empty)'],
  'no-access.csv': [0, 'no error'],
  'no-header.csv': [0, "no-header.csv:1:1: the header \"R,0x1000\" names no column 'op' and no 'va'"],
  'non-canonical.csv': [
    0,
    'non-canonical.csv:2:3: "0x800000000000" is not a canonical 48-bit address: bits 63 to 47 must be equal (column va)',
  ],
  'nul-byte.csv': [0, 'nul-byte.csv:2:3: "0x10\\x000" is not a hexadecimal address (column va)'],
  'only-comments.csv': [
    0,
    'only-comments.csv: the file has no header line; it must name the columns, at least op,va',
  ],
  'open-quote.csv': [1, 'open-quote.csv:3:7: the quote is not closed on this line'],
  'prose.csv': [
    0,
    `prose.csv: is in no format that p2msim knows (${KNOWN}); it begins with "plain prose is no trace"`,
  ],
  'repeated-column.csv': [0, "repeated-column.csv:1:7: column 'va' is named twice"],
  // 5,449 of 7,449 compressed bytes: so many records inflate before the end.
  'truncated.csv.gz': [
    1448,
    'truncated.csv.gz: the gzip data ends early: the file is truncated after 5449 bytes',
  ],
  'unaligned-map.csv': [
    0,
    'unaligned-map.csv:2:5: "0x1234" is not a multiple of the page size 0x1000 (column va)',
  ],
  'unknown-column.csv': [
    0,
    "unknown-column.csv:1:7: unknown column 'sise' (did you mean 'size'?); columns are op va size vcpu as pcid ip gfn level value perm order note",
  ],
  'unknown-key.csv': [
    0,
    "unknown-key.csv:1:3: unknown key 'guest-level' (did you mean 'guest-levels'?); keys are guest-levels, vcpus, ram, p2m, features, guest, direct-map, root, format",
  ],
  'unknown-op.csv': [
    1,
    'unknown-op.csv:3:1: "READ" is not an op; expected R, W, X, RW or an event of docs/formats.md (column op)',
  ],
};

const FORMS = 'expected " L addr,size", " S addr,size", " M addr,size" or "I  addr,size"';
const LACKEY: Readonly<Record<string, Expected>> = {
  'bad-hex.lackey': [
    1,
    'bad-hex.lackey:3:4: "20z0" is not a hexadecimal address (1 to 16 digits without 0x)',
  ],
  'bad-size.lackey': [1, 'bad-size.lackey:3:9: "" is not a size; expected decimal bytes from 1 to 1048576'],
  'missing-size.lackey': [
    0,
    'missing-size.lackey:2:8: the size is missing; expected decimal bytes from 1 to 1048576',
  ],
  'no-access.lackey': [0, 'no error'],
  'non-canonical.lackey': [
    0,
    'non-canonical.lackey:2:4: "800000000000" is not a canonical 48-bit address: bits 63 to 47 must be equal',
  ],
  'program-output.lackey': [
    1,
    `program-output.lackey:3:1: "hello from the traced program" is not a lackey record; ${FORMS}`,
  ],
  'truncated.lackey.gz': [
    1450,
    'truncated.lackey.gz: the gzip data ends early: the file is truncated after 2682 bytes',
  ],
  'unknown-kind.lackey': [1, `unknown-kind.lackey:3:2: " Q 2000,8" is not a lackey record; ${FORMS}`],
};

const P2MTRACE: Readonly<Record<string, Expected>> = {
  'bytes-behind.p2mtrace': [4, 'bytes-behind.p2mtrace: byte 225: bytes follow the end record; expected none'],
  'cut-in-body.p2mtrace': [
    2,
    'cut-in-body.p2mtrace: byte 97: the trace ends early: 60 of 68 bytes of block 2 are there',
  ],
  'cut-in-header.p2mtrace': [
    0,
    'cut-in-header.p2mtrace: byte 0: the trace ends early: 20 of 29 bytes of the header are there',
  ],
  'damaged-body.p2mtrace': [
    2,
    'damaged-body.p2mtrace: byte 97: block 2 is damaged: its CRC-32 is 0x8b047c0c; expected 0xcf66e343',
  ],
  'damaged-end.p2mtrace': [
    4,
    'damaged-end.p2mtrace: byte 165: the end record is damaged: its CRC-32 is 0xded78a6e; expected 0x38f0b4f0',
  ],
  'damaged-frame.p2mtrace': [
    2,
    'damaged-frame.p2mtrace: byte 97: the frame of block 2 is damaged: its CRC-32 is 0x7d37d17b; expected 0x666800ab',
  ],
  'damaged-header.p2mtrace': [
    0,
    'damaged-header.p2mtrace: byte 0: the header is damaged: its CRC-32 is 0x503ebef2; expected 0x30de2970',
  ],
  'events-denied.p2mtrace': [
    0,
    'events-denied.p2mtrace: byte 22: block 1 has events; expected none in a trace that declares so',
  ],
  'incomplete.p2mtrace': [
    4,
    'incomplete.p2mtrace: byte 165: what the trace was made from ended early, by an error',
  ],
  'inflates-beyond.p2mtrace': [
    2,
    'inflates-beyond.p2mtrace: byte 97: block 2 cannot be read: it inflates to more than 1000 bytes',
  ],
  'long-body.p2mtrace': [
    2,
    'long-body.p2mtrace: byte 97: block 2 has a body of 2147483647 bytes; expected 4194304 at most',
  ],
  'long-header.p2mtrace': [
    0,
    'long-header.p2mtrace: byte 0: the header has 2147483647 bytes; expected 1048576 at most',
  ],
  'lost-block.p2mtrace': [
    2,
    'lost-block.p2mtrace: byte 97: the blocks have 2 and 0; expected 4 accesses and 0 events, as the end record says',
  ],
  'many-records.p2mtrace': [
    2,
    'many-records.p2mtrace: byte 97: block 2 has 70000 records; expected 16384 at most',
  ],
  'no-access.p2mtrace': [0, 'no error'],
  'no-deflate.p2mtrace': [
    2,
    'no-deflate.p2mtrace: byte 97: block 2 cannot be read: it does not inflate: invalid block type',
  ],
  'no-end.p2mtrace': [
    4,
    'no-end.p2mtrace: byte 165: the trace ends early: there is nothing after block 2; expected an end record',
  ],
  'non-canonical.p2mtrace': [
    2,
    'non-canonical.p2mtrace: byte 97: block 2 cannot be read: 8 bytes from 0x0000800000000000 are not all canonical 48-bit addresses',
  ],
  'swapped-blocks.p2mtrace': [
    0,
    'swapped-blocks.p2mtrace: byte 29: block 1 begins at access 2 and event 0; expected 0 and 0',
  ],
  'text-mode.p2mtrace': [
    0,
    `text-mode.p2mtrace: is in no format that p2msim knows (${KNOWN}); it begins with 8f 50 32 4d 54 0a 1a 01`,
  ],
  'unknown-event.p2mtrace': [
    2,
    'unknown-event.p2mtrace: byte 97: block 2 cannot be read: the kind of an event is 77; expected 0 to 26',
  ],
  'unknown-field.p2mtrace': [
    0,
    'unknown-field.p2mtrace: byte 0: the header cannot be read: field 12 is not known; expected 1 to 11',
  ],
  'version-3.p2mtrace': [
    0,
    'version-3.p2mtrace: byte 0: is version 3 of p2mtrace, made by a newer p2msim; this one reads version 1 or 2',
  ],
  'wrong-digest.p2mtrace': [
    4,
    'wrong-digest.p2mtrace: byte 165: the SHA-256 of the contents begins with a076506aaf711423; expected 136230206b2ec175',
  ],
};

for (const [folder, files] of [
  ['traces/csv/malformed', CSV],
  ['traces/lackey/malformed', LACKEY],
  ['traces/p2mtrace/malformed', P2MTRACE],
] as const) {
  describe(folder, () => {
    it('has a message on record for each of its files', () => {
      expect(readdirSync(folder).toSorted()).toEqual(Object.keys(files).toSorted());
    });

    it.each(Object.entries(files))('%s', async (name, [accesses, message]) => {
      const path = `${folder}/${name}`;
      const { records, error } = await decode(() => openTrace(path, { read: DEFAULT_READ_OPTIONS }));
      expect([records.length, shortError(error)]).toEqual([accesses, message]);
      // Only "there is nothing wrong" needs no next step.
      if (error !== null) expect(error.hint).toBeTruthy();
    });
  });
}

describe('a bad record', () => {
  it('is shown with its line, its place, and what to do next', async () => {
    const path = 'traces/csv/malformed/bad-hex.csv';
    const { error } = await decode(() => openTrace(path, { read: DEFAULT_READ_OPTIONS }));
    expect(error?.excerpt).toBe('R,0x7fq0,8');
    expect(error?.span).toBe('0x7fq0'.length);
    expect(error?.exitCode).toBe(3);
    expect(error?.hint).toBe(
      `\`p2msim trace check ${path}\` lists every bad record; \`--on-error skip --max-errors 10\` leaves out up to ten and goes on`,
    );
  });

  it('never brings control characters to the terminal', async () => {
    const { error } = await decodeText('op,va\nR,0x\u001b[31m10\n');
    expect(error?.message).toBe('"0x\\x1b[31m10" is not a hexadecimal address (column va)');
    expect(error?.excerpt).toBe('R,0x?[31m10');
  });

  it('is skipped and counted on request, up to a limit', async () => {
    const text = 'op,va\nR,zz\nR,0x1000\nQ,0x1000\nR,0x2000\n';
    const stream = await decodeText(text, { onError: 'skip', maxErrors: 2 });
    expect(stream.error).toBeNull();
    expect(stream.records).toEqual(['R 0x0000000000001000 1 0', 'R 0x0000000000002000 1 0']);
    const limited = await decodeText(text, { onError: 'skip', maxErrors: 1 });
    expect(shortError(limited.error)).toMatch(/^<stdin>:4:1: "Q" is not an op/);
  });

  it('cannot hide in a line without end: more than 1 MiB is refused', async () => {
    const { error } = await decodeText(`op,va\nR,0x1000\nR,0x${'1'.repeat(2 ** 20)}\n`);
    expect(shortError(error)).toBe('<stdin>:3: the line is longer than 1 MiB');
  });
});
