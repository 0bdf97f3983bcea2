/**
 * What moved with a violated budget: the other metrics that changed, those first that share most of its name, then by
 * the size of the change.
 */
import { metricOf } from '../saved/saved-run.js';
import { type Counted, RATIOS } from './ratios.js';

export interface MovedMetric {
  readonly key: string;
  readonly base: number;
  readonly value: number;
}

/** Every one that changed; reports show the first few. Costs and the kernel's own count come last unless they are meant. */
export function movedMetrics(base: Counted, head: Counted, metric: string): readonly MovedMetric[] {
  const [own = metric, ...parts] = partsOf(metric);
  const keys = [...new Set([...head.metrics.keys(), ...base.metrics.keys()])];
  const moved = keys.flatMap((key): MovedMetric[] => {
    const [before, after] = [metricOf(base, key), metricOf(head, key)];
    if (key === metric || before === null || after === null || before === after) return [];
    return [{ key, base: before, value: after }];
  });
  const rank = ({ key }: MovedMetric): number => {
    if (key === own || parts.includes(key)) return 100;
    return sharedWords(key, own) - (distant(key, own) ? 1 : 0);
  };
  return moved.sort((a, b) => rank(b) - rank(a) || Math.abs(b.value - b.base) - Math.abs(a.value - a.base));
}

/** The counts of a ratio; the metric itself if it is none. */
function partsOf(metric: string): readonly string[] {
  const ratio = RATIOS.find(({ key }) => key === metric);
  return ratio === undefined ? [metric] : [ratio.part, ...ratio.whole];
}

/** Words at the beginning of both names. */
function sharedWords(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')];
  const differing = left.findIndex((word, i) => word !== right[i]);
  return differing < 0 ? left.length : differing;
}

function distant(key: string, own: string): boolean {
  return ['cost', 'kernel'].some((word) => key.startsWith(`${word}.`) && !own.startsWith(`${word}.`));
}
