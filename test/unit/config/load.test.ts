import { describe, expect, it } from 'vitest';
import { configDigest } from '../../../src/config/build.js';
import { defaultConfig } from '../../../src/config/defaults.js';
import { resolveConfig } from '../../../src/config/load.js';
import { parseAssignment, parseSetting } from '../../../src/config/values.js';

const SILENT = { guestLevels: null, vcpus: null, ram: null, features: [] } as const;
const set = (text: string) => parseAssignment(text, '--set');

describe('settings', () => {
  it('read sizes, words and numbers by the type of the key', () => {
    expect(parseSetting('cache.l1.bytes', '48k', 'x').value).toBe(49152); // 48 * 1024
    expect(parseSetting('guest.ram', '4GiB', 'x').value).toBe(4096); // MiB
    expect(parseSetting('guest.ram', '512', 'x').value).toBe(512); // a plain number is MiB
    expect(parseSetting('shadow.pool', '16M', 'x').value).toBe(4096); // 16 MiB / 4 KiB
    expect(parseSetting('shadow.pool', 'auto', 'x').value).toBe('auto');
    expect(parseSetting('guest.levels', '5', 'x').value).toBe(5);
    expect(parseSetting('guest.pcid', 'on', 'x').value).toBe(true);
    expect(parseSetting('stlb.sizes', '2m+4k', 'x').value).toBe('4k+2m');
  });

  it('accept the tlb. prefix, page sizes as path elements, and any case', () => {
    expect(set('tlb.stlb.entries=2048').key).toBe('stlb.entries');
    expect(set('l1d.4k.entries=32').key).toBe('l1d.entries');
    expect(set('l1i.2m.ways=8').key).toBe('l1i2m.ways');
    expect(set('GUEST.PAGESIZE=2m').key).toBe('guest.pageSize');
  });

  it('suggest the key that was meant', () => {
    expect(() => set('stlb.entires=1')).toThrow(
      "--set stlb.entires: unknown configuration key 'stlb.entires' (did you mean 'stlb.entries'?)",
    );
  });

  it('suggest the value that was meant', () => {
    expect(() => parseSetting('guest.mode', 'demnad', '--guest')).toThrow(
      "--guest: guest.mode is 'demnad' (did you mean 'demand'?); expected one of demand, premapped",
    );
  });

  it('name range and unit of a number that is out of range', () => {
    expect(() => set('vcpus=0')).toThrow("--set vcpus is '0'; expected an integer from 1 to 256");
    expect(() => set('guest.ram=3k')).toThrow(
      /expected an integer from 32 to 524288 MiB or a size such as 64MiB or auto/,
    );
    expect(() => set('stlb.entries=-4')).toThrow(/expected an integer from 0 to/);
  });

  it('say what an assignment looks like', () => {
    expect(() => set('stlb.entries')).toThrow(
      "--set: 'stlb.entries' is not an assignment; expected key=value",
    );
  });
});

describe('layers', () => {
  it('keep the origin of every value', () => {
    const { config, origins } = resolveConfig({
      preset: 'zen2',
      declared: { ...SILENT, guestLevels: 5 },
      trace: 'a.csv',
      settings: [set('stlb.ways=8')],
    });
    expect(config.stlb).toEqual({ entries: 2048, ways: 8, policy: 'lru', sizes: '4k+2m' });
    expect(config.guest.levels).toBe(5);
    expect(origins.get('stlb.ways')).toBe('--set stlb.ways');
    expect(origins.get('stlb.entries')).toBe('preset zen2');
    expect(origins.get('guest.levels')).toBe('header of a.csv');
    expect(origins.get('guest.mode')).toBe('default');
  });

  it('let the later setting win', () => {
    const settings = [parseSetting('seed', 7, 'file'), parseSetting('seed', 9, '--seed')];
    const { config, origins } = resolveConfig({ settings });
    expect([config.seed, origins.get('seed')]).toEqual([9, '--seed']);
  });

  it('refuse another paging mode than the trace was recorded with, naming both', () => {
    const layers = {
      declared: { ...SILENT, guestLevels: 5 as const },
      trace: 'a.csv',
      settings: [parseSetting('guest.levels', '4', '--guest-paging')],
    };
    expect(() => resolveConfig(layers)).toThrow(
      '--guest-paging sets guest.levels to 4, but the header of a.csv declares 5',
    );
  });

  it('refuse fewer vcpus and less RAM than the trace declares, and take more', () => {
    const declared = { ...SILENT, vcpus: 2, ram: 2 ** 30 };
    const with_ = (text: string) => () => resolveConfig({ declared, settings: [set(text)] });
    expect(with_('vcpus=1')).toThrow(/but the header of the trace declares 2/);
    expect(with_('guest.ram=512MiB')).toThrow(/but the header of the trace declares 1024/);
    expect(with_('vcpus=4')).not.toThrow();
    expect(with_('guest.ram=2GiB')).not.toThrow();
    expect(with_('guest.ram=auto')).not.toThrow();
  });

  it('suggest the preset that was meant', () => {
    expect(() => resolveConfig({ preset: 'skylaek' })).toThrow(
      "unknown preset 'skylaek' (did you mean 'skylake'?)",
    );
  });
});

describe('geometry', () => {
  const resolving =
    (...texts: string[]) =>
    () =>
      resolveConfig({ settings: texts.map(set) });

  it('needs entries that are a multiple of the ways', () => {
    expect(resolving('stlb.entries=1000')).toThrow(
      'stlb.entries is 1000 (--set stlb.entries); expected a multiple of stlb.ways, which is 12',
    );
  });

  it('needs a power of two of sets', () => {
    expect(resolving('stlb.entries=1200')).toThrow(
      'stlb.entries is 1200, which makes 100 sets of 12 ways (--set stlb.entries); expected a power of two of sets',
    );
  });

  it('needs no more ways than entries', () => {
    expect(resolving('l1d.ways=128')).toThrow('l1d.ways is 128 (--set l1d.ways); expected 1 to 64');
  });

  it('takes a fully associative array of any size, and an absent one with any ways', () => {
    expect(resolving('stlb.entries=100', 'stlb.ways=100')).not.toThrow();
    expect(resolving('stlb.entries=0')).not.toThrow();
  });

  it('keeps each page size in one array per level', () => {
    expect(resolving('l1d.sizes=4k+2m')).toThrow(
      /l1d2m\.sizes is 2m .*expected sizes that l1d does not hold already/,
    );
    expect(resolving('l1d.sizes=4k+2m', 'l1d2m.entries=0')).not.toThrow();
  });

  it('needs caches of whole sets', () => {
    expect(resolving('cache.l2.bytes=300k')).toThrow(
      /cache\.l2\.bytes is 307200 .*64 bytes x cache\.l2\.ways \(4\)/,
    );
  });
});

describe('rules for first touches', () => {
  const resolving =
    (...texts: string[]) =>
    () =>
      resolveConfig({ settings: texts.map(set) });

  it('are taken with a p2m that is filled at first touch', () => {
    const { config } = resolving('host.populate=lazy', 'host.fill=group', 'host.memory=unpopulated')();
    expect([config.host.fill, config.host.memory, config.guest.memory]).toEqual([
      'group',
      'unpopulated',
      'cold',
    ]);
    expect(resolving('host.populate=lazy', 'host.memory=unpopulated', 'host.pageSize=2m')).not.toThrow();
  });

  it('are refused where they would decide nothing, naming both values', () => {
    expect(resolving('host.fill=group')).toThrow(
      'host.fill is group (--set host.fill); expected page where host.populate is eager (default)',
    );
    expect(resolving('host.memory=unpopulated', 'host.populate=eager')).toThrow(
      'host.memory is unpopulated (--set host.memory); expected populated where host.populate is eager (--set host.populate)',
    );
    expect(resolving('host.populate=lazy', 'host.memory=unpopulated', 'guest.memory=warm')).toThrow(
      'host.memory is unpopulated (--set host.memory); expected populated where guest.memory is warm (--set guest.memory)',
    );
  });

  it('are refused with host pages that do not come on touch', () => {
    expect(resolving('host.populate=lazy', 'host.memory=unpopulated', 'host.pageSize=1g')).toThrow(
      'host.pageSize is 1g (--set host.pageSize); expected 4k or 2m for unpopulated host memory',
    );
  });
});

describe('the digest of a configuration', () => {
  it('is the same for equal configurations and differs where one value does', () => {
    const plain = configDigest(defaultConfig());
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
    expect(configDigest(resolveConfig().config)).toBe(plain);
    expect(configDigest(resolveConfig({ settings: [set('seed=2')] }).config)).not.toBe(plain);
  });
});
