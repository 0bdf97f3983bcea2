/**
 * Lock of a results file: a file beside it that names the process which writes.
 *
 * A process that was killed leaves its lock; it is taken over if that process is known to be gone, which only its own
 * machine can tell. The process itself is the caller's to describe: nothing here asks the system who we are.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { UsageError } from '../errors.js';

/** The process that wants to write. */
export interface LockOwner {
  readonly host: string;
  /** One word: its number on that host and, where it can be had, when it began (numbers are used again). */
  readonly process: string;
  /** True if the process that gave that word, on this host, is still there. */
  readonly isAlive: (process: string) => boolean;
}

export interface Lock {
  /** Gives it up; again does nothing. */
  readonly release: () => void;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** Locks `file` for `owner`. Throws {@link UsageError} if another process has it. */
export function lockFile(file: string, owner: LockOwner): Lock {
  const path = `${file}.lock`;
  const mine = `${owner.host} ${owner.process}\n`;
  const draft = `${path}.${owner.host}.${owner.process}`;
  writeFileSync(draft, mine);
  try {
    // A link is made whole or not at all, and by one process: the lock is never seen without its owner.
    for (let tries = 0; !link(draft, path); tries++) {
      const held = read(path);
      if (held !== null && (tries > 2 || !isGone(held, owner))) throw inUse(file, path, held);
      if (held !== null) takeAway(path, held, `${draft}.old`);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    release: () => {
      if (read(path) === mine) rmSync(path, { force: true });
    },
  };
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function isGone(held: string, { host, isAlive }: LockOwner): boolean {
  const [otherHost, process = ''] = held.trim().split(' ');
  return otherHost === host && !isAlive(process);
}

/** Removes the lock `held`, and no other that has taken its place: whoever renames it has it alone. */
function takeAway(path: string, held: string, aside: string): void {
  try {
    renameSync(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (read(aside) !== held) link(aside, path);
  rmSync(aside, { force: true });
}

function inUse(file: string, path: string, held: string): UsageError {
  const [host = 'unknown', process = '?'] = held.trim().split(' ');
  return new UsageError(`${file}: process ${process} on ${host} is writing to it`, {
    hint: `wait for it, or write to another file and \`p2msim collect\` both; if that process is gone, remove ${path}`,
  });
}
