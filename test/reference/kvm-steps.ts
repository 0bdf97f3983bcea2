/** What tests of KVM's shadow paging have a small guest do: build, use and map pages on demand. */
import type { MachineConfig } from '../../src/config/schema.js';
import { BARE } from './bare-config.js';
import { make } from './entry.js';
import { KvmRig, RWAD } from './kvm-rig.js';

export type Policy = 'kvm' | 'kvm-6.12';

export function config(policy: Policy = 'kvm', over: Partial<MachineConfig> = {}): MachineConfig {
  return { ...BARE, shadow: { policy, pool: 0, oosSlots: 'auto' }, ...over };
}

export function booted(policy: Policy = 'kvm', over: Partial<MachineConfig> = {}): KvmRig {
  const rig = new KvmRig(config(policy, over));
  rig.boot(300, 2600);
  return rig;
}

export function each(n: number, action: (i: number) => void): void {
  for (let i = 0; i < n; i++) action(i);
}

/** N pages with entries of `flags`, `stride` pages apart, and a CR3 load. */
export function build(rig: KvmRig, n: number, flags = RWAD, stride = 1): void {
  each(n, (i) => rig.set(rig.page(i * stride), make(rig.frame(), flags)));
  rig.load();
}

export function inUse(rig: KvmRig, n: number): void {
  build(rig, n);
  each(n, (i) => rig.write(rig.page(i)));
}

/** The guest maps a frame where there is none. */
export function onDemand(rig: KvmRig, around = 1): void {
  rig.onFault = (vpn) => {
    const first = vpn - (vpn % around);
    each(around, (i) => rig.set(first + i, make(rig.frame(), RWAD)));
  };
}
