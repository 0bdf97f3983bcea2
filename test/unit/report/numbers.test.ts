import { expect, it } from 'vitest';
import { binarySize, counted, grouped, pageSize, per, percent } from '../../../src/report/numbers.js';

it('separates thousands', () => {
  expect([0, 999, 1000, 1234567, 9007199254740991].map(grouped)).toEqual([
    '0',
    '999',
    '1,000',
    '1,234,567',
    '9,007,199,254,740,991',
  ]);
});

it('writes sizes with two decimals in the largest unit below 1024', () => {
  expect([0, 1023, 1024, 1536, 2 ** 20, 2 ** 30 * 1.5, 2 ** 40].map(binarySize)).toEqual([
    '0 B',
    '1023 B',
    '1.00 KiB',
    '1.50 KiB',
    '1.00 MiB',
    '1.50 GiB',
    '1.00 TiB',
  ]);
  // 515 pages x 4 KiB = 2060 KiB = 2.0117 MiB
  expect([0, 1, 515].map(pageSize)).toEqual(['0 B', '4.00 KiB', '2.01 MiB']);
});

it('gives no ratio without a whole', () => {
  expect([percent(1, 8), percent(0, 8), percent(1, 0)]).toEqual(['12.50%', '0.00%', '']);
  expect([per(7, 2), per(2469135, 2), per(1, 0)]).toEqual(['3.50', '1,234,567.50', '']);
});

it('counts in words', () => {
  expect([counted(0, 'event'), counted(1, 'event'), counted(2000, 'access', 'accesses')]).toEqual([
    '0 events',
    '1 event',
    '2,000 accesses',
  ]);
});
