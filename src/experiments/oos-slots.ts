/**
 * How many page tables should a shadow pager let go out of sync? From none (every store is emulated) to 16 a vcpu.
 *
 * Xen has three (SHADOW_OOS_PAGES). One more table in use than slots, and each first store to a table evicts another.
 */
import {
  againstFirst,
  againstMode,
  change,
  column,
  CYCLES,
  cyclesPerThousand,
  eachMode,
  metric,
} from './columns.js';
import type { Experiment } from './experiment.js';

const SLOTS = [0, 1, 2, 3, 4, 6, 8, 16];
const XEN = SLOTS.indexOf(3);
const EXITS = 'VMEXITs of shadow';

export const oosSlots = {
  name: 'oos-slots',
  summary: 'shadow paging with 0 to 16 out-of-sync tables per vcpu',
  question: 'How many page tables should a shadow pager let go out of sync?',
  modes: ['hap', 'shadow'],
  settings: {},
  axis: 'slots',
  rows: () => SLOTS.map((slots) => ({ label: String(slots), settings: { 'shadow.oosSlots': slots } })),
  columns: [
    column('shadow', EXITS, 'all', 'count', metric('vmexit.total')),
    column('shadow', EXITS, 'emulated', 'count', metric('vmexit.pf.emulate')),
    column('shadow', EXITS, 'unsync', 'count', metric('vmexit.pf.unsync')),
    column('shadow', 'tables', 'evicted', 'count', metric('shadow.unsync_evict')),
    column('shadow', 'tables', 'resynced', 'count', metric('shadow.resync')),
    ...eachMode(['hap', 'shadow'], CYCLES, 'rate', cyclesPerThousand),
    againstFirst('shadow', 'vs 0 slots', cyclesPerThousand),
    againstMode('shadow', 'hap', 'vs hap', cyclesPerThousand),
  ],
  bars: { group: EXITS, head: 'all' },
  verdict({ rows, at }) {
    const last = rows.length - 1;
    const shadow = (row: number): string => change(at(row, 'vs 0 slots', 'shadow'), 'none');
    return [
      `Three slots, as many as Xen has, cost shadow paging ${shadow(XEN)}, ${rows[last]?.label} slots ${shadow(last)}.`,
      `With ${rows[last]?.label} it costs ${at(last, 'vs hap', 'shadow').toFixed(2)} times what hap does here: slots spare emulation and evictions, not faults and fills.`,
    ];
  },
} satisfies Experiment;
