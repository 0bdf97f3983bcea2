/**
 * KvmWorkload: a scenario of the KVM suite with the code that runs it on the guest's kernel.
 */
import type { Scenario } from '../scenario.js';
import { frameObjection, type FrameNeed } from './frames.js';
import type { GuestKernel } from './kernel.js';
import {
  type KvmParamName,
  type KvmParams,
  kvmParams,
  machineObjection,
  type ParamChange,
  scenarioParams,
} from './params.js';

export interface KvmWorkload extends Scenario {
  need(params: KvmParams): FrameNeed;
  /** Set-up and phases; memory is warm. */
  run(kernel: GuestKernel): void;
}

interface Definition {
  readonly name: string;
  readonly summary: string;
  /** Parameters of which it says something else than all scenarios do. */
  readonly params?: Partial<Record<KvmParamName, ParamChange>>;
  /** What it adds to the frames that the parameters imply. */
  readonly need?: (params: KvmParams) => Partial<FrameNeed>;
  /** Its `order` is another one than that of {@link GuestKernel.nth}. */
  readonly ownOrder?: true;
  /** What is wrong with parameters that are each in range; null: nothing. */
  readonly objection?: (params: KvmParams) => string | null;
  readonly run: (kernel: GuestKernel) => void;
}

export function workload({ name, summary, params, need, ownOrder, objection, run }: Definition): KvmWorkload {
  const wholeNeed = (given: KvmParams): FrameNeed => ({
    tables: 0,
    dataPerPage: 1,
    ownData: false,
    ...need?.(given),
  });
  return {
    name,
    summary,
    params: scenarioParams(params),
    need: wholeNeed,
    refuse(given) {
      const numbers = kvmParams(given);
      return (
        machineObjection(numbers) ??
        frameObjection(numbers, wholeNeed(numbers)) ??
        (ownOrder ? null : orderObjection(numbers)) ??
        objection?.(numbers) ??
        null
      );
    },
    run,
  };
}

function orderObjection({ n, order }: KvmParams): string | null {
  if (order === 0 || (n & (n - 1)) === 0) return null;
  return `n is ${n} with order 1, which visits each of n pages once only if n is a power of two`;
}

/** What is wrong with a change to the entry of page `i` of a space in which only pages 0 .. `mapped` - 1 have tables. */
export function unmappedObjection(i: number, mapped: number, stride: number): string | null {
  const tableOf = (page: number): number => Math.floor((page * stride) / 512);
  if (i < mapped || (mapped > 0 && tableOf(i) === tableOf(mapped - 1))) return null;
  return `page ${i} changes, but only the tables of the first ${mapped} pages are there`;
}
