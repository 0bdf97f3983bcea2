/**
 * Where a walk of the guest dimension (or of the shadow that stands for it) begins: at the root, or below the
 * deepest entry that the walk cache holds (SDM vol. 3, 4.10.3.1).
 */
import type { Vcpu } from './backend.js';

/**
 * The level of the first entry to read for `vcpu.page`: `levels`, unless the walk cache saves some. Its table, and whether
 * the entries above allow writes, are in `vcpu.pwc.table` and `vcpu.pwc.writable`; what to count the walk as in
 * `vcpu.pwc.outcome` (WalkShapes.add).
 */
export function startWalk(vcpu: Vcpu, root: number, levels: number): number {
  const { pwc } = vcpu;
  const hit = pwc.lookup(vcpu.space, vcpu.page);
  if (hit > 0) return hit - 1;
  pwc.table = root;
  pwc.writable = true;
  return levels;
}
