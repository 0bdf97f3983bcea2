/** `--print-config`: every key with its value and where the value came from. */
import type { EffectiveConfig, RunOptions, WantedMachine } from '../index.js';
import type { Context, Library } from './context.js';
import type { Given } from './options.js';
import { asJson } from './json-text.js';
import { type Target, targets } from './output.js';
import type { RunCommand } from './run-command.js';
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
  { modes, machines = [] }: Pick<RunCommand, 'modes' | 'machines'>,
  given: Given,
  context: Context,
  library: Library,
): Promise<void> {
  const [options] = all;
  if (options === undefined) return;
  const wanted = listingTargets(given, library);
  const inputs = all.map(({ trace }) => trace);
  const [first] = machines;
  const prepared = await (first === undefined
    ? library.prepare(options, modes)
    : library.prepareMachines(options, [first]));
  await prepared.close();
  const effective = {
    ...prepared.effective,
    origins: withSwept(prepared.effective.origins, machines, library),
  };
  const text = (reporter: string): string =>
    reporter === 'json'
      ? asJson(library.configListing(effective))
      : `${configLines(effective, library).join('\n')}\n`;
  for (const { reporter, path } of wanted) {
    if (path === null) context.stdout.write(text(reporter.name));
    else writeWhole(path, text(reporter.name), inputs, context, library);
  }
}

/** Origins that say of a swept key which values it takes: what is printed is the first point. */
function withSwept(
  origins: ReadonlyMap<string, string>,
  machines: readonly WantedMachine[],
  library: Library,
): ReadonlyMap<string, string> {
  const swept = new Map<string, Set<string>>();
  for (const { key, value } of machines.flatMap(({ settings }) => settings))
    swept.set(key, (swept.get(key) ?? new Set()).add(library.formatValue(value)));
  const said = [...swept].map(([key, values]): [string, string] => [
    key,
    `${origins.get(key)}, the first of ${[...values].join(', ')}`,
  ]);
  return new Map([...origins, ...said]);
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
