/**
 * Writes lib/, which is published, from dist/, where tsc has put one file per source file.
 *
 * A start is mostly the loading of modules: the 150 files of a replay cost 80 ms of CPU more than the same in a few
 * (docs/performance.md, "Start-up"). So what is loaded together becomes one file, and what is imported by need a file of
 * its own. cli/main.js must not await anything at its top: rolldown would put a file between each import by need and
 * its target. White space and the names of variables inside functions are shortened; functions and classes keep their names, so
 * stacks say where. To debug or profile file by file: `node dist/cli/main.js`.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';

const FROM = 'dist';
const TO = 'lib';

/** What is loaded from outside: by package.json, by bin/, by a new thread. Both sides share every other file. */
const ENTRIES = {
  index: 'index',
  'cli/main': 'cli/main',
  'crew-worker': 'sim/crew-worker',
  'batch-thread': 'batch/batch-thread',
  'validate/worker': 'validate/worker',
};

/**
 * Files: a module with all it imports, as far as a file of higher priority does not have it. version.js has to be
 * at the top and those of validate/ in that folder: they find package.json, the worker and the measured data by
 * their own place.
 */
const GROUPS = [
  { name: 'base', test: /dist\/(?:version|util\/system-reason)\.js$/, priority: 9 },
  { name: 'replay', test: /dist\/engine\.js$/, priority: 8 },
  { name: 'validate/validate', test: /dist\/validate\/validate\.js$/, priority: 1 },
];

/** Packages every start needs are joined too; all others are found in node_modules when they are needed. */
const JOINED = ['commander', 'pure-rand'];

/** A third of the bytes less to read, decode and scan: 3 % of the instructions of a start. */
const MINIFY = { mangle: { toplevel: false }, compress: true, codegen: { removeWhitespace: true } };

const NO_PROGRAMS = '\0no-programs';

/**
 * The typed commander is commander itself, and types. It can start commands that are programs of their own, for which it
 * loads child_process at every start; there are none.
 */
const commander = {
  name: 'commander',
  resolveId(id, importer) {
    if (id === '@commander-js/extra-typings') return this.resolve('commander/index.js', importer);
    return isForPrograms(id, importer) ? NO_PROGRAMS : null;
  },
  load: (id) => (id === NO_PROGRAMS ? 'export {};' : null),
};

function isForPrograms(id, importer = '') {
  return id === 'node:child_process' && importer.includes('node_modules/commander/');
}

function isExternal(id, importer) {
  const own = id === NO_PROGRAMS || (/^[./]|^[A-Z]:/i.test(id) && !id.startsWith('node:'));
  return !own && ![...JOINED, '@commander-js'].includes(id.split('/')[0]) && !isForPrograms(id, importer);
}

const BEYOND_ASCII = /[^\0-\x7f]/g;

/** V8 keeps a file with one character beyond ASCII at two bytes a character, and takes longer to scan it. */
function ascii(code, fileName) {
  if (code.search(BEYOND_ASCII) < 0) return code;
  visit(parseAst(code), (node) => refuseRaw(node, fileName));
  return code.replace(BEYOND_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A tag (String.raw) sees how its text is written: an escape in it would be another text. */
function refuseRaw({ type, quasi }, fileName) {
  if (type !== 'TaggedTemplateExpression') return;
  const text = quasi.quasis.map(({ value }) => value.raw).find((raw) => raw.search(BEYOND_ASCII) >= 0);
  if (text === undefined) return;
  throw new Error(
    `${fileName}: the tagged template with ${JSON.stringify(text)} cannot be made ASCII; ` +
      'write what is beyond ASCII as an expression in it, ${"..."}',
  );
}

async function bundle() {
  const build = await rolldown({
    input: Object.fromEntries(Object.entries(ENTRIES).map(([to, from]) => [to, join(FROM, `${from}.js`)])),
    platform: 'node',
    external: isExternal,
    plugins: [commander],
  });
  const { output } = await build.write({
    dir: TO,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    comments: false,
    minify: MINIFY,
    codeSplitting: { groups: GROUPS },
  });
  await build.close();
  for (const { fileName, code, isEntry, exports } of output) {
    // As a function: what the loader would have to put around it, it would have to put around a copy.
    const body = `(function(exports,require,__filename,importModule){'use strict';${withImports(code)}\n})`;
    writeFileSync(join(TO, fileName), ascii(body, fileName));
    if (isEntry) writeFileSync(join(TO, fileName.replace(/cjs$/, 'js')), moduleOf(fileName, exports));
  }
}

/** V8 forgets who imports for a script that it has bytecode of: the loader does it instead. */
function withImports(code) {
  const starts = [];
  visit(parseAst(code), (node) => {
    if (node.type === 'ImportExpression') starts.push(node.start);
  });
  return starts
    .toSorted((a, b) => b - a)
    .reduce((text, at) => `${text.slice(0, at)}importModule${text.slice(at + 'import'.length)}`, code);
}

function visit(node, act) {
  if (node === null || typeof node !== 'object') return;
  act(node);
  for (const inner of Object.values(node)) visit(inner, act);
}

/** What loads them is no ES module either, and the only file that Node itself loads. */
async function bundleLoader() {
  const build = await rolldown({ input: join(FROM, 'chunk-loader.js'), platform: 'node' });
  await build.write({ file: join(TO, 'chunk-loader.cjs'), format: 'cjs', comments: false });
  await build.close();
}

/** The module of an entry, which loads its file and has the same exports. */
function moduleOf(fileName, names) {
  const loader = `${fileName.includes('/') ? '..' : '.'}/chunk-loader.cjs`;
  const load = `loadChunk(${JSON.stringify(fileName)});\n`;
  const all = fileName === 'index.cjs' ? `export const { ${names.join(', ')} } = ${load}` : load;
  return `import { loadChunk } from '${loader}';\n${all}`;
}

/** Types, the measured data, and the licences of what was joined. */
function copyRest() {
  for (const path of readdirSync(FROM, { recursive: true })) {
    if (path.endsWith('.d.ts')) cpSync(join(FROM, path), join(TO, path));
  }
  cpSync('src/validate/data', join(TO, 'validate/data'), { recursive: true });
  cpSync('src/capture/qemu-plugin.c', join(TO, 'capture/qemu-plugin.c'));
  const licences = JOINED.map(
    (name) => `${name}\n\n${readFileSync(join('node_modules', name, 'LICENSE'), 'utf8').trim()}\n`,
  );
  writeFileSync(join(TO, 'LICENSES.txt'), licences.join('\n---\n\n'));
}

rmSync(TO, { recursive: true, force: true });
await bundle();
await bundleLoader();
copyRest();
