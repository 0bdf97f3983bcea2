/** A baseline that changes makes every ratio before and after it incomparable: it may only change on purpose. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../../bench/reference/', import.meta.url));

const FROZEN: Readonly<Record<string, string>> = {
  'hap.c': 'e0135c3ee6791d7c22dcecc2b19de4d233048828ad33b98304923442af981a01',
  'naive.mjs': '8027f42723e019ade856fbd6826ae41a9eedb07897d153986e72615647ca0b82',
  'reference.h': '4afe51c83c70dde43762d095aa1b303b32357ea1898d1d9c09d7a3ba86788a06',
  'tlb.c': '0ecdffdfd7a87b25fea5f371ba00bc3e0efef92bd72a141cdfc5e22500751ff9',
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
