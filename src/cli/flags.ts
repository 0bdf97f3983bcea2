/**
 * FLAGS: every flag that commands share, one row each, in the groups in which `--help` shows them.
 *
 * A row with a `key` is a short spelling of `--set key=value`. Values stay text here; options.ts reads
 * them. A flag that is not in this table belongs to one command and is declared there.
 */
import { ALLOW_DIFFERENT, BASELINE, CHECKS } from './flags/checks.js';
import { HARDWARE } from './flags/hardware.js';
import { AFTER, FIRST, INPUT, JOBS, PART, READING, RUN } from './flags/input.js';
import { MODE, MODEL, MODES, SWEEP_MODES } from './flags/model.js';
import { OUTPUT } from './flags/output.js';

/** Flags by what a command does with them. */
export const FLAGS = {
  input: INPUT,
  reading: READING,
  part: PART,
  first: FIRST,
  after: AFTER,
  run: RUN,
  mode: MODE,
  modes: MODES,
  sweepModes: SWEEP_MODES,
  jobs: JOBS,
  model: MODEL,
  hardware: HARDWARE,
  output: OUTPUT,
  checks: CHECKS,
  baseline: BASELINE,
  allowDifferent: ALLOW_DIFFERENT,
} as const;
export type FlagSet = keyof typeof FLAGS;
