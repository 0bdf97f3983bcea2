/**
 * Captures of real programs with QEMU's plugin and with valgrind lackey: they agree within what the two do differently
 * (docs/capture.md), and every one is replayed in all modes. Run by `npm run test:capture`.
 *
 * On Debian and Ubuntu it takes: apt-get install qemu-user gcc libc6-dev valgrind sqlite3
 */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { vpnOf } from '../../src/arch/address.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../../src/trace/access.js';
import { DEFAULT_READ_OPTIONS } from '../../src/trace/format.js';
import { openTrace } from '../../src/trace/open.js';
import { cli, scratch } from '../cli/run-cli.js';

const NEEDED = ['qemu-x86_64', 'gcc', 'valgrind', 'sqlite3', 'gzip', 'ls'];
const missing = NEEDED.filter((name) => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0);
if (missing.length > 0) {
  console.warn(`test:capture is skipped: not in PATH: ${missing.join(', ')}`);
  console.warn('on Debian and Ubuntu: apt-get install qemu-user gcc libc6-dev valgrind sqlite3');
}

const FOLDER = scratch();
const ALL = ['--accesses', 'loads,stores,fetches'];

/** Captures into a new file; what p2msim says goes along. `preload`: a library that the program loads first. */
function capture(
  name: string,
  words: readonly string[],
  flags: readonly string[] = [],
  preload: string | null = null,
): { path: string; stderr: string } {
  const path = join(FOLDER, `${name}.p2mtrace`);
  const env = preload === null ? {} : { env: { LD_PRELOAD: preload } };
  const { code, stderr } = cli(['trace', 'capture', '-o', path, ...flags, '--', ...words], env);
  expect(code, stderr).toBe(0);
  return { path, stderr };
}

/** Accesses and bytes by kind, a modify being a load and a store; distinct pages of 4 KiB; events by kind. */
interface Counts {
  readonly loads: number;
  readonly stores: number;
  readonly fetches: number;
  readonly loadedBytes: number;
  readonly storedBytes: number;
  readonly pages: number;
  readonly events: Record<string, number>;
}

async function counts(path: string): Promise<Counts> {
  const [n, bytes] = [OP_READ, OP_WRITE].map(() => [0, 0, 0, 0]) as [number[], number[]];
  const pages = new Set<number>();
  const kinds: Record<string, number> = {};
  const trace = await openTrace(path, { read: DEFAULT_READ_OPTIONS });
  for await (const { accesses, events } of trace.chunks()) {
    for (let i = 0; i < accesses.n; i++) {
      n[accesses.op[i]!]! += 1;
      bytes[accesses.op[i]!]! += accesses.size[i]!;
      pages.add(vpnOf(accesses.hi[i]!, accesses.lo[i]!));
    }
    for (const { kind } of events) kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return {
    loads: n[OP_READ]! + n[OP_MODIFY]!,
    stores: n[OP_WRITE]! + n[OP_MODIFY]!,
    fetches: n[OP_FETCH]!,
    loadedBytes: bytes[OP_READ]! + bytes[OP_MODIFY]!,
    storedBytes: bytes[OP_WRITE]! + bytes[OP_MODIFY]!,
    pages: pages.size,
    events: kinds,
  };
}

/** The library that valgrind makes every program load; the dynamic linker's work depends on it. */
function valgrindsLibrary(): string | null {
  const folders = ['/usr/libexec/valgrind', '/usr/lib/x86_64-linux-gnu/valgrind', '/usr/lib/valgrind'];
  return (
    folders.map((folder) => join(folder, 'vgpreload_core-amd64-linux.so')).find((path) => existsSync(path)) ??
    null
  );
}

/** How far `found` is from `told`, as a fraction. */
function difference(found: number, told: number): number {
  return Math.abs(found / told - 1);
}

/** Counters by mode; the guest is the same in all, and none of its accesses is forbidden. */
function replays(path: string): Record<string, Record<string, number>> {
  const { code, stdout, stderr } = cli(['compare', path, '-m', 'native,hap,shadow', '--json']);
  expect(code, stderr).toBe(0);
  const { results } = JSON.parse(stdout) as {
    results: { mode: string; guestDigest: string; counters: Record<string, number> }[];
  };
  expect(new Set(results.map(({ guestDigest }) => guestDigest)).size).toBe(1);
  for (const { counters } of results) expect(counters['guest.faults.bad']).toBe(0);
  const check = cli(['trace', 'check', path]);
  expect(check.stdout).toMatch(/: ok$|: 0 errors, \d+ warnings?$/m);
  return Object.fromEntries(results.map(({ mode, counters }) => [mode, counters]));
}

function compiled(name: string, source: string, ...flags: string[]): string {
  const path = join(FOLDER, name);
  writeFileSync(`${path}.c`, source);
  const { status, stderr } = spawnSync('gcc', ['-O1', ...flags, '-o', path, `${path}.c`, '-lpthread'], {
    encoding: 'utf8',
  });
  expect(status, stderr).toBe(0);
  return path;
}

const BARE = `
__attribute__((used)) static char data[8 * 4096];
__attribute__((used)) static long table[1000];
__attribute__((naked)) void _start(void) {
  __asm__("lea data(%rip), %rdi; mov $0, %ecx;"
          "1: movq $1, (%rdi,%rcx,8); inc %ecx; cmp $4096, %ecx; jne 1b;"
          "lea table(%rip), %rsi; mov $0, %ecx;"
          "2: addq $1, (%rsi,%rcx,8); inc %ecx; cmp $1000, %ecx; jne 2b;"
          "mov $0, %ecx;"
          "3: mov (%rdi,%rcx), %al; inc %ecx; cmp $300, %ecx; jne 3b;"
          "mov $231, %eax; xor %edi, %edi; syscall");
}`;

const COW = `
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  volatile char *m = mmap(0, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 1024; i++) m[i * 4096] = 1;
  mprotect((void *)m, 2 << 20, PROT_READ);
  if (fork() == 0) {
    for (int i = 512; i < 1024; i++) m[i * 4096] = 2;
    _exit(0);
  }
  wait(0);
  munmap((void *)m, 4 << 20);
  return 0;
}`;

const THREADS = `
#include <pthread.h>
static pthread_barrier_t all;
static volatile long sum[4][512];
static void *work(void *mine) {
  pthread_barrier_wait(&all);
  for (int i = 0; i < 512; i++) sum[(long)mine][i] += i;
  pthread_barrier_wait(&all);
  return 0;
}
int main(void) {
  pthread_t thread[3];
  pthread_barrier_init(&all, 0, 4);
  for (long i = 0; i < 3; i++) pthread_create(&thread[i], 0, work, (void *)(i + 1));
  work(0);
  for (int i = 0; i < 3; i++) pthread_join(thread[i], 0);
  return 0;
}`;

describe.skipIf(missing.length > 0)('a program without libraries', () => {
  it('gives the same accesses, one by one, as lackey', async () => {
    const program = compiled('bare', BARE, '-nostdlib', '-static');
    const found = capture('bare', [program], ALL).path;
    const told = capture('bare-lackey', [program], [...ALL, '--tool', 'lackey']).path;
    const all = await counts(found);
    // 4,096 stores, 1,000 modifies, 300 loads; 4 instructions a turn of each loop, and 8 around them.
    expect(all).toMatchObject({ loads: 1300, stores: 5096, fetches: 4 * (4096 + 1000 + 300) + 8 });
    expect(await sequence(found)).toEqual(await sequence(told));
  });

  /** Address and size of each access; of a modify, which QEMU tells as a load and a store, twice. */
  async function sequence(path: string): Promise<string[]> {
    const rows: string[] = [];
    for await (const { accesses } of (await openTrace(path, { read: DEFAULT_READ_OPTIONS })).chunks()) {
      for (let i = 0; i < accesses.n; i++) {
        const op = accesses.op[i]!;
        const row = `${accesses.hi[i]}:${accesses.lo[i]} ${accesses.size[i]}`;
        if (op === OP_MODIFY) rows.push(`${OP_READ} ${row}`, `${OP_WRITE} ${row}`);
        else rows.push(`${op} ${row}`);
      }
    }
    return rows;
  }
});

describe.skipIf(missing.length > 0)('programs of every day', () => {
  const text = join(FOLDER, 'text');
  const sql =
    'create table t(a, b); with recursive c(x) as (select 1 union all select x + 1 from c where x < 300) ' +
    'insert into t select x, x * x from c; select sum(b) from t;';
  writeFileSync(text, Array.from({ length: 400 }, (_, i) => `line ${i} of ${i * i}\n`).join(''));

  it.each([
    ['ls', ['ls', '/']],
    ['gzip', ['gzip', '-c', text]],
    ['sqlite3', ['sqlite3', ':memory:', sql]],
  ])('%s: what it loads and stores is that of lackey, and every mode replays it', async (name, words) => {
    const plugin = capture(name, words, ALL, valgrindsLibrary());
    const lackey = capture(`${name}-lackey`, words, [...ALL, '--tool', 'lackey']);
    const [found, told] = [await counts(plugin.path), await counts(lackey.path)];
    console.log(name, 'by the plugin', found, 'by lackey', told);
    // In bytes: QEMU tells an access of 16 bytes as two of 8.
    expect(difference(found.loadedBytes, told.loadedBytes)).toBeLessThan(0.03);
    expect(difference(found.storedBytes, told.storedBytes)).toBeLessThan(0.03);
    expect(difference(found.pages, told.pages)).toBeLessThan(0.01);
    expect(difference(found.fetches, told.fetches)).toBeLessThan(0.04);
    expect(difference(found.loads, told.loads)).toBeLessThan(0.1);
    expect(difference(found.stores, told.stores)).toBeLessThan(0.1);
    expect(found.events['map']).toBeGreaterThan(5);
    replays(plugin.path);
    replays(lackey.path);
  });
});

describe.skipIf(missing.length > 0)('processes, threads and mappings', () => {
  it('a script that forks: each program is EXEC, each child FORK and EXIT', async () => {
    const script = join(FOLDER, 'script');
    writeFileSync(script, '#!/bin/sh\nls / | wc -l\nfor i in 1 2; do date +%Y; done\n', { mode: 0o755 });
    const { path, stderr } = capture('script', [script]);
    expect(stderr).toMatch(/ 5 processes on [23] vcpus, /);
    // ls, wc, date, date; the shell itself exits, too.
    expect((await counts(path)).events).toMatchObject({ fork: 4, exec: 4, exit: 5 });
    replays(path);
  });

  it('copy on write: the events in order, and a fault for each page that the child writes', async () => {
    const { path } = capture('cow', [compiled('cow', COW)]);
    const kinds: string[] = [];
    for await (const { events } of (await openTrace(path, { read: DEFAULT_READ_OPTIONS })).chunks())
      for (const event of events) {
        const bytes = 'bytes' in event ? event.bytes : 0;
        if (['fork', 'exit'].includes(event.kind) || bytes >= 2 << 20)
          kinds.push(`${event.kind} ${bytes >> 20}`);
      }
    expect(kinds.slice(-6)).toEqual(['map 4', 'protect 2', 'fork 0', 'exit 0', 'unmap 4', 'exit 0']);
    const { native, hap, shadow } = replays(path);
    // 512 pages, and the few of the libraries' that are written after the fork.
    for (const counters of [native, hap, shadow]) {
      expect(counters!['guest.faults.cow']).toBeGreaterThanOrEqual(512);
      expect(counters!['guest.faults.cow']).toBeLessThan(560);
    }
  });

  it('four threads at once are four vcpus of one process', async () => {
    const { path, stderr } = capture('threads', [compiled('threads', THREADS)]);
    expect(stderr).toMatch(/ 1 process on 4 vcpus, /);
    replays(path);
  });

  it('a program that would not end is stopped when there is enough', () => {
    const { stderr } = capture('sleep', ['sleep', '1000'], ['--limit', '5000']);
    expect(stderr).toMatch(/ 5,000 records, .*\nthe program was stopped by --limit\n/);
  });
});
