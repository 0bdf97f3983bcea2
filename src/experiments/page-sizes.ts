/**
 * Guest page size against host page size: a TLB entry covers the smaller of the two, a walk reads fewer levels of each.
 *
 * Guest frames are those of transparent huge pages, so that a guest page of 2 MiB can lie on a host page of 2 MiB.
 */
import {
  againstFirst,
  againstMode,
  change,
  CYCLES,
  cyclesPerThousand,
  eachMode,
  metric,
  perAccess,
} from './columns.js';
import type { Experiment } from './experiment.js';

const MISSES = 'STLB misses/1000';
const MODES = ['native', 'hap', 'shadow'];
const PAIRS = [
  ['4k', '4k'],
  ['4k', '2m'],
  ['2m', '4k'],
  ['2m', '2m'],
] as const;

export const pageSizes = {
  name: 'page-sizes',
  summary: 'guest pages of 4k and 2m on host pages of 4k and 2m',
  question: 'Where do large pages help: in the guest, in the host, or only in both?',
  modes: MODES,
  settings: { 'guest.frames': 'thp' },
  axis: 'guest/host',
  rows: () =>
    PAIRS.map(([guest, host]) => ({
      label: `${guest}/${host}`,
      settings: { 'guest.pageSize': guest, 'host.pageSize': host },
    })),
  columns: [
    ...eachMode(MODES, MISSES, 'rate', perAccess(metric('tlb.stlb.miss'), 1000)),
    ...eachMode(MODES, CYCLES, 'rate', cyclesPerThousand),
    againstFirst('hap', 'vs 4k/4k', cyclesPerThousand),
    againstFirst('shadow', 'vs 4k/4k', cyclesPerThousand),
    againstMode('hap', 'native', 'vs native', cyclesPerThousand),
  ],
  bars: { group: CYCLES, head: 'hap' },
  verdict({ at }) {
    const hap = (row: number): string => change(at(row, 'vs 4k/4k', 'hap'), '4k/4k');
    const both = at(3, CYCLES, 'shadow') / at(3, CYCLES, 'hap');
    return [
      `2m in the host alone costs hap ${hap(1)}, in the guest alone ${hap(2)}, in both ${hap(3)}: a TLB entry covers the smaller of the two.`,
      `With 2m in both, shadow costs ${both.toFixed(2)} times what hap does, under the shadow policy that is named below.`,
    ];
  },
} satisfies Experiment;
