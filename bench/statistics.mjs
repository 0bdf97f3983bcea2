/**
 * Medians, spreads, ratios, and the plain word for a ratio beside its floor and goal.
 */

/**
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {readonly number[]} samples in the order in which they were taken
 */

/**
 * @typedef {object} Target
 * @property {number} floor the least that will do
 * @property {number} goal what is wanted
 * @property {'lower' | 'higher'} better which way is better
 */

/** @typedef {'meets goal' | 'meets floor' | 'misses' | 'for information'} Verdict */

/** The middle sample, or the mean of the two in the middle. @param {readonly number[]} samples */
export function median(samples) {
  if (samples.length === 0) throw new RangeError('a median needs at least one sample');
  const sorted = [...samples].sort((a, b) => a - b);
  const upper = sorted.length >> 1;
  const high = sorted[upper];
  return sorted.length % 2 === 1 ? high : (sorted[upper - 1] + high) / 2;
}

/** @param {readonly number[]} samples @returns {Summary} */
export function summarize(samples) {
  return { median: median(samples), min: Math.min(...samples), max: Math.max(...samples), samples };
}

/**
 * How the subject stands to the baseline, both being costs: `lower` is better: times the baseline's cost; `higher`:
 * times as fast.
 *
 * @param {Summary} baseline
 * @param {Summary} subject
 * @param {'lower' | 'higher'} better
 */
export function ratioOf(baseline, subject, better) {
  return better === 'lower' ? subject.median / baseline.median : baseline.median / subject.median;
}

/** @param {number} value @param {Target | undefined} target @returns {Verdict} */
export function verdictOf(value, target) {
  if (target === undefined) return 'for information';
  const { floor, goal, better } = target;
  /** @param {number} limit */
  const within = (limit) => (better === 'lower' ? value <= limit : value >= limit);
  if (within(goal)) return 'meets goal';
  return within(floor) ? 'meets floor' : 'misses';
}
