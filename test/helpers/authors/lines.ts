/** Authors of text formats of one access a line, after what their tools document; docs/formats.md says where. */
import { type AuthoredFormat, type Draw, said, type Written } from './draw.js';

const ANY_HEX = ['', '', '0x', '0X'];
/** Mistakes of any format that has an address, where `{}` stands. */
const wrongAddress = (...lines: readonly string[]): string[] =>
  lines.flatMap((line) =>
    ['10g0', '', '800000000000', '12345678901234567', '00000000000010000', '-1'].map((text) =>
      line.replace('{}', text),
    ),
  );

const LACKEY_KINDS = [
  [' L ', 'R'],
  [' S ', 'W'],
  [' M ', 'M'],
  ['I  ', 'X'],
] as const;

export const lackeyAuthor: AuthoredFormat = {
  author: () => (draw) => {
    if (draw.once(8))
      return { bytes: draw.pick(['==12== Lackey', '--7-- warning: x', '**123** 1,2', '==1==  L 1000,8']) };
    const [kind, op] = draw.pick(LACKEY_KINDS);
    const size = draw.size();
    const va = draw.address(size);
    return { bytes: `${kind}${draw.hex(va, [''])},${size}`, says: [said(op, va, size)] };
  },
  bad: [
    ...wrongAddress(' L {},8'),
    ' L 1000',
    ' L 1000,',
    ' S 1000,0',
    ' M 1000,1048577',
    ' X 1000,8',
    'I 1000,8',
    'L 1000,8',
    ' L 0x1000,8',
    ' L 1000,8 ',
    ' L 7fffffffffff,2',
    // Its last byte is canonical.
    ' L ffff7fffffffffff,2',
    '=1= x',
    ' L 1000;8',
  ],
  blanks: ['', '  '],
};

const DIN_OPS = ['R', 'W', 'X', 'R', null] as const;

export const dinAuthor: AuthoredFormat = {
  author: () => (draw) => {
    const label = draw.below(5);
    const va = draw.address();
    const lead = draw.once(9) ? '  ' : '';
    const note = draw.once(4) ? draw.pick([' note', '\t2 0x3', ' ']) : '';
    const bytes = `${lead}${label}${draw.blank()}${draw.hex(va, ANY_HEX)}${note}`;
    const op = DIN_OPS[label];
    const number = note.startsWith('\t2') ? ['numbers behind an address, which din has not'] : [];
    return op === null || op === undefined
      ? { bytes, passes: ['cache flushes', ...number] }
      : { bytes, passes: number, says: [said(op, va, 1)] };
  },
  bad: [...wrongAddress('0 {}', '2 {}'), '5 1000', '00 1000', 'r 1000', '01000', '4', '4 x', '0,1000'],
  blanks: ['', ' \t'],
};

const XDIN_KINDS = [
  ['r', 'R'],
  ['w', 'W'],
  ['i', 'X'],
  ['m', 'R'],
  ['c', 'copybacks'],
  ['v', 'invalidations'],
] as const;

export const xdinAuthor: AuthoredFormat = {
  author: () => (draw) => {
    const [kind, meaning] = draw.pick(XDIN_KINDS);
    const size = draw.size();
    const va = draw.address(size);
    const note = draw.once(4) ? draw.pick([' note', '\t8', ' ']) : '';
    const address = draw.hex(va, ANY_HEX);
    const bytes = `${kind}${draw.blank()}${address}${draw.blank()}${draw.hex(BigInt(size), ANY_HEX)}${note}`;
    return meaning.length > 1 ? { bytes, passes: meaning } : { bytes, says: [said(meaning, va, size)] };
  },
  bad: [
    ...wrongAddress('r {} 8', 'c {} 8'),
    'r 1000',
    'r 1000 0',
    'r 1000 100001',
    'w 1000 g',
    'x 1000 8',
    'R 1000 8',
    'rw 1000 8',
    'v 1000',
    'i 7fffffffffff 2',
    'w ffff7fffffffffff 2',
    'r',
    'r1000 8',
  ],
  blanks: ['', '\t'],
};

export const pinatraceAuthor: AuthoredFormat = {
  author: () => (draw) => {
    if (draw.once(12)) return { bytes: draw.pick(['#eof', '  #eof ']) };
    const [op, va] = [draw.pick(['R', 'W']), draw.address()];
    const code = draw.hex(draw.bits(64), ANY_HEX);
    return {
      bytes: `${code}:${draw.blank()}${op}${draw.blank()}${draw.hex(va, ANY_HEX)}`,
      says: [said(op, va, 1)],
    };
  },
  bad: [
    ...wrongAddress('0x401000: R {}'),
    '0x401000 R 0x1',
    '401g00: R 0x1',
    ': W 0x1',
    '0x1: r 0x1',
    '0x1: R 0x1 8',
    '0x1: R',
    '#eo',
    '#eof 1',
  ],
  blanks: ['', '  '],
};

export const rwAuthor: AuthoredFormat = {
  author: () => (draw) => {
    const [op, va] = [draw.pick(['R', 'W']), draw.address()];
    const lead = draw.once(9) ? ' ' : '';
    return {
      bytes: `${lead}${draw.hex(va, ['0x', '0x', '0X', ''])}${draw.blank()}${op}`,
      says: [said(op, va, 1)],
    };
  },
  bad: [...wrongAddress('{} R', '{} W'), '0x1000', '0x1000 r', '0x1000 RW', '0x1000 R 1', 'R 0x1000'],
  blanks: ['', '\t'],
};

/** `[id,]command,address,size,[flags,]tick[,pc]`. */
function packet(draw: Draw): Written {
  const [command, op] = draw.pick([
    ['r', 'R'],
    ['w', 'W'],
    ['r', 'R'],
    ['w', 'W'],
    ['u', null],
  ] as const);
  const size = draw.size();
  const va = draw.address(size);
  const number = draw.once(2) ? [`${draw.below(100_000)}`] : [];
  const rest = Array.from({ length: 1 + draw.below(3) }, () => `${draw.bits(60)}`);
  const bytes = [...number, command, `${va}`, `${size}`, ...rest].join(',');
  return op === null
    ? { bytes, passes: 'packets that are neither reads nor writes' }
    : { bytes, says: [said(op, va, size)] };
}

export const gem5Author: AuthoredFormat = {
  author: () => packet,
  bad: [
    'r,1000,8',
    'r,0x1000,8,0',
    'r,1000,0,0',
    'w,1000,1048577,0',
    'x,1000,8,0',
    'r,,8,0',
    'r,1000,8,0,',
    'r,140737488355328,8,0',
    'r,18446744073709551616,8,0',
    // From the last byte before the upper half into it.
    'r,18446603336221196287,2,0',
    'r 1000 8 0',
    'r,1,8,0,1,2,3',
    '1,r',
  ],
  blanks: ['', '  '],
};
