/**
 * At what price of a VMEXIT do shadow paging and HAP break even? What exits and their handling cost is scaled.
 *
 * The counts are those of one replay; only prices change from row to row. Where shadow paging makes no fewer walk
 * references than HAP, no price turns the order round.
 */
import { judge } from '../cost/verdict.js';
import {
  againstMode,
  CYCLES,
  cycles,
  cyclesPerThousand,
  eachMode,
  perAccess,
  type Value,
} from './columns.js';
import type { Experiment } from './experiment.js';
import { factorLabel } from './scale.js';

const FACTORS = [0, 1 / 64, 1 / 16, 1 / 4, 1 / 2, 1, 2, 4];
const MODES = ['native', 'hap', 'shadow'];

/** Cycles of exits and of what the hypervisor does in them. */
const exits: Value = (run, row) => cycles(run, row) - cycles(run, { ...row, exitScale: 0 });

export const exitCost = {
  name: 'exit-cost',
  summary: 'VMEXITs from free to 4 times as dear',
  question: 'At what price of a VMEXIT would shadow paging and HAP cost the same?',
  modes: MODES,
  settings: {},
  axis: 'price of exits',
  rows: () =>
    FACTORS.map((factor) => ({ label: `${factorLabel(factor)}x`, settings: {}, exitScale: factor })),
  columns: [
    ...eachMode(MODES, CYCLES, 'rate', cyclesPerThousand),
    ...eachMode(['hap', 'shadow'], 'of which exits', 'rate', perAccess(exits, 1000)),
    againstMode('hap', 'native', 'vs native', cyclesPerThousand),
    againstMode('shadow', 'native', 'vs native', cyclesPerThousand),
    againstMode('shadow', 'hap', 'vs hap', cyclesPerThousand),
  ],
  bars: { group: 'vs hap', head: 'shadow' },
  verdict: ({ runs }) => judge(runs(0))?.sentences ?? [],
} satisfies Experiment;
