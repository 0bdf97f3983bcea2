/** The modes that ship with p2msim: one import and one entry each; users load their own from a file. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../errors.js';
import { Registry } from '../util/registry.js';
import type { BackendPlugin } from './backend.js';
import { hap } from './hap.js';
import { native } from './native.js';
import { shadow } from './shadow.js';

export const backends = new Registry<BackendPlugin>('mode', [native, hap, shadow]);

export type { BackendPlugin } from './backend.js';

/** True if `mode` names a module of the user's rather than a built-in mode. */
export function isBackendPath(mode: string): boolean {
  return /[/\\]|\.[cm]?js$/.test(mode);
}

/** Loads `export const backend` (or the default export) of an ES module; throws {@link ConfigError}. */
export async function loadBackend(path: string): Promise<BackendPlugin> {
  const hint = 'see examples/ for a backend that works';
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (cause) {
    if (!existsSync(path)) {
      throw new ConfigError(`${path}: no such file; expected a module with a backend`, { hint, cause });
    }
    throw new ConfigError(`${path}: the module with the backend cannot be loaded: ${loadFailure(cause)}`, {
      hint,
      cause,
    });
  }
  const plugin = module['backend'] ?? module['default'];
  if (!isPlugin(plugin)) {
    throw new ConfigError(
      `${path} exports no backend: expected \`export const backend = {name, summary, describe, create}\``,
      {
        hint,
      },
    );
  }
  return plugin;
}

/** Why a module does not load: in its own words, the place of a module that it lacks left out. */
function loadFailure(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const message = cause.message.replace(/ imported from .*$/s, '');
  return cause instanceof SyntaxError ? `it is not JavaScript: ${message}` : `${cause.name}: ${message}`;
}

function isPlugin(value: unknown): value is BackendPlugin {
  if (typeof value !== 'object' || value === null) return false;
  const candidate = value as Record<string, unknown>;
  return (
    typeof candidate['name'] === 'string' &&
    typeof candidate['summary'] === 'string' &&
    typeof candidate['describe'] === 'function' &&
    typeof candidate['create'] === 'function'
  );
}
