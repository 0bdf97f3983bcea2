import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PackKernel } from '../../../src/mmu/pack-kernel.js';
import { RecordPacker } from '../../../src/mmu/packer.js';
import { PageColumns } from '../../../src/mmu/page-columns.js';
import { PageIds } from '../../../src/mmu/page-ids.js';
import {
  type AccessBatch,
  createBatch,
  OP_FETCH,
  OP_MODIFY,
  OP_READ,
  OP_WRITE,
} from '../../../src/trace/access.js';

const R = OP_READ;
const W = OP_WRITE;
const X = OP_FETCH;

type Record = readonly [op: number, page: number, offset?: number, size?: number, vcpu?: number];

function batchOf(records: readonly Record[]): AccessBatch {
  const batch = createBatch(records.length);
  for (const [op, page, offset = 0, size = 8, vcpu = 0] of records) {
    const i = batch.n++;
    batch.hi[i] = Math.floor(page / 2 ** 20);
    batch.lo[i] = (page % 2 ** 20) * 4096 + offset;
    batch.op[i] = op;
    batch.size[i] = size;
    batch.vcpu[i] = vcpu;
  }
  return batch;
}

/** The columns of the records: in TypeScript and by the kernel, which agree. */
function columnsOf(records: readonly Record[], sets: number): PageColumns {
  const batch = batchOf(records);
  const [columns, others] = [false, true].map((kernel) => {
    const ids = new PageIds();
    const packer = kernel ? PackKernel.start(ids) : new RecordPacker(ids);
    expect(packer).not.toBeNull();
    const made = new PageColumns(ids, packer!);
    // In two parts, as a chunk that an event cuts.
    made.fill([1, 2], batch, 0, batch.n >> 1, sets);
    made.fill([1, 2], batch, 0, batch.n, sets);
    return made;
  });
  expect(contents(others!)).toEqual(contents(columns!));
  return columns!;
}

function contents(columns: PageColumns): unknown {
  const { n, keys, origins, blockCount } = columns;
  const blocks = Array.from({ length: blockCount }, (_, b) => columns.block(b));
  return { keys: keys.slice(0, n), origins: origins.slice(0, n), blocks };
}

/** Indices of the records that were kept, one for each page. */
function kept(records: readonly Record[], sets: number): number[] {
  const columns = columnsOf(records, sets);
  return Array.from(columns.origins.subarray(0, columns.n), (origin) => origin >> 1);
}

describe('columns of page accesses', () => {
  it('have a key a record, with the store bit, and the kind beside it', () => {
    const columns = columnsOf(
      [
        [R, 5],
        [W, 5],
        [X, 6],
        [OP_MODIFY, 7],
      ],
      0,
    );
    const keys = [...columns.keys.subarray(0, columns.n)];
    expect(keys.map((key) => key & 3)).toEqual([0, 1, 0, 1]);
    expect(keys.map((key) => (key >> 2) & 511)).toEqual([5, 5, 6, 7]);
    expect([...columns.origins.subarray(0, 4)].map((origin) => origin & 1)).toEqual([0, 0, 1, 0]);
  });

  it('count what the records are, crossings of page borders and stripped records included', () => {
    // 4 bytes at 4094 touch two pages, 9000 bytes at 4095 touch four (1 + 2 * 4096 + 807).
    const records: Record[] = [
      [R, 1],
      [R, 1],
      [W, 2, 4094, 4],
      [X, 9, 4095, 9000],
      [W, 1],
      [W, 1],
    ];
    for (const sets of [0, 1]) {
      const { blockCount, block } = ((c) => ({ blockCount: c.blockCount, block: c.block(0) }))(
        columnsOf(records, sets),
      );
      expect([blockCount, block.reads, block.writes, block.fetches, block.crossings]).toEqual([
        1, 2, 4, 4, 4,
      ]);
    }
  });

  it('end at a border with a record that ends there, and have no page behind it', () => {
    // 8 bytes at 4088 are the last of one page, 4104 there the last of the next.
    expect(columnsOf([[R, 1, 4088, 8]], 0).n).toBe(1);
    expect(columnsOf([[R, 1, 4088, 4104]], 0).n).toBe(2);
    expect(columnsOf([[R, 1, 4088, 4105]], 0).n).toBe(3);
  });

  it('go on in the next upper half where a record crosses 4 GiB', () => {
    const columns = columnsOf([[R, 2 ** 20 - 1, 4095, 2]], 0);
    const ids = new PageIds();
    expect([...columns.keys.subarray(0, 2)]).toEqual([
      ids.page(1, 0, 0xfffff000) << 2,
      ids.page(1, 1, 0) << 2,
    ]);
  });

  it('are cut where the vcpu changes, and each vcpu has the pages of its own space', () => {
    const columns = columnsOf(
      [
        [R, 1],
        [R, 1, 0, 8, 1],
        [R, 1, 0, 8, 1],
        [R, 1],
      ],
      1,
    );
    expect(columns.blockCount).toBe(3);
    expect([0, 1, 2].map((b) => columns.block(b).vcpu)).toEqual([0, 1, 0]);
    // vcpu 1 runs another space, so its page is another; its second record is stripped.
    expect([columns.n, columns.keys[0] === columns.keys[2], columns.keys[0] === columns.keys[1]]).toEqual([
      3,
      true,
      false,
    ]);
  });
});

describe('stripping', () => {
  it('with one set leaves out what goes to the page before it', () => {
    expect(
      kept(
        [
          [R, 1],
          [R, 1],
          [R, 2],
          [R, 1],
          [R, 1, 100],
        ],
        1,
      ),
    ).toEqual([0, 2, 3]);
  });

  it('with more sets remembers a page for each', () => {
    // Pages 1 and 2 are in different sets of 4; 5 is in the set of 1.
    const records: Record[] = [
      [R, 1],
      [R, 2],
      [R, 1],
      [R, 2],
      [R, 5],
      [R, 1],
      [R, 2],
    ];
    expect(kept(records, 4)).toEqual([0, 1, 4, 5]);
    expect(kept(records, 1)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('keeps the first store to a page, for it may set the dirty bit', () => {
    expect(
      kept(
        [
          [R, 1],
          [W, 1],
          [W, 1],
          [R, 1],
          [OP_MODIFY, 1],
        ],
        1,
      ),
    ).toEqual([0, 1]);
    expect(
      kept(
        [
          [W, 1],
          [R, 1],
          [W, 1],
        ],
        1,
      ),
    ).toEqual([0]);
  });

  it('takes fetches and data apart', () => {
    expect(
      kept(
        [
          [X, 1],
          [R, 9],
          [X, 1],
          [R, 9],
          [X, 2],
          [R, 9],
        ],
        1,
      ),
    ).toEqual([0, 1, 4]);
  });

  it('keeps a record that crosses a border, and trusts nothing after it', () => {
    expect(
      kept(
        [
          [R, 1],
          [R, 1, 4095, 2],
          [R, 1],
          [R, 2],
        ],
        16,
      ),
    ).toEqual([0, 1, 1, 2, 3]);
  });

  it('tells pages apart that differ in the upper half alone', () => {
    expect(
      kept(
        [
          [R, 1],
          [R, 1 + 2 ** 20],
          [R, 1],
        ],
        16,
      ),
    ).toEqual([0, 1, 2]);
  });

  it('begins afresh every 1,024 records', () => {
    const records = Array.from({ length: 2100 }, (): Record => [R, 1]);
    expect(kept(records, 16)).toEqual([0, 1024, 2048]);
    const columns = columnsOf(records, 16);
    expect([0, 1, 2].map((b) => columns.block(b).strippedData)).toEqual([1023, 1023, 51]);
  });

  it('leaves nothing out if told so', () => {
    expect(
      kept(
        [
          [R, 1],
          [R, 1],
          [R, 1],
        ],
        0,
      ),
    ).toEqual([0, 1, 2]);
  });

  it('is the same in WebAssembly on any records', () => {
    const record = fc.tuple(
      fc.constantFrom(R, W, X, OP_MODIFY),
      // Few pages, far apart and near, in both halves of the address space, so that they meet in sets and regions.
      fc.constantFrom(0, 1, 2, 16, 17, 511, 512, 2 ** 20 - 1, 2 ** 20, 2 ** 35, 2 ** 52 - 1, 2 ** 52 - 16),
      fc.constantFrom(0, 8, 4088, 4095),
      fc.constantFrom(1, 8, 16, 5000),
      fc.constantFrom(0, 0, 0, 1),
    );
    // More than a block, so that some have a second one.
    const records = fc.array(record, { maxLength: 1500, size: 'max' });
    fc.assert(
      fc.property(records, fc.constantFrom(0, 1, 4, 16), (list, sets) => void columnsOf(list, sets)),
      { numRuns: 60, seed: 4 },
    );
  });
});
