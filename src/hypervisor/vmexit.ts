/**
 * The closed list of VMEXIT reasons, with the name that each hardware vendor and hypervisor gives.
 *
 * Keys are vendor-neutral (`vmexit.cr3_write`). Numbers are the basic exit reasons of the Intel SDM
 * (vol. 3, appendix C) and the exit codes of the AMD APM (vol. 2, appendix C); Xen and KVM names are
 * those of their sources and traces. Not listed: exits that no guest memory access causes, such as
 * external interrupts (Xen traces show them as INTR).
 */

/** One vendor's name and number for an exit. */
export interface HardwareExit {
  readonly name: string;
  /** Exit reason (Intel, decimal) or exit code (AMD, hexadecimal), as text. */
  readonly number: string;
}

/** One reason for leaving the guest. */
export interface VmexitReason {
  /** Key of the counter `vmexit.<key>`. */
  readonly key: VmexitKey;
  /** Two or three plain words, for tables. */
  readonly label: string;
  /** What the guest did. */
  readonly meaning: string;
  /** Null where that vendor has no such exit. */
  readonly intel: HardwareExit | null;
  readonly amd: HardwareExit | null;
  /** Xen's name: function that handles it, or name in its traces. */
  readonly xen: string;
  /** KVM's name, as in its tracepoints. */
  readonly kvm: string;
}

/** One kind of `pf` exit, by what the shadow fault handler did. */
export interface PageFaultKind {
  /** Key of the counter `vmexit.pf.<key>`. */
  readonly key: PageFaultKey;
  readonly label: string;
  readonly meaning: string;
  /** Xen's performance counter. */
  readonly xen: string;
  /** KVM's classes of the same exit (a fill of the direct map is a `windowFill`); `-` if it has none. */
  readonly kvm: string;
}

/** Every reason, in the order of reports. */
export const VMEXIT_KEYS = [
  'pf',
  'cr3_write',
  'cr3_read',
  'cr4_write',
  'cr4_read',
  'cr0_write',
  'invlpg',
  'invpcid',
  'npf',
  'ept_misconfig',
  'pml_full',
  'io',
  'cpuid',
  'vmcall',
  'mmio',
] as const;
export type VmexitKey = (typeof VMEXIT_KEYS)[number];

/** Every kind of `pf`, in the order of reports. */
export const PAGE_FAULT_KEYS = ['guest', 'fixup', 'unsync', 'emulate', 'mmio'] as const;
export type PageFaultKey = (typeof PAGE_FAULT_KEYS)[number];

/** Meaning, label, Intel, AMD, Xen, KVM of each reason. */
type ReasonRow = readonly [
  label: string,
  meaning: string,
  intel: HardwareExit | null,
  amd: HardwareExit | null,
  xen: string,
  kvm: string,
];

const CR_ACCESS: HardwareExit = { name: 'CR_ACCESS', number: '28' };
const hw = (name: string, number: string): HardwareExit => ({ name, number });

// prettier-ignore
const REASON_ROWS: Readonly<Record<VmexitKey, ReasonRow>> = {
  pf: ['page fault (#PF)', 'an access that the shadow tables do not allow; every page fault exits under shadow paging, none under HAP', hw('EXCEPTION_NMI', '0'), hw('EXCEPTION_PF', '0x4e'), 'EXCP_PF', 'EXCP_PF'],
  cr3_write: ['write to CR3', 'the guest loads a page-table root: context switch or flush (shadow paging)', CR_ACCESS, hw('CR3_WRITE', '0x13'), 'CR3_WRITE', 'WRITE_CR3'],
  cr3_read: ['read of CR3', 'the guest reads its page-table root, which the hypervisor has replaced (shadow paging)', CR_ACCESS, hw('CR3_READ', '0x3'), 'CR3_READ', 'READ_CR3'],
  cr4_write: ['write to CR4', 'the guest changes CR4, for instance CR4.PGE to flush global translations', CR_ACCESS, hw('CR4_WRITE', '0x14'), 'CR4_WRITE', 'WRITE_CR4'],
  cr4_read: ['read of CR4', 'the guest reads CR4 where the hypervisor intercepts it', CR_ACCESS, hw('CR4_READ', '0x4'), 'CR4_READ', 'READ_CR4'],
  cr0_write: ['write to CR0', 'the guest changes CR0, for instance CR0.WP or CR0.PG', CR_ACCESS, hw('CR0_WRITE', '0x10'), 'CR0_WRITE', 'WRITE_CR0'],
  invlpg: ['INVLPG', 'the guest drops one translation (shadow paging)', hw('INVLPG', '14'), hw('INVLPG', '0x79'), 'INVLPG', 'INVLPG'],
  invpcid: ['INVPCID', 'the guest drops translations by process tag', hw('INVPCID', '58'), hw('INVPCID', '0xa2'), 'INVPCID', 'INVPCID'],
  npf: ['EPT violation / NPF', 'the p2m does not map the guest-physical address, or not with that right (HAP)', hw('EPT_VIOLATION', '48'), hw('NPF', '0x400'), 'NPF', 'NPF'],
  ept_misconfig: ['EPT misconfiguration', 'a p2m entry was marked for recalculation; the first use fixes it (HAP; AMD reports an NPF)', hw('EPT_MISCONFIG', '49'), hw('NPF', '0x400'), 'EPT_MISCONFIG', 'EPT_MISCONFIG'],
  pml_full: ['page log full', 'the processor has logged 512 dirtied pages and the log is full (HAP, Intel)', hw('PML_FULL', '62'), null, 'PML_FULL', 'PML_FULL'],
  io: ['port I/O', 'the guest executes IN or OUT', hw('IO_INSTRUCTION', '30'), hw('IOIO', '0x7b'), 'IOIO', 'IO'],
  cpuid: ['CPUID', 'the guest executes CPUID', hw('CPUID', '10'), hw('CPUID', '0x72'), 'CPUID', 'CPUID'],
  vmcall: ['hypercall', 'the guest calls the hypervisor', hw('VMCALL', '18'), hw('VMMCALL', '0x81'), 'VMMCALL', 'HYPERCALL'],
  mmio: ['device access', 'an access to an emulated device under HAP; hardware reports an EPT violation or misconfiguration, or an NPF', hw('EPT_VIOLATION', '48'), hw('NPF', '0x400'), 'MMIO', 'MMIO'],
};

// prettier-ignore
const KIND_ROWS: Readonly<Record<PageFaultKey, readonly [string, string, string, string]>> = {
  guest: ['guest fault, reflected', 'the guest tables forbid the access: the fault is given to the guest kernel', 'shadow_fault_bail_real_fault', 'guestFault'],
  fixup: ['fix-up (fill)', 'the guest tables allow the access, the shadow lacked the entry or the right: it is filled', 'shadow_fault_fixed', 'shadowFill, windowFill'],
  unsync: ['table goes out of sync', 'first store to a write-protected L1 guest table: it becomes writable and later stores are free', 'shadow_unsync', 'ptWriteUnprotected'],
  emulate: ['table store, emulated', 'store to a guest table that must stay write-protected: the hypervisor carries it out', 'shadow_fault_emulate_write', 'ptWriteEmulated'],
  mmio: ['device access', 'an access to an emulated device', 'shadow_fault_mmio', '-'],
};

/** All reasons, with their names. */
export const VMEXIT_REASONS: readonly VmexitReason[] = VMEXIT_KEYS.map((key) => {
  const [label, meaning, intel, amd, xen, kvm] = REASON_ROWS[key];
  return { key, label, meaning, intel, amd, xen, kvm };
});

/** All kinds of `pf`, with their names. */
export const PAGE_FAULT_KINDS: readonly PageFaultKind[] = PAGE_FAULT_KEYS.map((key) => {
  const [label, meaning, xen, kvm] = KIND_ROWS[key];
  return { key, label, meaning, xen, kvm };
});

/** `EXCEPTION_NMI 0`, or `-` where the vendor has no such exit. */
export function hardwareName(exit: HardwareExit | null): string {
  return exit === null ? '-' : `${exit.name} ${exit.number}`;
}

/** `write to CR3: CR_ACCESS / CR3_WRITE`; the label alone where that is the name. */
export function labelWithNames({ label, intel, amd }: VmexitReason): string {
  const names = [...new Set([intel, amd].flatMap((exit) => (exit === null ? [] : [exit.name])))];
  return names.length === 1 && names[0] === label ? label : `${label}: ${names.join(' / ')}`;
}

/** `EXCEPTION_NMI 0 / EXCEPTION_PF 0x4e`. */
export function vendorNames({ intel, amd }: VmexitReason): string {
  return `${hardwareName(intel)} / ${hardwareName(amd)}`;
}

/**
 * Reasons that carry `name`, whatever the vendor, in any case and with or without a leading
 * `VMEXIT_` or `vmexit.`; several for a name like `CR_ACCESS`.
 */
export function findVmexitReasons(name: string): VmexitReason[] {
  const wanted = bareName(name);
  return VMEXIT_REASONS.filter((reason) => vmexitNames(reason).includes(wanted));
}

/** Every name of a reason, lower case, its own key first. */
export function vmexitNames(reason: VmexitReason): string[] {
  const names = [reason.key, reason.intel?.name, reason.amd?.name, reason.xen, reason.kvm];
  return [...new Set(names.flatMap((name) => (name === undefined ? [] : [bareName(name)])))];
}

function bareName(name: string): string {
  return name.toLowerCase().replace(/^vmexit[_.]/, '');
}
