/**
 * A real Slurm of one node runs a sweep as an array, loses a task to kill -9, runs it again, and collects.
 *
 *     node test/batch/slurm.mjs [--log FILE] [--no-install]
 *
 * munged, slurmctld and slurmd (Debian's slurm-wlm and munge; installed if they are missing and this is root) are started
 * in a folder of their own, with sockets, keys, ports and state there, and ended by their process ids.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BIN, compare, finish, FOLDER, need, ROOT, run, say, SPEC } from './workplace.mjs';

const CLUSTER = join(FOLDER, 'cluster');
const CONF = join(CLUSTER, 'slurm.conf');
const ENV = { SLURM_CONF: CONF, P2MSIM: `${process.execPath} ${BIN}` };
const TASKS = 4;
const daemons = [];

/** Ports that nobody has: both are asked for before either is given back. */
async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

function start(name, args) {
  const child = spawn(name, args, { stdio: 'ignore', env: { ...process.env, ...ENV } });
  daemons.push(child);
  child.once('error', (error) => say(`${name}: ${error.message}`));
}

/** Asks until the answer is yes; so many minutes at most. */
async function until(what, holds, minutes = 1) {
  for (let tries = 0; tries < 600 * minutes; tries++) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error(`waited too long for ${what}`);
}

/** What a command prints; nothing if it fails. */
function quiet(command) {
  const done = spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, ...ENV } });
  return done.status === 0 ? done.stdout.trim() : '';
}

async function startCluster() {
  mkdirSync(join(CLUSTER, 'state'), { recursive: true });
  mkdirSync(join(CLUSTER, 'spool'));
  writeFileSync(join(CLUSTER, 'munge.key'), randomBytes(1024), { mode: 0o600 });
  const socket = join(CLUSTER, 'munge.socket');
  const [controller, node] = await freePorts(2);
  const config = {
    ClusterName: 'p2msim',
    SlurmctldHost: `${hostname()}(127.0.0.1)`,
    SlurmctldPort: controller,
    SlurmdPort: node,
    AuthType: 'auth/munge',
    AuthInfo: `socket=${socket}`,
    CredType: 'cred/munge',
    SlurmUser: 'root',
    SlurmdUser: 'root',
    StateSaveLocation: join(CLUSTER, 'state'),
    SlurmdSpoolDir: join(CLUSTER, 'spool'),
    SlurmctldPidFile: join(CLUSTER, 'slurmctld.pid'),
    SlurmdPidFile: join(CLUSTER, 'slurmd.pid'),
    SlurmctldLogFile: join(CLUSTER, 'slurmctld.log'),
    SlurmdLogFile: join(CLUSTER, 'slurmd.log'),
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    JobAcctGatherType: 'jobacct_gather/none',
    AccountingStorageType: 'accounting_storage/none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_CPU',
    MpiDefault: 'none',
    ReturnToService: 2,
    SchedulerParameters: 'sched_interval=1',
  };
  const cpus = /CPUs=(\d+)/.exec(quiet('slurmd -C'))?.[1] ?? '1';
  const lines = Object.entries(config).map(([key, value]) => `${key}=${value}`);
  lines.push(`NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=${cpus} State=UNKNOWN`);
  lines.push('PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP');
  lines.push('PartitionName=long Nodes=ALL MaxTime=INFINITE State=UP');
  writeFileSync(CONF, `${lines.join('\n')}\n`);
  const munge = ['socket', 'key-file', 'pid-file', 'log-file', 'seed-file'].map((name) =>
    name === 'socket' ? `--socket=${socket}` : `--${name}=${join(CLUSTER, `munge.${name.slice(0, 3)}`)}`,
  );
  start('munged', ['--foreground', '--force', ...munge]);
  await until('munged', () => existsSync(socket));
  start('slurmctld', ['-D', '-f', CONF]);
  start('slurmd', ['-D', '-f', CONF]);
  await until('an idle node', () => quiet('sinfo -h -o %t') === 'idle');
}

/** Kills the process of the first task, once it has written some points. */
async function killTask(job) {
  const shard = join(FOLDER, 'sweep/shard-1.jsonl');
  const lineCount = () => (existsSync(shard) ? readFileSync(shard, 'utf8').split('\n').length - 1 : 0);
  await until('points of task 1', () => lineCount() > 2);
  const [, pid] = /^\S+ (\d+)-/.exec(readFileSync(`${shard}.lock`, 'utf8')) ?? [];
  process.kill(Number(pid), 'SIGKILL');
  await until('the end of task 1', () => !/RUNNING|COMPLETING/.test(quiet(`squeue -h -o %T -j ${job}_1`)));
  say(`killed task ${job}_1 (SIGKILL) after ${lineCount() - 1} points`);
  run(`scontrol requeue ${job}_1`, ENV);
  // Slurm would wait two minutes with a job that has just failed.
  quiet(`scontrol update JobId=${job}_1 StartTime=now`);
}

async function stopCluster() {
  for (const child of daemons.reverse()) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await Promise.race([ended, sleep(10_000)]);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
}

/** What docs/batch.md shows: its specification, its two commands. */
async function testPage() {
  const page = readFileSync(join(ROOT, 'docs/batch.md'), 'utf8');
  const [, study] = /`study\.toml`:\n\n```toml\n(.*?)```/s.exec(page);
  writeFileSync(join(FOLDER, 'study.toml'), study);
  run('p2msim sweep study.toml --emit slurm --tasks 4 > study.sh');
  run('sh study.sh --partition=long --time=2:00:00', ENV);
  await until('all jobs', () => quiet('squeue -h') === '', 10);
  compare('study.jsonl', 'study.toml');
}

async function test() {
  await startCluster();
  say(`node ${process.version}, ${quiet('sbatch --version')}, ${quiet('munged --version')}`);
  run('sinfo', ENV);
  run(`p2msim sweep ${SPEC} --emit slurm --tasks ${TASKS} > submit.sh`);
  const submitted = run('sh submit.sh', ENV);
  const [, job] = /array job (\d+)/.exec(submitted) ?? [];
  await killTask(job);
  run('squeue', ENV);
  await until('all jobs', () => quiet('squeue -h') === '', 10);
  run('tail -n +1 sweep/task-*.log sweep/collect.log');
  compare('sweep.jsonl');
  await testPage();
}

if (need(['munged', 'slurmctld', 'slurmd', 'sbatch'], ['slurm-wlm', 'munge'])) {
  try {
    await test();
    finish(0);
  } catch (error) {
    say(`FAIL ${error instanceof Error ? error.message : error}; see ${FOLDER}`);
    finish(1);
  } finally {
    await stopCluster();
  }
} else finish(1);
