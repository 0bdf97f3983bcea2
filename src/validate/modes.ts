/**
 * LabMode: one way of virtualizing memory that was measured, and the machine that models it.
 *
 * Names are those of the measured data; after a colon the build or setting that was not the main one.
 */
import { defaultConfig } from '../config/defaults.js';
import type { MachineConfig, TlbArrayConfig } from '../config/schema.js';
import type { ScenarioHost } from '../scenario/scenario.js';
import { Registry } from '../util/registry.js';

/** A suite whose scenarios run on a lab machine. */
export const LAB_SUITES = ['xen', 'kvm'] as const;
export type LabSuite = (typeof LAB_SUITES)[number];

interface Named {
  readonly name: string;
  readonly summary: string;
}

export interface ShadowMode extends Named {
  readonly backend: 'shadow';
  /** Name of the shadow policy. */
  readonly policy: string;
}

export interface HapMode extends Named {
  readonly backend: 'hap';
  /** How the p2m is filled: before the guest starts, or at a nested fault one page, or a group of up to 8. */
  readonly fill: 'before' | 'page' | 'group';
}

export type LabMode = ShadowMode | HapMode;

const XEN_MODES = new Registry<LabMode>('mode of suite xen', [
  {
    name: 'shadow',
    summary: 'Xen 4.17, dom0=pvh,shadow: out-of-sync L1 tables on',
    backend: 'shadow',
    policy: 'xen',
  },
  {
    name: 'shadow-nooos',
    summary: 'the same with XEN_DOMCTL_CDF_oos_off',
    backend: 'shadow',
    policy: 'xen-oos-off',
  },
  { name: 'hap', summary: 'Xen 4.17, dom0=pvh', backend: 'hap', fill: 'before' },
]);

const KVM_MODES = new Registry<LabMode>('mode of suite kvm', [
  { name: 'shadow', summary: 'Linux 6.1, kvm_amd.npt=0', backend: 'shadow', policy: 'kvm' },
  {
    name: 'shadow:linux-6.12.107',
    summary: 'Linux 6.12, kvm_amd.npt=0',
    backend: 'shadow',
    policy: 'kvm-6.12',
  },
  { name: 'hap', summary: 'Linux 6.1, kvm_amd.npt=1', backend: 'hap', fill: 'page' },
  {
    name: 'hap:legacy',
    summary: 'Linux 6.1, kvm_amd.npt=1, kvm.tdp_mmu=0',
    backend: 'hap',
    fill: 'group',
  },
]);

export const LAB_MODES: Readonly<Record<LabSuite, Registry<LabMode>>> = { xen: XEN_MODES, kvm: KVM_MODES };

/**
 * Both guests were measured on a machine that dropped every translation at each entry and exit. The lab
 * empties this TLB at each exit, so that what is in it is what a walk would find: shadow tables
 * change at exits only, and the guests flush what they change in their own.
 */
const LAB_TLB: TlbArrayConfig = { entries: 64, ways: 4, policy: 'lru', sizes: '4k+2m+1g' };

/** What the host is under the guest of a suite. */
const HOSTS: Readonly<Record<LabSuite, (config: MachineConfig, host: ScenarioHost) => void>> = {
  xen: (config) => {
    // Read from a dump of the measured machine's memory: 511 entries of 2 MiB, 609 of 4 KiB.
    config.host.layout = 'xen';
    config.host.pageSize = '2m';
  },
  kvm: (config, host) => {
    config.host.populate = 'lazy';
    config.guest.memory = 'cold';
    config.host.memory = host.populated ? 'populated' : 'unpopulated';
    config.host.pageSize = host.hugePages ? '2m' : '4k';
  },
};

/** The machine under the guest of a suite. `tlb` off: every access walks. */
export function labConfig(suite: LabSuite, host: ScenarioHost, mode: LabMode, tlb = true): MachineConfig {
  const config = defaultConfig('none');
  config.vendor = 'amd';
  config.guest.ram = host.ram / 256;
  config.guest.pcid = host.pcid;
  HOSTS[suite](config, host);
  if (mode.backend === 'shadow') {
    config.shadow.policy = mode.policy;
    config.shadow.pool = host.shadowLimit ?? 'auto';
  } else if (mode.fill !== 'before') config.host.fill = mode.fill;
  if (tlb) {
    config.l1d = { ...LAB_TLB };
    config.l1i = { ...LAB_TLB };
  }
  return config;
}
