/** One format for one beginning: whatever part of a sample is seen, no second format takes it for its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS, SNIFF_BYTES, type TraceFormat } from '../../../../src/trace/format.js';
import { detectFormat } from '../../../../src/trace/detect.js';
import { TRACE_FORMATS } from '../../../../src/trace/formats/index.js';
import { knownFile } from '../../../../src/trace/known-file.js';
import { bytesSource, decode, sniffers } from '../../../helpers/traces.js';

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

describe('a header of perf script', () => {
  const more = '# event : name = page-faults:u, , id = { 722, 723 }, type = 1, size = 128\n'.repeat(80);
  const sample = 'app 7/7 1.100000: page-faults: 7f01 401000\n';
  it.each([
    ['that perf 6.1 prints', '# captured on    : x\n# hostname : vm\n'],
    ['with one blank', '# captured on: x\n# hostname : vm\n'],
    ['of which the first lines are lost', '# hostname : vm\n# os release : 6\n'],
  ])('%s is one of any length, wherever the head ends', (_what, lines) => {
    const text = Buffer.from(`# ========\n${lines}${more}${sample.repeat(20)}`);
    expect(more.length).toBeGreaterThan(SNIFF_BYTES);
    for (let bytes = 100; bytes <= SNIFF_BYTES; bytes += 61)
      expect(sniffers(text.subarray(0, bytes)), `the first ${bytes} bytes`).toEqual(['perf']);
    // The head ends within the first sample.
    const short = `# ========\n${lines}# x\n`;
    for (let bytes = short.length; bytes <= short.length + sample.length; bytes++)
      expect(sniffers(Buffer.from(short + sample).subarray(0, bytes))).toEqual(['perf']);
  });
});

describe('comments that perf script has, too', () => {
  it.each([
    ['over names of columns', '# hostname : host1\nop,va\nR,1000\n'],
    ['over names in quotes, CR LF and blank lines', '# os release : 6.1\r\n\r\n"op";"va"\r\nR;1000\r\n'],
    ['with a remark between', '# captured on: Monday\n# two runs\nva\top\n1000\tR\n'],
    ['over rows whose names are lost', '# perf version : 6.1\nR,1000,8\n'],
  ])('are those of a CSV %s', (_what, text) => {
    expect(sniffers(Buffer.from(text))).toEqual(['csv']);
  });
});

describe('what looks like din', () => {
  it.each([
    ['with a comment', '0 1000 a read\n1 2000\n', ['din']],
    ['with a comment that begins with a number and goes on', '0 1000 4 bytes\n', ['din']],
    ['with a number behind an address', '3 20734016\n1 20846400 8841280\n', []],
    ['with one further on', `${'0 1000\n'.repeat(20)}0 2000 3000\n`, []],
  ])('%s', (_what, text, expected) => {
    expect(sniffers(Buffer.from(text))).toEqual(expected);
  });

  it('is read by its name all the same, and such lines are counted', async () => {
    const text = Buffer.from('0 1000 2000\n1 3000\n2 4000 5 5\n');
    const trace = await TRACE_FORMATS.get('din').open(bytesSource(text), DEFAULT_READ_OPTIONS);
    const { records } = await decode(async () => trace);
    expect(records).toEqual([
      'R 0x0000000000001000 1 0',
      'W 0x0000000000003000 1 0',
      'X 0x0000000000004000 1 0',
    ]);
    expect([...(trace.passedOver ?? [])]).toEqual([['numbers behind an address, which din has not', 2]]);
  });
});

describe('a file in no known format', () => {
  const tar = new Uint8Array(1024);
  tar.set(Buffer.from('a.csv'));
  tar.set(Buffer.from('ustar'), 257);
  const lzma = [0x5d, 0, 0, 0x80, 0, ...Array<number>(8).fill(0xff), 0, 1];
  it.each([
    ['PERFILE2', 'it is what `perf record` writes', 'perf script --header -i a.trace'],
    [tar, 'it is a tar archive', 'tar -xOf a.trace NAME | '],
    [lzma, 'it is compressed with lzma', 'xz --format=lzma -dc a.trace | p2msim replay -'],
    [[0x1f, 0x9d, 0x90], 'it is compressed with compress', 'gzip -dc a.trace |'],
    [
      gzipSync('op,va\n'),
      'what is compressed in it is compressed once more, with gzip',
      'decompress it twice',
    ],
    [Buffer.from('\ufeffop,va\n', 'utf16le'), 'it is text in UTF-16', 'iconv -f UTF-16 -t UTF-8 a.trace'],
    [Buffer.from('op,va\nR,1000\n', 'utf16le'), 'it is text in UTF-16', 'iconv'],
    ['\x7fELF\x02', 'it is a program or library (ELF)', 'p2msim trace capture -o FILE.p2mtrace -- ./a.trace'],
    ['\x89PNG\r\n', 'it is a PNG image', 'trace formats'],
    ['<!DOCTYPE html>', 'it is an HTML page', 'download'],
    [
      '3 20734016\n1 20846400 8841280\n',
      'lines of decimal numbers look like a CPU trace of Ramulator',
      '(din)',
    ],
    ['12 20734016\n9 20846400\n', 'lines of decimal numbers look like a CPU trace of Ramulator', '(din)'],
  ])('is said to be what it is: %#', (content, what, hint) => {
    const head = typeof content === 'string' ? Buffer.from(content, 'latin1') : Uint8Array.from(content);
    expect(() => detectFormat({ name: 'a.trace', head })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`is in no format that p2msim knows: ${what}`),
        hint: expect.stringContaining(hint),
      }),
    );
  });

  it.each([
    ['PERFILE2', "perf script --header -i './-my trace' -F"],
    [tar, "tar -xOf './-my trace' NAME"],
    [lzma, "xz --format=lzma -dc './-my trace' |"],
    [Buffer.from('\ufeffop,va\n', 'utf16le'), "-t UTF-8 './-my trace' |"],
    ['\x7fELF\x02', "-- './-my trace'`"],
    ['{"schema":"p2msim.result/1"}', "p2msim diff './-my trace' OTHER` and `p2msim table './-my trace'`"],
    ['{"schema":"p2msim.batch/1"}', "p2msim collect './-my trace'` and `p2msim table './-my trace'`"],
    ['modes = ["hap"]\n', "p2msim sweep './-my trace'`"],
  ])('is named in commands so that a shell takes it for a file: %#', (content, hint) => {
    const head = typeof content === 'string' ? Buffer.from(content, 'latin1') : Uint8Array.from(content);
    expect(() => detectFormat({ name: '-my trace', head })).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(hint) }),
    );
    expect(() => detectFormat({ name: '<stdin>', head })).toThrow(
      expect.objectContaining({ hint: expect.not.stringContaining('<stdin>') }),
    );
  });

  it('is named in commands for what it is taken for: a trace', () => {
    const head = Buffer.from('op,va\nR,1000\n');
    expect(knownFile({ name: "it's", head })?.use).toContain("`p2msim replay 'it'\\''s'`");
  });

  it.each([100, 3000])('but with one bad record at byte %i is said to be nearly of its format', (at) => {
    const six = readFileSync('traces/champsim/six.champsim');
    const head = Buffer.concat(Array<Buffer>(20).fill(six)).subarray(0, SNIFF_BYTES);
    expect(sniffers(head)).toEqual(['champsim']);
    // A branch flag of 7.
    head[at - (at % 64) + 8] = 7;
    expect(() => detectFormat({ name: 'a.trace', head })).toThrow(
      expect.objectContaining({
        message: expect.stringContaining('but part of its beginning fits champsim; it begins with'),
        hint: '`--format champsim` reads it, and says which record is wrong',
      }),
    );
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
