/**
 * What are page-walk caches worth? All of them (guest, host, nested TLB) from none to four times the preset's.
 *
 * Without them a walk makes its full number of references: 4 native, 24 in two dimensions of 4 levels.
 */
import type { MachineConfig } from '../config/schema.js';
import { ConfigError } from '../errors.js';
import { againstFirst, CYCLES, cyclesPerThousand, eachMode, refsPerWalk } from './columns.js';
import type { Experiment, Values } from './experiment.js';
import { factorLabel, scaledArray } from './scale.js';

const REFS = 'references/walk';
const MODES = ['native', 'hap', 'shadow'];
const FACTORS = [0, 1 / 4, 1 / 2, 1, 2, 4];
const LEVELS = ['l5', 'l4', 'l3', 'l2'] as const;

function scaled({ pwc, npwc, ntlb }: MachineConfig, factor: number): Values {
  const levels = LEVELS.map((level) => ({
    ...scaledArray(`pwc.${level}`, pwc[level], factor),
    ...scaledArray(`npwc.${level}`, npwc[level], factor),
  }));
  return Object.assign({}, ...levels, scaledArray('ntlb', ntlb, factor));
}

export const walkCaches = {
  name: 'walk-caches',
  summary: 'page-walk caches and nested TLB from none to 4 times the preset',
  question: 'What are page-walk caches worth, in one dimension and in two?',
  modes: MODES,
  settings: {},
  axis: 'walk caches',
  rows(base) {
    if (Object.entries(scaled(base, 1)).every(([key, value]) => value === 0 || key.endsWith('.ways'))) {
      throw new ConfigError('the preset has no walk caches to make smaller or larger', {
        hint: 'choose another with -p: `p2msim presets` lists them',
      });
    }
    return FACTORS.map((factor) => ({
      label: factor === 0 ? 'none' : `${factorLabel(factor)} x preset`,
      settings: scaled(base, factor),
    }));
  },
  columns: [
    ...eachMode(MODES, REFS, 'rate', refsPerWalk),
    ...eachMode(MODES, CYCLES, 'rate', cyclesPerThousand),
    againstFirst('native', 'vs none', cyclesPerThousand),
    againstFirst('hap', 'vs none', cyclesPerThousand),
  ],
  bars: { group: REFS, head: 'hap' },
  verdict({ at }) {
    const preset = FACTORS.indexOf(1);
    const saved = (mode: string): string => (at(0, REFS, mode) - at(preset, REFS, mode)).toFixed(2);
    return [
      `The preset's walk caches spare a walk ${saved('hap')} references under hap and ${saved('native')} natively.`,
      `Without them a walk in two dimensions makes ${(at(0, REFS, 'hap') / at(0, REFS, 'native')).toFixed(2)} times the references of a native one; with them ${(at(preset, REFS, 'hap') / at(preset, REFS, 'native')).toFixed(2)} times, on this trace.`,
    ];
  },
} satisfies Experiment;
