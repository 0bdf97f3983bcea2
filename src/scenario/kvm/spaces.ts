/**
 * Workloads with several address spaces: context-switch, context-switch-pcid, shared-tables, fork-exit.
 */
import { PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US } from '../../arch/pte.js';
import { ENTRIES } from '../../arch/paging.js';
import type { GuestKernel } from './kernel.js';
import { BASE_PAGE, DATA, USED_PAGE } from './layout.js';
import { type KvmParams, NEEDED_PAGES, needed, variants } from './params.js';
import { type KvmWorkload, unmappedObjection, workload } from './workload.js';

const MOST = DATA.end - DATA.start;
const SPACES = needed(1, 64, 'address spaces');

interface Space {
  readonly root: number;
  /** First of the frames that its changed pages get in turn. */
  readonly other: number;
}

/** The loaded space and s - 1 new ones, each with w pages and frames of its own. */
function makeSpaces(kernel: GuestKernel): readonly Space[] {
  const { params, frames, tables } = kernel;
  return Array.from({ length: params.s }, (_, s) => {
    const root = s === 0 ? kernel.root : tables.newRoot();
    const other = frames.dataRun(params.m);
    for (let i = 0; i < params.w; i++) tables.map(root, kernel.page(i), frames.data(), USED_PAGE);
    return { root, other };
  });
}

/** Gives the first m pages of a space other frames of its own, in turn. */
class FrameRotation {
  readonly #kernel: GuestKernel;
  #changes = 0;

  constructor(kernel: GuestKernel) {
    this.#kernel = kernel;
  }

  change({ root, other }: Space): void {
    const { params, tables } = this.#kernel;
    for (let i = 0; i < params.m; i++) {
      const slot = tables.leaf(root, this.#kernel.page(i));
      const { flags } = tables.load(slot);
      tables.store(slot, other + (this.#changes++ % params.m), flags);
    }
  }
}

function changedPagesObjection({ m, w, stride }: KvmParams): string | null {
  return m === 0 ? null : unmappedObjection(m - 1, w, stride);
}

const CONTEXT_SWITCH = workload({
  name: 'context-switch',
  summary: 'k switches among s address spaces, w pages written after each',
  params: {
    s: SPACES,
    w: needed(0, MOST, 'pages per address space'),
    k: { fallback: null, meaning: 'switches' },
    m: { meaning: 'var=2: pages that change before each switch' },
    var: variants('round robin', 'the first space only', 'm pages of the incoming space change before each'),
  },
  objection: (params) => (params.var === 2 ? changedPagesObjection(params) : null),
  run(kernel) {
    const { ops, params } = kernel;
    const spaces = makeSpaces(kernel);
    warmFromFirst(kernel, spaces);
    kernel.reload();
    ops.mark(null);
    for (const { root } of spaces) {
      kernel.load(root);
      kernel.writeRow(params.w);
    }
    ops.mark('warmup');
    const rotation = new FrameRotation(kernel);
    for (let k = 0; k < params.k; k++) {
      kernel.own.readParameters();
      const space = spaces[params.var === 1 ? 0 : k % params.s]!;
      if (params.var === 2) rotation.change(space);
      kernel.load(space.root);
      kernel.writeRow(params.w);
    }
    ops.mark('switches');
  },
});

/** Warms all frames from the first ones set aside: those that changes bring in, and with them all data frames. */
function warmFromFirst(kernel: GuestKernel, spaces: readonly Space[]): void {
  const first = spaces[0]!.other;
  kernel.warm(first, kernel.frames.nextData - first);
}

const CONTEXT_SWITCH_PCID = workload({
  name: 'context-switch-pcid',
  summary: 'context-switch with a PCID for each space',
  params: {
    s: SPACES,
    w: needed(0, MOST, 'pages per address space'),
    k: { fallback: null, meaning: 'switches' },
    m: { meaning: 'pages of the incoming space that change before each switch' },
    pcid: { fallback: 1, range: [1, 1], meaning: 'CR4.PCIDE is set' },
    var: variants('loads do not flush, INVLPG of each changed page', 'loads flush'),
  },
  objection: changedPagesObjection,
  run(kernel) {
    const { ops, params } = kernel;
    const spaces = makeSpaces(kernel);
    for (const { other } of spaces) kernel.warm(other, params.m);
    kernel.reload();
    ops.mark(null);
    for (const [s, { root }] of spaces.entries()) {
      kernel.loadTagged(root, s + 1, false);
      kernel.writeRow(params.w);
    }
    ops.mark('warmup');
    const noflush = params.var === 0;
    const rotation = new FrameRotation(kernel);
    for (let k = 0; k < params.k; k++) {
      const s = k % params.s;
      kernel.own.readParameters();
      rotation.change(spaces[s]!);
      kernel.loadTagged(spaces[s]!.root, s + 1, noflush);
      if (noflush) for (let i = 0; i < params.m; i++) ops.invlpg(kernel.page(i));
      kernel.writeRow(params.w);
    }
    ops.mark('switches');
  },
});

const SHARED_TABLES = workload({
  name: 'shared-tables',
  summary: 's address spaces that share the tables of n pages, written in each',
  params: { n: NEEDED_PAGES, s: SPACES },
  run(kernel) {
    const { ops, params, tables } = kernel;
    kernel.build(USED_PAGE);
    const others = Array.from({ length: params.s - 1 }, () => {
      const root = tables.newRoot();
      tables.shareRootEntry(root, kernel.root, BASE_PAGE);
      return root;
    });
    kernel.reload();
    ops.mark(null);
    kernel.writeAll();
    ops.mark('space0');
    for (const root of others) {
      kernel.load(root);
      kernel.writeAll();
    }
    ops.mark('others');
  },
});

const FORK_EXIT = workload({
  name: 'fork-exit',
  summary: 'r rounds: fork of n pages, the child writes m of them and exits, the parent writes them',
  params: {
    n: NEEDED_PAGES,
    r: needed(1, 1e6, 'rounds'),
    m: { meaning: 'pages that child and parent write: at most n' },
    var: variants('the child is torn down after the switch back', 'before it'),
  },
  need: () => ({ tables: 64 }),
  objection: ({ m, n }) => (m <= n ? null : `m is ${m}; the child has n=${n} pages to write`),
  run(kernel) {
    const { ops, params } = kernel;
    const parent = kernel.root;
    kernel.build(USED_PAGE);
    kernel.reload();
    kernel.writeAll();
    ops.mark(null);
    for (let round = 0; round < params.r; round++) forkRound(kernel, parent);
  },
});

function forkRound(kernel: GuestKernel, parent: number): void {
  const { ops, params } = kernel;
  const child = fork(kernel, parent);
  ops.mark('fork');
  kernel.reload();
  ops.mark('parent-cr3reload');
  kernel.load(child);
  ops.mark('switch-to-child');
  kernel.faults.policy = { kind: 'copy', clearFirst: true };
  kernel.writeRow(params.m);
  ops.mark('child-cow');
  const steps = [
    ['switch-to-parent', () => kernel.load(parent)],
    ['exit', () => tearDown(kernel, child, parent)],
  ] as const;
  for (const [phase, step] of params.var === 0 ? steps : steps.toReversed()) {
    step();
    ops.mark(phase);
  }
  kernel.faults.policy = { kind: 'reopen' };
  kernel.writeRow(params.m);
  ops.mark('parent-write');
}

/** A new space with the parent's frames, read-only in both. */
function fork(kernel: GuestKernel, parent: number): number {
  const { params, tables } = kernel;
  const child = tables.newRoot();
  for (let i = 0; i < params.n; i++) {
    const slot = tables.leaf(parent, kernel.page(i));
    const { frame, flags } = tables.load(slot);
    if ((tables.load(slot).flags & PTE_RW) !== 0) tables.store(slot, frame, flags & ~PTE_RW);
    tables.map(child, kernel.page(i), frame, PTE_P | PTE_US | PTE_A | PTE_D);
  }
  return child;
}

/** Clears the child's entries from the leaves up; copied frames and tables go back to the allocators. */
function tearDown(kernel: GuestKernel, child: number, parent: number): void {
  const { params, frames, tables } = kernel;
  for (let i = 0; i < params.n; i++) {
    const slot = tables.leaf(child, kernel.page(i));
    const { frame } = tables.load(slot);
    const shared = tables.load(tables.leaf(parent, kernel.page(i))).frame;
    tables.store(slot, 0, 0);
    if (frame !== shared) frames.freeData(frame);
  }
  for (let i = 0; i < params.n; i += ENTRIES)
    frames.freeTable(tables.clear(tables.entry(child, kernel.page(i), 2)));
  frames.freeTable(tables.clear(tables.entry(child, BASE_PAGE, 3)));
  frames.freeTable(tables.clear(tables.entry(child, BASE_PAGE, 4)));
  frames.freeTable(child);
}

export const SPACE_WORKLOADS: readonly KvmWorkload[] = [
  CONTEXT_SWITCH,
  CONTEXT_SWITCH_PCID,
  SHARED_TABLES,
  FORK_EXIT,
];
