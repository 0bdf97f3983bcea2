/**
 * Defaults of everything that is not the core: the guest, the p2m, the shadow policy. The core comes
 * from a preset. Values follow what Linux and Xen do out of the box where they have a default.
 */
import { type ConfigValues, buildConfig } from './build.js';
import type { ConfigValue } from './keys.js';
import { DEFAULT_PRESET, presets } from './presets/index.js';
import type { MachineConfig } from './schema.js';

/** Value by key; the keys that no preset gives. */
export const MODEL_DEFAULTS: ReadonlyMap<string, ConfigValue> = new Map<string, ConfigValue>([
  ['seed', 1],
  ['vcpus', 1],
  ['guest.levels', 4],
  ['guest.mode', 'demand'],
  ['guest.pageSize', '4k'],
  ['guest.frames', 'contiguous'],
  ['guest.ram', 'auto'],
  ['guest.directMap', '2m'], // Linux maps its direct map with the largest pages that fit
  ['guest.memory', 'warm'],
  ['guest.pcid', false],
  ['guest.faultAround', 16], // Linux fault_around_bytes: 64 KiB
  ['guest.flushCeiling', 33], // Linux tlb_single_page_flush_ceiling
  ['guest.switchEvery', 0],
  ['host.levels', 4],
  ['host.pageSize', '4k'],
  ['host.populate', 'eager'], // Xen populates a domain when it builds it
  ['host.fill', 'page'], // Linux's TDP MMU, the default since 5.15
  ['host.memory', 'populated'],
  ['host.layout', 'flat'],
  ['shadow.policy', 'xen'],
  ['shadow.pool', 'auto'],
  ['shadow.oosSlots', 'auto'],
]);

/** Defaults with the core of the preset called `name`. */
export function defaultValues(name: string): ConfigValues {
  const hardware = presets.get(name).entries.map((entry): [string, ConfigValue] => [entry.key, entry.value]);
  return new Map([...MODEL_DEFAULTS, ...hardware]);
}

/** The configuration of a preset with no settings on top; also for tests that build machines. */
export function defaultConfig(preset: string = DEFAULT_PRESET): MachineConfig {
  return buildConfig(defaultValues(preset));
}
