/**
 * What a plugin's records say, as accesses and events: processes become address spaces, threads vcpus.
 *
 * Address spaces are called 1, 2, 3, ... in the order of the processes' beginning; 0 is where a vcpu idles. A
 * thread has the lowest vcpu that is free; where there are more threads than vcpus, they share, with switches.
 */
import type { EventDraft } from '../trace/event.js';
import { BRK, brkEvents, childOf, endedChildOf, EXIT, EXIT_GROUP } from './system-calls.js';
import { mappingEvents, type SystemCall } from './system-calls.js';
import { INITIAL_AS } from '../trace/address-spaces.js';
import type { ChunkBuilder } from '../trace/chunk-builder.js';

/** Most vcpus that a trace has. */
const MOST_VCPUS = 256;
const TWO_32 = 2 ** 32;

interface Process {
  readonly as: string;
  /** Vcpu of each of its threads, by the number that QEMU gives the thread. */
  readonly vcpus: Map<number, number>;
  /** End of the heap, if it has asked. */
  heapEnd: number | null;
  alive: boolean;
  /** Who has told of its fork if the other one has yet to: the child may be over before its parent's call returns. */
  toldBy: 'child' | 'parent' | null;
}

export class Processes {
  readonly #out: ChunkBuilder;
  readonly #byId = new Map<number, Process>();
  /** Address space that each vcpu is in, as the events say. */
  readonly #current: string[] = [];
  /** Threads on each vcpu. */
  readonly #threads: number[] = [];
  #started = 0;
  /** The thread of the last access: most accesses are of the same. */
  #lastThread = -1;
  #lastVcpu = 0;
  #lastAs = '';

  constructor(out: ChunkBuilder) {
    this.#out = out;
  }

  /** Vcpus that have been in use. */
  get vcpus(): number {
    return this.#threads.length;
  }

  /** Processes that have been seen. */
  get count(): number {
    return this.#started;
  }

  access(op: number, bytes: number, thread: number, id: number, hi: number, lo: number): void {
    const key = id * 65536 + thread;
    if (key !== this.#lastThread || this.#current[this.#lastVcpu] !== this.#lastAs) this.#enter(id, thread);
    this.#out.access(op, hi, lo, bytes, this.#lastVcpu);
  }

  /** A process begins: a fresh one, or a program in place of another. */
  started(id: number): void {
    const proc = this.#byId.get(id);
    if (proc?.alive !== true) return void this.#begin(id);
    const [[thread] = [0]] = [...proc.vcpus];
    this.#leaveOthers(proc, thread);
    this.#enter(id, thread);
    this.#event({ kind: 'exec' });
    const vcpu = proc.vcpus.get(thread) ?? 0;
    proc.vcpus.clear();
    proc.vcpus.set(0, vcpu);
    proc.heapEnd = null;
    this.#lastThread = -1;
  }

  /** A process begins as the copy of another; both tell of it, one after the other. */
  forked(id: number, parentId: number, teller: 'child' | 'parent'): void {
    const known = this.#byId.get(id);
    if (known !== undefined && known.toldBy !== null && known.toldBy !== teller) {
      known.toldBy = null;
      return;
    }
    const parent = this.#byId.get(parentId);
    if (parent?.alive !== true) return;
    const [[thread] = [0]] = [...parent.vcpus];
    this.#enter(parentId, thread);
    const child = this.#begin(id);
    child.toldBy = teller;
    child.heapEnd = parent.heapEnd;
    this.#event({ kind: 'fork', child: child.as });
  }

  call(id: number, thread: number, call: SystemCall): void {
    const child = childOf(call);
    const ended = endedChildOf(call);
    const proc = this.#enter(id, thread);
    if (child !== null) this.forked(child, id, 'parent');
    else if (ended !== null) this.#end(ended);
    else if (call.number === EXIT_GROUP || (call.number === EXIT && proc.vcpus.size === 1)) this.#end(id);
    else if (call.number === EXIT) this.#endThread(proc, thread);
    else if (call.number === BRK && call.result > 0) {
      for (const event of brkEvents(proc.heapEnd, call.result)) this.#event(event);
      proc.heapEnd = call.result;
    } else for (const event of mappingEvents(call)) this.#event(event);
  }

  #begin(id: number): Process {
    this.#started += 1;
    const proc: Process = {
      as: String(this.#started),
      vcpus: new Map(),
      heapEnd: null,
      alive: true,
      toldBy: null,
    };
    this.#byId.set(id, proc);
    return proc;
  }

  /** Puts the thread on its vcpu, and the vcpu into the process's address space. */
  #enter(id: number, thread: number): Process {
    const known = this.#byId.get(id);
    const proc = known?.alive === true ? known : this.#begin(id);
    let vcpu = proc.vcpus.get(thread);
    if (vcpu === undefined) {
      vcpu = this.#freeVcpu();
      proc.vcpus.set(thread, vcpu);
      this.#threads[vcpu]! += 1;
    }
    this.#lastThread = id * 65536 + thread;
    this.#lastVcpu = vcpu;
    this.#lastAs = proc.as;
    if (this.#current[vcpu] !== proc.as) this.#switch(vcpu, proc.as);
    return proc;
  }

  /** The lowest vcpu without a thread, else the one with the fewest. */
  #freeVcpu(): number {
    const fewest = Math.min(...this.#threads);
    if (this.#threads.length > 0 && (fewest === 0 || this.#threads.length === MOST_VCPUS))
      return this.#threads.indexOf(fewest);
    this.#current.push(INITIAL_AS);
    return this.#threads.push(0) - 1;
  }

  #endThread(proc: Process, thread: number): void {
    const vcpu = proc.vcpus.get(thread) ?? 0;
    proc.vcpus.delete(thread);
    this.#threads[vcpu]! -= 1;
    this.#lastThread = -1;
    if (this.#current[vcpu] === proc.as) this.#switch(vcpu, INITIAL_AS);
  }

  #end(id: number): void {
    const proc = this.#byId.get(id);
    if (proc?.alive !== true) return;
    const [[thread] = [0]] = [...proc.vcpus];
    this.#leaveOthers(proc, thread);
    this.#enter(id, thread);
    this.#event({ kind: 'exit', as: null });
    // The kernel runs there now; what comes next has to switch.
    this.#current[this.#lastVcpu] = '';
    this.#threads[this.#lastVcpu]! -= 1;
    proc.alive = false;
    this.#lastThread = -1;
  }

  /** No vcpu but that of `thread` stays in the process's address space. */
  #leaveOthers(proc: Process, thread: number): void {
    for (const other of proc.vcpus.keys()) if (other !== thread) this.#endThread(proc, other);
    const kept = proc.vcpus.get(thread);
    for (const [vcpu, as] of this.#current.entries()) {
      if (vcpu !== kept && as === proc.as) this.#switch(vcpu, INITIAL_AS);
    }
  }

  #switch(vcpu: number, as: string): void {
    this.#current[vcpu] = as;
    this.#out.event({ kind: 'switch', as, noflush: false, vcpu, line: 0 });
  }

  /** On the vcpu that was entered last. */
  #event(event: EventDraft): void {
    this.#out.event({ ...event, vcpu: this.#lastVcpu, line: 0 });
  }
}

/** A 64-bit number as a double: exact below 2^53, negative from 2^63 on. */
export function numberOf(hi: number, lo: number): number {
  return (hi | 0) * TWO_32 + lo;
}
