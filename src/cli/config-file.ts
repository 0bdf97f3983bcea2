/** Finds and reads the configuration file: the one that `--config` names, or the one in the working directory. */
import { existsSync } from 'node:fs';
import type { ConfigFile } from '../index.js';
import type { Library } from './context.js';
import { systemReason } from '../util/system-reason.js';
import type { Given } from './options.js';

/** The text of a file that configures something. */
export function readConfigText(path: string, library: Library): string {
  try {
    return library.readText(path);
  } catch (cause) {
    if (cause instanceof library.ConfigError) throw cause;
    throw new library.ConfigError(`${path}: cannot be read: ${systemReason(cause)}`, { cause });
  }
}

function pathOf(given: Given, library: Library): string | undefined {
  const named = given.text('config');
  if (named !== undefined) return named;
  const found = library.CONFIG_FILES.filter((file) => existsSync(file));
  if (found.length < 2) return found[0];
  throw new library.ConfigError(`${found.join(' and ')} are both here; expected one of them`, {
    hint: `remove one, or name the one that counts: \`--config ${found[0] ?? ''}\``,
  });
}

/** What the configuration file says; nothing if there is none. */
export async function readConfigFile(given: Given, library: Library): Promise<ConfigFile> {
  const path = pathOf(given, library);
  if (path === undefined) return library.NO_CONFIG_FILE;
  return await library.parseConfigFile(readConfigText(path, library), path, library.checkPolicyName);
}
