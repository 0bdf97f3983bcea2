/**
 * What does the guest's fault-around do to a hypervisor? One read fault on a file maps 1 to 512 pages around it.
 *
 * Fewer faults are fewer exits under shadow paging; but each page that is mapped is a store to a page table.
 */
import { againstFirst, change, column, CYCLES, cyclesPerThousand, eachMode, metric } from './columns.js';
import type { Experiment } from './experiment.js';

const PAGES = [1, 2, 4, 8, 16, 32, 64, 128, 512];
const LINUX = PAGES.indexOf(16);
const MODES = ['native', 'hap', 'shadow'];
const FAULTS = 'guest faults';

export const faultAround = {
  name: 'fault-around',
  summary: 'file read faults that map 1 to 512 pages',
  question: "What does the guest's fault-around save, and whom?",
  modes: MODES,
  settings: { 'guest.mode': 'demand' },
  axis: 'pages',
  rows: () => PAGES.map((pages) => ({ label: String(pages), settings: { 'guest.faultAround': pages } })),
  columns: [
    column('native', FAULTS, 'all', 'count', metric('guest.faults')),
    column('native', FAULTS, 'file', 'count', metric('guest.faults.file')),
    column('shadow', 'VMEXITs', 'shadow', 'count', metric('vmexit.total')),
    ...eachMode(MODES, CYCLES, 'rate', cyclesPerThousand),
    againstFirst('hap', 'vs 1 page', cyclesPerThousand),
    againstFirst('shadow', 'vs 1 page', cyclesPerThousand),
  ],
  bars: { group: 'VMEXITs', head: 'shadow' },
  verdict({ rows, at }) {
    if (at(0, FAULTS, 'file') === 0) {
      return ['The trace has no read fault on a file: fault-around changes nothing here.'];
    }
    const cost = (mode: string): string => change(at(LINUX, 'vs 1 page', mode), 'single pages');
    const best = rows.reduce(
      (least, _, i) => (at(i, CYCLES, 'shadow') < at(least, CYCLES, 'shadow') ? i : least),
      0,
    );
    return [
      `Linux's 16 pages cost shadow paging ${cost('shadow')}, and hap ${cost('hap')}; the instructions of the guest's fault handler, which are spared in every mode, are not counted.`,
      `Cheapest for shadow paging here: ${rows[best]?.label} pages.`,
    ];
  },
} satisfies Experiment;
