/** Name and version of this package, from its own package.json. */
import { readFileSync } from 'node:fs';
import { InternalError } from './errors.js';
import type { ToolInfo } from './report/result.js';

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    if (typeof manifest.version === 'string') return manifest.version;
  }
  throw new InternalError('package.json has no version');
}

/** Goes into every result. */
export const TOOL: ToolInfo = { name: 'p2msim', version: readVersion() };

/** Source of the plugin that `trace capture` builds: beside the compiled files, wherever they are. */
export const PLUGIN_SOURCE = new URL('./capture/qemu-plugin.c', import.meta.url);
