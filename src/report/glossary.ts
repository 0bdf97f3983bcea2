/**
 * The words of the field as p2msim uses them, and the topics that reports refer to.
 *
 * Names follow Xen's terminology where it has one. Levels count down: L4 is the root of a 4-level
 * table, L1 holds 4 KiB leaves.
 */

/** A term, other names it is asked for by, and its explanation in whole sentences. */
export interface GlossaryEntry {
  readonly term: string;
  readonly aliases: readonly string[];
  readonly text: string;
}

function entry(term: string, aliases: readonly string[], text: string): GlossaryEntry {
  return { term, aliases, text };
}

/** The modes that ship with p2msim. */
// prettier-ignore
export const MODE_ENTRIES: readonly GlossaryEntry[] = [
  entry('native', ['bare metal'], 'No hypervisor: the processor walks the guest page tables directly, at most one reference per level. The baseline that every overhead is quoted against.'),
  entry('hap', ['nested paging', 'tdp', 'rvi', 'two-dimensional paging'], 'Hardware-assisted paging: the processor walks the guest tables and, for every guest-physical address on the way, the p2m (EPT on Intel, NPT on AMD). A cold walk with g guest and h host levels makes up to (g+1)(h+1)-1 references, 24 for 4 and 4. Page faults, CR3 loads and INVLPG do not leave the guest.'),
  entry('shadow', ['shadow paging'], 'The hypervisor keeps its own tables from guest-virtual to host frames and the processor walks only those, so a walk is as short as on bare metal. The price is keeping them equal to the guest tables: exits for first touches, table edits, CR3 loads and INVLPG. --shadow-policy chooses whose rules: xen, xen-oos-off, kvm, kvm-6.12, or a file of your own.'),
];

/** Topics about how p2msim works. */
// prettier-ignore
export const TOPIC_ENTRIES: readonly GlossaryEntry[] = [
  entry('cost', ['cost model', 'estimated cost', '--cost'], 'Estimated cycles are counters times the rows of a cost table; costs never change what is counted. Nothing overlaps in this model: it compares modes and does not predict run time. Each row says its source or that it is an assumption. Replace rows with --cost FILE, where FILE is {"schema": "p2msim.cost/1", "rows": {"exit.transition": {"cycles": 1500, "source": "measured here"}}}, or the same in TOML (docs/configuration.md).'),
  entry('budget', ['budgets', '--fail-on', '--budgets', 'fail-on'], "A condition on a metric that a run has to keep. --fail-on 'walk.refs > +1%' states when it fails; a budgets section of the configuration file states what is allowed, {\"walk.refs\": {\"max\": \"+1%\"}}. A value with a sign or a percent sign is relative to the baseline. MODE: or interval: before the metric limits it to a mode or asks it of every slice. Exact to one count; a violated budget is exit 1. See docs/ci.md."),
  entry('verdict', ['break-even', 'breakeven'], 'compare names the cheaper of the two best virtualized modes, the cycles that make the difference, and the condition: the factor on all exit and hypervisor cycles at which both would cost the same (walkA + f exitA = walkB + f exitB). Totals within 1 % are called comparable.'),
  entry('guest model', ['--guest', 'demand', 'premapped', 'guest kernel model'], 'What the guest kernel does that the trace does not say. demand (default): the first touch of a page is a guest page fault, handled as Linux does, with its table stores and its zeroing of frames. premapped: every page is mapped from the start with accessed and dirty set, and the kernel does nothing. The choice changes shadow counts by an order of magnitude, so every report prints it.'),
  entry('kernel accesses', ['kernel.*', 'origin'], 'Accesses that the guest kernel model makes itself: zeroing and copying frames, storing table entries. They go through the same TLBs and the same mode as the trace, and are counted apart under kernel.*; the estimated cost includes them.'),
  entry('p2m population', ['--p2m-populate', 'eager', 'lazy'], 'When the p2m learns of guest frames. eager (default, as Xen): all RAM is mapped before the guest starts and HAP takes no exit on first touch. lazy (as KVM): the first access to a frame takes one EPT violation or nested page fault.'),
  entry('p2m fill', ['--p2m-fill', 'direct_pte_prefetch'], 'How much of a lazy p2m one nested fault fills, where host pages are 4 KiB. page (default, as the TDP MMU of KVM): the entry that is needed. group (as the older MMU of KVM, tdp_mmu=0): also the rest of its aligned group of 8, as far as the host has memory there; first touches in order then exit once in 8.'),
  entry('host memory', ['--host-memory', 'populated', 'unpopulated', 'zero page'], 'Whether the host has memory behind guest RAM before the guest starts. populated (default): always. unpopulated: a first write makes the host allocate it, a first read maps the shared zero page read-only, and a write after that exits twice: the host copies the page and drops its p2m entry, then the entry is filled.'),
  entry('host page size', ['--p2m-page-size', 'p2m page size'], 'The largest leaf wanted in the p2m. Each guest frame gets the largest leaf whose whole aligned range is RAM. A TLB entry covers the smaller of the guest leaf and the host leaf.'),
  entry('pte cache', ['--pte-cache', 'page-table reads'], 'Page-table reads go through the data caches of the preset (on by default), because a two-dimensional walk costs about twice a one-dimensional one where a count of references alone would say six times. --pte-cache off charges every reference the same.'),
  entry('shadow policy', ['--shadow-policy', 'kvm', 'kvm-6.12', 'xen', 'xen-oos-off', 'policy file'], 'The rules by which shadow tables are filled, let out of sync, emulated and recycled, as a named record: xen (default), xen-oos-off, kvm (Linux 6.1), kvm-6.12, or a JSON file that starts from one of these and changes fields.'),
  entry('shadow pool', ['--shadow-pool', 'pool'], 'Host memory reserved for the p2m and shadow pages of a VM. The toolstack takes 256 pages per vcpu and, per MiB of RAM, 2 pages for shadow paging and 1 for HAP. When shadow pages run out, the least recently loaded roots are dropped and refilled on use. Policies of KVM take one page per 50 frames of guest memory, at least 64, and drop the oldest pages 25 at a time.'),
  entry('scenario', ['scenarios', '--scenario', 'suite', 'validate'], 'A workload that was measured on a real hypervisor, as a program here: p2msim validate runs all of them with the measured parameters and compares; p2msim validate --scenario NAME --param k=v runs one with any parameters; p2msim trace generate writes its operations as a trace. p2msim validate --list names them.'),
  entry('byClass', ['exit classes', 'place:kind', 'region:NPR', 'region:NPW', 'region:PW', 'dm:PW', 'dm:NPR', 'kernel:NPR', 'shadowFill', 'windowFill', 'ptWriteUnprotected', 'ptWriteEmulated', 'guestFault'], 'How validate names page-fault exits. xen: place:kind, where the place is region (the mappings under test), dm (direct map) or kernel (code, stack), and the kind NPR or NPW (not present, read or write) or PW (protection, write). kvm: guestFault (the guest must handle it), shadowFill (a workload page is filled), windowFill (a page of the direct map), ptWriteUnprotected (a store to a table makes it writable), ptWriteEmulated (a store to an upper table is emulated).'),
  entry('EXCP_PF.N', ['EXCP_PF.0', 'EXCP_PF.2', 'EXCP_PF.3', 'EXCP_PF.10', 'NPF.N', 'NPF.100000004', 'NPF.100000006', 'NPF.100000007', 'NPF.100000014', 'NPF.200000006', 'info1', 'error code'], 'An exit of suite kvm with its error code in hexadecimal: 1 present, 2 write, 4 user, 10 instruction fetch; of a nested fault also 100000000 (the final address) or 200000000 (a guest table that the walker reads).'),
  entry('metrics', ['--metrics', 'counters'], 'Every number has a dotted key: counters (walk.refs), page counts (memory.p2m.pages) and cycles (cost.exit.transition.cycles). --metrics takes globs such as walk.*,cost.*; docs/metrics.md lists all of them, and p2msim explain KEY explains one.'),
  entry('config', ['configuration', 'sha256', 'digest'], 'The line of a trace ends with the first digits of the SHA-256 of its bytes, the line of a mode with those of its configuration, every key and value of it (p2msim replay TRACE --print-config). Equal digits are equal inputs; the JSON of a result has them whole.'),
  entry('preset', ['--preset', 'presets'], 'The hardware of one core: TLBs, page-walk caches, nested TLB and data caches, each value with its source. p2msim presets lists them; --set KEY=VALUE changes one value.'),
  entry('warm-up', ['warmup', '--warmup', '--skip', '--limit', '--interval', 'roi', 'interval'], '--skip passes records over, --warmup replays the next ones without counting, --limit ends after that many counted records, --interval counts slices apart. Events happen in all of them.'),
];

/** The words themselves. */
// prettier-ignore
export const GLOSSARY: readonly GlossaryEntry[] = [
  entry('gva', ['guest-virtual address', 'virtual address'], 'Guest-virtual address: the byte address a guest program uses.'),
  entry('gpa', ['guest-physical address'], 'Guest-physical address: the byte address the guest takes for physical; its frame is a gfn.'),
  entry('hpa', ['maddr', 'host-physical address'], 'Host-physical address: where the byte really is; its frame is an mfn.'),
  entry('vpn', ['virtual page number'], 'Page number of a gVA, always in 4 KiB units whatever the leaf size.'),
  entry('gfn', ['guest frame number'], 'Guest frame number: what the guest writes into its page tables.'),
  entry('mfn', ['machine frame number', 'pfn', 'hfn'], 'Machine frame number: a host frame, what the hypervisor writes into its tables. KVM says pfn.'),
  entry('gmfn', ['smfn'], 'In shadow code: gmfn is the frame of a guest table, smfn the frame of its shadow.'),
  entry('p2m', ['physical to machine'], 'The table from gfn to mfn. Under HAP it is the EPT or NPT that the processor walks; under shadow paging only the hypervisor reads it.'),
  entry('ept', ['npt', 'slat'], "Intel's (EPT) and AMD's (NPT, also RVI) name for the p2m that the processor walks under HAP."),
  entry('2-d walk', ['2d walk', 'nested walk', 'two-dimensional walk'], 'A page walk under HAP: each guest table entry read lies at a guest-physical address that the p2m must translate first, and so does the page in the end.'),
  entry('page walk', ['walk'], 'The service of one TLB miss: reading table entries from the root, or from the deepest level a walk cache knows, to the leaf.'),
  entry('walk reference', ['reference'], 'One memory read of a table entry, made by a page walk.'),
  entry('fix-up', ['fixup', 'fill'], 'A #PF exit that the hypervisor cures by filling or widening a shadow entry; the guest never knows.'),
  entry('out of sync', ['oos', 'unsync', 'resync', 'out-of-sync'], 'A shadowed L1 guest table that the guest may write freely: the first store exits (unsync), later ones do not. At the next CR3 load it is compared with its snapshot and protected again (resync). Xen keeps 3 such tables per vcpu. KVM lets any number of tables go out of sync (it calls them unsync), compares with the guest table itself, and syncs what hangs below the loaded root.'),
  entry('unshadow', ['early unshadow'], 'Dropping the shadows of a frame because it is no page table any more. Early unshadow: two zero stores in a row to a table are taken as the sign that the guest is freeing it.'),
  entry('prealloc', ['recycling'], 'Making room in the shadow pool by dropping the least recently loaded roots.'),
  entry('fl1', ['splintered superpage', 'splintering', 'shattered'], 'A shadow page that maps a guest superpage by 512 entries of 4 KiB. Splintering is the same in a TLB: a large guest page over small host pages takes many entries.'),
  entry('vmexit', ['exit', 'vm exit', 'reasons'], 'Leaving the guest for the hypervisor because of something it did; vmexit.<reason> counts them by reason. One exit is one transition out and back.'),
  entry('tlb', ['dtlb', 'itlb', 'stlb'], 'Translation look-aside buffer: cached translations. DTLB for data and ITLB for fetches at the first level, one STLB for both at the second.'),
  entry('asid', ['pcid'], 'Tag of a guest address space in the TLB (PCID on Intel), so that a context switch need not flush.'),
  entry('vmid', ['vpid'], 'Tag of a virtual machine in the TLB (VPID on Intel, ASID on AMD), so that an exit need not flush.'),
  entry('pwc', ['page-walk cache', 'paging-structure cache', 'walk cache'], 'Page-walk cache: upper-level entries of recent walks; a hit at level l skips the levels above and including it.'),
  entry('ntlb', ['nested tlb'], 'Nested TLB: gfn to mfn entries that spare the host walks inside a two-dimensional walk.'),
  entry('superpage', ['thp', 'huge page', 'large page'], 'A 2M or 1G leaf. THP is the guest kernel making them on its own.'),
  entry('flush', ['shootdown', 'invlpg instruction'], 'Dropping cached translations; its scope is a page, an address space or the whole VM. A shootdown is a flush on other vcpus.'),
  entry('pte', ['entry', 'leaf'], 'Page-table entry. A leaf maps a page; the level it is at gives the page size: L1 4K, L2 2M, L3 1G.'),
  entry('mpka', ['mpki'], 'Misses per 1000 accesses (MPKA) or instructions (MPKI). p2msim reports per accesses, because most traces do not count instructions.'),
  entry('footprint', ['working set', 'reuse distance'], 'Footprint: distinct pages touched. Working set: the same within a window. Reuse distance: distinct pages touched between two uses of a page.'),
];
