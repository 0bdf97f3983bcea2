/**
 * Lock of a results file: a file beside it that names the process which writes.
 *
 * A process that was killed leaves its lock; it is taken over if that process is known to be gone, which only its own
 * machine can tell. The process itself is the caller's to describe: nothing here asks the system who we are.
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** How often it is tried anew to take the lock of a process that is gone, which others try as well. */
const MOST_TRIES = 3;

/** Locks `file` for `owner`. Throws {@link UsageError} if another process has it. */
export function lockFile(file: string, owner: LockOwner): Lock {
  const path = `${file}.lock`;
  const holder = acquire(path, owner);
  if (holder !== null) throw inUse(file, path, holder);
  return { release: () => release(path, owner) };
}

/** Makes the lock at `path` for `owner`: null, or the text of another process that has it. */
function acquire(path: string, owner: LockOwner): string | null {
  const draft = `${path}.${owner.host}.${owner.process}`;
  writeFileSync(draft, textOf(owner));
  try {
    // A link is made whole or not at all, and by one process: the lock is never seen without its owner.
    for (let tries = 0; !link(draft, path); tries++) {
      const held = read(path);
      if (held === null) continue;
      if (tries >= MOST_TRIES || !isGone(held, owner)) return held;
      const other = removeDead(path, owner);
      if (other !== null) return other;
    }
    return null;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Removes the lock of a process that is gone: null, or the text of another process that is about to.
 *
 * Whoever has seen it may be late, and the lock be that of a third process by now. So it is looked at once more under a
 * lock of its own: while that is held, nobody else removes a lock whose process is gone, and no other is removed.
 */
function removeDead(path: string, owner: LockOwner): string | null {
  const turn = `${path}.takeover`;
  const other = acquire(turn, owner);
  if (other !== null) return other;
  try {
    const held = read(path);
    if (held !== null && isGone(held, owner)) rmSync(path, { force: true });
    return null;
  } finally {
    release(turn, owner);
  }
}

function release(path: string, owner: LockOwner): void {
  if (read(path) === textOf(owner)) rmSync(path, { force: true });
}

function textOf({ host, process }: LockOwner): string {
  return `${host} ${process}\n`;
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

function inUse(file: string, path: string, held: string): UsageError {
  const [host = 'unknown', process = '?'] = held.trim().split(' ');
  return new UsageError(`${file}: process ${process} on ${host} is writing to it`, {
    hint: `wait for it, or write to another file and \`p2msim collect\` both; if that process is gone, remove ${path}`,
  });
}
