import { describe, expect, it } from 'vitest';
import { environmentName, environmentSettings } from '../../../src/config/environment.js';
import { CONFIG_KEYS } from '../../../src/config/keys.js';

describe('the environment', () => {
  it('sets any key, and leaves the variables of others alone', () => {
    const { preset, settings } = environmentSettings({
      P2MSIM_PRESET: 'zen2',
      P2MSIM_GUEST_PAGESIZE: '2m',
      HOME: '/',
    });
    expect(preset).toBe('zen2');
    expect(settings).toEqual([
      { key: 'guest.pageSize', value: '2m', origin: 'environment variable P2MSIM_GUEST_PAGESIZE' },
    ]);
  });

  it('has a variable of its own for every key', () => {
    const names = CONFIG_KEYS.map(({ key }) => environmentName(key));
    expect(new Set(names).size).toBe(CONFIG_KEYS.length);
  });

  it('reports a variable that names no key', () => {
    expect(() => environmentSettings({ P2MSIM_STLB_ENTIRES: '1' })).toThrow(/did you mean 'stlb.entries'/);
  });
});
