/** The p2mtrace decoder's loop in WebAssembly gives the accesses, and the refusals, of the one in TypeScript. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBatch } from '../../../src/trace/access.js';
import { ByteReader, ByteWriter } from '../../../src/trace/formats/p2mtrace-bytes.js';
import { AccessDecoder, SLACK_BYTES } from '../../../src/trace/formats/p2mtrace-decode.js';
import { UnpackKernel } from '../../../src/trace/formats/p2mtrace-kernel.js';
import { EXPLICIT } from '../../../src/trace/formats/p2mtrace-layout.js';

/** A kind of token: operation, slot and length code of its address, as docs/formats.md has them, size, difference. */
type Token = readonly [op: number, slot: number, code: number, size: number, zigzag: number];

interface Block {
  readonly kinds: readonly Token[];
  readonly tokens: readonly number[];
  readonly addresses: Uint8Array;
}

function bodyOf({ kinds, tokens, addresses }: Block): Uint8Array {
  const body = new ByteWriter();
  body.number(kinds.length);
  for (const [op, slot, code, size, zigzag] of kinds) {
    body.byte(op | (slot << 2) | (code << 5));
    body.number(size);
    if (code === 0) body.number(zigzag);
  }
  body.number(tokens.length);
  body.byte(0);
  body.byte(0);
  body.bytes(Uint8Array.from(tokens));
  body.number(addresses.length);
  body.bytes(addresses);
  return body.written.slice();
}

function decoded(block: Block, kernel: UnpackKernel | null): unknown {
  const body = bodyOf(block);
  const bytes = new Uint8Array(body.length + SLACK_BYTES);
  bytes.set(body);
  const batch = createBatch(block.tokens.length + 1);
  const decoder = new AccessDecoder(4, 1, kernel);
  try {
    const input = new ByteReader(bytes, 0, body.length);
    decoder.decode({ bytes, view: new DataView(bytes.buffer) }, input, block.tokens.length, batch, 1);
    return batch;
  } catch (error) {
    return String(error);
  }
}

/** Bytes of addresses that a token takes. */
function lengthOf(token: number, kinds: readonly Token[]): number {
  if (token === EXPLICIT) return 13;
  const code = kinds[token]?.[2] ?? 0;
  return code === 5 ? 8 : code;
}

const kind = fc.tuple(
  fc.integer({ min: 0, max: 3 }),
  fc.integer({ min: 0, max: 7 }),
  fc.integer({ min: 0, max: 5 }),
  fc.integer({ min: 1, max: 9 }),
  fc.integer({ min: 0, max: 0xffff }),
);

const blocks = fc
  .record({
    kinds: fc.array(kind, { minLength: 1, maxLength: 6 }),
    picks: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }),
    // Upper halves of canonical addresses mostly: else nearly every block were refused.
    upper: fc.constantFrom(0x00, 0x00, 0xff),
    bytes: fc.uint8Array({ minLength: 900, maxLength: 900 }),
    short: fc.constantFrom(0, 0, 0, 0, 1),
  })
  .map(({ kinds, picks, upper, bytes, short }): Block => {
    const tokens = picks.map((pick) => (pick === 40 ? EXPLICIT : pick === 39 ? 77 : pick % kinds.length));
    const pieces = tokens.map((token, i) => {
      const piece = bytes.slice(i * 13, i * 13 + lengthOf(token, kinds));
      if (piece.length >= 8) piece.fill(upper, piece.length - 2);
      if (piece.length === 13) piece.set([4, 0, 0, 0], 1);
      return piece;
    });
    const addresses = Uint8Array.from(pieces.flatMap((piece) => [...piece]));
    return { kinds, tokens, addresses: addresses.slice(0, Math.max(0, addresses.length - short)) };
  });

describe('the kernel of p2mtrace', () => {
  it('gives what the TypeScript gives, accesses and refusals', () => {
    const kernel = UnpackKernel.start();
    expect(kernel).not.toBeNull();
    let refused = 0;
    fc.assert(
      fc.property(blocks, (block) => {
        const found = decoded(block, kernel);
        if (typeof found === 'string') refused += 1;
        expect(found).toEqual(decoded(block, null));
      }),
      { numRuns: 400, seed: 11 },
    );
    // Both kinds of blocks were among them.
    expect(refused).toBeGreaterThan(40);
    expect(refused).toBeLessThan(360);
  });
});
