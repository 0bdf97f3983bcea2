import { describe, expect, it } from 'vitest';
import { lackey } from '../../../../src/trace/formats/lackey.js';
import { decodeText, shortError } from '../../../helpers/traces.js';

const sniff = (text: string): boolean => lackey.sniff(Buffer.from(text));

describe('lackey', () => {
  const text = [
    '==12== Lackey, an example Valgrind tool',
    'I  0401ab70,3',
    ' L 1ffeffe7e0,8',
    '==12== a message in the middle',
    ' S FFFF888000001fff,16',
    ' M 7ffffffffff8,8',
    '',
  ].join('\n');

  it('reads fetches, loads, stores and modifies, and passes over what valgrind says', async () => {
    expect(await decodeText(text)).toEqual({
      error: null,
      records: [
        'X 0x000000000401ab70 3 0',
        'R 0x0000001ffeffe7e0 8 0',
        'W 0xffff888000001fff 16 0',
        'M 0x00007ffffffffff8 8 0',
      ],
    });
  });

  it('replays a modify as a load and a store on request', async () => {
    const { records } = await decodeText(text, { modifyAsTwo: true });
    expect(records.slice(3)).toEqual(['R 0x00007ffffffffff8 8 0', 'W 0x00007ffffffffff8 8 0']);
  });

  it('keeps line numbers when a modify counts twice', async () => {
    const { error } = await decodeText(` M 1000,8\n M 1000,8\n L 2000,8\n L zz,8\n`, { modifyAsTwo: true });
    expect(shortError(error)).toMatch(/^<stdin>:4:4: "zz"/);
  });

  it('reads CR LF, and a last line without a line feed', async () => {
    const { records } = await decodeText(' L 1000,8\r\n S 2000,4');
    expect(records).toEqual(['R 0x0000000000001000 8 0', 'W 0x0000000000002000 4 0']);
  });

  it('fills batch after batch without losing a record at the border', async () => {
    // 16,384 records a batch; modifies as two make 40,000 records of 20,000 lines.
    const many = Array.from({ length: 20_000 }, (_, i) => ` M ${(0x1000 + i).toString(16)},1\n`).join('');
    const { records } = await decodeText(many, { modifyAsTwo: true });
    expect(records.length).toBe(40_000);
    expect(records[39_999]).toBe('W 0x0000000000005e1f 1 0'); // 0x1000 + 19,999
  });

  it('is recognised by its records, or by nothing but valgrind banners', () => {
    expect(sniff(text)).toBe(true);
    expect(sniff('I  0401ab70,3\n L 1ffe')).toBe(true);
    expect(sniff('==1== Lackey\n==1== Command: true\n')).toBe(true);
    expect(sniff('op,va\nR,0x10\n')).toBe(false);
    expect(sniff('I am prose\n')).toBe(false);
    expect(sniff('')).toBe(false);
  });
});
