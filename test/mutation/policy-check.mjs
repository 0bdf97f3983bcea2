/**
 * Does every value of every shadow policy matter? Changes one value of one shipped policy at a time and looks for
 * somebody who notices: a measured cell of `p2msim validate`, or else a named test that was derived by hand.
 *
 *   node test/mutation/policy-check.mjs                 every value of every policy: some minutes
 *   node test/mutation/policy-check.mjs kvm             those of one policy
 *   node test/mutation/policy-check.mjs kvm poolReserve one field of it
 *
 * Not part of `npm test`. Works in a copy of the tree in a temporary folder. A value that does not go with the rest
 * of its policy (policies/consistency.ts) cannot be configured, and the test that shipped policies are consistent
 * notices it: the row says `refused`, and what happens to a cell if the engine runs with it all the same. Exits 1 if
 * nobody notices some value, 2 if something cannot be run.
 */
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { INERT, NOTICED_BY } from './policy-tests.mjs';
import { otherValues, shown } from './policy-values.mjs';
import { compile, copyTree, isGreen } from './sandbox.mjs';

/** What was measured under each policy. */
const MEASURED_AS = {
  xen: { suite: 'xen', mode: 'shadow' },
  'xen-oos-off': { suite: 'xen', mode: 'shadow-nooos' },
  kvm: { suite: 'kvm', mode: 'shadow' },
  'kvm-6.12': { suite: 'kvm', mode: 'shadow:linux-6.12.107' },
};
/** A replay that takes longer goes round in a circle. */
const LIMIT_MS = 120_000;
const INDEX = 'src/hypervisor/shadow/policies/index.ts';

/** The first measured cell that differs under the changed policy, or null. */
function cellThatDiffers(dist, preset, changes) {
  const worker = new Worker(new URL('./policy-cells.mjs', import.meta.url), {
    workerData: { dist, preset, changes, measuredAs: MEASURED_AS[preset] },
  });
  return new Promise((done) => {
    const timer = setTimeout(() => done(`no end after ${LIMIT_MS / 1000} s`), LIMIT_MS);
    worker.once('message', done);
    worker.once('error', (error) => done(`${error.name}: ${error.message}`));
    worker.once('exit', () => clearTimeout(timer));
  }).finally(() => worker.terminate());
}

/** Tests that are green without a change. */
const greenBefore = new Set();

/** The test that notices, or null: green in the copy as it is, red when its preset is another. */
async function testThatFails(folder, preset, field, changes) {
  for (const [presets, name, file, title] of NOTICED_BY) {
    if (name !== field || !presets.includes(preset)) continue;
    const only = [[join('test', file)], ['-t', title]];
    if (!greenBefore.has(title) && !(await isGreen(folder, ...only)))
      throw new Error(`red without a change: ${file} > ${title}`);
    greenBefore.add(title);
    const path = join(folder, INDEX);
    const text = readFileSync(path, 'utf8');
    appendFileSync(path, `Object.assign(policies.get('${preset}'), ${JSON.stringify(changes)});\n`);
    const green = await isGreen(folder, ...only);
    writeFileSync(path, text);
    if (!green) return `test ${file} > ${title}`;
  }
  return null;
}

function whyInert(preset, field, value) {
  const row = INERT.find(
    ([presets, name, only]) =>
      name === field &&
      presets.includes(preset) &&
      (only === null || JSON.stringify(only) === JSON.stringify(value)),
  );
  return row === undefined ? null : row[3];
}

/** Who notices the change; `ok` is false if nobody does. */
async function verdictOf({ folder, dist, check }, preset, policy, field, value) {
  const changes = { [field]: value };
  const refused = isRefused(check, { ...policy, ...changes });
  const inert = whyInert(preset, field, value);
  const cell = await cellThatDiffers(dist, preset, changes);
  if (inert !== null && (cell !== null || refused)) {
    return { ok: false, by: `said to decide nothing, but: ${cell ?? 'refused'}` };
  }
  if (refused) return { ok: true, by: `refused; in the engine: ${cell ?? 'no cell differs'}` };
  if (cell !== null) return { ok: true, by: `cell ${cell}` };
  const test = await testThatFails(folder, preset, field, changes);
  if (test !== null) return { ok: true, by: test };
  return inert === null ? { ok: false, by: 'NOBODY' } : { ok: true, by: `decides nothing: ${inert}` };
}

function isRefused(check, policy) {
  try {
    check('', policy);
    return false;
  } catch {
    return true;
  }
}

async function main() {
  const [wantedPreset, wantedField] = process.argv.slice(2);
  const started = Date.now();
  const folder = copyTree();
  try {
    compile(folder);
    const dist = join(folder, 'dist');
    const load = (path) => import(pathToFileURL(join(dist, 'hypervisor/shadow', path)).href);
    const { policies } = await load('policies/index.js');
    const { POLICY_FIELDS } = await load('policy-fields.js');
    const { checkConsistency: check } = await load('policies/consistency.js');
    const tally = { values: 0, unnoticed: 0 };
    for (const policy of policies.all()) {
      if ((wantedPreset ?? policy.name) !== policy.name) continue;
      const before = await cellThatDiffers(dist, policy.name, {});
      if (before !== null) throw new Error(`${policy.name} differs without a change: ${before}`);
      for (const [field, row] of Object.entries(POLICY_FIELDS)) {
        if ((wantedField ?? field) !== field) continue;
        for (const value of otherValues(field, row, policy[field])) {
          const { ok, by } = await verdictOf({ folder, dist, check }, policy.name, policy, field, value);
          tally.values += 1;
          if (!ok) tally.unnoticed += 1;
          console.log(`${policy.name.padEnd(11)} ${field.padEnd(16)} ${shown(value).padEnd(22)} ${by}`);
        }
      }
    }
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`${tally.values} values, ${tally.unnoticed} that nobody notices, ${seconds} s`);
    if (tally.unnoticed > 0) process.exitCode = 1;
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
