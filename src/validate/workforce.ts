/**
 * Workforce: does tasks on several threads; results come back in the order of the inputs.
 */
import { Worker } from 'node:worker_threads';
import { InternalError } from '../errors.js';
import type { Cell } from './cell.js';
import type { Course, Outcome } from './experiment.js';
import { type SentError, unpackError } from './failure.js';
import type { PublishedPart } from './published/index.js';
import { COURSE, PART, type Task } from './tasks.js';

export interface WorkOptions {
  /** Threads; 1: the caller's own. */
  readonly jobs: number;
  /** Told after each input: how many of how many steps are done, and the thread that did it (0: the caller's). */
  readonly onProgress?: ((done: number, total: number, thread: number) => void) | undefined;
}

/** What is sent to a worker, and what it sends back. */
export interface WorkOrder {
  readonly at: number;
  readonly task: string;
  readonly input: unknown;
}
export type WorkResult =
  | { readonly at: number; readonly output: unknown; readonly error?: never }
  | { readonly at: number; readonly output?: never; readonly error: SentError };

/** Outcomes of every course. */
export function runCourses(
  courses: readonly Course[],
  options: WorkOptions,
): Promise<readonly (readonly Outcome[])[]> {
  return runTasks(COURSE, courses, options);
}

/** Cells of every part. */
export function runParts(
  parts: readonly PublishedPart[],
  options: WorkOptions,
): Promise<readonly (readonly Cell[])[]> {
  return runTasks(PART, parts, options);
}

type Finished<Input> = (input: Input, thread: number) => void;

/** Outputs for every input; throws what a thread throws. */
async function runTasks<Input, Output, Sent>(
  task: Task<Input, Output, Sent>,
  inputs: readonly Input[],
  options: WorkOptions,
): Promise<readonly Output[]> {
  const total = inputs.reduce((sum, input) => sum + task.steps(input), 0);
  let done = 0;
  const finished: Finished<Input> = (input, thread) => {
    done += task.steps(input);
    options.onProgress?.(done, total, thread);
  };
  const jobs = Math.min(options.jobs, inputs.length);
  return jobs <= 1 ? runHere(task, inputs, finished) : runOnThreads(task, inputs, jobs, finished);
}

function runHere<Input, Output, Sent>(
  task: Task<Input, Output, Sent>,
  inputs: readonly Input[],
  finished: Finished<Input>,
): readonly Output[] {
  return inputs.map((input) => {
    const output = task.run(input);
    finished(input, 0);
    return output;
  });
}

/** Each worker gets the next input when it is done with the last. */
async function runOnThreads<Input, Output, Sent>(
  task: Task<Input, Output, Sent>,
  inputs: readonly Input[],
  jobs: number,
  finished: Finished<Input>,
): Promise<readonly Output[]> {
  const outputs: Output[] = [];
  let next = 0;
  const serve = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const thread = worker.threadId;
      const order = (): void => {
        if (next >= inputs.length) return resolve();
        worker.postMessage({ at: next, task: task.name, input: inputs[next] } satisfies WorkOrder);
        next += 1;
      };
      const accept = ({ at, output, error }: WorkResult): void => {
        if (error !== undefined) throw unpackError(error);
        outputs[at] = task.unpack(output as Sent);
        finished(inputs[at]!, thread);
        order();
      };
      worker.on('message', (result: WorkResult) => {
        try {
          accept(result);
        } catch (error) {
          reject(error);
        }
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
  return outputs;
}
