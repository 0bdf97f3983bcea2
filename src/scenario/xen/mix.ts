/**
 * The mixed workload: random touches, unmaps, protections, aging, switches and reloads over some spaces.
 *
 * What the guest does never depends on A bits, which a shadow or a TLB may leave stale.
 */
import { PTE_A, PTE_P, PTE_RW } from '../../arch/pte.js';
import type { TableEntry } from '../guest-ops.js';
import type { Place, XenGuestKernel } from './guest-kernel.js';
import { DATA1, REGION } from './layout.js';
import { count, int, measured, times, type XenWorkload } from './workload.js';

/** Pages of the region; most steps work on the first of them. */
const PAGES = 2048;
const HOT_PAGES = 128;

/** Knuth's MMIX generator, of which the upper 31 bits are used: what the measured guest has. */
class Lcg {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  /** A number below `limit`. */
  below(limit: number): number {
    this.#state = BigInt.asUintN(64, this.#state * 6364136223846793005n + 1442695040888963407n);
    return Number(this.#state >> 33n) % limit;
  }
}

/** Calls `edit` with each present leaf of pages [first, first + n). */
function presentLeaves(
  kernel: XenGuestKernel,
  root: number,
  first: number,
  n: number,
  edit: (at: Place, entry: TableEntry, page: number) => void,
): void {
  for (let i = first; i < Math.min(first + n, PAGES); i++) {
    const at = kernel.find(root, REGION + i, 1);
    if (at === null) continue;
    const entry = kernel.load(at);
    if ((entry.flags & PTE_P) !== 0) edit(at, entry, REGION + i);
  }
}

function touch(kernel: XenGuestKernel, random: Lcg, first: number): void {
  const n = 1 + random.below(8);
  const write = random.below(10) < 3;
  for (let i = first; i < Math.min(first + n, PAGES); i++) {
    if (write) kernel.ops.write(REGION + i);
    else kernel.ops.read(REGION + i);
  }
}

function unmap(kernel: XenGuestKernel, root: number, first: number, n: number): void {
  presentLeaves(kernel, root, first, n, (at, _, page) => {
    kernel.store(at, 0, 0, 1, page);
    kernel.ops.invlpg(page);
  });
}

function protect(kernel: XenGuestKernel, root: number, first: number, n: number): void {
  presentLeaves(kernel, root, first, n, (at, { frame, flags }, page) => {
    if ((flags & PTE_RW) !== 0) kernel.store(at, frame, (flags & ~PTE_RW) | PTE_A, 1, page);
  });
  kernel.reload(root);
}

function age(kernel: XenGuestKernel, root: number, first: number, n: number): void {
  presentLeaves(kernel, root, first, n, (at, { frame, flags }, page) =>
    kernel.store(at, frame, flags & ~PTE_A, 1, page),
  );
}

const mix: XenWorkload = {
  name: 'mix',
  summary: 'random touches, unmaps, write-protections, aging, switches and CR3 reloads',
  params: [
    count('seed', 1, [0, Number.MAX_SAFE_INTEGER], 'seed'),
    count('steps', 500, [0, 1_000_000], 'steps'),
    count('spaces', 2, [1, 8], 'address spaces'),
  ],
  run(kernel, params) {
    kernel.begin();
    const roots = Array.from({ length: int(params, 'spaces') }, () => kernel.newSpace());
    for (const root of roots.toReversed()) kernel.enter(root);
    kernel.dataFrom(DATA1);
    kernel.onFault({ absent: true, readOnly: 'reuse', first: REGION, end: REGION + PAGES });
    const random = new Lcg(int(params, 'seed'));
    measured(kernel, () => {
      let root = roots[0]!;
      times(int(params, 'steps'), () => {
        const what = random.below(100);
        const first = random.below(10) < 7 ? random.below(HOT_PAGES) : random.below(PAGES);
        if (what < 60) touch(kernel, random, first);
        else if (what < 70) unmap(kernel, root, first, 1 + random.below(16));
        else if (what < 75) protect(kernel, root, first, 1 + random.below(16));
        else if (what < 85) age(kernel, root, first, 32);
        else if (what < 95) kernel.use((root = roots[random.below(roots.length)]!));
        else kernel.reload(root);
      });
    });
    kernel.finish();
  },
};

export const MIX: readonly XenWorkload[] = [mix];
