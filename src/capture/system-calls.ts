/**
 * System calls of x86-64 Linux that change what is mapped, as events of a trace.
 *
 * A mapping is lazy (anonymous), filled from the page cache (a file) or populated (MAP_POPULATE). What mremap moves is
 * mapped anew where it goes, readable and writable: a trace cannot say that entries move. Not seen: madvise, shared
 * memory between processes (each gets pages of its own), protection keys.
 */
import { wordOf } from '../arch/address.js';
import type { EventDraft, Perm, Word64 } from '../trace/event.js';

const PAGE = 4096;

export const MMAP = 9;
export const MPROTECT = 10;
export const MUNMAP = 11;
export const BRK = 12;
export const MREMAP = 25;
export const CLONE = 56;
export const FORK = 57;
export const VFORK = 58;
export const EXIT = 60;
export const WAIT4 = 61;
export const EXIT_GROUP = 231;

const PROT_READ = 1;
const PROT_WRITE = 2;
const PROT_EXEC = 4;
const MAP_ANONYMOUS = 0x20;
const MAP_POPULATE = 0x8000;
const CLONE_VM = 0x100;
const CLONE_VFORK = 0x4000;
/** WUNTRACED and WCONTINUED: then a process that wait4 returns need not have ended. */
const WAIT_FOR_LIVING = 2 | 8;

/** A system call that has returned. Arguments are unsigned, the result is negative for an error. */
export interface SystemCall {
  readonly number: number;
  readonly args: readonly number[];
  readonly result: number;
}

function permOf(prot: number): Perm {
  return { read: (prot & PROT_READ) > 0, write: (prot & PROT_WRITE) > 0, exec: (prot & PROT_EXEC) > 0 };
}

const READ_WRITE = permOf(PROT_READ | PROT_WRITE);

/** The events of a range from `from` to `to`, both rounded up to pages; none if it is empty. */
function range(from: number, to: number, event: (va: Word64, bytes: number) => EventDraft): EventDraft[] {
  const [first, end] = [from, to].map((address) => Math.ceil(address / PAGE) * PAGE) as [number, number];
  return end > first ? [event(wordOf(first), end - first)] : [];
}

function mapped(from: number, to: number, perm: Perm, how: 'lazy' | 'file' | 'populate'): EventDraft[] {
  return range(from, to, (va, bytes) => ({ kind: 'map', va, bytes, gfn: null, perm, how, pageSize: null }));
}

function unmapped(from: number, to: number): EventDraft[] {
  return range(from, to, (va, bytes) => ({ kind: 'unmap', va, bytes }));
}

function mmap(args: readonly number[], at: number): EventDraft[] {
  const [, length = 0, prot = 0, flags = 0] = args;
  const anonymous = (flags & MAP_ANONYMOUS) !== 0;
  const how = anonymous ? ((flags & MAP_POPULATE) === 0 ? 'lazy' : 'populate') : 'file';
  return mapped(at, at + length, permOf(prot), how);
}

function mremap(args: readonly number[], to: number): EventDraft[] {
  const [from = 0, oldLength = 0, newLength = 0] = args;
  if (to !== from) {
    return [...unmapped(from, from + oldLength), ...mapped(to, to + newLength, READ_WRITE, 'lazy')];
  }
  if (newLength < oldLength) return unmapped(from + newLength, from + oldLength);
  return mapped(from + oldLength, from + newLength, READ_WRITE, 'lazy');
}

/** From the old end of the heap to the new one; the first call only asks where it is. */
export function brkEvents(before: number | null, after: number): EventDraft[] {
  if (before === null) return [];
  return after < before ? unmapped(after, before) : mapped(before, after, READ_WRITE, 'lazy');
}

/** What a call that succeeded did to the mappings; the heap is left to {@link brkEvents}. */
export function mappingEvents({ number, args, result }: SystemCall): EventDraft[] {
  if (result < 0) return [];
  const [address = 0, length = 0, prot = 0] = args;
  switch (number) {
    case MMAP:
      return mmap(args, result);
    case MUNMAP:
      return unmapped(address, address + length);
    case MPROTECT:
      return range(address, address + length, (va, bytes) => ({
        kind: 'protect',
        va,
        bytes,
        perm: permOf(prot),
      }));
    case MREMAP:
      return mremap(args, result);
    default:
      return [];
  }
}

/** The process that a call has made; null for a thread, an error, or what is not of this kind. */
export function childOf({ number, args, result }: SystemCall): number | null {
  if (result <= 0) return null;
  if (number === FORK || number === VFORK) return result;
  if (number !== CLONE) return null;
  // QEMU emulates vfork by fork, as the memory is not shared for long.
  const flags = args[0] ?? 0;
  return (flags & CLONE_VM) !== 0 && (flags & CLONE_VFORK) === 0 ? null : result;
}

/** The process of whose end a call has told; null if it may still live. */
export function endedChildOf({ number, args, result }: SystemCall): number | null {
  return number === WAIT4 && result > 0 && ((args[2] ?? 0) & WAIT_FOR_LIVING) === 0 ? result : null;
}
