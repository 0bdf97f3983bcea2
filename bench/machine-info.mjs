/**
 * What the figures were measured on.
 */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem, type } from 'node:os';

export function describeMachine(compiler) {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    compiler: compiler === null ? null : firstLine(compiler, ['--version']),
    load: loadavg()[0],
  };
}

function firstLine(program, args) {
  return execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0];
}
