/**
 * Lock of a results file: a file beside it that names the process which writes.
 *
 * A process that was killed leaves its lock; it is taken over if that process is known to be gone, which only its own
 * machine can tell. The process itself is the caller's to describe: nothing here asks the system who we are.
 */
import { closeSync, linkSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
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

/** What the system says where a file has one name only: FAT, some network folders, folders shared with a container. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Ending of the lock that whoever takes over a lock holds meanwhile. */
const TAKEOVER = '.takeover';

/** How often it is tried anew to take the lock of a process that is gone, which others try as well. */
const MOST_TRIES = 3;

/** Locks `file` for `owner`. Throws {@link UsageError} if another process has it. */
export function lockFile(file: string, owner: LockOwner): Lock {
  const path = `${file}.lock`;
  try {
    const holder = acquire(path, owner);
    if (holder !== null) throw inUse(file, path, holder);
  } catch (error) {
    throw codeOf(error) === 'ENAMETOOLONG' ? tooLong(file, owner, error) : error;
  }
  return { release: () => release(path, owner) };
}

/** Bytes of the longest name on most file systems. */
const MOST_BYTES = 255;

/** A name that is good for a file and not for its lock, whose draft says who makes it. */
function tooLong(file: string, { host, process }: LockOwner, cause: unknown): UsageError {
  const ending = `.lock${TAKEOVER}.${host}.${process}`;
  const bytes = Buffer.byteLength(basename(file));
  const most = MOST_BYTES - Buffer.byteLength(ending);
  const shorter = bytes > most ? `of at most ${most} bytes; this one has ${bytes}` : 'that is shorter';
  return new UsageError(`${file}: the name is too long for a lock beside it, NAME${ending}`, {
    cause,
    hint: `give --results a name ${shorter}`,
  });
}

/** Makes the lock at `path` for `owner`: null, or the text of another process that has it. */
function acquire(path: string, owner: LockOwner): string | null {
  const draft = `${path}.${owner.host}.${owner.process}`;
  writeFileSync(draft, textOf(owner));
  try {
    // A link is made whole or not at all, and by one process: the lock is never seen without its owner.
    for (let tries = 0; !place(draft, path, owner); tries++) {
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
  const turn = `${path}${TAKEOVER}`;
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

/** Puts the lock at `path`: the link to `draft`, or the file itself where there are no links. False: one is there. */
function place(draft: string, path: string, owner: LockOwner): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.includes(String(code))) throw error;
    return create(path, textOf(owner));
  }
}

/**
 * Creates the lock at `path`, which one process alone can. What is lost against a link: it is there for a moment before its
 * text. Who reads it then cannot tell whose it is, and is refused; and where a process is killed just then, nobody takes
 * the lock over: it has to be removed by hand, as the message says.
 */
function create(path: string, text: string): boolean {
  try {
    const fd = openSync(path, 'wx');
    try {
      writeFileSync(fd, text);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(fd);
    }
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
  const [host, process, ...more] = held.trim().split(' ');
  // Nothing is a lock in the making; other words are somebody's file.
  if (held.trim() !== '' && (process === undefined || more.length > 0)) {
    return new UsageError(
      `${path}: is no lock of p2msim, which is "HOST PROCESS"; so nobody knows who writes to ${file}`,
      { hint: `if no p2msim writes to ${file}, remove ${path}` },
    );
  }
  const who = process === undefined ? 'a process that is not known (yet)' : `process ${process} on ${host}`;
  return new UsageError(`${file}: ${who} is writing to it`, {
    hint: `wait for it, or write to another file and \`p2msim collect\` both; if that process is gone, remove ${path}`,
  });
}
