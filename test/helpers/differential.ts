/**
 * Runs one random case through p2msim's machine and through the reference simulator, compares every
 * counter, page count and guest table, and shrinks a case that differs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AccessBatch, createBatch, type TraceChunk } from '../../src/trace/access.js';
import type { TraceEvent, Word64 } from '../../src/trace/event.js';
import { createMachine } from '../../src/sim/machine.js';
import { ReferenceSimulator } from '../reference/simulator.js';
import type { RandomCase, TraceItem } from './random-trace.js';

/** The items as one chunk: accesses, and events with the number of accesses before each. */
export function chunkOf(items: readonly TraceItem[]): TraceChunk {
  const accesses: AccessBatch = createBatch(items.length + 1);
  const events: TraceEvent[] = [];
  const eventAt: number[] = [];
  for (const item of items) {
    if (item.kind === 'event') {
      events.push(item.event);
      eventAt.push(accesses.n);
      continue;
    }
    const i = accesses.n++;
    accesses.hi[i] = Number(item.va >> 32n);
    accesses.lo[i] = Number(item.va & 0xffffffffn);
    accesses.op[i] = item.op;
    accesses.size[i] = item.size;
    accesses.vcpu[i] = item.vcpu;
  }
  return { accesses, events, eventAt, rawBytes: 0 };
}

interface Outcome {
  readonly values: Map<string, number>;
  readonly tables: string;
}

function outcome(counters: object, memory: object, tables: string): Outcome {
  const values = new Map<string, number>(Object.entries(counters));
  for (const [key, pages] of Object.entries(memory)) values.set(`memory.${key}`, Number(pages));
  return { values, tables };
}

/** What the reference counts for a case. */
export function runReference(c: RandomCase): Outcome {
  const simulator = new ReferenceSimulator(c.mode, c.config, c.header);
  for (const item of c.items) {
    if (item.kind === 'access') simulator.access(item.vcpu, item.op, item.va, item.size);
    else simulator.event(item.event);
  }
  return outcome(simulator.counters(), simulator.memory(), simulator.guestTables());
}

/** What p2msim counts for a case. */
export function runMachine(c: RandomCase): Outcome {
  const machine = createMachine({ mode: c.mode, config: c.config }, c.header);
  machine.replayChunk(chunkOf(c.items));
  const tables = wordsForFlags(machine.guestTables(), c.config.guest.levels);
  return outcome(machine.counters(), machine.memory(), tables);
}

/**
 * The machine prints a page number without sign extension and rights as a sum (2 RW, 4 US, 8 G);
 * the reference prints the sign-extended vpn and words.
 */
function wordsForFlags(text: string, levels: number): string {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => (line.startsWith('space ') ? line : leafWords(line, levels))).join('\n');
}

function leafWords(line: string, levels: number): string {
  const [page, level, gfn, rights] = line.split(' ');
  const vpn = Number.parseInt(page!, 16);
  const high = vpn >= 512 ** levels / 2;
  const bits = Number.parseInt(rights!, 16);
  const words = [(high ? vpn + 2 ** 52 - 512 ** levels : vpn).toString(16), level!, gfn!];
  if (bits & 2) words.push('RW');
  if (bits & 4) words.push('US');
  if (bits & 8) words.push('G');
  return words.join(' ');
}

function firstDifferentLine(a: string, b: string): string {
  const left = a.split('\n');
  const right = b.split('\n');
  const i = left.findIndex((line, n) => line !== right[n]);
  return `guest tables, line ${i + 1}: p2msim '${left[i] ?? ''}', reference '${right[i] ?? ''}'`;
}

/** How the line for a crash begins. */
export const GAVE_UP = 'one of them gave up';

/**
 * What differs between the two, one line each; empty if they agree. A crash is a difference. Counters
 * that `ignored` names are passed over.
 */
export function differences(c: RandomCase, ignored: (key: string) => boolean = () => false): string[] {
  let machine: Outcome;
  let reference: Outcome;
  try {
    reference = runReference(c);
    machine = runMachine(c);
  } catch (error) {
    return [`${GAVE_UP}: ${error instanceof Error ? error.message : String(error)}`];
  }
  const found: string[] = [];
  for (const key of new Set([...machine.values.keys(), ...reference.values.keys()])) {
    // The reference does not know every page count; a counter that it never raised is 0.
    if (key.startsWith('memory.') && !reference.values.has(key)) continue;
    if (ignored(key)) continue;
    const [ours, theirs] = [machine.values.get(key) ?? 0, reference.values.get(key) ?? 0];
    if (ours !== theirs) found.push(`${key}: p2msim ${ours}, reference ${theirs}`);
  }
  if (machine.tables !== reference.tables) found.push(firstDifferentLine(machine.tables, reference.tables));
  return found;
}

/** Removes ever smaller stretches of the trace while the case still fails, within `budget` runs. */
export function shrink(c: RandomCase, fails: (c: RandomCase) => boolean, budget: number): RandomCase {
  let items = [...c.items];
  let runs = 0;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < items.length && runs < budget; runs++) {
      const shorter = [...items.slice(0, at), ...items.slice(at + size)];
      if (fails({ ...c, items: shorter })) items = shorter;
      else at += size;
    }
  }
  return { ...c, items };
}

/** Shrinks a case that fails by `find`, writes it to `folder`, and returns what to print. */
export function reproduce(whole: RandomCase, find: (c: RandomCase) => string[], folder: string): string {
  // A shorter trace must fail in the same way: its first line names the same key.
  const keyOf = (c: RandomCase): string => find(c)[0]?.split(':')[0] ?? '';
  const key = keyOf(whole);
  const small = shrink(whole, (c) => keyOf(c) === key, 300);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `seed-${whole.seed}-${small.config.shadow.policy}-${small.mode}`);
  writeFileSync(`${path}.csv`, csvOf(small));
  writeFileSync(`${path}.config.json`, `${JSON.stringify(small.config, null, 2)}\n`);
  const first = find(small).slice(0, 8).join('\n  ');
  return `seed ${whole.seed}, ${small.mode}, ${small.items.length} items left (${path}.csv):\n  ${first}`;
}

const OPS = ['R', 'W', 'X', 'M'];

function hex(word: Word64): string {
  return `0x${((BigInt(word.hi) << 32n) + BigInt(word.lo)).toString(16)}`;
}

/** One item as a line of p2msim CSV with the columns of {@link CSV_COLUMNS}. */
function csvLine(item: TraceItem): string {
  if (item.kind === 'access') {
    return `${OPS[item.op]},0x${item.va.toString(16)},${item.size},${item.vcpu},,,,,,`;
  }
  const e = item.event;
  const va = 'va' in e && e.va !== null ? hex(e.va) : '';
  const size = 'bytes' in e ? String(e.bytes) : '';
  const gfn = 'gfn' in e && e.gfn !== null ? `0x${e.gfn.toString(16)}` : '';
  const level = 'level' in e ? String(e.level) : '';
  const value = e.kind === 'ptw' ? hex(e.value) : '';
  const as = 'as' in e && e.as !== null ? e.as : '';
  return [opOf(e), va, size, e.vcpu, as, gfn, level, value, permOf(e), noteOf(e)].join(',');
}

export const CSV_COLUMNS = 'op,va,size,vcpu,as,gfn,level,value,perm,note';

function opOf(e: TraceEvent): string {
  return e.kind === 'clear' ? `CLEAR${e.bit}` : e.kind.toUpperCase();
}

function permOf(e: TraceEvent): string {
  if (!('perm' in e)) return '';
  const { read, write, exec } = e.perm;
  return `${read ? 'r' : ''}${write ? 'w' : ''}${exec ? 'x' : ''}` || 'none';
}

function noteOf(e: TraceEvent): string {
  if (e.kind === 'map') return e.how;
  if (e.kind === 'fork') return e.child;
  if (e.kind === 'demand') return e.write ? 'write' : 'read';
  return '';
}

/** The case as CSV, to be looked at and replayed. */
export function csvOf(c: RandomCase): string {
  const ranges = c.header.p2m.map((r) => `# p2m: 0x${r.gfn.toString(16)} ${r.count} ${r.pageSize}`);
  return [...ranges, CSV_COLUMNS, ...c.items.map(csvLine), ''].join('\n');
}
