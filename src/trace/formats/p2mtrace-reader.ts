/**
 * P2mtraceReader: frames of a p2mtrace, checked, to accesses and events.
 *
 * Whatever is wrong is a TraceError with the byte of the trace at which the header, block or end record begins. A
 * block whose body is damaged can be passed over (`onError: skip`): its frame says where the next one begins.
 */
import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { TraceError } from '../../errors.js';
import type { ReaderOptions } from '../bad-records.js';
import { BadRecords } from '../bad-records.js';
import type { ChunkBuilder } from '../chunk-builder.js';
import { MAX_VCPUS, type TraceEvent } from '../event.js';
import type { TraceFacts } from '../writers/writer.js';
import { ByteReader, ContentError } from './p2mtrace-bytes.js';
import { AccessDecoder, SLACK_BYTES } from './p2mtrace-decode.js';
import { EventDecoder } from './p2mtrace-events.js';
import type { PassedOver } from '../format.js';
import { checkSum, cutOff, GET_AGAIN, placed, readNote, sumIs } from './p2mtrace-frames.js';
import type { FrameInput } from './p2mtrace-input.js';
import * as layout from './p2mtrace-layout.js';

const SKIP_HINT = `${GET_AGAIN}; \`--on-error skip --max-errors 10\` replays the other blocks`;

/** The fixed part of a block. */
interface Frame {
  readonly deflated: boolean;
  readonly stored: number;
  readonly length: number;
  readonly accesses: number;
  readonly events: number;
  readonly sum: number;
}

export class P2mtraceReader {
  readonly bad: BadRecords;
  readonly #input: FrameInput;
  readonly #out: ChunkBuilder;
  readonly #eventless: boolean;
  readonly #accesses: AccessDecoder;
  readonly #events: EventDecoder;
  /** Of the header's contents and all bodies before deflation. */
  readonly #hash = createHash('sha256');
  #body: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #blocks = 0;
  /** Records so far, those of dropped blocks included. */
  #accessesSeen = 0;
  #eventsSeen = 0;
  /** What was passed over in reading what the trace was made from; null before the note, if there is one. */
  #passedOver: PassedOver | null = null;
  readonly #pending: { readonly event: TraceEvent; readonly position: number }[] = [];

  constructor(
    input: FrameInput,
    out: ChunkBuilder,
    options: ReaderOptions,
    { header, eventless }: TraceFacts,
    contents: Uint8Array,
  ) {
    this.#input = input;
    this.#out = out;
    this.#eventless = eventless;
    this.bad = new BadRecords(options);
    const levels = header.guestLevels ?? 4;
    const vcpus = header.vcpus ?? MAX_VCPUS;
    this.#accesses = new AccessDecoder(levels, vcpus);
    this.#events = new EventDecoder(levels, vcpus);
    this.#hash.update(contents);
  }

  get passedOver(): PassedOver | undefined {
    return this.#passedOver ?? undefined;
  }

  /** Adds the next block to the chunk, or takes the note; false once the end record was read and agrees. */
  async next(): Promise<boolean> {
    const input = this.#input;
    if (!(await input.fill(layout.TAG_BYTES))) throw this.#noEnd();
    const tag = input.word(0);
    if (tag === layout.NOTE_TAG && this.#passedOver === null) {
      await this.#note();
      return true;
    }
    if (tag === layout.BLOCK_TAG && this.#passedOver === null) {
      await this.#block(`block ${this.#blocks + 1}`);
      return true;
    }
    if (tag !== layout.END_TAG) {
      const found = input
        .slice(0, 4)
        .reduce((text, value) => `${text} ${value.toString(16).padStart(2, '0')}`, '');
      throw input.error(
        `found the bytes${found}; expected ${this.#passedOver === null ? 'a block or ' : ''}the end record`,
        GET_AGAIN,
      );
    }
    await this.#end();
    return false;
  }

  async #note(): Promise<void> {
    const { passedOver, contents } = await readNote(this.#input);
    this.#passedOver = passedOver;
    this.#hash.update(contents);
  }

  #noEnd(): TraceError {
    const { available } = this.#input;
    const what = this.#blocks === 0 ? 'the header' : `block ${this.#blocks}`;
    const rest = available === 0 ? 'there is nothing' : `there are ${available} bytes`;
    return this.#input.error(
      `the trace ends early: ${rest} after ${what}; expected an end record`,
      GET_AGAIN,
    );
  }

  async #block(what: string): Promise<void> {
    const input = this.#input;
    if (!(await input.fill(layout.BLOCK_FRAME_BYTES))) throw cutOff(input, what, layout.BLOCK_FRAME_BYTES);
    const frame = this.#frame(what);
    const whole = layout.BLOCK_FRAME_BYTES + frame.stored;
    if (!(await input.fill(whole))) throw cutOff(input, what, whole);
    const error = this.#take(what, frame, input.slice(layout.BLOCK_FRAME_BYTES, whole));
    if (error !== null) this.bad.report(error);
    input.advance(whole);
    this.#blocks += 1;
    this.#accessesSeen += frame.accesses;
    this.#eventsSeen += frame.events;
  }

  #frame(what: string): Frame {
    const input = this.#input;
    checkSum(input, `the frame of ${what}`, 0, 44);
    const [flags, stored, length] = [input.word(4), input.word(8), input.word(12)];
    const [accesses, events] = [input.word(16), input.word(20)];
    const wrong = (message: string): TraceError => input.error(`${what} ${message}`, GET_AGAIN);
    if (flags > layout.DEFLATED) throw wrong(`has flags ${flags}; expected 0 or 1`);
    if (Math.max(stored, length) > layout.MAX_BODY_BYTES)
      throw wrong(
        `has a body of ${Math.max(stored, length)} bytes; expected ${layout.MAX_BODY_BYTES} at most`,
      );
    if (Math.max(accesses, events) > layout.BLOCK_RECORDS)
      throw wrong(`has ${Math.max(accesses, events)} records; expected ${layout.BLOCK_RECORDS} at most`);
    if (input.count(24) !== this.#accessesSeen || input.count(32) !== this.#eventsSeen) {
      const found = `access ${input.count(24)} and event ${input.count(32)}`;
      throw wrong(`begins at ${found}; expected ${this.#accessesSeen} and ${this.#eventsSeen}`);
    }
    if (events > 0 && this.#eventless) throw wrong('has events; expected none in a trace that declares so');
    return { deflated: flags === layout.DEFLATED, stored, length, accesses, events, sum: input.word(40) };
  }

  /** Decodes a body into the chunk, all of it or nothing. Returns what is wrong with it. */
  #take(what: string, frame: Frame, stored: Uint8Array): TraceError | null {
    try {
      sumIs(this.#input, what, stored, frame.sum, SKIP_HINT);
      this.#inflate(frame, stored);
      this.#decode(frame);
      return null;
    } catch (error) {
      if (error instanceof TraceError) return error;
      const reported = placed(this.#input, what, error, SKIP_HINT);
      if (reported instanceof TraceError) return reported;
      throw error;
    }
  }

  /** Puts the body where there is slack behind it. */
  #inflate({ deflated, length }: Frame, stored: Uint8Array): void {
    let body = stored;
    if (deflated) {
      try {
        // With room for one byte more, one call of zlib's does it.
        body = inflateRawSync(stored, { chunkSize: length + 64, maxOutputLength: length + 1 });
      } catch (error) {
        throw new ContentError(inflateReason(error, length));
      }
    }
    if (body.length !== length) throw new ContentError(`it has ${body.length} bytes; expected ${length}`);
    this.#hash.update(body);
    if (length + SLACK_BYTES > this.#body.length) {
      this.#body = new Uint8Array(length + (length >> 1) + SLACK_BYTES);
      this.#view = new DataView(this.#body.buffer);
    }
    this.#body.set(body);
  }

  #decode({ length, accesses, events }: Frame): void {
    const body = { bytes: this.#body, view: this.#view };
    const input = new ByteReader(this.#body, 0, length);
    const batch = this.#out.accesses;
    const from = batch.n;
    this.#accesses.decode(body, input, accesses, batch, from);
    const pending = this.#pending;
    pending.length = 0;
    this.#events.decode(input, events, accesses, (event, position) => pending.push({ event, position }));
    if (input.left > 0) throw new ContentError(`there are ${input.left} bytes behind its last event`);
    for (const { event, position } of pending) {
      batch.n = from + position;
      this.#out.event(event);
    }
    batch.n = from + accesses;
  }

  async #end(): Promise<void> {
    const input = this.#input;
    if (!(await input.fill(layout.END_BYTES))) throw cutOff(input, 'the end record', layout.END_BYTES);
    checkSum(input, 'the end record', 0, layout.END_BYTES - 4);
    const [accesses, events] = [input.count(8), input.count(16)];
    if (accesses !== this.#accessesSeen || events !== this.#eventsSeen) {
      const expected = `${accesses} accesses and ${events} events`;
      const found = `${this.#accessesSeen} and ${this.#eventsSeen}`;
      throw input.error(`the blocks have ${found}; expected ${expected}, as the end record says`, GET_AGAIN);
    }
    const digest = Buffer.from(input.slice(24, 56)).toString('hex');
    const found = this.#hash.digest('hex');
    if (digest !== found && this.bad.skipped.count === 0)
      throw input.error(
        `the SHA-256 of the contents begins with ${found.slice(0, 16)}; expected ${digest.slice(0, 16)}`,
        GET_AGAIN,
      );
    if (input.word(4) === layout.INCOMPLETE) {
      throw input.error('what the trace was made from ended early, by an error', INCOMPLETE_HINT);
    }
    if (input.word(4) !== 0)
      throw input.error(`the end record has flags ${input.word(4)}; expected 0 or 1`, GET_AGAIN);
    input.advance(layout.END_BYTES);
    if (await input.fill(1)) throw input.error('bytes follow the end record; expected none', GET_AGAIN);
  }
}

function inflateReason(error: unknown, length: number): string {
  if (!(error instanceof Error)) return String(error);
  const beyond = 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
  return beyond ? `it inflates to more than ${length} bytes` : `it does not inflate: ${error.message}`;
}

const INCOMPLETE_HINT = 'mend the trace that it was made from, and convert it again';
