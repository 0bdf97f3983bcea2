import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environmentName } from '../../../src/config/environment.js';
import { parseConfigFile } from '../../../src/config/file.js';
import { CONFIG_KEYS } from '../../../src/config/keys.js';
import { keysMarkdown, KEYS_BEGIN, KEYS_END, withKeys } from '../../../src/report/config-doc.js';

const ROOT = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const PAGE = read('docs/configuration.md');

describe('docs/configuration.md', () => {
  it('has every key as the table has it (npm run docs)', () => {
    expect(PAGE).toBe(withKeys(PAGE));
    for (const { key, meaning } of CONFIG_KEYS) {
      expect(PAGE).toContain(`| \`${key}\` |`);
      expect(PAGE).toContain(meaning.replaceAll('|', '\\|'));
    }
  });

  it('changes nothing outside of the generated part', () => {
    const page = `a\n${KEYS_BEGIN}\nold\n${KEYS_END}\nb\n`;
    expect(withKeys(page)).toBe(`a\n${KEYS_BEGIN}\n\n${keysMarkdown()}\n\n${KEYS_END}\nb\n`);
  });

  it('names variables of the environment as they are', () => {
    const named = [...PAGE.matchAll(/P2MSIM_[A-Z0-9_]+/g)].map(([name]) => name);
    const known = new Set([
      'P2MSIM_',
      'P2MSIM_PRESET',
      ...CONFIG_KEYS.map(({ key }) => environmentName(key)),
    ]);
    expect(named.length).toBeGreaterThan(2);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it('shows the same file in both languages, and both as they are in examples/config', async () => {
    const [toml, json] = await Promise.all(
      ['toml', 'json'].map(async (language) => {
        const path = `examples/config/p2msim.config.${language}`;
        const shown = PAGE.split(`\`\`\`${language}\n`)[1]?.split('```')[0];
        expect(read(path).replace(/^# .*\n/, '')).toBe(shown);
        const { preset, settings, sections } = await parseConfigFile(read(path), path);
        const budgets: unknown = JSON.parse(JSON.stringify(sections.get('budgets')?.value));
        return { preset, settings: settings.map(({ key, value }) => [key, value]), budgets };
      }),
    );
    expect(toml).toEqual(json);
    expect(toml?.settings).toHaveLength(4);
  });
});
