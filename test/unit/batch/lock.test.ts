import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lockFile, type LockOwner } from '../../../src/batch/lock.js';

/** A process called `name`; those of `alive` are there. */
function owner(name: string, alive: readonly string[] = [], host = 'here'): LockOwner {
  return { host, process: name, isAlive: (process) => alive.includes(process) };
}

function scratchFile(): string {
  return join(mkdtempSync(join(tmpdir(), 'p2msim-lock-')), 'r.jsonl');
}

describe('the lock of a results file', () => {
  it('is a file beside it, which goes when it is given up', () => {
    const file = scratchFile();
    const lock = lockFile(file, owner('1-100'));
    expect(existsSync(`${file}.lock`)).toBe(true);
    lock.release();
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it('has a name, and so must the results file have one, that the file system takes', () => {
    const folder = mkdtempSync(join(tmpdir(), 'p2msim-lock-'));
    // `.lock.takeover.here.1-100` is 25 bytes: 230 are left of 255.
    const file = (bytes: number): string => join(folder, 'r'.repeat(bytes));
    lockFile(file(230), owner('1-100')).release();
    expect(() => lockFile(file(245), owner('1-100'))).toThrow(
      expect.objectContaining({
        name: 'UsageError',
        message: `${file(245)}: the name is too long for a lock beside it, NAME.lock.takeover.here.1-100`,
        hint: 'give --results a name of at most 230 bytes; this one has 245',
      }),
    );
    expect(readdirSync(folder)).toEqual([]);
    // A name that has room for the lock can be taken over, too.
    lockFile(file(230), owner('1-100'));
    lockFile(file(230), owner('2-200')).release();
  });

  it('is refused while its process is there', () => {
    const file = scratchFile();
    lockFile(file, owner('1-100'));
    expect(() => lockFile(file, owner('2-200', ['1-100']))).toThrow('process 1-100 on here is writing to it');
  });

  it('is taken over from a process that is gone', () => {
    const file = scratchFile();
    const old = lockFile(file, owner('1-100'));
    lockFile(file, owner('2-200'));
    // What is left of the old process cannot take the lock from the new one.
    old.release();
    expect(() => lockFile(file, owner('3-300', ['2-200']))).toThrow('process 2-200');
  });

  it('of another machine is not taken over, for nobody here knows whether that process is there', () => {
    const file = scratchFile();
    lockFile(file, owner('1-100', [], 'there'));
    expect(() => lockFile(file, owner('2-200'))).toThrow('process 1-100 on there');
  });

  it('is not taken from a third process by one that saw the old one, and is late', () => {
    const file = scratchFile();
    lockFile(file, owner('1-100'));
    let first = true;
    const late: LockOwner = {
      ...owner('2-200'),
      isAlive: (process) => {
        // It has read the name of 1-100; before it knows that this is gone, another takes the lock over.
        if (first) {
          first = false;
          lockFile(file, owner('3-300'));
        }
        return process === '3-300';
      },
    };
    expect(() => lockFile(file, late)).toThrow('process 3-300 on here is writing to it');
    expect(readdirSync(join(file, '..'))).toEqual(['r.jsonl.lock']);
  });

  it('is taken over although another that was about to is gone as well', () => {
    const file = scratchFile();
    writeFileSync(`${file}.lock`, 'here 1-100\n');
    writeFileSync(`${file}.lock.takeover`, 'here 2-200\n');
    const lock = lockFile(file, owner('3-300'));
    expect(readdirSync(join(file, '..'))).toEqual(['r.jsonl.lock']);
    lock.release();
    expect(readdirSync(join(file, '..'))).toEqual([]);
  });

  it('is refused while another is about to take it over', () => {
    const file = scratchFile();
    writeFileSync(`${file}.lock`, 'here 1-100\n');
    writeFileSync(`${file}.lock.takeover`, 'here 2-200\n');
    expect(() => lockFile(file, owner('3-300', ['2-200']))).toThrow('process 2-200 on here is writing to it');
  });

  it('leaves nothing behind where it is refused', () => {
    const file = scratchFile();
    writeFileSync(`${file}.lock`, 'there 7-7\n');
    expect(() => lockFile(file, owner('2-200'))).toThrow();
    expect(readdirSync(join(file, '..'))).toEqual(['r.jsonl.lock']);
  });
});
