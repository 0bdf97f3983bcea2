/**
 * Which virtualized mode is cheaper here, why, and what would turn it round.
 *
 * Compares the cheapest virtualized mode with the second cheapest (`native` is the baseline, not a
 * candidate). The least certain costs are those of exits, so the condition is a factor f on all exit
 * and hypervisor cycles of both: walkA + f exitA = walkB + f exitB. Not judged: memory, fairness of
 * the guest model, anything the cost table leaves out.
 */
import type { CounterValues } from '../counters.js';
import type { Cost, Verdict } from './types.js';

/** What a verdict needs of a run. */
export interface Judged {
  readonly mode: string;
  readonly counters: CounterValues;
  readonly cost: Cost;
}

/** Totals closer than this share of the smaller are called comparable. */
const COMPARABLE = 0.01;

/** Best against second best of the virtualized modes; null if there are fewer than two. */
export function judge(results: readonly Judged[]): Verdict | null {
  const ranked = results.filter((r) => r.mode !== 'native').sort((a, b) => a.cost.cycles - b.cost.cycles);
  const [winner, loser] = ranked;
  if (winner === undefined || loser === undefined) return null;
  const factor = breakEven(winner, loser);
  const dearer = exitCycles(loser) >= exitCycles(winner) ? loser : winner;
  const exits = exitCount(dearer);
  const perExit = factor === null || exits === 0 ? null : Math.round((factor * exitCycles(dearer)) / exits);
  return {
    winner: winner.mode,
    loser: loser.mode,
    ratioMilli: winner.cost.cycles === 0 ? 0 : Math.round((loser.cost.cycles * 1000) / winner.cost.cycles),
    sentences: [headline(winner, loser), reason(winner, loser), condition(winner, loser, factor, perExit)],
    breakEvenMilli: factor === null ? null : Math.round(factor * 1000),
    breakEvenCyclesPerExit: perExit,
  };
}

/** Cycles of translation proper: TLB hits of the second level and page walks. */
function walkCycles(r: Judged): number {
  return r.cost.byGroup.tlb + r.cost.byGroup.walk;
}

/** Cycles of leaving the guest and of the hypervisor's work. */
function exitCycles(r: Judged): number {
  return r.cost.byGroup.exit + r.cost.byGroup.hypervisor;
}

function exitCount(r: Judged): number {
  return r.counters['vmexit.total'] ?? 0;
}

function walkRefs(r: Judged): number {
  return (r.counters['walk.refs'] ?? 0) + (r.counters['kernel.walk.refs'] ?? 0);
}

/** The factor on exit cycles that makes totals equal, or null if no positive one does. */
function breakEven(a: Judged, b: Judged): number | null {
  const exits = exitCycles(a) - exitCycles(b);
  const factor = exits === 0 ? 0 : (walkCycles(b) - walkCycles(a)) / exits;
  return factor > 0 ? factor : null;
}

function headline(winner: Judged, loser: Judged): string {
  const [low, high] = [winner.cost.cycles, loser.cost.cycles];
  const pair = `${winner.mode} and ${loser.mode}`;
  if (low === high) return `${pair} cost the same here: ${count(low)} estimated cycles each.`;
  if (high - low <= low * COMPARABLE) {
    return `${pair} are comparable here, within 1 %: ${count(low)} against ${count(high)} estimated cycles.`;
  }
  const how = low === 0 ? 'cheaper' : `${factorText(high / low)} cheaper`;
  return `${winner.mode} is ${how} than ${loser.mode} here: ${count(low)} against ${count(high)} estimated cycles.`;
}

function reason(winner: Judged, loser: Judged): string {
  const parts = [...surplus(loser, winner), ...surplus(winner, loser)];
  if (parts.length === 0) return 'Both spend the same on walks and on exits.';
  return `${parts.join('; ')}.`;
}

/** `shadow pays 67.7 M cycles more in exits (27,960 VMEXITs against 0)`; nothing if it pays no more. */
function surplus(r: Judged, other: Judged): string[] {
  const exits = exitCycles(r) - exitCycles(other);
  const walks = walkCycles(r) - walkCycles(other);
  const parts: string[] = [];
  if (exits > 0) {
    const hypervisor = r.cost.byGroup.hypervisor + other.cost.byGroup.hypervisor;
    const where = hypervisor > 0 ? 'exits and hypervisor work' : 'exits';
    const versus = `${counted(exitCount(r), 'VMEXIT')} against ${count(exitCount(other))}`;
    parts.push(`${count(exits)} cycles more in ${where} (${versus})`);
  }
  if (walks > 0) {
    const where = r.cost.byGroup.tlb === other.cost.byGroup.tlb ? 'page walks' : 'TLB hits and page walks';
    const versus = `${counted(walkRefs(r), 'reference')} against ${count(walkRefs(other))}`;
    parts.push(`${count(walks)} cycles more in ${where} (${versus})`);
  }
  return parts.length === 0 ? [] : [`${r.mode} pays ${parts.join(' and ')}`];
}

function condition(winner: Judged, loser: Judged, factor: number | null, perExit: number | null): string {
  if (factor === null) {
    if (exitCycles(winner) === exitCycles(loser)) {
      return 'No price of a VMEXIT changes that: both spend the same on exits and hypervisor work.';
    }
    return `No price of a VMEXIT turns that round: ${loser.mode} is cheaper neither in walks nor in exits.`;
  }
  const dearer = exitCycles(loser) >= exitCycles(winner) ? loser : winner;
  const other = dearer === loser ? winner : loser;
  const now = exitCount(dearer) === 0 ? null : Math.round(exitCycles(dearer) / exitCount(dearer));
  const mean =
    perExit === null || now === null
      ? ''
      : ` (on average ${perExit === 0 ? 'less than 1' : count(perExit)} instead of ${count(now)} cycles with its handler)`;
  const price = `if a VMEXIT cost ${factorText(factor)} what the cost table says${mean}`;
  return `They break even ${price}: dearer exits favour ${other.mode}, cheaper ones ${dearer.mode}.`;
}

/** `1.23x`; below a tenth two digits that say something, so that small factors do not print as 0: `0.059x`, `0.00042x`. */
function factorText(factor: number): string {
  const zeros = Math.max(0, -Math.floor(Math.log10(factor)) - 1);
  return `${factor.toFixed(2 + Math.min(zeros, 20))}x`;
}

function counted(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? '' : 's'}`;
}

/** Exact below a million, then `67.7 M` and `1.2 G`. */
function count(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(1)} G`;
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} M`;
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}
