/**
 * GNU parallel runs a sweep in four shards, loses one to kill -9, resumes it, and what is collected is the sweep of one
 * process.
 *
 *     node test/batch/parallel.mjs [--log FILE] [--no-install]
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { BIN, compare, finish, FOLDER, need, run, say, SPEC } from './workplace.mjs';

/** `{}` is the number of the shard. */
const JOB = `${process.execPath} ${BIN} sweep ${SPEC} --shard {}/4 --results shard-{}.jsonl --resume`;
const PARALLEL = `parallel --will-cite -j2 --joblog jobs.log --resume-failed '${JOB}' ::: 1 2 3 4`;

/** When the second shard has points: then its process. */
function whenWriting(shard) {
  return new Promise((resolve) => {
    const watcher = watch(FOLDER, () => {
      if (!existsSync(shard) || readFileSync(shard, 'utf8').split('\n').length < 4) return;
      watcher.close();
      resolve(Number(/^\S+ (\d+)-/.exec(readFileSync(`${shard}.lock`, 'utf8'))?.[1]));
    });
  });
}

async function test() {
  say(`node ${process.version}, ${run('parallel --version | head -1')}`);
  say(`$ ${PARALLEL}`);
  const first = spawn('bash', ['-c', PARALLEL], { cwd: FOLDER, stdio: 'ignore' });
  const ended = new Promise((resolve) => first.once('exit', resolve));
  const shard = join(FOLDER, 'shard-2.jsonl');
  process.kill(await whenWriting(shard), 'SIGKILL');
  say(`killed the process of shard 2 (SIGKILL); exit ${await ended}: jobs that failed`);
  run(PARALLEL);
  run('cut -f 1,7,8 jobs.log');
  run('p2msim collect shard-*.jsonl -o all.jsonl');
  compare('all.jsonl');
}

if (need(['parallel'], ['parallel'])) {
  try {
    await test();
    finish(0);
  } catch (error) {
    say(`FAIL ${error instanceof Error ? error.message : error}; see ${FOLDER}`);
    finish(1);
  }
} else finish(1);
