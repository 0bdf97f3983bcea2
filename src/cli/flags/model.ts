/** Flags of what is modelled: the modes, the guest, the p2m, shadow paging. */
import type { Flag } from './flag.js';

export const MODE: readonly Flag[] = [
  {
    group: 'Model',
    flags: '-m, --mode <mode>',
    what: 'see `p2msim modes`; ./file.mjs is a backend of your own',
    shown: 'hap',
  },
];

export const MODES: readonly Flag[] = [
  {
    group: 'Model',
    flags: '-m, --mode <modes>',
    what: 'modes or ./file.mjs, joined by commas',
    shown: 'native,hap,shadow',
  },
];

export const SWEEP_MODES: readonly Flag[] = [
  {
    group: 'Model',
    flags: '-m, --mode <modes>',
    what: 'modes or ./file.mjs, joined by commas',
    shown: 'hap',
  },
];

export const MODEL: readonly Flag[] = [
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
    flags: '--oos <slots>',
    what: 'out-of-sync tables per vcpu under shadow paging',
    shown: "the policy's",
    key: 'shadow.oosSlots',
  },
  {
    group: 'Model',
    flags: '--fault-around <pages>',
    what: 'pages mapped by a file read fault',
    shown: '16',
    key: 'guest.faultAround',
  },
  {
    group: 'Model',
    flags: '--switch-every <n>',
    what: 'accesses between switches to another process and back',
    shown: "0, the trace's own only",
    key: 'guest.switchEvery',
  },
  { group: 'Model', flags: '--vcpus <n>', what: 'virtual CPUs', shown: '1', key: 'vcpus' },
  { group: 'Model', flags: '--seed <n>', what: 'seed of everything random', shown: '1', key: 'seed' },
];
