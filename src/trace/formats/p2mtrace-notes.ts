/** The note of a p2mtrace, behind its last block: what was passed over in reading what it was made from, with numbers. */
import type { PassedOver } from '../format.js';
import { ByteReader, ByteWriter, ContentError } from './p2mtrace-bytes.js';
import { printableText } from './p2mtrace-header.js';
import { NOTE_FIELDS as FIELD } from './p2mtrace-layout.js';

export function encodeNote(passedOver: PassedOver): Uint8Array {
  const out = new ByteWriter();
  const contents = new ByteWriter();
  for (const [what, count] of passedOver) {
    contents.clear();
    contents.number(count);
    contents.bytes(Buffer.from(what));
    out.byte(FIELD.passedOver);
    out.number(contents.length);
    out.bytes(contents.written);
  }
  return out.written;
}

/** Throws {@link ContentError} for what cannot be. */
export function decodeNote(bytes: Uint8Array): PassedOver {
  const input = new ByteReader(bytes, 0, bytes.length);
  const counts = new Map<string, number>();
  while (input.left > 0) {
    const field = input.byte();
    if (field !== FIELD.passedOver)
      throw new ContentError(`field ${field} is not known; expected ${FIELD.passedOver}`);
    const length = input.number('the length of a field', input.left);
    const end = input.at + length;
    const count = input.number('the number of what was passed over', Number.MAX_SAFE_INTEGER);
    if (input.at > end) throw new ContentError(`field ${field} has not the length ${length}`);
    const what = printableText(input.bytes(end - input.at), 'what was passed over');
    if (counts.has(what)) throw new ContentError(`"${what}" is there twice`);
    counts.set(what, count);
  }
  return counts;
}
