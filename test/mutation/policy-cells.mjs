/**
 * A thread of policy-check.mjs: changes values of one shipped policy in memory and replays what was measured under
 * it, in the order and on the machines of `p2msim validate`, until one cell differs. Posts what noticed, or null.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';

const { dist, preset, changes, measuredAs } = workerData;
const load = (path) => import(pathToFileURL(join(dist, path)).href);

const { policies } = await load('hypervisor/shadow/policies/index.js');
const { readMeasured } = await load('validate/measured.js');
const { cellsOf } = await load('validate/compare.js');
const { countsAsDifferent, cellText } = await load('validate/summary.js');
const { createLab } = await load('validate/lab.js');
const { completeParams } = await load('scenario/params.js');
const { SUITES } = await load('scenario/suites.js');
const { XEN_CAMPAIGN } = await load('scenario/xen/index.js');

// A preset is one object for the whole process: this thread's copy of it says something else from here on.
Object.assign(policies.get(preset), changes);

/** Starts the guest of a suite and runs experiments in it; the first cell that differs, or null. */
function firstDifference(suiteName, mode, experiments) {
  const suite = SUITES.get(suiteName);
  let started = null;
  for (const { scenario, params: given, measured } of experiments) {
    const params = completeParams(suite.scenarios.get(scenario), given);
    try {
      if (started === null) {
        const lab = createLab(suite, mode, params);
        started = { lab, session: suite.boot(lab, params) };
        lab.takePhases();
      }
      started.session.run(scenario, params);
    } catch (error) {
      return `${scenario}: ${error.name}: ${String(error.message).split('\n')[0]}`;
    }
    const phases = started.lab.takePhases();
    const cell = measured === null ? undefined : cellsOf(measured, { phases }).find(countsAsDifferent);
    if (cell !== undefined) return `${cell.scenario} ${cellText(cell)}`;
  }
  return null;
}

/** All of Xen's experiments ran on one machine, in the order of their numbers. */
function xenDifference(mode) {
  const known = readMeasured('xen').experiments.filter((row) => row.mode === mode);
  const campaign = XEN_CAMPAIGN.map(({ scenario, params }, number) => {
    const measured = known.find((row) => row.number === number) ?? null;
    return { scenario, params: measured?.params ?? params, measured };
  });
  return firstDifference('xen', mode, campaign);
}

/** Each of KVM's had a machine of its own. */
function kvmDifference(mode) {
  for (const measured of readMeasured('kvm').experiments.filter((row) => row.mode === mode)) {
    const { scenario, params } = measured;
    const found = firstDifference('kvm', mode, [{ scenario, params, measured }]);
    if (found !== null) return found;
  }
  return null;
}

const { suite, mode } = measuredAs;
parentPort.postMessage(suite === 'xen' ? xenDifference(mode) : kvmDifference(mode));
