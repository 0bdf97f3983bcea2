import { describe, expect, it } from 'vitest';
import { environmentName, environmentSettings } from '../../../src/config/environment.js';
import { CONFIG_KEYS } from '../../../src/config/keys.js';
import { checkPolicyName } from '../../../src/hypervisor/shadow/policies/load.js';

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

  it('names the variable whose value names nothing', () => {
    expect(() => environmentSettings({ P2MSIM_PRESET: 'zen99' })).toThrow(
      "environment variable P2MSIM_PRESET: unknown preset 'zen99' (did you mean 'zen2'?)",
    );
    expect(() => environmentSettings({ P2MSIM_SHADOW_POLICY: 'kvmm' }, checkPolicyName)).toThrow(
      "environment variable P2MSIM_SHADOW_POLICY: unknown shadow policy 'kvmm' (did you mean 'kvm'?)",
    );
  });

  it('reports a variable that names no key', () => {
    expect(() => environmentSettings({ P2MSIM_STLB_ENTIRES: '1' })).toThrow(/did you mean 'stlb.entries'/);
  });
});
