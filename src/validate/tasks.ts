/**
 * Task: a kind of work that any thread can do, and how its input and output get from one thread to another.
 */
import type { Cell } from './cell.js';
import { type Course, type Outcome, runCourse } from './experiment.js';
import { packError, type SentError, unpackError } from './failure.js';
import { type PublishedPart, publishedPart } from './published/index.js';
import type { Phase } from './phase.js';
import { InternalError, P2msimError } from '../errors.js';

export interface Task<Input, Output, Sent> {
  readonly name: string;
  run(input: Input): Output;
  /** The output in a form that survives a structured clone. */
  pack(output: Output): Sent;
  unpack(sent: Sent): Output;
  /** Steps that it counts for in a report of progress. */
  steps(input: Input): number;
}

/** An outcome whose error is in parts. */
type SentOutcome = { readonly phases: readonly Phase[] } | { readonly failure: SentError };

/** A course of experiments. */
export const COURSE: Task<Course, readonly Outcome[], readonly SentOutcome[]> = {
  name: 'course',
  run: runCourse,
  pack: (outcomes) =>
    outcomes.map((outcome) =>
      outcome.error === undefined ? { phases: outcome.phases } : { failure: packError(outcome.error) },
    ),
  unpack: (sent) =>
    sent.map((outcome) => ('phases' in outcome ? outcome : { error: refusal(outcome.failure) })),
  steps: ({ experiments }) => experiments.length,
};

/** A part of the published suite. */
export const PART: Task<PublishedPart, readonly Cell[], readonly Cell[]> = {
  name: 'part',
  run: publishedPart,
  pack: (cells) => cells,
  unpack: (cells) => cells,
  steps: () => 1,
};

/** What a worker can be told to do. */
export const TASKS: readonly Task<unknown, unknown, unknown>[] = [COURSE, PART];

function refusal(sent: SentError): P2msimError {
  const error = unpackError(sent);
  if (error instanceof P2msimError) return error;
  throw new InternalError(`an experiment was refused with ${sent.name}, which is none of our errors`);
}
