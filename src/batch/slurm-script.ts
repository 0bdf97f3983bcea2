/**
 * A script that submits a batch to Slurm: an array of shards, and a job that collects when all of them are done.
 *
 * Each task writes a results file of its own and resumes it, so a task that is killed and requeued loses nothing.
 */
import { commandLine, shellWord } from '../util/shell-word.js';

export interface SlurmOptions {
  /** Words of `p2msim sweep` that make the batch. */
  readonly words: readonly string[];
  readonly points: number;
  /** Tasks of the array. */
  readonly tasks: number;
  /** Name of the job, of the folder of the shards, and of what is collected. */
  readonly name: string;
  readonly sweep: string;
  readonly version: string;
}

export function slurmScript({ words, points, tasks, name, sweep, version }: SlurmOptions): string {
  const command = commandLine(['sweep', ...words]);
  const folder = shellWord(name);
  const result = shellWord(`${name}.jsonl`);
  return `#!/bin/sh
# ${points} points of batch ${sweep.slice(0, 8)} in ${tasks} tasks, by p2msim ${version}. Submit from the folder in which the sweep
# was written: \`sh THIS-FILE\`. Arguments go to sbatch for both jobs: \`sh THIS-FILE --partition=long\`.
# P2MSIM is the program, if it is not p2msim in PATH.
set -eu
P2MSIM=\${P2MSIM:-p2msim}
export P2MSIM
mkdir -p ${folder}

# A task that is requeued goes on where it was. Jobs see no clock in their results: any node gives the same lines.
array=$(sbatch --parsable --job-name=${shellWord(`${name}-points`)} --array=1-${tasks} --requeue \\
  --output=${shellWord(`${name}/task-%a.log`)} --open-mode=append "$@" <<'TASK'
#!/bin/sh
set -eu
exec $P2MSIM ${command} --shard "$SLURM_ARRAY_TASK_ID/${tasks}" --results ${folder}/shard-$SLURM_ARRAY_TASK_ID.jsonl --resume --jobs "\${SLURM_CPUS_PER_TASK:-1}"
TASK
)

# afterany: points that failed are lines as well; collect says what is missing.
collect=$(sbatch --parsable --job-name=${shellWord(`${name}-collect`)} --dependency=afterany:"\${array%%;*}" \\
  --output=${shellWord(`${name}/collect.log`)} "$@" <<'COLLECT'
#!/bin/sh
set -eu
exec $P2MSIM collect ${folder}/shard-*.jsonl -o ${result}
COLLECT
)
echo "array job $array, collect job $collect, results in" ${result}
`;
}
