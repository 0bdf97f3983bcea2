/**
 * The configuration file: `p2msim.config.json` or `p2msim.config.toml`, with nested or dotted keys and sections.
 *
 * Finding and reading the file is left to the caller, so that nothing here does I/O.
 */
import { didYouMean } from '../util/registry.js';
import { type DocumentPart, parseDocument } from './document.js';
import { CONFIG_KEYS, findKey } from './keys.js';
import { presets } from './presets/index.js';
import { type KeyedPart, refuseRepeated } from './repeated.js';
import { CONFIG_SECTIONS } from './sections.js';
import { type Setting, parseSetting } from './values.js';

/** Read from the working directory if there is one and no other is named; both at once are an error. */
export const CONFIG_FILES = ['p2msim.config.json', 'p2msim.config.toml'] as const;

/** What a configuration file says. */
export interface ConfigFile {
  readonly preset: string | undefined;
  readonly settings: readonly Setting[];
  /** By the names of CONFIG_SECTIONS, as they stand in the file. */
  readonly sections: ReadonlyMap<string, DocumentPart>;
}

/** A file that says nothing. */
export const NO_CONFIG_FILE: ConfigFile = { preset: undefined, settings: [], sections: new Map() };

const SECTION_NAMES: readonly string[] = CONFIG_SECTIONS.map(({ name }) => name);

/**
 * Reads the configuration file in `text`; `file` is its name. `check` refuses values by what is known elsewhere. Throws
 * ConfigError with line and column.
 */
export async function parseConfigFile(
  text: string,
  file: string,
  check: (setting: Setting) => void = () => {},
): Promise<ConfigFile> {
  const document = await parseDocument(text, file);
  const sections = new Map<string, DocumentPart>();
  const leaves: KeyedPart[] = [];
  for (const [name, part] of document.entries('a table of configuration keys')) {
    if (SECTION_NAMES.includes(name)) {
      sections.set(name, part);
    } else {
      refuseSlip(part, name);
      leaves.push(...leavesOf(part, name));
    }
  }
  refuseRepeated(leaves);
  document.refuseSpellings();
  const settings = leaves.map((leaf) => settingOf(leaf, check));
  const preset = sections.get('preset');
  return { preset: preset && presetOf(preset), settings, sections };
}

function presetOf(part: DocumentPart): string {
  return part.placed(() => presets.get(part.text('the name of a preset')).name);
}

/** True if `name` is a key or begins one. */
function isKey(name: string): boolean {
  const lower = name.toLowerCase();
  return lower === 'tlb' || CONFIG_KEYS.some(({ key }) => `${key.toLowerCase()}.`.startsWith(`${lower}.`));
}

/** The leaves of a part with their keys; `path` is the dotted one so far. */
function leavesOf(part: DocumentPart, path: string): KeyedPart[] {
  if (part.isTable()) return part.entries().flatMap(([name, inner]) => leavesOf(inner, `${path}.${name}`));
  const { key } = part.placed((where) => findKey(path, where), 'name');
  return [{ key, part }];
}

function settingOf({ key, part }: KeyedPart, check: (setting: Setting) => void): Setting {
  return part.placed((where) => {
    const setting = parseSetting(key, part.value, where);
    check(setting);
    return { ...setting, origin: `${part.file}:${part.line}` };
  });
}

/** Refuses a name at the top that is a slip of a section's; the key table knows about all others. */
function refuseSlip(part: DocumentPart, name: string): void {
  const near = didYouMean(name, SECTION_NAMES);
  if (near === undefined || isKey(name)) return;
  throw part.mistake(`unknown name '${name}' (did you mean '${near}'?)`, { at: 'name' });
}
