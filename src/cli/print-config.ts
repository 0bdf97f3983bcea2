/** `--print-config`: every key with its value and where the value came from. */
import type { EffectiveConfig, RunOptions } from '../index.js';
import type { Context, Library } from './context.js';
import type { Given } from './options.js';
import { asJson } from './json-text.js';
import { type Target, targets } from './output.js';
import { OutputFile } from './output-file.js';

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
  const wanted = listingTargets(given, library);
  const inputs = all.map(({ trace }) => trace);
  const prepared = await library.prepare(options, modes);
  await prepared.close();
  const text = (reporter: string): string =>
    reporter === 'json'
      ? asJson(library.configListing(prepared.effective))
      : `${configLines(prepared.effective, library).join('\n')}\n`;
  for (const { reporter, path } of wanted) {
    if (path === null) context.stdout.write(text(reporter.name));
    else writeWhole(path, text(reporter.name), inputs, context, library);
  }
}

/** Where to, and how: a configuration is a list of lines or JSON. */
function listingTargets(given: Given, library: Library): readonly Target[] {
  const wanted = targets(given, library);
  const other = wanted.find(({ reporter }) => reporter.name !== 'table' && reporter.name !== 'json');
  if (other === undefined) return wanted;
  throw new library.UsageError(`reporter ${other.reporter.name} cannot show a configuration`, {
    hint: 'reporters that can are table and json; -o FILE.json is JSON, too',
  });
}

function writeWhole(
  path: string,
  text: string,
  inputs: readonly string[],
  context: Context,
  library: Library,
): void {
  const file = new OutputFile(path, inputs, context, library);
  try {
    file.write(text);
    file.commit();
  } finally {
    file.discard();
  }
}
