/**
 * Workloads that write to table pages as such: upper entries, tables reused as data, tables by turns.
 */
import { TABLE_FLAGS } from '../../arch/pte.js';
import { ENTRIES } from '../../arch/paging.js';
import type { XenGuestKernel } from './guest-kernel.js';
import { DATA1, LEAF_USED, REGION, SPAN } from './layout.js';
import { bit, choice, count, int, measured, times, type XenWorkload } from './workload.js';

/** First page under the i-th level-2 entry of the region. */
const region = (i: number): number => REGION + i * SPAN[2];

const l2Write: XenWorkload = {
  name: 'l2_write',
  summary: 'm entries of a level-2 table in use are written: tables linked, or unlinked',
  params: [
    count('m', 16, [1, ENTRIES - 1], 'entries'),
    choice(
      'phase',
      ['link', 'link_touch', 'unlink', 'unlink_spread'],
      'what is stored, and touched after each',
    ),
  ],
  run(kernel, params) {
    const [m, phase] = [int(params, 'm'), String(params['phase'])];
    const unlink = phase === 'unlink' || phase === 'unlink_spread';
    const root = kernel.begin();
    kernel.map(root, REGION, DATA1, LEAF_USED);
    const tables = Array.from({ length: m }, (_, i) => {
      const table = kernel.freshTable();
      kernel.store(table * ENTRIES, DATA1 + i + 1, LEAF_USED, 1, region(i + 1));
      return table;
    });
    const link = (i: number): void =>
      kernel.store(kernel.entryMade(root, region(i + 1), 2), tables[i]!, TABLE_FLAGS, 2, region(i + 1));
    if (unlink) times(m, link);
    kernel.enter(root);
    kernel.ops.write(REGION);
    if (unlink) times(m, (i) => kernel.ops.write(region(i + 1)));
    measured(kernel, () =>
      times(m, (i) => {
        if (unlink) kernel.store(kernel.entry(root, region(i + 1), 2), 0, 0, 2, region(i + 1));
        else link(i);
        if (phase === 'link_touch') kernel.ops.write(region(i + 1));
        if (phase === 'unlink_spread') kernel.ops.write(REGION);
      }),
    );
    kernel.finish();
  },
};

const tableAsData: XenWorkload = {
  name: 'table_as_data',
  summary: 'the frames of m level-1 tables in use are overwritten with zeros, as data',
  params: [
    count('m', 16, [1, ENTRIES], 'tables'),
    count('used', 1, [1, ENTRIES], 'pages in use in each'),
    choice(
      'mode',
      ['unlinked', 'linked', 'linked_one_store', 'unlinked_one_store'],
      'taken out of the level-2 table before or not; 512 stores or one',
    ),
  ],
  run(kernel, params) {
    const [m, used, mode] = [int(params, 'm'), int(params, 'used'), String(params['mode'])];
    const root = kernel.begin();
    times(m, (i) => kernel.mapRange(root, region(i), DATA1, used, LEAF_USED));
    kernel.enter(root);
    const tables = Array.from({ length: m }, (_, i) => {
      const { frame } = kernel.load(kernel.entry(root, region(i), 2));
      times(used, (j) => kernel.ops.write(region(i) + j));
      return frame;
    });
    if (mode.startsWith('unlinked')) {
      times(m, (i) => kernel.store(kernel.entry(root, region(i), 2), 0, 0, 2, region(i)));
      kernel.reload(root);
      kernel.settle();
    }
    const stores = mode.endsWith('one_store') ? 1 : ENTRIES;
    measured(kernel, () => {
      for (const table of tables) times(stores, (j) => kernel.ops.storeData(table, j, 0, 0));
    });
    kernel.finish();
  },
};

/** Stores to every entry of the frame: zeros, absent entries that are not zero, or present ones. */
function overwrite(kernel: XenGuestKernel, table: number, values: string): void {
  times(ENTRIES, (j) => {
    if (values === 'zero') kernel.ops.storeData(table, j, 0, 0);
    else if (values === 'present') kernel.ops.storeData(table, j, DATA1 + j, TABLE_FLAGS);
    else kernel.ops.storeData(table, j, 0x100 + j, 0);
  });
}

const l2TableAsData: XenWorkload = {
  name: 'l2_table_as_data',
  summary: 'the frame of a level-2 table in use is overwritten as data',
  params: [
    count('used', 1, [1, ENTRIES], 'level-1 tables below it'),
    choice('values', ['zero', 'nonzero_notpresent', 'present'], 'what is stored'),
    bit('linked', 1, '0: taken out of the level-3 table before'),
  ],
  run(kernel, params) {
    const used = int(params, 'used');
    const root = kernel.begin();
    times(used, (i) => kernel.map(root, region(i), DATA1, LEAF_USED));
    kernel.enter(root);
    times(used, (i) => kernel.ops.write(region(i)));
    const at = kernel.entry(root, REGION, 3);
    const { frame } = kernel.load(at);
    if (int(params, 'linked') === 0) {
      kernel.store(at, 0, 0, 3, REGION);
      kernel.reload(root);
      kernel.settle();
    }
    measured(kernel, () => overwrite(kernel, frame, String(params['values'])));
    kernel.finish();
  },
};

const oosRoundRobin: XenWorkload = {
  name: 'oos_round_robin',
  summary: 'an entry in use of each of some level-1 tables is rewritten, table after table, in rounds',
  params: [
    count('tables', 4, [1, ENTRIES], 'level-1 tables'),
    count('rounds', 16, [1, 100_000], 'rounds'),
    choice('between', ['none', 'cr3', 'invlpg'], 'nothing, CR3 reload after a round, INVLPG after a store'),
  ],
  run(kernel, params) {
    const [tables, between] = [int(params, 'tables'), params['between']];
    const root = kernel.begin();
    times(tables, (i) => kernel.map(root, region(i), DATA1 + i, LEAF_USED));
    kernel.enter(root);
    times(tables, (i) => kernel.ops.write(region(i)));
    measured(kernel, () =>
      times(int(params, 'rounds'), () => {
        times(tables, (i) => {
          const at = kernel.entry(root, region(i), 1);
          const { frame, flags } = kernel.load(at);
          kernel.store(at, frame, flags, 1, region(i));
          if (between === 'invlpg') kernel.ops.invlpg(region(i));
        });
        if (between === 'cr3') kernel.reload(root);
      }),
    );
    kernel.finish();
  },
};

export const TABLES: readonly XenWorkload[] = [l2Write, tableAsData, l2TableAsData, oosRoundRobin];
