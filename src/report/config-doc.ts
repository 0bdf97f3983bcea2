/**
 * The table of configuration keys in docs/configuration.md, made of CONFIG_KEYS: `npm run docs` writes it.
 */
import { configValues } from '../config/build.js';
import { defaultConfig } from '../config/defaults.js';
import { CONFIG_KEYS, type ConfigKey, formatValue, PRESET_KEYS } from '../config/keys.js';
import { DEFAULT_PRESET } from '../config/presets/index.js';
import { CONFIG_SECTIONS } from '../config/sections.js';
import { expectedOf } from '../config/values.js';

/** What the generated part of the page stands between. */
export const KEYS_BEGIN = '<!-- keys: written by npm run docs -->';
export const KEYS_END = '<!-- end of keys -->';

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function row(key: ConfigKey, value: string): string {
  return `| \`${key.key}\` | ${cell(value)} | ${cell(key.meaning)}; ${cell(expectedOf(key))} |`;
}

function table(rows: readonly string[], head: string): string {
  return [head, '| --- | --- | --- |', ...rows, ''].join('\n');
}

/** Sections, then keys of the model, then of the core, which presets give. */
export function keysMarkdown(): string {
  const values = configValues(defaultConfig());
  const hardware = new Set(PRESET_KEYS);
  const shown = ({ key }: ConfigKey): string => {
    const value = values.get(key);
    return value === undefined ? '' : formatValue(value);
  };
  const rows = (own: boolean): string[] =>
    CONFIG_KEYS.filter(({ key }) => hardware.has(key) === own).map((key) => row(key, shown(key)));
  const sections = CONFIG_SECTIONS.map(({ name, meaning }) => `| \`${name}\` | ${cell(meaning)} |`);
  return [
    '<!-- prettier-ignore-start -->',
    '',
    '### At the top of a file, besides keys',
    '',
    ['| name | meaning |', '| --- | --- |', ...sections, ''].join('\n'),
    '### The machine: guest, hypervisor, memory',
    '',
    table(rows(false), '| key | default | meaning and range |'),
    '### The core: TLBs, walk caches, data caches',
    '',
    `Defaults are those of preset \`${DEFAULT_PRESET}\`; every preset gives all of them.`,
    '',
    table(rows(true), '| key | default | meaning and range |'),
    '<!-- prettier-ignore-end -->',
  ].join('\n');
}

/** The page with its generated part made anew. */
export function withKeys(page: string): string {
  const [before = '', rest = ''] = page.split(KEYS_BEGIN);
  const [, after = ''] = rest.split(KEYS_END);
  return `${before}${KEYS_BEGIN}\n\n${keysMarkdown()}\n\n${KEYS_END}${after}`;
}
