/**
 * 4 against 5 levels: what does a fifth level of page tables cost, in the guest, in the host, in both?
 *
 * Once with the preset's walk caches and once without any, where a walk makes (g+1)(h+1)-1 references: 24, 29, 29, 35.
 * Shadow paging is modelled for guests of four levels and is left out.
 */
import {
  againstMode,
  againstRow,
  change,
  CYCLES,
  cyclesPerThousand,
  eachMode,
  refsPerWalk,
} from './columns.js';
import type { Column, Experiment, Place, Values } from './experiment.js';

const REFS = 'references/walk';
const WITHOUT = 'none';
const MODES = ['native', 'hap'];
const PAIRS = [
  [4, 4],
  [4, 5],
  [5, 4],
  [5, 5],
] as const;

const ARRAYS = ['pwc', 'npwc'].flatMap((path) => ['l5', 'l4', 'l3', 'l2'].map((level) => `${path}.${level}`));
const NO_CACHES: Values = Object.fromEntries([...ARRAYS, 'ntlb'].map((path) => [`${path}.entries`, 0]));

/** Against 4/4 with the same walk caches. */
function against4(mode: string): Column {
  const without = ({ row }: Place): boolean => row.label.endsWith(WITHOUT);
  const base = (place: Place): Place | undefined =>
    place.rows.find((other) => other.row.label.startsWith('4/4') && without(other) === without(place));
  const of = (place: Place): number | null => againstRow(mode, cyclesPerThousand, place, base(place));
  return { group: 'vs 4/4', head: mode, unit: 'ratio', of };
}

export const levels = {
  name: 'levels',
  summary: 'page tables of 4 and 5 levels, in the guest and in the host',
  question: 'What does a fifth level of page tables cost?',
  modes: MODES,
  settings: {},
  axis: 'guest/host, walk caches',
  rows: () =>
    ['preset', WITHOUT].flatMap((caches) =>
      PAIRS.map(([guest, host]) => ({
        label: `${guest}/${host} ${caches}`,
        settings: {
          'guest.levels': guest,
          'host.levels': host,
          ...(caches === WITHOUT ? NO_CACHES : {}),
        },
      })),
    ),
  columns: [
    ...eachMode(MODES, REFS, 'rate', refsPerWalk),
    ...eachMode(MODES, CYCLES, 'rate', cyclesPerThousand),
    against4('native'),
    against4('hap'),
    againstMode('hap', 'native', 'vs native', cyclesPerThousand),
  ],
  bars: { group: REFS, head: 'hap' },
  verdict({ at }) {
    const hap = (row: number): string => change(at(row, 'vs 4/4', 'hap'), 'four');
    return [
      `Five levels in guest and host cost hap ${hap(3)} with the preset's walk caches, ${hap(7)} without any.`,
      `With walk caches a fifth level in the host alone costs ${hap(1)}, in the guest alone ${hap(2)}.`,
    ];
  },
} satisfies Experiment;
