/**
 * Exits that the controls of a VM entry ask for whatever the guest's tables say: CPUID, and CR4 and CR0 under
 * SVM (Xen vmcs.c construct_vmcs, vmcb.c construct_vmcb).
 */
import type { MachineCounters } from '../counters.js';
import type { VmexitKey } from '../hypervisor/vmexit.js';
import type { MachineEvent, MachineParts } from './backend.js';

/** Field that counts an exit. */
export type ExitCounter = Extract<keyof MachineCounters, `exit${string}`>;

/** Counts the exits of `event` under HAP, and tells the observer of each. */
export function controlExits(parts: MachineParts, event: MachineEvent): void {
  if (event.kind === 'cpuid') countExit(parts, 'exitCpuid', 'cpuid');
  else if (parts.config.vendor === 'intel') return;
  else if (event.kind === 'cr0wp') countExit(parts, 'exitCr0Write', 'cr0_write');
  else if (event.kind === 'flushall') {
    // CR4 is read, written without PGE, written with it.
    countExit(parts, 'exitCr4Read', 'cr4_read');
    countExit(parts, 'exitCr4Write', 'cr4_write');
    countExit(parts, 'exitCr4Write', 'cr4_write');
  }
}

/** One exit. */
export function countExit(parts: MachineParts, counter: ExitCounter, reason: VmexitKey): void {
  parts.counters.exits += 1;
  parts.counters[counter] += 1;
  parts.watch.observer?.note(`VMEXIT ${reason}`);
  parts.watch.exits?.exit(reason, 0, 0, 0, null);
}
