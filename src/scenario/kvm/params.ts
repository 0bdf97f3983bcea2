/**
 * Parameters of the KVM scenarios: every scenario takes all of them, as the measured guest does; a scenario
 * says which of them it needs and what `var` selects. Absent ones are what the measured guest sees: 0 or the
 * default that every measured row carries.
 */
import { InternalError } from '../../errors.js';
import type { ScenarioHost, ScenarioParam, ScenarioParams } from '../scenario.js';
import { BASE_PAGE, DATA, KERNEL, PARAMETERS, RAM_FRAMES, WINDOW_TABLES } from './layout.js';

/** Parameter, default, least, greatest, meaning. */
const COMMON = [
  ['n', 0, 0, DATA.end - DATA.start, 'pages'],
  ['ad', 3, 0, 3, 'bits set in new entries: 1 A, 2 D, 3 both'],
  ['op', 0, 0, 2, 'access: 0 read, 1 write, 2 first all reads, then all writes (touch; elsewhere as 1)'],
  ['order', 0, 0, 1, 'order of the pages: 0 ascending, 1 permuted (prefetch-holes: descending)'],
  ['stride', 1, 0, BASE_PAGE, 'distance between pages, in pages (0 as 1)'],
  ['fa', 1, 0, 512, 'entries that the fault handler fills: a power of two (0 as 1)'],
  ['s', 0, 0, 64, 'address spaces'],
  ['w', 0, 0, DATA.end - DATA.start, 'pages per address space'],
  ['k', 0, 0, 1e9, 'repetitions'],
  ['r', 0, 0, 1e6, 'rounds'],
  [
    'm',
    0,
    0,
    DATA.end - DATA.start,
    'pages changed; where pages are demand-faulted, 1: the handler zeroes them',
  ],
  ['win', 2048, 4, 2048, 'page size of the identity window in KiB: 4 or 2048'],
  ['thp', 0, 0, 1, '1: the host backs guest memory with 2 MiB pages'],
  ['pop', 1, 0, 1, '1: host memory is in place before the guest starts'],
  ['nrmmu', 0, 0, RAM_FRAMES, 'limit of shadow pages, at least 64; 0: the default of the hypervisor'],
  ['cold', 0, 0, 1, '1: data frames that were never touched'],
  ['ptcold', 0, 0, 1, '1: page-table frames that were never touched'],
  ['pcid', 0, 0, 1, '1: CR4.PCIDE is set'],
  ['var', 0, 0, 0, 'variant'],
] as const;

export type KvmParamName = (typeof COMMON)[number][0];
/** The parameters, as numbers. */
export type KvmParams = Readonly<Record<KvmParamName, number>>;

/** What a scenario says of a parameter otherwise than {@link COMMON}. */
export type ParamChange = Partial<Omit<ScenarioParam, 'name'>>;

export function scenarioParams(changes: Partial<Record<KvmParamName, ParamChange>> = {}): ScenarioParam[] {
  return COMMON.map(([name, fallback, least, greatest, meaning]) => ({
    name,
    fallback,
    range: [least, greatest],
    meaning,
    ...changes[name],
  }));
}

/** A parameter that must be given. */
export function needed(least: number, greatest: number, meaning: string): ParamChange {
  return { fallback: null, range: [least, greatest], meaning };
}

/** `n` of the scenarios that cannot do without. */
export const NEEDED_PAGES = needed(1, DATA.end - DATA.start, 'pages');

/** `var`, by what each value selects. */
export function variants(...meanings: readonly string[]): ParamChange {
  return {
    range: [0, meanings.length - 1],
    meaning: meanings.map((text, i) => `${i} ${text}`).join(', '),
  };
}

/** A parameter that is off (0) or on (1). */
export function onOff(meaning: string): ParamChange {
  return { range: [0, 1], meaning };
}

export function kvmParams(params: ScenarioParams): KvmParams {
  const value = (name: KvmParamName): number => {
    const given = params[name];
    if (typeof given !== 'number') throw new InternalError(`parameter '${name}' is not a number: ${given}`);
    return given;
  };
  const numbers = Object.fromEntries(COMMON.map(([name]) => [name, value(name)])) as Record<
    KvmParamName,
    number
  >;
  return { ...numbers, stride: Math.max(1, numbers.stride) };
}

/** KVM_MIN_ALLOC_MMU_PAGES: kvm_vm_ioctl_set_nr_mmu_pages refuses a lower limit. */
const LEAST_SHADOW_LIMIT = 64;

/** What is wrong with the machine that the parameters ask for; null: nothing. */
export function machineObjection({ win, nrmmu }: KvmParams): string | null {
  if (win !== 4 && win !== 2048) return `win is ${win}; pages of the identity window are of 4 or of 2048 KiB`;
  if (nrmmu === 0 || nrmmu >= LEAST_SHADOW_LIMIT) return null;
  return `nrmmu is ${nrmmu}; KVM takes no limit below ${LEAST_SHADOW_LIMIT} shadow pages (0: its default)`;
}

/** The machine that the parameters ask for. */
export function kvmHost(params: ScenarioParams): ScenarioHost {
  const { thp, pop, nrmmu, pcid, win } = kvmParams(params);
  return {
    ram: RAM_FRAMES,
    hugePages: thp === 1,
    populated: pop !== 0,
    shadowLimit: nrmmu === 0 ? null : nrmmu,
    directMapHi: 0,
    loaded: [PARAMETERS, KERNEL, ...(win === 4 ? [WINDOW_TABLES] : [])],
    pcid: pcid === 1,
  };
}
