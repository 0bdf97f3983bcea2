/**
 * How large must the second-level TLB be? Its sets are halved and doubled around the preset's; ways stay.
 *
 * Misses that are left in the largest are first touches and what flushes took: no size helps against those.
 */
import { ConfigError } from '../errors.js';
import { againstMode, change, CYCLES, cyclesPerThousand, eachMode, metric, perAccess } from './columns.js';
import type { Experiment } from './experiment.js';
import { scaledArray } from './scale.js';

const MISSES = 'STLB misses/1000';
const MODES = ['native', 'hap', 'shadow'];
const FACTORS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2];
/** A step that saves less than this share is called none. */
const SMALL = 0.01;

export const tlbSize = {
  name: 'tlb-size',
  summary: "a second-level TLB of 1/16 to twice the preset's size",
  question: 'How large must the second-level TLB be, and what does a smaller one cost in each mode?',
  modes: MODES,
  settings: {},
  axis: 'stlb.entries',
  rows(base) {
    if (base.stlb.entries === 0) {
      throw new ConfigError('the preset has no second-level TLB to make smaller or larger', {
        hint: 'choose another with -p, or give it one with --set stlb.entries=1536 --set stlb.ways=12',
      });
    }
    return FACTORS.map((factor) => {
      const settings = scaledArray('stlb', base.stlb, factor);
      return { label: String(settings['stlb.entries']), settings };
    });
  },
  columns: [
    ...eachMode(MODES, MISSES, 'rate', perAccess(metric('tlb.stlb.miss'), 1000)),
    ...eachMode(MODES, CYCLES, 'rate', cyclesPerThousand),
    againstMode('hap', 'native', 'vs native', cyclesPerThousand),
    againstMode('shadow', 'native', 'vs native', cyclesPerThousand),
  ],
  bars: { group: MISSES, head: 'hap' },
  verdict({ rows, at }) {
    const last = rows.length - 1;
    const floor = at(last, MISSES, 'hap');
    const enough = rows.findIndex((_, i) => at(i, MISSES, 'hap') <= floor * (1 + SMALL));
    const label = rows[enough]?.label ?? '';
    const first = rows[0]?.label ?? '';
    const largest = rows[last]?.label ?? '';
    const small = (mode: string): string => change(at(0, CYCLES, mode) / at(last, CYCLES, mode), largest);
    return [
      enough === last
        ? `Under hap every size up to ${largest} entries saves misses on this trace; larger ones may, too.`
        : `Under hap ${label} entries are enough for this trace: ${largest} miss at most 1% less, and what is left are first touches and flushes.`,
      `${first} entries cost hap ${small('hap')}, native ${small('native')}.`,
    ];
  },
} satisfies Experiment;
