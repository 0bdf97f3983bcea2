/**
 * What a result rests on besides the trace, one sentence each: printed with every report, because some of
 * these choices move shadow-paging counts by an order of magnitude.
 */
import { findPolicy } from '../hypervisor/shadow/policies/load.js';
import type { Machine } from './machine.js';

const NAMES: Readonly<Record<string, string>> = {
  sched: 'VCPU events',
  fault: 'FAULT annotations',
  syscall: 'system calls or interrupts',
};

/** `notes`: on the trace itself. */
export function assumptionsOf(machine: Machine, notes: readonly string[], events: number): string[] {
  const list = [guestModel(machine), memoryModel(machine), p2mModel(machine), walkModel(machine)];
  const { switchEvery } = machine.config.guest;
  if (switchEvery > 0) {
    list.push(
      `after every ${switchEvery} accesses the guest switches to a process that touches nothing, and back`,
    );
  }
  if (machine.plugin.name === 'shadow') list.push(...shadowModel(machine));
  if (events === 0) list.push("the trace has no events: every page-table edit is the guest kernel model's");
  list.push(...notes);
  for (const [kind, count] of machine.passive) {
    if (kind !== 'mark') list.push(`${count} ${NAMES[kind] ?? kind} in the trace: no effect in this model`);
  }
  for (const [reason, count] of machine.ignored)
    list.push(`${count} events passed over (--lenient): ${reason}`);
  return list;
}

function guestModel(machine: Machine): string {
  const { guest } = machine.config;
  const hides = machine.plugin.name === 'shadow' && !findPolicy(machine.config.shadow.policy).pcid;
  const hidden = hides && guest.pcid ? ' (hidden by shadow paging)' : '';
  const pcid = guest.pcid ? `PCID on${hidden}` : 'PCID off';
  if (machine.parts.guest.scripted) {
    return `guest scripted: its kernel's loads and stores and its fault handling are in the trace; ${pcid}`;
  }
  if (guest.mode === 'premapped') {
    return `guest premapped: every 2 MiB region that is touched was mapped before the trace (${guest.pageSize} leaves, A=D=1); ${pcid}`;
  }
  return `guest demand: the first touch of a page is a guest page fault, handled as Linux does (${guest.pageSize} leaves, fault-around ${guest.faultAround}); ${pcid}`;
}

function memoryModel(machine: Machine): string {
  const { guest } = machine.config;
  const mib = machine.parts.guest.allocator.ram / 256;
  const how = guest.ram === 'auto' ? `${mib} MiB (auto)` : `${mib} MiB`;
  if (machine.parts.guest.scripted) return `guest RAM ${how}, tables and direct map as the trace stores them`;
  return `guest RAM ${how}, ${guest.frames} frames, direct map of ${guest.directMap} leaves`;
}

function p2mModel(machine: Machine): string {
  const { host, guest } = machine.config;
  if (machine.plugin.name === 'native') return 'no p2m';
  if (machine.plugin.name === 'shadow' && !findPolicy(machine.config.shadow.policy).keepsP2m) {
    return `no p2m: memory slots, host pages of ${host.pageSize}, host memory ${host.memory}`;
  }
  const filled =
    host.populate === 'eager' || guest.memory === 'warm'
      ? 'filled before the trace'
      : `filled at first touch, ${host.fill === 'page' ? 'one page' : 'up to 8 pages'} a fault, host memory ${host.memory}`;
  return `p2m leaves up to ${host.pageSize}, ${filled} (populate ${host.populate}, memory ${guest.memory})`;
}

function walkModel(machine: Machine): string {
  return machine.config.cache.enabled
    ? "page-table reads go through the preset's data caches, without competition from the program's data"
    : 'page-table reads are charged flat (--pte-cache off)';
}

function shadowModel(machine: Machine): string[] {
  const policy = `shadow policy ${machine.config.shadow.policy}; exits themselves flush no TLB (VPID/ASID)`;
  const { guessBases } = findPolicy(machine.config.shadow.policy);
  if (machine.parts.guest.scripted || guessBases.length === 0) return [policy];
  return [
    policy,
    "the guest's direct map is where modern Linux has it, which Xen's guesses for writable mappings miss",
  ];
}
