/** This process, as the lock of a results file names it. */
import { readFileSync } from 'node:fs';
import type { LockOwner } from '../index.js';

/** When process `pid` began, in ticks since the start of the system (proc(5), field 22 of stat); 0 if nobody can say. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is a name in parentheses, which may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
  } catch {
    return '0';
  }
}

/** A process that may not be sent a signal (EPERM) is there. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export function lockOwner(): LockOwner {
  return {
    host: process.getBuiltinModule('node:os').hostname(),
    process: `${process.pid}-${startOf(process.pid)}`,
    isAlive: (word) => {
      const [pid = 0, start] = word.split('-').map(Number);
      return pid > 0 && exists(pid) && (start === 0 || Number(startOf(pid)) === start);
    },
  };
}
