/** A baseline that changes makes every ratio before and after it incomparable: it may only change on purpose. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../../bench/reference/', import.meta.url));

const FROZEN: Readonly<Record<string, string>> = {
  'hap.c': 'bbaf792450fd843585b5d2c0b647910d39387614de1644a652b8e080492aabb6',
  'naive.mjs': '8027f42723e019ade856fbd6826ae41a9eedb07897d153986e72615647ca0b82',
  'reference.h': '9edf52d440e37232ac59d200952f3be6908219cb232c8dae674b38dccb5b3c46',
  'tlb.c': '6e833722c38e2480b8cb558e83fe2b7bdf1bd954e3ea7d03d7b7ae40db3b7ecf',
};

describe('the baselines of the benches', () => {
  it('are these files and no others', () => {
    expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(FROZEN));
  });

  it.each(Object.entries(FROZEN))('%s is as it was frozen', (name, digest) => {
    expect(
      createHash('sha256')
        .update(readFileSync(FOLDER + name))
        .digest('hex'),
    ).toBe(digest);
  });
});
