/** The lock of a results file where a file can have one name only. */
import type * as FileSystem from 'node:fs';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { lockFile, type LockOwner } from '../../../src/batch/lock.js';

const refusal = vi.hoisted(() => ({ code: '', count: 0 }));

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof FileSystem>()),
  linkSync: (): never => {
    refusal.count++;
    throw Object.assign(new Error(`${refusal.code}: operation not permitted, link`), { code: refusal.code });
  },
}));

/** A process called `name`; those of `alive` are there. */
function owner(name: string, alive: readonly string[] = []): LockOwner {
  return { host: 'here', process: name, isAlive: (process) => alive.includes(process) };
}

function scratchFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'p2msim-lock-')), 'r.jsonl');
}

beforeEach(() => {
  refusal.code = 'EPERM';
  refusal.count = 0;
});

describe('the lock of a results file in a folder without hard links', () => {
  it.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])('is the same file, after %s', (code) => {
    refusal.code = code;
    const file = scratchFile();
    const lock = lockFile(file, owner('1-100'));
    expect(refusal.count).toBe(1);
    expect(readdirSync(join(file, '..'))).toEqual(['r.jsonl.lock']);
    expect(readFileSync(`${file}.lock`, 'utf8')).toBe('here 1-100\n');
    expect(() => lockFile(file, owner('2-200', ['1-100']))).toThrow('process 1-100 on here is writing to it');
    lock.release();
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it('is taken over from a process that is gone', () => {
    const file = scratchFile();
    lockFile(file, owner('1-100'));
    lockFile(file, owner('2-200'));
    expect(readFileSync(`${file}.lock`, 'utf8')).toBe('here 2-200\n');
    expect(readdirSync(join(file, '..'))).toEqual(['r.jsonl.lock']);
  });

  it('is refused where it has no text: its process may be about to write it', () => {
    const file = scratchFile();
    writeFileSync(`${file}.lock`, '');
    expect(() => lockFile(file, owner('1-100'))).toThrow(
      'r.jsonl: a process that is not known (yet) is writing to it',
    );
    expect(existsSync(`${file}.lock`)).toBe(true);
  });

  it('fails with every other reason', () => {
    refusal.code = 'EIO';
    const file = scratchFile();
    expect(() => lockFile(file, owner('1-100'))).toThrow('EIO: operation not permitted, link');
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });
});
