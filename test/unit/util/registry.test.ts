import { describe, expect, it } from 'vitest';
import { InternalError, UsageError } from '../../../src/errors.js';
import { Registry, didYouMean, unknownName } from '../../../src/util/registry.js';

const modes = new Registry('mode', [{ name: 'native' }, { name: 'hap' }, { name: 'shadow' }]);

describe('a registry', () => {
  it('lists names in the order of registration', () => {
    expect(modes.names()).toEqual(['native', 'hap', 'shadow']);
    expect(modes.all().map((mode) => mode.name)).toEqual(modes.names());
  });

  it('finds a plugin by name', () => {
    expect(modes.has('hap')).toBe(true);
    expect(modes.has('hpa')).toBe(false);
    expect(modes.get('hap')).toEqual({ name: 'hap' });
  });

  it('says what is near when there is none', () => {
    expect(() => modes.get('shadwo')).toThrow(
      new UsageError("unknown mode 'shadwo' (did you mean 'shadow'?); modes are native, hap, shadow"),
    );
  });

  it('refuses two plugins of one name', () => {
    expect(() => new Registry('mode', [{ name: 'a' }, { name: 'a' }])).toThrow(InternalError);
  });
});

describe('did you mean', () => {
  it('takes a letter too many, too few or wrong, in either case', () => {
    expect(didYouMean('natives', ['native', 'hap'])).toBe('native');
    expect(didYouMean('ative', ['native', 'hap'])).toBe('native');
    expect(didYouMean('NATIVA', ['native', 'hap'])).toBe('native');
  });

  it('counts two neighbours swapped as one slip', () => {
    // 3 letters allow floor(1.2) = 1 slip: hpa -> hap is one swap, but two replacements.
    expect(didYouMean('hpa', ['native', 'hap'])).toBe('hap');
  });

  it('says nothing when nothing is near', () => {
    expect(didYouMean('qemu', ['native', 'hap', 'shadow'])).toBeUndefined();
    expect(didYouMean('x', [])).toBeUndefined();
  });

  it('forms the plural of a kind that ends in y', () => {
    expect(unknownName('shadow policy', 'q', ['xen', 'kvm']).message).toBe(
      "unknown shadow policy 'q'; shadow policies are xen, kvm",
    );
  });
});
