/**
 * FLAGS: every flag that commands share, one row each, in the groups in which `--help` shows them.
 *
 * A row with a `key` is a short spelling of `--set key=value`. Values stay text here; options.ts reads
 * them. A flag that is not in this table belongs to one command and is declared there.
 */
export type FlagGroup = 'Input' | 'Run' | 'Model' | 'Hardware' | 'Output';

export interface Flag {
  readonly group: FlagGroup;
  /** In commander's notation. */
  readonly flags: string;
  /** One line, with choices. */
  readonly what: string;
  /** Shown as `(default: ...)`. */
  readonly shown?: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  /** Configuration key that it sets. */
  readonly key?: string;
}

const INPUT: readonly Flag[] = [
  { group: 'Input', flags: '-f, --format <name>', what: 'trace format', shown: 'by content' },
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

const RUN: readonly Flag[] = [
  { group: 'Input', flags: '--skip <n>', what: 'records to pass over first (10k = 10,000)', shown: '0' },
  { group: 'Input', flags: '--warmup <n>', what: 'records to replay without counting', shown: '0' },
  { group: 'Input', flags: '--limit <n>', what: 'records to count', shown: 'all' },
  { group: 'Input', flags: '--interval <n>', what: 'records per row of the time series', shown: 'none' },
  { group: 'Input', flags: '--lenient', what: 'ignore events that a mode cannot model' },
  { group: 'Input', flags: '--strict', what: 'fail on events that a mode cannot model', shown: 'yes' },
  { group: 'Input', flags: '--no-strip', what: 'replay sure TLB hits one by one too: same counts, slower' },
];

const MODE: readonly Flag[] = [
  {
    group: 'Model',
    flags: '-m, --mode <mode>',
    what: 'see `p2msim modes`; ./file.mjs is a backend of your own',
    shown: 'hap',
  },
];

const MODES: readonly Flag[] = [
  {
    group: 'Model',
    flags: '-m, --mode <modes>',
    what: 'modes or ./file.mjs, joined by commas',
    shown: 'native,hap,shadow',
  },
];

const SWEEP_MODES: readonly Flag[] = [
  {
    group: 'Model',
    flags: '-m, --mode <modes>',
    what: 'modes or ./file.mjs, joined by commas',
    shown: 'hap',
  },
];

const JOBS: readonly Flag[] = [
  {
    group: 'Input',
    flags: '--jobs <n>',
    what: 'threads for the machines; counts do not depend on it',
    shown: '1',
  },
];

const MODEL: readonly Flag[] = [
  {
    group: 'Model',
    flags: '--guest <mode>',
    what: 'demand: first touch faults; premapped: tables exist',
    shown: 'demand',
    key: 'guest.mode',
  },
  { group: 'Model', flags: '--guest-features <list>', what: 'pcid=on|off', shown: 'pcid=off' },
  {
    group: 'Model',
    flags: '--guest-paging <levels>',
    what: 'levels of the guest tables, 4 or 5',
    shown: '4',
    key: 'guest.levels',
  },
  {
    group: 'Model',
    flags: '--host-paging <levels>',
    what: 'levels of the p2m, 4 or 5',
    shown: '4',
    key: 'host.levels',
  },
  {
    group: 'Model',
    flags: '--page-size <size>',
    what: 'guest leaf size: 4k, 2m or 1g',
    shown: '4k',
    key: 'guest.pageSize',
  },
  {
    group: 'Model',
    flags: '--frames <how>',
    what: 'guest frames: contiguous, scatter or thp',
    shown: 'contiguous',
    key: 'guest.frames',
  },
  { group: 'Model', flags: '--ram <size>', what: 'guest RAM, e.g. 4GiB', shown: 'auto', key: 'guest.ram' },
  {
    group: 'Model',
    flags: '--direct-map <size>',
    what: "leaf size of the guest kernel's direct map",
    shown: '2m',
    key: 'guest.directMap',
  },
  {
    group: 'Model',
    flags: '--guest-memory <state>',
    what: 'warm: RAM was written before; cold',
    shown: 'warm',
    key: 'guest.memory',
  },
  {
    group: 'Model',
    flags: '--p2m-page-size <size>',
    what: 'largest p2m leaf: 4k, 2m or 1g',
    shown: '4k',
    key: 'host.pageSize',
  },
  {
    group: 'Model',
    flags: '--p2m-populate <when>',
    what: 'p2m entries are made eager or lazy',
    shown: 'eager',
    key: 'host.populate',
  },
  {
    group: 'Model',
    flags: '--p2m-fill <what>',
    what: 'a nested fault fills one page, or a group of up to 8',
    shown: 'page',
    key: 'host.fill',
  },
  {
    group: 'Model',
    flags: '--host-memory <state>',
    what: 'behind guest RAM: populated or unpopulated',
    shown: 'populated',
    key: 'host.memory',
  },
  {
    group: 'Model',
    flags: '--p2m-layout <name>',
    what: 'RAM layout: flat or xen',
    shown: 'flat',
    key: 'host.layout',
  },
  {
    group: 'Model',
    flags: '--shadow-policy <name>',
    what: 'shadow paging policy, or the path of a policy file; see `p2msim modes`',
    shown: 'xen',
    key: 'shadow.policy',
  },
  {
    group: 'Model',
    flags: '--shadow-pool <pages>',
    what: 'pages of the shadow pool; 0 is unbounded',
    shown: 'auto',
    key: 'shadow.pool',
  },
  {
    group: 'Model',
    flags: '--fault-around <pages>',
    what: 'pages mapped by a file read fault',
    shown: '16',
    key: 'guest.faultAround',
  },
  { group: 'Model', flags: '--vcpus <n>', what: 'virtual CPUs', shown: '1', key: 'vcpus' },
  { group: 'Model', flags: '--seed <n>', what: 'seed of everything random', shown: '1', key: 'seed' },
];

const HARDWARE: readonly Flag[] = [
  {
    group: 'Hardware',
    flags: '-p, --preset <name>',
    what: 'core to model, see `p2msim presets`',
    shown: 'skylake',
  },
  {
    group: 'Hardware',
    flags: '--set <key=value>',
    what: 'set any configuration key; repeatable',
    repeatable: true,
  },
  {
    group: 'Hardware',
    flags: '--pte-cache <on|off>',
    what: 'page-table reads go through data caches',
    shown: 'as the preset',
    key: 'cache.enabled',
  },
  { group: 'Hardware', flags: '--cost <file>', what: 'cost table (JSON) instead of the built-in one' },
  {
    group: 'Hardware',
    flags: '--config <file>',
    what: 'configuration file (JSON)',
    shown: 'p2msim.config.json if there',
  },
  { group: 'Hardware', flags: '--print-config', what: 'print every key, value and origin; do nothing else' },
];

const OUTPUT: readonly Flag[] = [
  {
    group: 'Output',
    flags: '-r, --reporter <name[=file]>',
    what: 'table, json, ndjson, csv or markdown; repeatable',
    shown: 'table',
    repeatable: true,
  },
  { group: 'Output', flags: '--json', what: 'the same as -r json' },
  { group: 'Output', flags: '-o, --output <file>', what: 'write there instead of standard output' },
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

/** Flags by what a command does with them. */
export const FLAGS = {
  input: INPUT,
  run: RUN,
  mode: MODE,
  modes: MODES,
  sweepModes: SWEEP_MODES,
  jobs: JOBS,
  model: MODEL,
  hardware: HARDWARE,
  output: OUTPUT,
} as const;
export type FlagSet = keyof typeof FLAGS;

/** `--p2m-page-size <size>` -> `--p2m-page-size`. */
export function longName(flag: Flag): string {
  return /--[a-z0-9-]+/.exec(flag.flags)?.[0] ?? flag.flags;
}
