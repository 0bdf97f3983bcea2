/**
 * Loads the program's own files in lib/, each with the bytecode that V8 made of it when the package was built.
 *
 * A start is mostly V8 reading the program's text; with the bytecode at hand it need not (docs/performance.md, "Start-up"). Node 20
 * keeps no bytecode of ES modules, hence files that Script runs (bundle.mjs, keep-code.mjs). V8 refuses what another version of
 * it or other flags made, and compiles the text as it would without; so does everyone whose Node did not build the package.
 * Neither this file, as it is published, nor bin/p2msim.js is an ES module: the loader of those, and its views of Node's own modules, would cost as
 * much again as the bytecode saves.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

const LIB = dirname(fileURLToPath(import.meta.url));

/** Folder of the bytecode that this Node has made, or could have. */
export const KEPT_CODE = join(LIB, 'kept-code', `${process.version}-${process.arch}`);

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
 * @param name a path below lib/, such as `cli/main.cjs`
 * @throws what the file throws
 */
export function loadChunk(name: string): object {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const exports = {};
  loaded.set(name, exports);
  const folder = dirname(name);
  const load: Load = (id) => (id.startsWith('.') ? loadChunk(join(folder, id)) : requirePackage(id));
  const body = compile(name).runInThisContext() as Body;
  body(exports, load, join(LIB, name), importModule);
  return exports;
}

/** The bytecode of each file that was loaded, with that of all functions that were called, by the file's name. */
export function codeOfLoaded(): Map<string, Uint8Array> {
  return new Map([...scripts].map(([name, script]) => [name, script.createCachedData()]));
}

function compile(name: string): Script {
  const filename = join(LIB, name);
  // ASCII, which bundle.mjs sees to, is the same in both, and latin1 need not be looked through for anything else.
  const text = readFileSync(filename, 'latin1');
  const kept = keptCode(name);
  const script = new Script(text, {
    filename,
    ...(kept === null ? {} : { cachedData: kept }),
  });
  scripts.set(name, script);
  return script;
}

function keptCode(name: string): Buffer | null {
  try {
    return readFileSync(join(KEPT_CODE, name));
  } catch {
    // Built by another Node, or not yet: it is only slower.
    return null;
  }
}
