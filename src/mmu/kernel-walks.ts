/** KernelWalks: what a backend tells a kernel, so that it can make its plain walks (mmu/replay-kernel.ts). */
import type { P2m } from '../hypervisor/p2m.js';
import type { KnownTables } from './known-tables.js';

/** Which walks the kernel makes: none, native ones, or two-dimensional ones. */
export const TLBS_ONLY = 0;
export const ONE_DIMENSION = 1;
export const TWO_DIMENSIONS = 2;

/** What a backend says of its walks. */
export interface KernelWalks {
  readonly dimensions: number;
  /** Walks begin at the root of four levels: there is no walk cache. Else the kernel needs arrays of PDEs and PDPTEs. */
  readonly fromRoot?: boolean;
  readonly known: KnownTables;
  /** Null in native mode. */
  readonly p2m: P2m | null;
  /** False once caches hold something that plain walks do not know. */
  readonly plain: () => boolean;
}
