/**
 * `--shard`: which part of a batch this process runs, in words or as the engine that started it says.
 *
 * The environment is looked at only for `auto`: a job that is run by hand inside another must not be cut to a part.
 */
import type { ShardName } from '../index.js';
import type { FullLibrary } from './context.js';
import type { Environment } from './terminal.js';

/** How an engine numbers the jobs that it starts together. */
interface Engine {
  readonly name: string;
  readonly index: string;
  /** Number of the first job, or the variable that holds it. */
  readonly first: number | string;
  /** Step from job to job, if a variable says so. */
  readonly step?: string;
  /** The variable with their number; Kubernetes gives none. */
  readonly count?: string;
}

const ENGINES: readonly Engine[] = [
  {
    name: 'Slurm',
    index: 'SLURM_ARRAY_TASK_ID',
    first: 'SLURM_ARRAY_TASK_MIN',
    step: 'SLURM_ARRAY_TASK_STEP',
    count: 'SLURM_ARRAY_TASK_COUNT',
  },
  { name: 'Kubernetes', index: 'JOB_COMPLETION_INDEX', first: 0 },
  { name: 'a CI matrix', index: 'CI_NODE_INDEX', first: 1, count: 'CI_NODE_TOTAL' },
];

/** A variable as a whole number; null if it is not there. */
function numberIn(environment: Environment, name: string, library: FullLibrary): number | null {
  const text = environment[name] ?? '';
  if (text === '') return null;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new library.UsageError(`environment variable ${name} is '${text}'; expected a whole number`);
}

/**
 * `i/n`, `auto`, or `auto/n` where the environment does not say how many there are. With n given, tasks are numbered as
 * the engine does by itself, Slurm's from 1: an array of some of them, submitted again, says only where that one begins.
 */
export function parseShardWord(text: string, environment: Environment, library: FullLibrary): ShardName {
  const match = /^auto(?:\/(\d{1,6}))?$/.exec(text);
  if (match === null) return library.parseShard(text, '--shard');
  const given = match[1] ?? null;
  for (const engine of ENGINES) {
    const index = numberIn(environment, engine.index, library);
    if (index === null) continue;
    const said = (name: string | undefined): number =>
      given !== null || name === undefined ? 1 : (numberIn(environment, name, library) ?? 1);
    const first = typeof engine.first === 'number' ? engine.first : said(engine.first);
    const step = said(engine.step);
    const count = given ?? (engine.count === undefined ? null : numberIn(environment, engine.count, library));
    if (count === null) throw noCount(engine, library);
    return library.shardOf(
      (index - first) / step + 1,
      Number(count),
      `--shard ${text}, ${engine.index}=${index}:`,
    );
  }
  throw new library.UsageError(`--shard ${text}: no engine says which shard this is`, {
    hint: `expected one of ${ENGINES.map(({ index }) => index).join(', ')} in the environment, or give \`--shard 1/4\``,
  });
}

function noCount({ index }: Engine, library: FullLibrary) {
  return new library.UsageError(`--shard auto: ${index} does not say how many shards there are`, {
    hint: 'give the number: `--shard auto/8`',
  });
}
