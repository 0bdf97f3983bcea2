/**
 * The byte scanner by itself, on shapes of rows that today's formats have and on others: what it takes, where it stops,
 * and that neither chunks nor batches show.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../../src/arch/address.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../../../src/trace/access.js';
import { ChunkBuilder } from '../../../src/trace/chunk-builder.js';
import { LineBuffer } from '../../../src/trace/line-buffer.js';
import { ScanKernel } from '../../../src/trace/scan-kernel.js';
import { TextScanner } from '../../../src/trace/text-scan.js';
import type { Role, RowShape } from '../../../src/trace/text-shape.js';
import {
  NO_SEPARATOR,
  ROLE_ADDRESS,
  ROLE_OP,
  ROLE_OTHER,
  ROLE_SIZE,
  ROLE_SPACE,
  ROLE_VCPU,
} from '../../../src/trace/text-shape.js';

const OPS = ['R', 'W', 'X', 'M'];
const code = (text: string): number => text.charCodeAt(0);

/** ` L 1000,8`: operation without a separator of its own. */
const LACKEY: RowShape = {
  roles: [ROLE_OP, ROLE_ADDRESS, ROLE_SIZE],
  separators: [NO_SEPARATOR, code(',')],
  ops: [
    { text: ' L ', op: OP_READ },
    { text: ' S ', op: OP_WRITE },
    { text: ' M ', op: OP_MODIFY },
    { text: 'I  ', op: OP_FETCH },
  ],
  prefix: false,
  complete: true,
  levels: 4,
  modifyAsTwo: false,
  vcpuLimit: 1,
  spaces: [],
};

/** `R,0x1000`: cells may be empty. */
const TWO: RowShape = {
  ...LACKEY,
  roles: [ROLE_OP, ROLE_ADDRESS],
  separators: [code(',')],
  ops: [
    { text: 'R', op: OP_READ },
    { text: 'W', op: OP_WRITE },
    { text: 'X', op: OP_FETCH },
    { text: 'RW', op: OP_MODIFY },
  ],
  prefix: true,
  complete: false,
};
const THREE: RowShape = { ...TWO, roles: [...TWO.roles, ROLE_SIZE], separators: [code(','), code(',')] };

/** `0x1000 R`: the address first. */
const ADDRESS_FIRST: RowShape = {
  ...TWO,
  roles: [ROLE_ADDRESS, ROLE_OP],
  separators: [code(' ')],
  complete: true,
};

/** `0 1000`: operations are digits. */
const DIGITS: RowShape = {
  ...TWO,
  separators: [code(' ')],
  ops: [
    { text: '0', op: OP_READ },
    { text: '1', op: OP_WRITE },
    { text: '2', op: OP_FETCH },
  ],
  prefix: false,
  complete: true,
};

/** Everything a row can have, the operation in the middle. */
const WIDE: RowShape = {
  ...TWO,
  roles: [ROLE_VCPU, ROLE_OTHER, ROLE_ADDRESS, ROLE_OP, ROLE_SPACE, ROLE_SIZE],
  separators: Array.from({ length: 5 }, () => code(';')),
  vcpuLimit: 4,
  spaces: [Buffer.from('0'), Buffer.from('shell'), null, Buffer.from('0')],
};

/** Records as text, and `odd N: TEXT` for each line left to the format: by the kernel and in TypeScript, which agree. */
function scan(shape: RowShape, chunks: readonly (string | Uint8Array)[], capacity?: number): string[] {
  const found = scanWith('WebAssembly', shape, chunks, capacity);
  expect(scanWith('TypeScript', shape, chunks, capacity)).toEqual(found);
  return found;
}

/** Batches are emptied when full. */
function scanWith(
  language: 'WebAssembly' | 'TypeScript',
  shape: RowShape,
  chunks: readonly (string | Uint8Array)[],
  capacity: number = 64,
): string[] {
  const lines = new LineBuffer('test');
  const out = new ChunkBuilder(capacity);
  const kernel = language === 'TypeScript' ? null : ScanKernel.start(lines, out.accesses, shape);
  if (language === 'WebAssembly') expect(kernel).not.toBeNull();
  const scanner = new TextScanner(lines, out, shape, kernel);
  const found: string[] = [];
  const flush = (): void => {
    const { n, op, hi, lo, size, vcpu } = out.accesses;
    for (let i = 0; i < n; i++) {
      found.push(`${OPS[op[i]!]} ${formatAddress(hi[i]!, lo[i]!)} ${size[i]} ${vcpu[i]}`);
    }
    out.clear();
  };
  const drain = (): void => {
    while (!lines.drained) {
      scanner.decode(() => {
        flush();
        const { line } = lines;
        found.push(`odd ${line}: ${lines.next()}`);
      });
      flush();
    }
  };
  for (const chunk of chunks) {
    lines.append(Buffer.from(chunk));
    drain();
  }
  lines.finish();
  drain();
  return found;
}

/** What one row alone gives. */
const one = (shape: RowShape, row: string): string | undefined => scan(shape, [`${row}\n`])[0];

describe('an address', () => {
  const digits = fc
    .array(fc.constantFrom(...'0123456789abcdefABCDEF'), { minLength: 1, maxLength: 16 })
    .map((letters) => letters.join(''))
    .filter((text) => {
      const top = BigInt(`0x${text}`) >> 47n;
      return (top === 0n || top === 0x1ffffn) && !/f{8}$/i.test(text);
    });

  it('is any canonical number of 1 to 16 digits in either case', () => {
    fc.assert(
      fc.property(digits, fc.constantFrom('', '0x'), (text, prefix) => {
        const want = `0x${BigInt(`0x${text}`).toString(16).padStart(16, '0')}`;
        expect(one(TWO, `R,${prefix}${text}`)).toBe(`R ${want} 1 0`);
        expect(one(LACKEY, ` L ${text},8`)).toBe(`R ${want} 8 0`);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it.each(Array.from({ length: 16 }, (_, i) => i + 1))('is read with %i digits', (width) => {
    // Canonical in every width: with 16 digits the sign is extended.
    const text = (width === 16 ? 'ffff8765432109ab' : '0000123456789abc'.slice(-width)).padStart(width, '0');
    const want = `0x${text.padStart(16, '0')}`;
    expect(one(TWO, `W,${text}`)).toBe(`W ${want} 1 0`);
    expect(one(ADDRESS_FIRST, `0x${text} W`)).toBe(`W ${want} 1 0`);
  });

  it.each([
    ['no digit', 'R,'],
    ['nothing but its prefix', 'R,0x'],
    ['17 digits', 'R,0x00000000000001000'],
    ['32 digits', `R,${'0'.repeat(31)}1`],
    ['another letter', 'R,0x10g0'],
    ['another letter first', 'R,g000'],
    ['a prefix in capitals', 'R,0X1000'],
    ['two prefixes', 'R,0x0x10'],
    ['a sign', 'R,-1000'],
    ['a blank', 'R, 1000'],
    ['a byte beyond ASCII', 'R,1\u00e9'],
    ['a top that is not canonical', 'R,800000000000'],
  ])('is left to the format with %s', (_what, row) => {
    expect(scan(TWO, [`R,1\n${row}\nW,2\n`])).toEqual([
      'R 0x0000000000000001 1 0',
      `odd 2: ${row}`,
      'W 0x0000000000000002 1 0',
    ]);
  });

  it('may begin with 0x only where the shape says so', () => {
    expect(one(LACKEY, ' L 0x1000,8')).toBe('odd 1:  L 0x1000,8');
  });

  it('is left to the format where the access leaves the lower or upper 4 GiB', () => {
    // The last byte of 0xffff_fffc + 4 is 0xffff_ffff: the scanner is strict by one byte, the format is exact.
    expect(one(LACKEY, ' L fffffffb,4')).toBe('R 0x00000000fffffffb 4 0');
    expect(one(LACKEY, ' L fffffffc,4')).toBe('odd 1:  L fffffffc,4');
  });

  it('has 57 bits with five levels', () => {
    expect(one({ ...TWO, levels: 5 }, 'R,800000000000')).toBe('R 0x0000800000000000 1 0');
    expect(one({ ...TWO, levels: 5 }, 'R,100000000000000')).toBe('odd 1: R,100000000000000');
  });
});

describe('a size', () => {
  it.each(['1', '9', '10', '64', '100', '4096', '1048576', '0000008', '08'])('is %s', (text) => {
    expect(one(LACKEY, ` S 1000,${text}`)).toBe(`W 0x0000000000001000 ${Number(text)} 0`);
    expect(one(THREE, `W,1000,${text}`)).toBe(`W 0x0000000000001000 ${Number(text)} 0`);
  });

  it.each(['0', '00', '1048577', '9999999', '00000008', '8.0', '-8', ' 8', '8 ', 'x'])(
    'is not %j',
    (text) => {
      expect(one(LACKEY, ` S 1000,${text}`)).toBe(`odd 1:  S 1000,${text}`);
      expect(one(THREE, `W,1000,${text}`)).toBe(`odd 1: W,1000,${text}`);
    },
  );

  it('may be missing where rows need not be complete', () => {
    expect(scan(THREE, ['W,1000,\nW,1000\nW,1000,8\n'])).toEqual([
      'W 0x0000000000001000 1 0',
      'W 0x0000000000001000 1 0',
      'W 0x0000000000001000 8 0',
    ]);
    expect(scan(LACKEY, [' S 1000,\n S 1000\n'])).toEqual(['odd 1:  S 1000,', 'odd 2:  S 1000']);
  });
});

describe('rows of other shapes', () => {
  it('have the address first, or digits for operations', () => {
    expect(scan(ADDRESS_FIRST, ['0x1000 R\n2000 RW\n3000 Q\n4000 RX\n5000\n'])).toEqual([
      'R 0x0000000000001000 1 0',
      'M 0x0000000000002000 1 0',
      'odd 3: 3000 Q',
      'odd 4: 4000 RX',
      'odd 5: 5000',
    ]);
    expect(scan(DIGITS, ['0 1000\n1 2000\n2 3000\n3 4000\n'])).toEqual([
      'R 0x0000000000001000 1 0',
      'W 0x0000000000002000 1 0',
      'X 0x0000000000003000 1 0',
      'odd 4: 3 4000',
    ]);
  });

  it('have vcpus, address spaces and columns that do not matter', () => {
    const rows = [
      '1;note;1000;R;shell;8', // the space that vcpu 1 is in
      '1;note;1000;R;;8', // none is named
      ';;1000;W;', // ends early: defaults
      '0;;1000;W;shell;8', // vcpu 0 is in another one
      '2;;1000;W;0;8', // vcpu 2 is in none
      '4;;1000;W;;8', // there are four vcpus
      '1;"q";1000;W;;8', // quotes
      '1;note;1000;R;shell;8;9', // too many columns
      '# comment;;1000;R',
      ' ;;1000;R',
      '1;;;R;;8', // no address
    ];
    expect(scan(WIDE, [rows.join('\n')])).toEqual([
      'R 0x0000000000001000 8 1',
      'R 0x0000000000001000 8 1',
      'W 0x0000000000001000 1 0',
      ...rows.slice(3).map((row, i) => `odd ${i + 4}: ${row}`),
    ]);
  });

  it('are refused at set-up if two bytes do not tell operations apart', () => {
    const ops = ['RD1', 'RD2', 'R', 'LONG', ''];
    for (const pair of [[0, 1], [3], [4]]) {
      const shape = { ...LACKEY, ops: pair.map((i) => ({ text: ops[i]!, op: OP_READ })) };
      expect(() => scan(shape, [])).toThrow(/cannot be told by its first two bytes/);
    }
    expect(() => scan({ ...LACKEY, ops: [{ text: 'R', op: OP_READ }] }, [])).toThrow(RangeError);
  });
});

describe('lines', () => {
  const shapes: [string, RowShape, string[]][] = [
    [
      'lackey',
      LACKEY,
      [' L 1ffeffe7e0,8', 'I  0401ab70,3', ' S 10,128', '==1== text', ' M ffff888000001000,16', ''],
    ],
    ['two columns', TWO, ['R,0x7f3a1c2d5e10', 'W,1', 'RW,ab', '# c', 'X,0x123456789', 'R', '']],
    ['three columns', THREE, ['R,0x7f3a1c2d5e10,8', 'W,1,', 'RW,ab', 'W,zz,4', 'X,0x12345678,64', '']],
    ['the address first', ADDRESS_FIRST, ['0x7f3a1c2d5e10 R', '1 W', 'ab RW', 'x R', '']],
    ['many columns', WIDE, ['1;note;1000;R;shell;8', ';;7f3a1c2d5e10;W;;', '0;;1;RW', ';;1;R;a;1', '']],
  ];

  it.each(shapes)('of %s are the same with CR LF', (_name, shape, rows) => {
    const found = scan(shape, [rows.join('\n')]);
    expect(found.filter((record) => record.startsWith('odd')).length).toBeGreaterThan(0);
    expect(scan(shape, [rows.join('\r\n')])).toEqual(found);
  });

  it.each(shapes)('of %s are the same however they are cut into chunks', (_name, shape, rows) => {
    const text = rows.join('\n');
    const found = scan(shape, [text]);
    for (let cut = 1; cut < text.length; cut++) {
      expect(scan(shape, [text.slice(0, cut), text.slice(cut)]), `cut at ${cut}`).toEqual(found);
    }
    expect(scan(shape, [...text])).toEqual(found);
  });

  it.each(shapes)('of %s are the same whatever the memory behind them holds', (_name, shape, rows) => {
    // First a chunk of digits and separators that fills the buffer, then the rows at its front.
    const text = rows.join('\n');
    const junk = Buffer.alloc(4096, ' L 1f,8;R,0x');
    junk[junk.length - 1] = 10;
    expect(scan(shape, [junk, text]).slice(1)).toEqual(
      scan(shape, [text]).map((record) =>
        record.replace(/^odd (\d+)/, (_, n: string) => `odd ${Number(n) + 1}`),
      ),
    );
  });

  it('end with a return alone only for the format', () => {
    expect(one(TWO, 'R,1000\rx')).toBe('odd 1: R,1000\rx');
    expect(one(LACKEY, ' L 1000,8\r\r')).toBe('odd 1:  L 1000,8\r');
  });

  it('fill batches without a loss, modifies as two, too', () => {
    const text = Array.from(
      { length: 3000 },
      (_, i) => `${i % 3 === 0 ? ' M' : ' L'} ${(4096 + i).toString(16)},1\n`,
    );
    const found = scan({ ...LACKEY, modifyAsTwo: true }, [text.join(''), 'odd\n'], 16);
    // 1000 modifies are 2000 accesses, 2000 loads are 2000.
    expect(found.length).toBe(4001);
    expect(found.slice(0, 3)).toEqual([
      'R 0x0000000000001000 1 0',
      'W 0x0000000000001000 1 0',
      'R 0x0000000000001001 1 0',
    ]);
    expect(found[4000]).toBe('odd 3001: odd');
  });
});

describe('any shape', () => {
  it('reads back what is written by it', () => {
    const role = fc.constantFrom<Role>(ROLE_SIZE, ROLE_VCPU, ROLE_SPACE, ROLE_OTHER);
    const shapes = fc
      .tuple(
        fc.uniqueArray(role, { maxLength: 4 }),
        fc.nat(5),
        fc.nat(5),
        fc.constantFrom(',', ';', '\t', ' '),
      )
      .map(([others, op, address, separator]): RowShape => {
        const roles: Role[] = [...others];
        roles.splice(op % (roles.length + 1), 0, ROLE_OP);
        roles.splice(address % (roles.length + 1), 0, ROLE_ADDRESS);
        const separators = roles.slice(1).map(() => code(separator));
        return {
          ...TWO,
          roles,
          separators,
          vcpuLimit: 8,
          spaces: Array.from({ length: 8 }, () => Buffer.from('a')),
        };
      });
    const row = fc.record({
      op: fc.constantFrom('R', 'W', 'X', 'RW'),
      address: fc.bigInt({ min: 0n, max: (1n << 47n) - 1n }).filter((a) => (a & 0xffffffffn) < 0xfff00000n),
      size: fc.integer({ min: 1, max: 1048576 }),
      vcpu: fc.nat(7),
    });
    fc.assert(
      fc.property(shapes, fc.array(row, { minLength: 1, maxLength: 20 }), (shape, rows) => {
        const separator = String.fromCharCode(shape.separators[0]!);
        const text = rows.map(({ op, address, size, vcpu }) => {
          const cells = [op, `0x${address.toString(16)}`, `${size}`, `${vcpu}`, 'a', 'x'];
          return shape.roles.map((at) => cells[at]!).join(separator);
        });
        const has = (wanted: Role): boolean => shape.roles.includes(wanted);
        expect(scan(shape, [text.join('\n')])).toEqual(
          rows.map(({ op, address, size, vcpu }) => {
            const va = `0x${address.toString(16).padStart(16, '0')}`;
            return `${op === 'RW' ? 'M' : op} ${va} ${has(ROLE_SIZE) ? size : 1} ${has(ROLE_VCPU) ? vcpu : 0}`;
          }),
        );
      }),
      { numRuns: 300, seed: 2 },
    );
  });
});
