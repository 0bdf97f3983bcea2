/** The list of experiments: one import and one entry each. */
import { Registry } from '../util/registry.js';
import { exitCost } from './exit-cost.js';
import type { Experiment } from './experiment.js';
import { faultAround } from './fault-around.js';
import { levels } from './levels.js';
import { oosSlots } from './oos-slots.js';
import { pageSizes } from './page-sizes.js';
import { switchRate } from './switch-rate.js';
import { tlbSize } from './tlb-size.js';
import { walkCaches } from './walk-caches.js';

export const EXPERIMENTS = new Registry<Experiment>('experiment', [
  tlbSize,
  walkCaches,
  pageSizes,
  oosSlots,
  faultAround,
  switchRate,
  exitCost,
  levels,
]);
