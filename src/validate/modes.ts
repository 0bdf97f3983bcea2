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
export type LabSuite = 'xen' | 'kvm';

export interface LabMode {
  readonly name: string;
  readonly summary: string;
  readonly backend: 'shadow' | 'hap';
  /** Name of the shadow policy. */
  readonly policy: string;
  /** How a lazy p2m is filled; null: the p2m is complete before the guest starts. */
  readonly fill: 'page' | 'group' | null;
}

const XEN_MODES = new Registry<LabMode>('mode of suite xen', [
  {
    name: 'shadow',
    summary: 'Xen 4.17, dom0=pvh,shadow: out-of-sync L1 tables on',
    backend: 'shadow',
    policy: 'xen',
    fill: null,
  },
  {
    name: 'shadow-nooos',
    summary: 'the same with XEN_DOMCTL_CDF_oos_off',
    backend: 'shadow',
    policy: 'xen-oos-off',
    fill: null,
  },
  { name: 'hap', summary: 'Xen 4.17, dom0=pvh', backend: 'hap', policy: 'xen', fill: null },
]);

const KVM_MODES = new Registry<LabMode>('mode of suite kvm', [
  {
    name: 'shadow',
    summary: 'Linux 6.1, kvm_amd.npt=0',
    backend: 'shadow',
    policy: 'kvm',
    fill: 'page',
  },
  {
    name: 'shadow:linux-6.12.107',
    summary: 'Linux 6.12, kvm_amd.npt=0',
    backend: 'shadow',
    policy: 'kvm-6.12',
    fill: 'page',
  },
  { name: 'hap', summary: 'Linux 6.1, kvm_amd.npt=1', backend: 'hap', policy: 'kvm', fill: 'page' },
  {
    name: 'hap:legacy',
    summary: 'Linux 6.1, kvm_amd.npt=1, kvm.tdp_mmu=0',
    backend: 'hap',
    policy: 'kvm',
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

/** The machine under the guest of a suite. `tlb` off: every access walks. */
export function labConfig(host: ScenarioHost, mode: LabMode, tlb = true): MachineConfig {
  const config = defaultConfig('none');
  config.vendor = 'amd';
  config.guest.ram = host.ram / 256;
  config.guest.pcid = host.pcid;
  config.shadow.policy = mode.policy;
  config.shadow.pool = host.shadowLimit ?? 'auto';
  if (mode.fill === null) {
    // Read from a dump of the measured machine's memory: 511 entries of 2 MiB, 609 of 4 KiB.
    config.host.layout = 'xen';
    config.host.pageSize = '2m';
  } else {
    config.host.populate = 'lazy';
    config.guest.memory = 'cold';
    config.host.fill = mode.fill;
    config.host.memory = host.populated ? 'populated' : 'unpopulated';
    config.host.pageSize = host.hugePages ? '2m' : '4k';
  }
  if (tlb) {
    config.l1d = { ...LAB_TLB };
    config.l1i = { ...LAB_TLB };
  }
  return config;
}
