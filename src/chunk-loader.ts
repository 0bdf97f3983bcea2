/**
 * Loads the program's own files in lib/, each with the bytecode that V8 made of it before.
 *
 * A start is mostly V8 reading the program's text; with the bytecode at hand it need not (docs/performance.md,
 * "Start-up"). Node 20 keeps no bytecode of ES modules, hence files that Script runs (bundle.mjs makes the one, keep-code.mjs
 * the other). Neither this file, as it is published, nor bin/p2msim.js is an ES module: the loader of those, and its
 * views of Node's own modules, would cost as much again as the bytecode saves.
 *
 * V8 refuses what another version of it or other flags made, but believes all else. So bytecode is kept with a digest of itself
 * and of the text that it is of, and whatever does not fit is left alone: the text is compiled, as without any.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const LIB = dirname(fileURLToPath(import.meta.url));

/** Folder of the bytecode that this Node has made, or could have. */
export const KEPT_CODE = join(LIB, 'kept-code', `${process.version}-${process.platform}-${process.arch}`);

const DIGEST = 'sha256';
const DIGEST_BYTES = 32;

type Load = (id: string) => unknown;
type Import = (id: string) => Promise<unknown>;
/** What is in a file: a function, so that nothing need be put around it here. */
type Body = (exports: object, require: Load, filename: string, importModule: Import) => void;

const loaded = new Map<string, object>();
const scripts = new Map<string, Script>();
const importModule: Import = (id) => import(id);
const requirePackage = createRequire(import.meta.url);

/**
 * What the file `name` of lib/ exports, run once in each thread.
 *
 * @param name a path below lib/ with slashes, such as `cli/main.cjs`
 * @throws what the file throws
 */
export function loadChunk(name: string): object {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const exports = {};
  loaded.set(name, exports);
  const folder = posix.dirname(name);
  const load: Load = (id) => (id.startsWith('.') ? loadChunk(posix.join(folder, id)) : requirePackage(id));
  const body = compile(name).runInThisContext() as Body;
  try {
    body(exports, load, join(LIB, name), importModule);
  } catch (error) {
    loaded.delete(name);
    throw error;
  }
  return exports;
}

/** What to keep of each file that was loaded, by its name: the bytecode of all functions that were called, behind its digest. */
export function codeOfLoaded(): Map<string, Uint8Array> {
  return new Map(
    [...scripts].map(([name, script]) => {
      const code = script.createCachedData();
      return [name, Buffer.concat([digestOf(readFileSync(join(LIB, name)), code), code])];
    }),
  );
}

function compile(name: string): Script {
  const text = readFileSync(join(LIB, name));
  const cachedData = keptCode(name, text);
  // The name is in the bytecode, so it has to be the same wherever the package is. ASCII, which bundle.mjs sees to, need not
  // be looked through as UTF-8.
  const script = new Script(text.toString('latin1'), {
    filename: `p2msim/lib/${name}`,
    ...(cachedData === null ? {} : { cachedData }),
  });
  scripts.set(name, script);
  return script;
}

/** Bytecode of the file `name`, which holds `text`; null if there is none of just that. */
function keptCode(name: string, text: Buffer): Buffer | null {
  let kept: Buffer;
  try {
    kept = readFileSync(join(KEPT_CODE, name));
  } catch {
    // Another Node has built, or none yet.
    return null;
  }
  const code = kept.subarray(DIGEST_BYTES);
  return digestOf(text, code).equals(kept.subarray(0, DIGEST_BYTES)) ? code : null;
}

function digestOf(text: Uint8Array, code: Uint8Array): Buffer {
  return createHash(DIGEST).update(text).update(code).digest();
}
