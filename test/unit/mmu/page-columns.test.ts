import { describe, expect, it } from 'vitest';
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

function columnsOf(records: readonly Record[], sets: number): PageColumns {
  const columns = new PageColumns();
  const batch = batchOf(records);
  columns.fill(new PageIds(), [1, 2], batch, 0, batch.n, sets);
  return columns;
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
});
