/**
 * Memory rows: resident bytes for each distinct 4 KiB page, and memory over the length of a trace. The long ones take minutes
 * and print where they are.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNode } from '../children.mjs';

const WORKER = fileURLToPath(new URL('../workers/memory.mjs', import.meta.url));
const PER_PAGE = { floor: 40, goal: 16, better: 'lower' };
const OVER_LENGTH = { floor: 1.1, goal: 1.02, better: 'lower' };
const MIB = 2 ** 20;

/** MiB at its peak. */
const peak = (context, args) => runNode(context, args).maxRSS / 1024;

function openPages(mode) {
  return async (context) => {
    const empty = join(context.folder, 'empty.mjs');
    writeFileSync(empty, '');
    const pages = context.quick ? 1_000_000 : 10_000_000;
    return {
      notes: [`${pages / 1e6}M pages`],
      baseline: async () => peak(context, [empty]),
      subject: async () => peak(context, [WORKER, mode, 'pages', String(pages)]),
      combine: (baseline, subject) => ((subject.median - baseline.median) * MIB) / pages,
      close: () => {},
    };
  };
}

async function openLength(context) {
  const short = context.quick ? 2_000_000 : 10_000_000;
  const local = (n) => peak(context, [WORKER, 'hap', 'local', String(n)]);
  return {
    notes: [`${short / 1e6}M and ${short / 1e5}M accesses`],
    baseline: async () => local(short),
    subject: async () => local(10 * short),
    close: () => {},
  };
}

/** Runs the worker and shows each line that it prints; the figures of all lines. */
function watched(context, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [WORKER, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
      for (const line of `${piece}`.trim().split('\n')) context.print(`    ${readable(line)}`);
    });
    child.on('close', (code) => {
      if (code !== 0) reject(new Error(`workers/memory.mjs ${args.join(' ')} ended with ${code}`));
      else resolve(text.trim().split('\n').map(JSON.parse));
    });
  });
}

function readable(line) {
  const { accesses, seconds, rss } = JSON.parse(line);
  const millions = `${(accesses / 1e6).toFixed(0).padStart(5)}M accesses`;
  return `${millions}  ${seconds.toFixed(1).padStart(6)} s of CPU  ${(rss / MIB).toFixed(1).padStart(7)} MiB resident`;
}

async function openBillion(context) {
  const lines = await watched(context, ['hap', 'local', '1000000000', '100000000']);
  return {
    notes: ['1000M accesses streamed, hit-heavy, stripped as in a replay'],
    baseline: async () => lines[0].rss / MIB,
    subject: async () => lines.at(-1).rss / MIB,
    close: () => {},
  };
}

function openManyPages(mode, pages) {
  return async (context) => {
    const lines = await watched(context, [mode, 'pages', String(pages), String(pages / 10)]);
    return {
      notes: [`${pages / 1e6}M distinct pages, from a tenth of them to all`],
      baseline: async () => lines[0].rss / MIB,
      subject: async () => lines.at(-1).rss / MIB,
      combine: (first, last) => ((last.median - first.median) * MIB) / (0.9 * pages),
      close: () => {},
    };
  };
}

const memoryRow = (id, title, rest) => ({ id: `memory.${id}`, title, unit: 'MiB', mostRounds: 2, ...rest });

const LONG_PAGES = ['hap', 'shadow'].flatMap((mode) =>
  [1e7, 1e8].map((pages) =>
    memoryRow(`long.pages.${mode}.${pages / 1e6}M`, `bytes a page, ${pages / 1e6}M distinct pages, ${mode}`, {
      target: PER_PAGE,
      result: 'B',
      long: true,
      mostRounds: 1,
      sides: ['a tenth', 'all'],
      open: openManyPages(mode, pages),
    }),
  ),
);

export const MEMORY_ROWS = [
  ...['hap', 'shadow'].map((mode) =>
    memoryRow(`page.${mode}`, `resident bytes a distinct page, dense, ${mode}`, {
      target: PER_PAGE,
      result: 'B',
      sides: ['empty module', mode],
      open: openPages(mode),
    }),
  ),
  memoryRow('length', 'memory over ten times the trace, same footprint', {
    target: OVER_LENGTH,
    sides: ['1 x', '10 x'],
    open: openLength,
  }),
  memoryRow('long.billion', 'memory after 1,000M accesses over that after 100M', {
    target: OVER_LENGTH,
    long: true,
    mostRounds: 1,
    sides: ['100M', '1000M'],
    open: openBillion,
  }),
  ...LONG_PAGES,
];
