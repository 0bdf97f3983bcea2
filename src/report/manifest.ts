/**
 * Parts of a manifest: the configuration with its digest, and how a trace was replayed.
 */
import { configDigest } from '../config/build.js';
import type { MachineConfig } from '../config/schema.js';
import { findPolicy, isPolicyFile } from '../hypervisor/shadow/policies/load.js';
import type { ShadowPolicy } from '../hypervisor/shadow/policy.js';
import type { ReadOptions } from '../trace/format.js';
import type { ConfigManifest, ReplayManifest } from './result.js';

/** What the manifest says about a configuration. */
export function configManifest(config: MachineConfig, preset: string): ConfigManifest {
  return {
    sha256: configDigest(withPolicy(config)),
    preset,
    effective: config,
    ...ownPolicy(config.shadow.policy),
  };
}

/** What is not by default; nothing if all is. */
export function replayManifest(
  lenient: boolean | undefined,
  read: Partial<ReadOptions> | undefined,
  module: string | undefined,
): { replay?: ReplayManifest } {
  const replay: ReplayManifest = {
    ...(lenient === true ? { lenient } : {}),
    ...(read?.modifyAsTwo === true ? { modifyAsTwo: true } : {}),
    ...(read?.ignoreColumns === true ? { ignoreColumns: true } : {}),
    ...(module === undefined ? {} : { module }),
  };
  return Object.keys(replay).length === 0 ? {} : { replay };
}

/** The configuration with the contents of a policy file in the place of its path, which says nothing. */
function withPolicy(config: MachineConfig): MachineConfig {
  const { policy } = config.shadow;
  if (!isPolicyFile(policy)) return config;
  const { name: _, summary: __, ...fields } = findPolicy(policy);
  return { ...config, shadow: { ...config.shadow, policy: JSON.stringify(fields) } };
}

/** The contents of a policy file: the configuration names only its path. */
function ownPolicy(name: string): { shadowPolicy?: ShadowPolicy } {
  return isPolicyFile(name) ? { shadowPolicy: findPolicy(name) } : {};
}
