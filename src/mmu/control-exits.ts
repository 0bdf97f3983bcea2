/**
 * Exits that the controls of a VM entry ask for whatever the guest's tables say: CPUID, and CR4 and CR0 under
 * SVM (Xen vmcs.c construct_vmcs, vmcb.c construct_vmcb).
 */
import type { MachineCounters } from '../counters.js';
import type { VmexitKey } from '../hypervisor/vmexit.js';
import type { MachineEvent, MachineParts } from './backend.js';

type Counter = Extract<keyof MachineCounters, `exit${string}`>;

/** Counts the exits of `event` under HAP, and tells the observer of each. */
export function controlExits(parts: MachineParts, event: MachineEvent): void {
  if (event.kind === 'cpuid') count(parts, 'exitCpuid', 'cpuid');
  else if (parts.config.vendor === 'intel') return;
  else if (event.kind === 'cr0wp') count(parts, 'exitCr0Write', 'cr0_write');
  else if (event.kind === 'flushall') {
    // CR4 is read, written without PGE, written with it.
    count(parts, 'exitCr4Read', 'cr4_read');
    count(parts, 'exitCr4Write', 'cr4_write');
    count(parts, 'exitCr4Write', 'cr4_write');
  }
}

function count(parts: MachineParts, counter: Counter, reason: VmexitKey): void {
  parts.counters.exits += 1;
  parts.counters[counter] += 1;
  parts.watch.exits?.exit(reason, 0, 0, 0, null);
}
