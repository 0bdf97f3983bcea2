import { describe, expect, it } from 'vitest';
import { MODEL_DEFAULTS, defaultConfig } from '../../../src/config/defaults.js';
import { CONFIG_KEYS, PRESET_KEYS, formatValue } from '../../../src/config/keys.js';
import { configValues, flatten } from '../../../src/config/build.js';
import { presets } from '../../../src/config/presets/index.js';
import { validateConfig } from '../../../src/config/validate.js';
import { parseSetting } from '../../../src/config/values.js';

describe('the table of keys', () => {
  it('has one row for every leaf of the configuration, and no other', () => {
    const leaves = flatten(defaultConfig()).map(([key]) => key);
    expect(CONFIG_KEYS.map((row) => row.key).sort()).toEqual(leaves.sort());
  });

  it('splits the keys between the presets and the defaults of the model', () => {
    const all = [...PRESET_KEYS, ...MODEL_DEFAULTS.keys()];
    expect(new Set(all).size).toBe(all.length);
    expect(all.sort()).toEqual(CONFIG_KEYS.map((row) => row.key).sort());
  });
});

describe.each(presets.all())('preset $name', (preset) => {
  it('gives every hardware key once', () => {
    expect(preset.entries.map((entry) => entry.key).sort()).toEqual([...PRESET_KEYS].sort());
  });

  it('says where every value comes from', () => {
    expect(preset.entries.filter((entry) => entry.source.length < 10)).toEqual([]);
  });

  it('is a machine that can be built, with values that read back as they print', () => {
    const config = defaultConfig(preset.name);
    expect(() => validateConfig(config)).not.toThrow();
    for (const [key, value] of configValues(config)) {
      expect(parseSetting(key, formatValue(value), 'test')).toEqual({ key, value, origin: 'test' });
    }
  });
});

describe('the presets', () => {
  it('include two Intel and two AMD cores', () => {
    const vendors = presets.names().map((name) => defaultConfig(name).vendor);
    expect(vendors.filter((vendor) => vendor === 'intel').length).toBeGreaterThanOrEqual(2);
    expect(vendors.filter((vendor) => vendor === 'amd').length).toBeGreaterThanOrEqual(2);
  });

  it('give `none` no array at all', () => {
    const sizes = [...configValues(defaultConfig('none'))].filter(([key]) => /\.(entries|bytes)$/.test(key));
    expect(sizes.length).toBeGreaterThan(10);
    expect(sizes.every(([, value]) => value === 0)).toBe(true);
  });

  it('give `reference` two levels of 4K TLBs and nothing else', () => {
    const present = [...configValues(defaultConfig('reference'))]
      .filter(([key, value]) => /\.(entries|bytes)$/.test(key) && value !== 0)
      .map(([key, value]) => `${key}=${value}`);
    expect(present).toEqual(['l1d.entries=64', 'l1i.entries=64', 'stlb.entries=1536']);
  });
});
