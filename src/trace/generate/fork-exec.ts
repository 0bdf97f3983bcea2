/**
 * Fork-exec storm: a shell or build system that starts one short program after the other.
 *
 * Set-up: the parent writes all of its pages once. Then for each program: FORK, the child writes a few of the
 * parent's pages (copy on write), EXEC, the program maps its text, heap and stack and runs, EXIT, and the parent
 * writes a few pages that the fork has write-protected.
 */
import { count, footprint, noFork, writes } from './common-params.js';
import { type Emitter, READ_EXEC } from './emitter.js';
import { ONE_VCPU, type TraceGenerator } from './generator.js';
import type { Prng } from '../../util/prng.js';

const PAGE = 4096;
const PARENT = '0';
/** Where each program has its segments: as far below the footprint as ELF programs are below mmap's area. */
const TEXT = 0x400000;
const TEXT_BYTES = 2 ** 20;
const HEAP = 0x2000000;
const STACK = 0x7ffc00000000;
const STACK_BYTES = 132 * 1024;
const FETCH_BYTES = 16;
/** Instructions between jumps. */
const STRAIGHT = 32;

export const forkExec = {
  ...ONE_VCPU,
  name: 'fork-exec',
  summary: 'fork, copy on write, exec, a short run, exit: one program after the other',
  eventless: false,
  caution: (params) => noFork(params, 0),
  params: [
    footprint(4 * 2 ** 20, 'memory of the parent, all of it written before the first fork'),
    count('cow', 'pages', [0, 1e6], 8, 'pages of the parent that the child, then the parent, writes'),
    count('heap', 'pages', [1, 4e6], 64, 'heap of each program'),
    count('work', 'accesses', [1, 1e9], 2000, 'accesses of each program between exec and exit'),
    writes(50, 'stores among the accesses of programs to their stacks'),
  ],
  *run(out, params, random) {
    const [base, pages] = [params.number('base'), params.number('footprint') / PAGE];
    out.mapLazily(base, pages * PAGE);
    for (let page = 0; page < pages; page++) {
      while (out.full) yield;
      out.write(base + page * PAGE);
    }
    for (let child = 1; ; child++) {
      out.event({ kind: 'fork', child: String(child) });
      out.event({ kind: 'switch', as: String(child), noflush: false });
      yield* writeSome(out, random, base, pages, params.number('cow'));
      out.event({ kind: 'exec' });
      yield* program(out, random, params.number('heap'), params.number('work'));
      out.event({ kind: 'exit', as: null });
      out.event({ kind: 'switch', as: PARENT, noflush: false });
      yield* writeSome(out, random, base, pages, params.number('cow'));
      // Even if nobody writes, there is an access to each round.
      while (out.full) yield;
      out.read(base);
    }
  },
} satisfies TraceGenerator;

function* writeSome(
  out: Emitter,
  random: Prng,
  base: number,
  pages: number,
  n: number,
): Generator<void, void> {
  for (let i = 0; i < n; i++) {
    while (out.full) yield;
    out.write(base + random.below(pages) * PAGE);
  }
}

/** Half fetches in straight stretches, a quarter heap, a quarter stack. */
function* program(out: Emitter, random: Prng, heap: number, work: number): Generator<void, void> {
  out.mapLazily(TEXT, TEXT_BYTES, READ_EXEC, 'file');
  out.mapLazily(HEAP, heap * PAGE);
  out.mapLazily(STACK, STACK_BYTES);
  let next = TEXT;
  for (let i = 0; i < work; i++) {
    while (out.full) yield;
    if (i % 2 === 0) {
      const jump = random.below(STRAIGHT) === 0 || next + FETCH_BYTES > TEXT + TEXT_BYTES;
      if (jump) next = TEXT + random.below(TEXT_BYTES / FETCH_BYTES) * FETCH_BYTES;
      out.fetch(next, FETCH_BYTES);
      next += FETCH_BYTES;
    } else if (i % 4 === 1) {
      out.write(HEAP + random.below(Math.floor((heap * PAGE) / out.size)) * out.size);
    } else {
      // Stacks grow down and stay near their top.
      out.touch(STACK + STACK_BYTES - (1 + random.below(Math.floor(PAGE / out.size))) * out.size);
    }
  }
}
