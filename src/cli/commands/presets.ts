/** `p2msim presets`: the cores that can be modelled, each value with its source. */
import type { Command } from '@commander-js/extra-typings';
import type { Context, Library } from '../context.js';
import { examples } from '../help.js';
import { nameTable } from '../name-table.js';
import { asJson } from '../json-text.js';
import { writeListing } from '../listing-text.js';

function presetText(name: string, library: Library): string {
  const preset = library.presets.get(name);
  const rows = preset.entries.map(({ key, value, source }) => ({
    text: `${key} = ${library.formatValue(value)}`,
    source,
  }));
  const width = Math.max(...rows.map((row) => row.text.length));
  const lines = rows.map(({ text, source }) => `${text.padEnd(width)}  # ${source}\n`);
  return `${preset.name}  ${preset.summary}\n\n${lines.join('')}`;
}

function keysText(library: Library): string {
  const values = library.configValues(library.defaultConfig());
  return library.CONFIG_KEYS.map((row) => {
    const value = values.get(row.key);
    const shown = value === undefined ? '' : library.formatValue(value);
    return `${row.key} = ${shown}\n    ${row.meaning}; ${library.expectedOf(row)}\n`;
  }).join('');
}

function listText(keys: boolean, library: Library): string {
  return keys ? keysText(library) : nameTable(library.presets.all());
}

function listing(name: string | undefined, keys: boolean, library: Library): object {
  if (keys) return library.keyList();
  return name === undefined ? library.presetList() : library.presetListing(name);
}

export function addPresets(program: Command, context: Context): void {
  const command = program
    .command('presets')
    .summary('list hardware presets, or print one with sources')
    .description('List hardware presets, or print one with the source of every value.')
    .argument('[name]', 'a preset')
    .option('--keys', 'print every configuration key with default, meaning and range')
    .option('--json', 'print JSON');
  command.addHelpText(
    'after',
    examples(
      ['p2msim presets zen3', 'every value and where it comes from'],
      ['p2msim presets --keys', 'what --set can set; docs/configuration.md'],
    ),
  );
  command.action(async (name, values) => {
    const library = await context.loadLibrary();
    const keys = values.keys === true;
    if (keys && name !== undefined) {
      throw new library.UsageError(`--keys lists the keys of every preset, and '${name}' is one preset`, {
        hint: `\`p2msim presets ${name}\` prints its values`,
      });
    }
    if (values.json === true) context.stdout.write(asJson(listing(name, keys, library)));
    else if (name === undefined) writeListing(listText(keys, library), context, library);
    // A line a value, which people cut apart.
    else context.stdout.write(presetText(name, library));
  });
}
