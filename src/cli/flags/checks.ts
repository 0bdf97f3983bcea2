/** Flags of continuous integration: which budgets a run has to keep, and what they are compared with. */
import type { Flag } from './flag.js';

export const CHECKS: readonly Flag[] = [
  {
    group: 'CI',
    flags: '--fail-on <expr>',
    what: "exit 1 if it is true: 'walk.refs > +1%', 'hap:vmexit.total > 0'; repeatable",
    repeatable: true,
  },
  {
    group: 'CI',
    flags: '--budgets <file>',
    what: 'file with limits of metrics (JSON or TOML)',
    shown: 'budgets of p2msim.config',
  },
  { group: 'CI', flags: '--no-exit-code', what: 'exit 0 whatever the checks say' },
];

export const BASELINE: readonly Flag[] = [
  {
    group: 'CI',
    flags: '--baseline <file>',
    what: 'what changes such as +1% are relative to: a result or a baseline',
    shown: 'p2msim.baseline.json if there',
  },
];

/** Of a command that has no other use for it. */
export const ALLOW_DIFFERENT: readonly Flag[] = [
  {
    group: 'CI',
    flags: '--allow-different <kinds>',
    what: 'compare although these differ: trace, config, cost',
    repeatable: true,
  },
];
