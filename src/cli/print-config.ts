/** `--print-config`: every key with its value and where the value came from. */
import type { EffectiveConfig, RunOptions } from '../index.js';
import type { Context, Library } from './context.js';
import type { Given } from './options.js';
import { asJson } from './json-text.js';

/** `stlb.entries = 1536   # preset skylake`, one line per key. */
export function configLines(effective: EffectiveConfig, library: Library): string[] {
  const rows = Array.from(library.configValues(effective.config), ([key, value]) => ({
    text: `${key} = ${library.formatValue(value)}`,
    origin: effective.origins.get(key) ?? 'default',
  }));
  const width = Math.max(...rows.map((row) => row.text.length));
  return rows.map(({ text, origin }) => `${text.padEnd(width)}  # ${origin}`);
}

/** Prints the effective configuration for the first trace, whose header may declare some of it. */
export async function printConfig(
  all: readonly RunOptions[],
  modes: readonly string[],
  given: Given,
  context: Context,
  library: Library,
): Promise<void> {
  const [options] = all;
  if (options === undefined) return;
  const prepared = await library.prepare(options, modes);
  await prepared.close();
  const text = given.flag('json')
    ? asJson(library.configListing(prepared.effective))
    : `${configLines(prepared.effective, library).join('\n')}\n`;
  context.stdout.write(text);
}
