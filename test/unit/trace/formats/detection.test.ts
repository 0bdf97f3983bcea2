/** One format for one beginning: whatever part of a sample is seen, no second format takes it for its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { SNIFF_BYTES, type TraceFormat } from '../../../../src/trace/format.js';
import { detectFormat } from '../../../../src/trace/detect.js';
import { TRACE_FORMATS } from '../../../../src/trace/formats/index.js';
import { sniffers } from '../../../helpers/traces.js';

/** Files of traces/, decompressed; damaged ones are not for this test. */
const FILES = readdirSync('traces', { recursive: true, encoding: 'utf8' })
  .map((name) => join('traces', name))
  .filter((name) => /\.[a-z0-9]+(\.gz)?$/.test(name) && !/\.(md|zst|xz|zip)$/.test(name))
  .filter((name) => !/(truncated|damaged)[^/]*\.gz$/.test(name))
  .map((name) => {
    const stored = readFileSync(name);
    return { name, head: (stored[0] === 0x1f ? gunzipSync(stored) : stored).subarray(0, SNIFF_BYTES) };
  });

describe('the beginning of a trace', () => {
  it.each(FILES)('is taken by one format at most, wherever it is cut: $name', ({ head }) => {
    for (let bytes = 1; bytes <= head.length; bytes += bytes < 300 ? 1 : 97) {
      expect(sniffers(head.subarray(0, bytes)).length, `the first ${bytes} bytes`).toBeLessThan(2);
    }
  });

  it('is that of no format if it is empty, zero, or noise', () => {
    const noise = Uint8Array.from(
      { length: SNIFF_BYTES },
      (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 11) & 255,
    );
    for (const head of [new Uint8Array(0), new Uint8Array(SNIFF_BYTES), noise]) {
      expect(sniffers(head)).toEqual([]);
    }
  });

  it('is an error that names the candidates if it fits two', () => {
    const twin: TraceFormat = { ...TRACE_FORMATS.get('din'), name: 'twin', priority: 1000 };
    const head = Buffer.from('0 1000\n');
    const formats = [...TRACE_FORMATS.all(), twin];
    expect(() => detectFormat({ name: 'a.trace', head }, formats)).toThrow(
      expect.objectContaining({
        message: 'may be din or twin: the beginning fits them both; it begins with "0 1000"',
        hint: '`--format din` or `--format twin` says which',
        exitCode: 3,
      }),
    );
  });
});

describe('a trace that begins oddly', () => {
  const calls = Array.from({ length: 30 }, (_, i) => `\t    55d0${i}f main+0x10 (/usr/bin/app)\n`).join('');
  it.each([
    ['perf', 'a sample with a long call chain', `app 7/7 1.100000: page-faults: 7f01 401000\n${calls}\n`],
    ['lackey', 'lines of valgrind of other kinds', '--7-- debug\n**7** note\n L 1000,8\n'],
    ['xdin', 'two blanks behind a fetch', 'i  401000 3\n'],
    ['xdin', 'upper-case prefixes', 'r 0X1000 0X8\n'],
    ['pinatrace', 'an end', '#eof\n0X401000: R 0X1000\n'],
    ['rw', 'an address without prefix', '1fa82c875100 W\n'],
  ])('is of %s: %s', (format, _what, text) => {
    expect(sniffers(Buffer.from(text))).toEqual([format]);
  });
});

describe('a format', () => {
  it.each(TRACE_FORMATS.all().map((format) => [format.name, format] as const))(
    '%s says what its addresses are and what its traces cannot say',
    (_name, { addresses, lacks }) => {
      expect(['virtual', 'physical', 'source']).toContain(addresses);
      expect(new Set(lacks).size).toBe(lacks.length);
    },
  );
});
