/**
 * The text of `perf script`: page faults, mappings, and memory samples of Linux perf. What comes out is no full trace: of
 * page faults, the first touch of each page; of memory samples, one access in many.
 *
 * A line is command, pid and tid, perhaps the processor, time, and an event. A page fault by tracepoint says what the
 * access was (its error code); one by software event does not. PERF_RECORD lines give mappings, exec, fork and exit.
 * Processes become address spaces. Processors become vcpus if the header of perf script says how many there are
 * (--header); otherwise everything is on vcpu 0. Source: the manual pages of perf-record and perf-script; samples
 * made with perf 6.1.
 * Not in the format: munmap and mprotect, page tables, sizes.
 */
import { type AddressHalves, PAGE_BYTES, parseHex } from '../../arch/address.js';
import { OP_FETCH, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { quoted } from '../bad-records.js';
import { EMPTY_HEADER, MAX_VCPUS, type Perm } from '../event.js';
import type { ByteSource, TraceFormat } from '../format.js';
import { ProcessSpaces } from '../process-spaces.js';
import type { Field, TextFormat, TextRecords } from '../text-format.js';
import { type LineReader, looksLike, openText } from '../text-format.js';
import { hasPerfHeader } from './perf-header.js';

const LACKS = [
  'accesses between page faults or samples',
  'access sizes (1 byte each)',
  'munmap and mprotect',
  'page-table edits',
] as const;
const ASSUMES = [
  'a page fault without an error code is a read, or a fetch where it is at the instruction; a sample is a store if its event or its data source says so',
] as const;

/*
 * Lines may be 1 MiB long, so no expression may try a place again for each place before it: what follows a match is cut
 * off by index and not matched by `.*`, and what may stand anywhere can begin only where a word does.
 */
/** Pid, tid, processor and time, behind a command of any words. */
const TASK = /(?<=\s)(-?\d+)(?:\/(-?\d+))?\s+(?:\[(\d+)\]\s+)?\d+\.\d+:\s+/;
const RECORD = /^PERF_RECORD_(\w+)(?: (exec))?:? ?/;
/** Perhaps a period, then the name of an event. */
const EVENT = /^(?:\d+\s+)?(\S+):(?!\S)\s*/;
/** What a page fault by tracepoint says. */
const FAULT_ADDRESS = /(?:^| )address=(0x[0-9a-f]+)(?= )/;
const FAULT_ERROR = / error_code=(0x[0-9a-f]+)/;
/** `[0x55d0(0x1000) @ 0 fe:01 260958 0]: r-xp /usr/bin/true`, behind the pid and tid. */
const MAPPING = /^(-?\d+)\/-?\d+: \[(0x[0-9a-f]+)\((0x[0-9a-f]+)\) @[^\]]*\]: (\S+)(?: (.*))?$/;
/** `(child pid:tid):(parent pid:tid)`. */
const TASKS = /^\((-?\d+):(-?\d+)\):\((-?\d+):(-?\d+)\)$/;
/** The address of a frame of a call chain, below its sample. */
const CALL = /^\s+[0-9a-f]+ /;

const FORMS = '"COMMAND PID/TID [CPU] TIME: EVENT: ADDRESS IP" or "... PERF_RECORD_..."';
const ERROR_WRITE = 2;
const ERROR_FETCH = 16;

/** Who does something on which processor. */
interface Task {
  readonly pid: number;
  readonly vcpu: number;
}

class PerfLines {
  readonly #records: TextRecords;
  readonly #vcpus: number;
  readonly #spaces = new ProcessSpaces();
  /** Processes of threads that were seen to start. */
  readonly #processOf = new Map<number, number>();

  /** @param vcpus 0: everything is on vcpu 0 */
  constructor(records: TextRecords, vcpus: number) {
    this.#records = records;
    this.#vcpus = vcpus;
  }

  line(text: string): void {
    if (text.trim() === '' || text.startsWith('#') || isCall(text)) return;
    // Without the blanks in front, so that a command comes before the first place that has a blank before it.
    const trimmed = text.trimStart();
    const match = TASK.exec(trimmed);
    const event = match === null ? '' : trimmed.slice(match.index + match[0].length);
    const record = RECORD.exec(event);
    const sample = record === null ? EVENT.exec(event) : null;
    if (match === null || (record === null && sample === null)) {
      this.#records.noRecord('a line of perf script', FORMS);
      return;
    }
    const task = this.#task(match, text);
    if (task === null) return;
    const rest = fieldBehind(text, event.slice((record ?? sample)?.[0].length));
    if (record !== null) this.#record(task, record[1] ?? '', record[2] === 'exec', rest);
    else if (sample !== null) this.#sample(task, sample[1] ?? '', rest);
  }

  #task([, first = '', second, cpu = '0']: RegExpExecArray, text: string): Task | null {
    const vcpu = this.#vcpus === 0 ? 0 : Number(cpu);
    if (vcpu > 0 && vcpu >= this.#vcpus) {
      const field = { text: cpu, column: text.indexOf(`[${cpu}]`) + 2 };
      return this.#records.report(field, `processor ${vcpu} is beyond the ${this.#vcpus} of the header`);
    }
    const pid = second === undefined ? (this.#processOf.get(Number(first)) ?? Number(first)) : Number(first);
    return { pid, vcpu };
  }

  #record(task: Task, kind: string, exec: boolean, rest: Field): void {
    if (kind === 'MMAP' || kind === 'MMAP2') return this.#mapping(task, rest);
    if (kind === 'COMM' && exec) {
      this.#select(task);
      return this.#records.out.event({ kind: 'exec', vcpu: task.vcpu, line: this.#records.line });
    }
    if (kind === 'FORK' || kind === 'EXIT') return this.#life(task, kind, rest);
    if (kind === 'COMM') return;
    this.#records.passed.add(kind === 'LOST' ? 'notes that records were lost' : 'other records of perf');
  }

  #mapping(task: Task, rest: Field): void {
    const match = MAPPING.exec(rest.text);
    const va = parseHex(match?.[2] ?? '');
    const bytes = Number(match?.[3] ?? 0);
    if (
      match === null ||
      va === null ||
      va.lo % PAGE_BYTES !== 0 ||
      bytes <= 0 ||
      !Number.isSafeInteger(bytes)
    ) {
      const what = 'is not a mapping; expected PID/TID: [0xSTART(0xLENGTH) @ ...]: RIGHTS NAME';
      this.#records.report(rest, `${quoted(rest.text)} ${what}`);
      return;
    }
    if (Number(match[1]) < 0) return this.#records.passed.add('mappings of the kernel');
    const size = Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
    if (this.#records.canonical({ text: match[2] ?? '', column: rest.column }, va, size) === null) return;
    const mapped = { pid: Number(match[1]), vcpu: task.vcpu };
    this.#select(mapped);
    this.#records.out.event({
      kind: 'map',
      vcpu: mapped.vcpu,
      line: this.#records.line,
      va,
      bytes: size,
      gfn: null,
      perm: rightsOf(match[4] ?? ''),
      how: match[5]?.startsWith('/') === true ? 'file' : 'lazy',
      pageSize: null,
    });
  }

  #life(task: Task, kind: 'FORK' | 'EXIT', rest: Field): void {
    const numbers = TASKS.exec(rest.text)?.slice(1).map(Number);
    if (numbers === undefined) {
      const what = 'is not a process and its parent; expected (PID:TID):(PID:TID)';
      this.#records.report(rest, `${quoted(rest.text)} ${what}`);
      return;
    }
    const [pid = 0, tid = 0, parent = 0] = numbers;
    const { vcpu } = task;
    const { line, out } = this.#records;
    if (kind === 'FORK') {
      this.#processOf.set(tid, pid);
      if (pid === parent) return;
      this.#select({ pid: parent, vcpu });
      out.event({ kind: 'fork', vcpu, line, child: this.#spaces.nameOf(pid) });
      return;
    }
    this.#processOf.delete(tid);
    // A thread of a process that goes on; or a process that did nothing here.
    if (pid !== tid || !this.#spaces.has(pid)) return;
    out.event({ kind: 'exit', vcpu, line, as: this.#spaces.nameOf(pid) });
  }

  #sample(task: Task, event: string, rest: Field): void {
    if (event.startsWith('exceptions:page_fault_')) return this.#tracepoint(task, rest);
    const isFault = /faults?(:|$)/.test(event);
    const isMemory = /mem|load|store|ibs/i.test(event);
    if (!isFault && !isMemory) return this.#records.passed.add('samples of other events');
    const [address = '', second] = rest.text.split(/\s+/, 2);
    if (parseHex(address) === null || (second !== undefined && parseHex(second) === null)) {
      const how = 'record with -d, and print -F comm,pid,tid,time,event,addr,ip';
      this.#records.report(rest, `the address of the access is not there: ${how}`);
      return;
    }
    if (/^0+$/.test(address)) return this.#records.passed.add('samples without an address');
    const isWrite = isMemory && (/store/i.test(event) || /\|OP STORE/.test(rest.text));
    const op = isWrite ? OP_WRITE : isFault && address === second ? OP_FETCH : OP_READ;
    this.#access(task, { text: address, column: rest.column }, op);
  }

  #tracepoint(task: Task, rest: Field): void {
    const match = FAULT_ADDRESS.exec(rest.text);
    const code = FAULT_ERROR.exec(rest.text);
    if (match === null || code === null) {
      const what = 'is not a page fault; expected address=0x... ip=0x... error_code=0x...';
      this.#records.report(rest, `${quoted(rest.text)} ${what}`);
      return;
    }
    const error = Number(code[1]);
    const isWrite = (error & ERROR_WRITE) !== 0;
    const op = isWrite ? OP_WRITE : (error & ERROR_FETCH) !== 0 ? OP_FETCH : OP_READ;
    const address = match[1] ?? '';
    const column = rest.column + match.index + match[0].length - address.length;
    this.#access(task, { text: address, column }, op);
  }

  #access(task: Task, field: Field, op: number): void {
    const va: AddressHalves | null = this.#records.address(field, 1, 'with or without 0x');
    if (va === null) return;
    this.#select(task);
    this.#records.access(op, va, 1, task.vcpu);
  }

  #select({ pid, vcpu }: Task): void {
    const event = this.#spaces.switchTo(vcpu, pid, this.#records.line);
    if (event !== null) this.#records.out.event(event);
  }
}

function isCall(text: string): boolean {
  return text.endsWith(')') && CALL.test(text) && text.includes('(');
}

/** The end of the line: what is behind the event. */
function fieldBehind(line: string, text: string): Field {
  return { text, column: line.length - text.length + 1 };
}

/** `r-xp`, or a letter of a MMAP record, which has no more: `x` for code, `r` for data. */
function rightsOf(text: string): Perm {
  return { read: text.includes('r') || text === 'x', write: text.includes('w'), exec: text.includes('x') };
}

/** @param vcpus processors by the header; 0: it does not say */
function perfText(vcpus: number): TextFormat {
  return {
    shape: null,
    lines: (records): LineReader => {
      const lines = new PerfLines(records, vcpus);
      return (text) => lines.line(text);
    },
    header: vcpus === 0 ? EMPTY_HEADER : { ...EMPTY_HEADER, vcpus },
    virtual: true,
    lacks: vcpus === 0 ? [...LACKS, 'processors (all is on vcpu 0)'] : LACKS,
    assumes: ASSUMES,
    eventless: false,
  };
}

/** A line of the header that says how many processors there are. */
const PROCESSORS = /^# nrcpus avail : (\d+)$/m;

function vcpusOf(head: Uint8Array): number {
  const vcpus = Number(PROCESSORS.exec(Buffer.from(head).toString('latin1'))?.[1] ?? 0);
  return vcpus <= MAX_VCPUS ? vcpus : 0;
}

/** {@link TASK} with an event behind it. */
const ROW = /(?<=\s)-?\d+(?:\/-?\d+)?\s+(?:\[\d+\]\s+)?\d+\.\d{3,9}:\s+(?:PERF_RECORD_[A-Z]|(?:\d+\s+)?\S+:)/;

/** True if the comments in front are the header of perf script, or the first lines that are none are its samples. */
function sniff(head: Uint8Array): boolean {
  const text = Buffer.from(head).toString('latin1');
  if (hasPerfHeader(text)) return true;
  // A sample may have a call chain of any length below it.
  const others = text
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#') && !isCall(line))
    .map((line) => line.trimStart());
  return looksLike(Buffer.from(`${others.join('\n')}\n`), ROW);
}

export const perf = {
  name: 'perf',
  summary: 'perf script of page faults, mappings and memory samples: first touches, not all accesses (text)',
  addresses: 'virtual',
  lacks: LACKS,
  assumes: ASSUMES,
  priority: 44,
  sniff,
  open: async (source: ByteSource, options: ReaderOptions) =>
    openText(source, options, perfText(vcpusOf(source.head))),
} satisfies TraceFormat;
