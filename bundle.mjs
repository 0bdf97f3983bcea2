/**
 * Writes lib/, which is published, from dist/, where tsc has put one file per source file.
 *
 * A start is mostly the loading of modules: the 150 files of a replay cost 80 ms of CPU more than the same in four
 * (docs/performance.md, "Start-up"). So what is loaded together becomes one file. Code stays as it is but for comments, so stacks are readable.
 * To debug or profile file by file: `node dist/cli/main.js`.
 */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

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
  { name: 'base', test: /dist\/version\.js$/, priority: 3 },
  { name: 'replay', test: /dist\/engine\.js$/, priority: 2 },
  { name: 'validate/validate', test: /dist\/validate\/validate\.js$/, priority: 1 },
];

/** Packages every start needs are joined too; all others are found in node_modules when they are needed. */
const JOINED = ['commander', 'pure-rand'];

/** The typed commander is commander itself, and types. */
const typedCommander = {
  name: 'typed-commander',
  resolveId(id, importer) {
    return id === '@commander-js/extra-typings' ? this.resolve('commander/index.js', importer) : null;
  },
};

function isExternal(id) {
  const own = /^[./]|^[A-Z]:/i.test(id) && !id.startsWith('node:');
  return !own && ![...JOINED, '@commander-js'].includes(id.split('/')[0]);
}

async function bundle() {
  const build = await rolldown({
    input: Object.fromEntries(Object.entries(ENTRIES).map(([to, from]) => [to, join(FROM, `${from}.js`)])),
    platform: 'node',
    external: isExternal,
    plugins: [typedCommander],
  });
  await build.write({
    dir: TO,
    format: 'esm',
    chunkFileNames: '[name].js',
    comments: false,
    codeSplitting: { groups: GROUPS },
  });
  await build.close();
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
