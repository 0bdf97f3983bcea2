/**
 * XenWorkload: one measured workload: its parameters, and what the guest does, set-up and clean-up included.
 */
import type { Scenario, ScenarioParam, ScenarioParams } from '../scenario.js';
import { DATA1, LEAF, LEAF_USED, REGION } from './layout.js';
import { PTE_A, PTE_D } from '../../arch/pte.js';
import type { XenGuestKernel } from './guest-kernel.js';

export interface XenWorkload extends Scenario {
  run(kernel: XenGuestKernel, params: ScenarioParams): void;
}

/** An integer parameter. */
export function count(
  name: string,
  fallback: number,
  range: readonly [number, number],
  meaning: string,
): ScenarioParam {
  return { name, fallback, range, meaning };
}

/** A parameter that is one of some words; the first is the default. */
export function choice(name: string, words: readonly [string, ...string[]], meaning: string): ScenarioParam {
  return { name, fallback: words[0], range: words, meaning };
}

/** A parameter that is 0 or 1. */
export const bit = (name: string, fallback: 0 | 1, meaning: string): ScenarioParam =>
  count(name, fallback, [0, 1], meaning);

export const ACCESSED = bit('a', 1, 'accessed bit of the entries');
export const DIRTY = bit('d', 1, 'dirty bit of the entries');

/** Pages that fit in the data frames of the kernel window. */
export const pages = (fallback = 256): ScenarioParam => count('n', fallback, [1, 131_072], 'pages');

/** The value of an integer parameter. */
export function int(params: ScenarioParams, name: string): number {
  return Number(params[name]);
}

/** Flags of a writable leaf with `a` and `d` as the parameters say. */
export function leafFlags(params: ScenarioParams): number {
  return LEAF | (int(params, 'a') === 1 ? PTE_A : 0) | (int(params, 'd') === 1 ? PTE_D : 0);
}

/** `n` times: `step`, then a write to each of `w` pages in use. */
export function repeatOverPages(
  kernel: XenGuestKernel,
  params: ScenarioParams,
  step: (root: number) => void,
): void {
  const w = int(params, 'w');
  const root = kernel.begin();
  const touch = (): void => times(w, (i) => kernel.ops.write(REGION + i));
  kernel.mapRange(root, REGION, DATA1, w, LEAF_USED);
  kernel.enter(root);
  touch();
  measured(kernel, () =>
    times(int(params, 'n'), () => {
      step(root);
      touch();
    }),
  );
  kernel.finish();
}

/** Runs `region` as the measured region. */
export function measured(kernel: XenGuestKernel, region: () => void): void {
  kernel.ops.mark(null);
  region();
  kernel.ops.mark('region');
}

/** Calls `step` with 0, 1, ... n - 1. */
export function times(n: number, step: (i: number) => void): void {
  for (let i = 0; i < n; i++) step(i);
}
