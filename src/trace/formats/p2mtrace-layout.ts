/**
 * What p2mtrace bytes mean: magic, version, tags, sizes and limits. docs/formats.md is the specification.
 *
 * A trace is a header, blocks, perhaps a note, and an end record, little-endian throughout. A block has a frame of fixed size
 * (counts, lengths, two CRC-32) and a body that can be decoded without any other block.
 */

/** First byte beyond ASCII, then a name, CR LF and a control-Z: damage by text-mode copies shows at once. */
export const MAGIC: Uint8Array = Uint8Array.of(0x8f, 0x50, 0x32, 0x4d, 0x54, 0x0d, 0x0a, 0x1a);
/** Of a trace whose header has fields that the first readers do not know, so that these say that a newer one reads it. */
export const VERSION = 2;
/** Of all others. A note may be in both: that there is one is known behind the records. */
export const FIRST_VERSION = 1;

/** Magic, version and length of the header; the header and its CRC-32 follow. */
export const PRELUDE_BYTES = 16;
export const MAX_HEADER_BYTES = 1 << 20;

/** `BLCK`, `NOTE` and `END.`, read as little-endian words. */
export const BLOCK_TAG = 0x4b434c42;
export const NOTE_TAG = 0x45544f4e;
export const END_TAG = 0x2e444e45;
export const TAG_BYTES = 4;
export const BLOCK_FRAME_BYTES = 48;
export const END_BYTES = 60;

/** Flag of a block: its body is deflated (RFC 1951). */
export const DEFLATED = 1;
/** Flag of the end record: what the trace was made from ended early, by an error. */
export const INCOMPLETE = 1;

/** Accesses and events of the largest block: the records of a chunk that stays in the L2 cache. */
export const BLOCK_RECORDS = 16384;
/** Longest body: 16,384 accesses of at most 14 bytes, 256 KiB of events, and one event more with two long texts. */
export const MAX_BODY_BYTES = 1 << 22;
/** Event bytes after which a writer ends a block. */
export const EVENT_BYTES = 1 << 18;
/** Longest text in an event or the header, in bytes of UTF-8: the longest line of a CSV. */
export const MAX_TEXT_BYTES = 1 << 20;

/** Addresses from which differences are counted; what uses which is up to the writer. */
export const SLOTS = 8;
/** Token of an access that is written out: op and slot, size, address. */
export const EXPLICIT = 255;
/** Length code of a whole address; codes 0 to 4 are the length of a difference. */
export const WHOLE_ADDRESS = 5;

/** Fields of the header; numbers are never given a new meaning. */
export const HEADER_FIELDS = {
  guestLevels: 1,
  vcpus: 2,
  ram: 3,
  p2m: 4,
  feature: 5,
  scripted: 6,
  physical: 7,
  lacks: 8,
  eventless: 9,
  source: 10,
  assumes: 11,
} as const;

/** Fields of the note behind the last block. */
export const NOTE_FIELDS = { passedOver: 1 } as const;
/** Tag and length of the note; its fields and their CRC-32 follow. */
export const NOTE_PRELUDE_BYTES = 8;
