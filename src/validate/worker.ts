/**
 * A thread of the workforce: runs the courses that it is sent, one at a time.
 */
import { parentPort } from 'node:worker_threads';
import { runCourse } from './experiment.js';
import type { WorkOrder, WorkResult } from './workforce.js';

parentPort?.on('message', ({ at, course }: WorkOrder) => {
  parentPort?.postMessage({ at, outcomes: runCourse(course) } satisfies WorkResult);
});
