/**
 * Workforce: runs courses of experiments on several threads; outcomes come back in the order of the courses.
 */
import { Worker } from 'node:worker_threads';
import { InternalError } from '../errors.js';
import { type Course, type Outcome, runCourse } from './experiment.js';

export interface WorkOptions {
  /** Threads; 1: the caller's own. */
  readonly jobs: number;
  /** Told after each course: how many of how many experiments are done, and the thread that ran it (0: the caller's). */
  readonly onProgress?: ((done: number, total: number, thread: number) => void) | undefined;
}

type Finished = (course: Course, thread: number) => void;

/** What is sent to a worker, and what it sends back. */
export interface WorkOrder {
  readonly at: number;
  readonly course: Course;
}
export interface WorkResult {
  readonly at: number;
  readonly outcomes: readonly Outcome[];
}

/** Outcomes of every course. */
export async function runCourses(
  courses: readonly Course[],
  options: WorkOptions,
): Promise<readonly (readonly Outcome[])[]> {
  const total = courses.reduce((sum, course) => sum + course.experiments.length, 0);
  let done = 0;
  const finished: Finished = (course, thread) => {
    done += course.experiments.length;
    options.onProgress?.(done, total, thread);
  };
  const jobs = Math.min(options.jobs, courses.length);
  return jobs <= 1 ? runHere(courses, finished) : runOnThreads(courses, jobs, finished);
}

function runHere(courses: readonly Course[], finished: Finished): readonly (readonly Outcome[])[] {
  return courses.map((course) => {
    const outcomes = runCourse(course);
    finished(course, 0);
    return outcomes;
  });
}

/** Each worker gets the next course when it is done with the last. */
async function runOnThreads(
  courses: readonly Course[],
  jobs: number,
  finished: Finished,
): Promise<readonly (readonly Outcome[])[]> {
  const results: (readonly Outcome[])[] = courses.map(() => []);
  let next = 0;
  const serve = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = worker.threadId;
      const order = (): void => {
        const course = courses[next];
        if (course === undefined) return resolve();
        worker.postMessage({ at: next, course } satisfies WorkOrder);
        next += 1;
      };
      worker.on('message', ({ at, outcomes }: WorkResult) => {
        results[at] = outcomes;
        finished(courses[at]!, thread);
        order();
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new InternalError(`a worker of validate ended with code ${code}`)));
      order();
    });
  const workers = Array.from({ length: jobs }, () => new Worker(new URL('./worker.js', import.meta.url)));
  try {
    await Promise.all(workers.map(serve));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return results;
}
