import { describe, expect, it } from 'vitest';
import { brkEvents, childOf, endedChildOf, mappingEvents } from '../../../src/capture/system-calls.js';

const [MMAP, MPROTECT, MUNMAP, MREMAP, CLONE, VFORK] = [9, 10, 11, 25, 56, 58];

/** `map 7000+3000 rw lazy`, in hexadecimal. */
function shown(number: number, args: readonly number[], result: number): string[] {
  return mappingEvents({ number, args, result }).map((event) => {
    if (!('bytes' in event) || !('va' in event)) return event.kind;
    const where = `${event.kind} ${event.va.lo.toString(16)}+${event.bytes.toString(16)}`;
    if (!('perm' in event)) return where;
    const { read, write, exec } = event.perm;
    const perm = `${read ? 'r' : ''}${write ? 'w' : ''}${exec ? 'x' : ''}`;
    return `${where} ${perm}${'how' in event ? ` ${event.how}` : ''}`;
  });
}

describe('calls that map', () => {
  it('mmap: what its flags say, whole pages, where the kernel put it', () => {
    expect(shown(MMAP, [0, 0x2001, 3, 0x22], 0x7000)).toEqual(['map 7000+3000 rw lazy']);
    expect(shown(MMAP, [0, 0x1000, 5, 0x2], 0x7000)).toEqual(['map 7000+1000 rx file']);
    expect(shown(MMAP, [0, 0x1000, 3, 0x8022], 0x7000)).toEqual(['map 7000+1000 rw populate']);
    expect(shown(MMAP, [0, 0x1000, 0, 0x4022], 0x7000)).toEqual(['map 7000+1000  lazy']);
  });

  it('nothing if the call failed: ENOMEM is -12', () => {
    expect(shown(MMAP, [0, 0x1000, 3, 0x22], -12)).toEqual([]);
    expect(shown(MUNMAP, [0x7000, 0x1000], -22)).toEqual([]);
  });

  it('munmap and mprotect: their range', () => {
    expect(shown(MUNMAP, [0x7000, 0x1800], 0)).toEqual(['unmap 7000+2000']);
    expect(shown(MPROTECT, [0x7000, 0x1000, 1], 0)).toEqual(['protect 7000+1000 r']);
    expect(shown(MPROTECT, [0x7000, 0, 1], 0)).toEqual([]);
  });

  it('mremap: what grows, what shrinks, or all of it if it moves', () => {
    expect(shown(MREMAP, [0x7000, 0x1000, 0x3000, 1], 0x7000)).toEqual(['map 8000+2000 rw lazy']);
    expect(shown(MREMAP, [0x7000, 0x3000, 0x1000, 1], 0x7000)).toEqual(['unmap 8000+2000']);
    expect(shown(MREMAP, [0x7000, 0x1000, 0x1000, 1], 0x7000)).toEqual([]);
    expect(shown(MREMAP, [0x7000, 0x1000, 0x2000, 1], 0x9000)).toEqual([
      'unmap 7000+1000',
      'map 9000+2000 rw lazy',
    ]);
  });

  it('other calls do not: write is 1', () => {
    expect(shown(1, [1, 0x7000, 5], 5)).toEqual([]);
  });

  it('brk: from page to page', () => {
    expect(brkEvents(null, 0x5000)).toEqual([]);
    expect(brkEvents(0x5000, 0x5000)).toEqual([]);
    expect(brkEvents(0x5001, 0x5fff)).toEqual([]);
    expect(brkEvents(0x5001, 0x7001)).toMatchObject([
      { kind: 'map', va: { hi: 0, lo: 0x6000 }, bytes: 0x2000 },
    ]);
  });
});

describe('calls about processes', () => {
  it('clone makes a process, or a thread if memory is shared for good', () => {
    expect(childOf({ number: CLONE, args: [0x1200011], result: 9 })).toBe(9);
    expect(childOf({ number: CLONE, args: [0x3d0f00], result: 9 })).toBeNull();
    // CLONE_VM and CLONE_VFORK, as posix_spawn has it: QEMU forks.
    expect(childOf({ number: CLONE, args: [0x4111], result: 9 })).toBe(9);
    expect(childOf({ number: VFORK, args: [], result: 9 })).toBe(9);
    expect(childOf({ number: CLONE, args: [0x1200011], result: 0 })).toBeNull();
    expect(childOf({ number: CLONE, args: [0x1200011], result: -11 })).toBeNull();
  });

  it('wait4 tells of an end, unless it may be a stop', () => {
    expect(endedChildOf({ number: 61, args: [-1, 0, 1, 0], result: 9 })).toBe(9);
    expect(endedChildOf({ number: 61, args: [-1, 0, 8, 0], result: 9 })).toBeNull();
    expect(endedChildOf({ number: 61, args: [-1, 0, 1, 0], result: 0 })).toBeNull();
  });
});
