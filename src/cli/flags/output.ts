/** Flags of what is printed, and where. */
import type { Flag } from './flag.js';

export const OUTPUT: readonly Flag[] = [
  {
    group: 'Output',
    flags: '-r, --reporter <name[=file]>',
    what: 'table, json, ndjson, csv, markdown, github or junit; repeatable',
    shown: 'table',
    repeatable: true,
  },
  { group: 'Output', flags: '--json', what: 'the same as -r json' },
  {
    group: 'Output',
    flags: '-o, --output <file>',
    what: 'write there instead of standard output; .json, .ndjson, .csv, .md, .xml choose a reporter',
  },
  { group: 'Output', flags: '--metrics <globs>', what: "only these, e.g. 'walk.*,vmexit.total'" },
  { group: 'Output', flags: '--all', what: 'every metric, zeros too' },
  { group: 'Output', flags: '--color <when>', what: 'always, never or auto', shown: 'auto' },
  { group: 'Output', flags: '-q, --quiet', what: 'no progress, no warnings' },
  {
    group: 'Output',
    flags: '--progress <how>',
    what: 'auto, never, or ndjson (lines on standard error)',
    shown: 'auto',
  },
];
