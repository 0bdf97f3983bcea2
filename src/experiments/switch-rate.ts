/**
 * What does a context switch cost? The guest switches to another process and back after every N accesses.
 *
 * Natively and under HAP it is a flushed TLB (without PCID); under shadow paging two exits more, and tables resynced.
 * The other process touches nothing: what it would push out of the TLB is not in the numbers.
 */
import { againstMode, column, CYCLES, cyclesPerThousand, eachMode, metric, perAccess } from './columns.js';
import type { Experiment } from './experiment.js';

const EVERY = [0, 1_000_000, 100_000, 30_000, 10_000, 3000];
const MODES = ['native', 'hap', 'shadow'];

function label(every: number): string {
  if (every === 0) return 'never';
  return every % 1_000_000 === 0 ? `${every / 1_000_000}M` : `${every / 1000}k`;
}

export const switchRate = {
  name: 'switch-rate',
  summary: 'context switches from none to one in 3,000 accesses',
  question: 'What does a context switch cost in each mode, and how often may the guest switch?',
  modes: MODES,
  settings: {},
  axis: 'accesses/switch',
  rows: () => EVERY.map((every) => ({ label: label(every), settings: { 'guest.switchEvery': every } })),
  columns: [
    column('native', 'CR3', 'loads', 'count', metric('guest.cr3')),
    ...eachMode(MODES, 'STLB misses/1000', 'rate', perAccess(metric('tlb.stlb.miss'), 1000)),
    column('shadow', 'VMEXITs', 'shadow', 'count', metric('vmexit.total')),
    ...eachMode(MODES, CYCLES, 'rate', cyclesPerThousand),
    againstMode('hap', 'native', 'vs native', cyclesPerThousand),
    againstMode('shadow', 'native', 'vs native', cyclesPerThousand),
  ],
  bars: { group: CYCLES, head: 'shadow' },
  verdict(numbers) {
    const { rows, runs } = numbers;
    const last = rows.length - 1;
    const loads = (row: number): number => runs(row)[0]?.counters['guest.cr3'] ?? 0;
    // Two loads of CR3 a switch: away and back.
    const switches = (loads(last) - loads(0)) / 2;
    if (switches <= 0) return ['The trace is too short for one switch.'];
    const each = MODES.map((mode, i) => {
      const more = (runs(last)[i]?.cost.cycles ?? 0) - (runs(0)[i]?.cost.cycles ?? 0);
      return `${Math.round(more / switches)} cycles ${mode === 'native' ? 'natively' : `under ${mode}`}`;
    });
    return [
      `At one in ${rows[last]?.label} accesses a switch (away and back) adds ${each.join(', ')}.`,
      'The other process touches nothing, so that is the least a switch can cost. PCID (`--guest-features pcid=on`) spares the flush where the mode lets the guest have it.',
    ];
  },
} satisfies Experiment;
