/** A miss-ratio curve as a plot of 72 columns: miss ratio over the logarithm of the size. */
import type { MissCurve } from '../trace/mrc/miss-curve.js';
import { percent } from './numbers.js';

/** From an eighth of a cell to a whole one, and what draws the axes. */
export interface PlotCharacters {
  readonly bars: readonly string[];
  readonly axis: string;
  readonly corner: string;
  readonly floor: string;
}

export const UNICODE_PLOT: PlotCharacters = {
  bars: ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  axis: '│',
  corner: '└',
  floor: '─',
};
export const ASCII_PLOT: PlotCharacters = {
  bars: ['.', '.', '.', ':', ':', ':', '#', '#'],
  axis: '|',
  corner: '+',
  floor: '-',
};

const WIDTH = 72;
const HEIGHT = 12;
const LABEL = 8;
const BARS = WIDTH - LABEL - 1;
/** Rows that have a label. */
const LABEL_EVERY = 4;
/** Fewest columns between two labels of the x axis. */
const LABEL_ROOM = 7;

/** Lines without a newline. */
export function missRatioPlot(curve: MissCurve, characters: PlotCharacters): string[] {
  const octaves = Math.max(1, Math.ceil(Math.log2(curve.largest)));
  const sizes = Array.from({ length: BARS }, (_, x) => Math.floor(2 ** ((x * octaves) / (BARS - 1)) + 1e-9));
  const top = Math.max(curve.at(1), 1);
  const eighths = sizes.map((size) => Math.ceil((curve.at(size) / top) * HEIGHT * 8));
  const rows = Array.from({ length: HEIGHT }, (_, y) => {
    const below = (HEIGHT - 1 - y) * 8;
    const label = y % LABEL_EVERY === 0 ? percent(top * ((HEIGHT - y) / HEIGHT), curve.accesses) : '';
    const bars = eighths.map((height) => cell(height - below, characters)).join('');
    return `${label.padStart(LABEL)}${characters.axis}${bars}`.trimEnd();
  });
  const floor = `${'0%'.padStart(LABEL)}${characters.corner}${characters.floor.repeat(BARS)}`;
  return [
    ...rows,
    floor,
    tickLine(octaves),
    `${' '.repeat(LABEL + 1)}entries (logarithmic); bars: miss ratio`,
  ];
}

function cell(eighths: number, { bars }: PlotCharacters): string {
  return eighths <= 0 ? ' ' : (bars[Math.min(eighths, 8) - 1] ?? ' ');
}

/** Powers of two below the columns where they are, as many as have room. */
function tickLine(octaves: number): string {
  const every = Math.max(1, Math.ceil((LABEL_ROOM * octaves) / (BARS - 1)));
  let line = ' '.repeat(LABEL + 1);
  for (let power = 0; power <= octaves; power += every) {
    const column = LABEL + 1 + Math.round((power * (BARS - 1)) / octaves);
    const label = sizeLabel(power);
    // The last label ends where the plot ends.
    const start = Math.min(column, WIDTH - label.length);
    if (start >= line.trimEnd().length + 1) line = line.trimEnd().padEnd(start) + label;
  }
  return line;
}

/** 2^power as `64`, `4K`, `1M`. */
function sizeLabel(power: number): string {
  const units = ['', 'K', 'M', 'G'];
  return `${2 ** (power % 10)}${units[Math.floor(power / 10)] ?? ''}`;
}
