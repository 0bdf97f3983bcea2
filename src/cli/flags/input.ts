/** Flags that say which records of a trace are replayed, and how. */
import type { Flag } from './flag.js';

export const INPUT: readonly Flag[] = [
  {
    group: 'Input',
    flags: '-f, --format <name>',
    what: 'trace format; `p2msim trace formats` lists them',
    shown: 'by content',
  },
  { group: 'Input', flags: '--on-error <what>', what: 'bad record: fail, or skip it', shown: 'fail' },
  {
    group: 'Input',
    flags: '--max-errors <n>',
    what: 'bad records to skip before failing',
    shown: '10 with skip',
  },
  { group: 'Input', flags: '--lackey-modify <how>', what: 'M record: one access, or two', shown: 'one' },
  { group: 'Input', flags: '--ignore-columns', what: 'pass over CSV columns that are not known' },
];

/** Without those on bad records, for what reads on behind all of them. */
export const READING: readonly Flag[] = INPUT.filter(({ flags }) => !/--(on-error|max-errors)/.test(flags));

const SKIP: Flag = {
  group: 'Input',
  flags: '--skip <n>',
  what: 'records to pass over first (10k = 10,000)',
  shown: '0',
};
const LIMIT: Flag = { group: 'Input', flags: '--limit <n>', what: 'records to count', shown: 'all' };

/** Part of a trace, for tools that have no machine to warm up. */
export const PART: readonly Flag[] = [SKIP, LIMIT];
export const FIRST: readonly Flag[] = [LIMIT];
export const AFTER: readonly Flag[] = [SKIP];

export const RUN: readonly Flag[] = [
  SKIP,
  { group: 'Input', flags: '--warmup <n>', what: 'records to replay without counting', shown: '0' },
  LIMIT,
  { group: 'Input', flags: '--interval <n>', what: 'records per row of the time series', shown: 'none' },
  { group: 'Input', flags: '--lenient', what: 'ignore events that a mode cannot model' },
  { group: 'Input', flags: '--strict', what: 'fail on events that a mode cannot model', shown: 'yes' },
  { group: 'Input', flags: '--no-strip', what: 'replay sure TLB hits one by one too: same counts, slower' },
];

export const JOBS: readonly Flag[] = [
  {
    group: 'Input',
    flags: '--jobs <n>',
    what: 'threads for the machines; counts do not depend on it',
    shown: '1',
  },
];
