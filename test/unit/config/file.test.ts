import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../../src/config/file.js';
import { CONFIG_SECTIONS } from '../../../src/config/sections.js';
import { CONFIG_KEYS } from '../../../src/config/keys.js';
import { checkPolicyName } from '../../../src/hypervisor/shadow/policies/load.js';

describe('a configuration file', () => {
  it('takes nested and dotted keys and a preset', async () => {
    const text = '{"$schema": "x", "preset": "zen3",\n "stlb": {"entries": 4096}, "guest.pcid": true}';
    const { preset, settings } = await parseConfigFile(text, 'f.json');
    expect(preset).toBe('zen3');
    expect(settings).toEqual([
      { key: 'stlb.entries', value: 4096, origin: 'f.json:2' },
      { key: 'guest.pcid', value: true, origin: 'f.json:2' },
    ]);
  });

  it('says the same in TOML', async () => {
    const text = 'preset = "zen3"\nguest.pcid = true\ncache.l1.bytes = "48k"\n[stlb]\nentries = 4096\n';
    const { preset, settings } = await parseConfigFile(text, 'f.toml');
    expect(preset).toBe('zen3');
    expect(settings).toEqual([
      { key: 'guest.pcid', value: true, origin: 'f.toml:2' },
      { key: 'cache.l1.bytes', value: 49152, origin: 'f.toml:3' }, // 48 * 1024
      { key: 'stlb.entries', value: 4096, origin: 'f.toml:5' },
    ]);
  });

  it('may be empty in TOML', async () => {
    expect(await parseConfigFile('# nothing yet\n', 'f.toml')).toMatchObject({ settings: [] });
  });

  it.each([
    ['[]', 'f.json:1:1: the file is a list; expected a table of configuration keys'],
    ['{', 'f.json:1:2: not JSON: it breaks off here'],
    [
      '{"sltb": {"ways": 2}}',
      "f.json:1:11: unknown configuration key 'sltb.ways' (did you mean 'stlb.ways'?)",
    ],
    ['{"seed": [1]}', "f.json:1:10: seed is '[1]'; expected an integer from 0 to 4294967295"],
    ['{"seed":\n 1.5}', "f.json:2:2: seed is '1.5'; expected an integer from 0 to 4294967295"],
    ['{"preset": 3}', 'f.json:1:12: preset is 3; expected the name of a preset'],
    ['{"presett": "zen2"}', "f.json:1:2: unknown name 'presett' (did you mean 'preset'?)"],
    ['{"x": 1}', "f.json:1:2: unknown configuration key 'x'"],
  ])('%s is refused with line and column', async (text, message) => {
    await expect(parseConfigFile(text, 'f.json')).rejects.toThrow(message);
  });

  it.each([
    [
      'f.json',
      '{"stlb": {"entries": 768},\n "stlb.entries": 1536}',
      "f.json:2:2: 'stlb.entries' is there twice, first in line 1; expected it once",
    ],
    // Keys take any case.
    [
      'f.toml',
      'stlb.entries = 1\n"stlb.ways" = 8\n[guest]\npcid = true\n["STLB"]\nways = 4\n',
      "f.toml:6:1: 'stlb.ways' is there twice, first in line 2; expected it once",
    ],
  ])('that sets a key twice in %s is refused at the second place', async (name, text, message) => {
    await expect(parseConfigFile(text, name)).rejects.toThrow(message);
  });

  it('hands over every section as it stands', async () => {
    for (const { name } of CONFIG_SECTIONS) {
      const { sections } = await parseConfigFile(JSON.stringify({ [name]: 'zen2' }), 'f.json');
      expect(sections.get(name)?.value).toBe('zen2');
    }
  });

  it('with a preset that is not there is refused at its place', async () => {
    await expect(parseConfigFile('# core\npreset = "zen99"', 'f.toml')).rejects.toThrow(
      "f.toml:2:10: unknown preset 'zen99' (did you mean 'zen2'?); presets are",
    );
  });

  it('has its values checked by the caller, whose errors get the place', async () => {
    const check = checkPolicyName;
    await expect(parseConfigFile('{"shadow": {"policy": "kvmm"}}', 'f.json', check)).rejects.toThrow(
      "f.json:1:23: unknown shadow policy 'kvmm' (did you mean 'kvm'?)",
    );
    expect((await parseConfigFile('{"shadow": {"policy": "kvm"}}', 'f.json', check)).settings).toHaveLength(
      1,
    );
  });

  it('has no section that is called like a key', () => {
    const tops = new Set(CONFIG_KEYS.map(({ key }) => key.split('.')[0]));
    expect(CONFIG_SECTIONS.filter(({ name }) => tops.has(name))).toEqual([]);
  });
});
