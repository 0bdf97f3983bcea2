/**
 * Faults: replacements of a line of src/, each made in a copy of the tree in which tests then run and must go red.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyTree, isGreen } from './sandbox.mjs';

const occurrences = (text, find) => text.split(find).length - 1;

/** A kernel is compiled before it is run. */
function buildKernels(folder) {
  const { status, stderr } = spawnSync(process.execPath, ['build-kernels.mjs'], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the kernels do not compile: ${stderr}`);
}

/** True if the tests are red with the fault. */
async function isCaught(folder, [file, find, replace, why], tests, testsOf) {
  const path = join(folder, 'src', file);
  const text = readFileSync(path, 'utf8');
  const isKernel = file.startsWith('kernels/');
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  if (isKernel) buildKernels(folder);
  const green = await isGreen(folder, tests, testsOf(why));
  writeFileSync(path, text);
  if (isKernel) buildKernels(folder);
  return !green;
}

/**
 * Tries the faults whose file or reason contains the word on the command line, prints a line each, and sets the exit code: 1 if any
 * survived, 2 if tests are red before any fault or a fault's line is not there.
 * @param faults [file, find, replace, why]: `find` occurs exactly once in src/<file>
 * @param testsOf what vitest is told besides, to run only the tests that a fault of this reason is for
 */
export async function tryFaults(faults, tests, testsOf = () => []) {
  const word = process.argv[2] ?? '';
  const chosen = faults.filter(([file, , , why]) => file.includes(word) || why.includes(word));
  const folder = copyTree();
  try {
    copyFileSync('build-kernels.mjs', join(folder, 'build-kernels.mjs'));
    for (const [file, find] of chosen) {
      const found = occurrences(readFileSync(join(folder, 'src', file), 'utf8'), find);
      if (found !== 1) throw new Error(`${file}: '${find}' occurs ${found} times, expected 1`);
    }
    if (!(await isGreen(folder, tests))) throw new Error('the tests are red before any fault');
    let survived = 0;
    for (const fault of chosen) {
      const before = Date.now();
      const caught = await isCaught(folder, fault, tests, testsOf);
      if (!caught) survived += 1;
      // Tests that hang are stopped, and count as red: the time tells.
      const seconds = `${Math.round((Date.now() - before) / 1000)} s`.padStart(5);
      console.log(`${caught ? 'caught  ' : 'survived'}  ${seconds}  ${fault[0].padEnd(36)} ${fault[3]}`);
    }
    console.log(`${chosen.length} faults, ${chosen.length - survived} caught, ${survived} survived`);
    if (survived > 0) process.exitCode = 1;
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
