/**
 * Quantiles of Student's t distribution, for confidence intervals over few seeds.
 *
 * The distribution function is the regularized incomplete beta function I_x(n/2, 1/2) at x = n/(n + t^2), by its
 * continued fraction (Lentz's method); the quantile is found by halving an interval. About ten digits are right.
 */

const LANCZOS = [
  76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
  -0.5395239384953e-5,
];

/** ln of the gamma function (Lanczos's approximation), x > 0. */
function logGamma(x: number): number {
  const shifted = x + 5.5 - (x + 0.5) * Math.log(x + 5.5);
  const series = LANCZOS.reduce((sum, c, i) => sum + c / (x + i + 1), 1.000000000190015);
  return -shifted + Math.log((Math.sqrt(2 * Math.PI) * series) / x);
}

const TINY = 1e-300;
const STEPS = 300;

/** The continued fraction of the incomplete beta function. */
function betaFraction(x: number, a: number, b: number): number {
  const near = (value: number): number => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / near(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / near(1 + even * d);
    c = near(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / near(1 + odd * d);
    c = near(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return fraction;
}

/** I_x(a, b), 0 <= x <= 1. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** How likely a value of Student's t with `degrees` of freedom is between -t and t. */
export function withinT(t: number, degrees: number): number {
  return 1 - incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5);
}

/** The t with which {@link withinT} is `confidence`: 12.706 for 0.95 and 1 degree of freedom. */
export function quantileT(confidence: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (withinT(high, degrees) < confidence) high *= 2;
  for (let i = 0; i < 200 && high - low > 1e-13 * high; i++) {
    const middle = (low + high) / 2;
    if (withinT(middle, degrees) < confidence) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** A mean, and half the width of its confidence interval; null with one value, which says nothing about others. */
export interface MeanInterval {
  readonly n: number;
  readonly mean: number;
  readonly halfWidth: number | null;
}

export function meanInterval(values: readonly number[], confidence: number): MeanInterval {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { n, mean, halfWidth: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (n - 1));
  return { n, mean, halfWidth: (quantileT(confidence, n - 1) * deviation) / Math.sqrt(n) };
}
