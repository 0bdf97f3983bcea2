/** Flags of the modelled core and of where configuration comes from. */
import type { Flag } from './flag.js';

export const HARDWARE: readonly Flag[] = [
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
  { group: 'Hardware', flags: '--cost <file>', what: 'cost table, JSON or TOML' },
  {
    group: 'Hardware',
    flags: '--config <file>',
    what: 'configuration file, JSON or TOML; docs/configuration.md',
    shown: 'p2msim.config.json or .toml, if there',
  },
  { group: 'Hardware', flags: '--print-config', what: 'print every key, value and origin; do nothing else' },
];
