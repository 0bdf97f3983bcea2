import { describe, expect, it } from 'vitest';
import { parseSize } from '../../../src/util/units.js';

describe('sizes', () => {
  it('are bytes, or multiples of powers of two', () => {
    expect(['64', '0', '4k', '2M', '1GiB', '3KiB', '1t'].map(parseSize)).toEqual([
      64,
      0,
      4096,
      2 * 2 ** 20,
      2 ** 30,
      3 * 1024,
      2 ** 40,
    ]);
  });

  it('are nothing else: no decimal multiples, fractions, signs or blanks', () => {
    for (const text of [
      '',
      'k',
      '4kB',
      '4KB',
      '1.5G',
      '-1',
      '4 k',
      '4kk',
      '0x10',
      '9999999999999999',
      '9999T',
    ]) {
      expect(parseSize(text), text).toBeNull();
    }
  });
});
