/**
 * TraceDigest: SHA-256 of the bytes of a trace, of as many of them as a replay has needed.
 *
 * How far a reader is ahead of the replay depends on how many records it decodes at once, which depends on the number
 * of machines. So the digest of a replay that ended early ends with the block in which its last record does, however
 * much was read after it.
 */
import { createHash, type Hash } from 'node:crypto';

/** How far a trace has been decoded. */
export interface DecodedRecords {
  /** Records of all chunks before the last one. */
  readonly delivered: number;
  /** Those and the records decoded since. */
  readonly records: number;
}

interface Mark {
  readonly records: number;
  readonly hash: Hash;
}

export class TraceDigest {
  readonly #hash = createHash('sha256');
  /** Ends of blocks in which a replay may still end, in ascending order. */
  #marks: Mark[] = [];

  update(block: Uint8Array): void {
    this.#hash.update(block);
  }

  /** All blocks so far have been decoded: they hold so many whole records. */
  mark({ delivered, records }: DecodedRecords): void {
    if (records === 0) return;
    this.#marks = this.#marks.filter((mark) => mark.records >= delivered);
    this.#marks.push({ records, hash: this.#hash.copy() });
  }

  /** Digest, in hexadecimal, up to the end of the block in which record number `records` ends; of everything by default. */
  of(records = Infinity): string {
    const mark = this.#marks.find((each) => each.records >= records);
    return (mark?.hash ?? this.#hash).copy().digest('hex');
  }
}
