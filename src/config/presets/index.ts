/** The hardware presets: one import and one line each; the first is the default. */
import { Registry } from '../../util/registry.js';
import type { Preset } from '../preset.js';
import { haswell } from './haswell.js';
import { icelake } from './icelake.js';
import { none } from './none.js';
import { reference } from './reference.js';
import { skylake } from './skylake.js';
import { zen2 } from './zen2.js';
import { zen3 } from './zen3.js';

export const presets: Registry<Preset> = new Registry<Preset>('preset', [
  skylake,
  haswell,
  icelake,
  zen2,
  zen3,
  none,
  reference,
]);

export const DEFAULT_PRESET = 'skylake';
