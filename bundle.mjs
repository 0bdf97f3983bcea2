/**
 * Writes lib/, which is published, from dist/, where tsc has put one file per source file.
 *
 * A start is mostly the loading of modules: the 150 files of a replay cost 80 ms of CPU more than the same in a few
 * (docs/performance.md, "Start-up"). So what is loaded together becomes one file, and what is imported by need a file of
 * its own. cli/main.js must not await anything at its top: rolldown would put a file between each import by need and its target. White space and the names of variables inside
 * functions are shortened; functions and classes keep their names, so stacks say where. To debug or profile file by file: `node dist/cli/main.js`.
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
  refuseRaw(parseAst(code), fileName);
  return code.replace(BEYOND_ASCII, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A tag (String.raw) sees how its text is written: an escape in it would be another text. */
function refuseRaw(node, fileName) {
  if (node === null || typeof node !== 'object') return;
  if (node.type === 'TaggedTemplateExpression') {
    const text = node.quasi.quasis.map(({ value }) => value.raw).find((raw) => raw.search(BEYOND_ASCII) >= 0);
    if (text !== undefined) {
      throw new Error(
        `${fileName}: the tagged template with ${JSON.stringify(text)} cannot be made ASCII; ` +
          'write what is beyond ASCII as an expression in it, ${"..."}',
      );
    }
  }
  for (const inner of Object.values(node)) refuseRaw(inner, fileName);
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
    format: 'esm',
    chunkFileNames: '[name].js',
    comments: false,
    minify: MINIFY,
    codeSplitting: { groups: GROUPS },
  });
  await build.close();
  for (const { fileName, code } of output) writeFileSync(join(TO, fileName), ascii(code, fileName));
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
copyRest();
