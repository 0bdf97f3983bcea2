/**
 * A thread of the workforce: does the tasks that it is sent, one at a time.
 */
import { parentPort } from 'node:worker_threads';
import { InternalError } from '../errors.js';
import { packError } from './failure.js';
import { TASKS } from './tasks.js';
import type { WorkOrder, WorkResult } from './workforce.js';

function carryOut({ at, task: name, input }: WorkOrder): WorkResult {
  try {
    const task = TASKS.find((each) => each.name === name);
    if (task === undefined) throw new InternalError(`a worker knows no task '${name}'`);
    return { at, output: task.pack(task.run(input)) };
  } catch (error) {
    return { at, error: packError(error) };
  }
}

parentPort?.on('message', (order: WorkOrder) => parentPort?.postMessage(carryOut(order)));
