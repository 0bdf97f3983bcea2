/** An author of perf script: page faults of both kinds, memory samples, mappings, tasks; with and without processors. */
import {
  type Author,
  type AuthoredFormat,
  type Draw,
  halves,
  type Said,
  said,
  type Written,
} from './draw.js';
import { Spaces } from './records.js';

const PROCESSORS = '# nrcpus avail : 4';
const COMMANDS = ['touch', 'my app', 'kworker/0:1', 'Web 7 x'];
const MAPPINGS = [
  ['r-xp', '/usr/bin/true', 'file', { read: true, write: false, exec: true }],
  ['rw-p', '//anon', 'file', { read: true, write: true, exec: false }],
  ['---p', '[heap]', 'lazy', { read: false, write: false, exec: false }],
] as const;

class Reporter {
  readonly #spaces = new Spaces();
  /** Processes of threads that began in the trace. */
  readonly #processOf = new Map<number, number>();
  readonly #vcpus: boolean;

  constructor(vcpus: boolean) {
    this.#vcpus = vcpus;
  }

  line(draw: Draw, line: number): Written {
    if (draw.once(9)) return this.#silent(draw);
    const pid = draw.pick([100, 200, 300]);
    const cpu = draw.below(4);
    const vcpu = this.#vcpus ? cpu : 0;
    const [thread, process] = this.#task(draw, pid);
    const processor = draw.once(3) && vcpu === 0 && cpu === 0 ? '' : `[00${cpu}] `;
    const time = `${draw.below(100_000)}.${draw.pick(['123456', '123456789'])}`;
    const [event, says, passes] = draw.once(3)
      ? this.#record(draw, process, vcpu, line)
      : this.#sample(draw, process, vcpu, line);
    const bytes = `${draw.pick(['', '  '])}${draw.pick(COMMANDS)} ${thread} ${processor}${time}: ${event}`;
    return { bytes, says, ...(passes === undefined ? {} : { passes }) };
  }

  #silent(draw: Draw): Written {
    return {
      bytes: draw.pick(['# a comment', '        401000 main+0x10 (/bin/app)', '  7ffff7 [unknown] (x)']),
    };
  }

  /** `PID/TID` or `TID` alone, which is of the process that was seen to start it. */
  #task(draw: Draw, pid: number): [string, number] {
    if (draw.once(2)) return [`${pid}/${pid + draw.below(3)}`, pid];
    const tid = draw.pick([pid, 701, 702]);
    return [`${tid}`, this.#processOf.get(tid) ?? tid];
  }

  #access(op: string, va: bigint, process: number, vcpu: number, line: number): Said[] {
    return [...this.#spaces.enter(process, vcpu, line), said(op, va, 1, vcpu)];
  }

  #sample(draw: Draw, process: number, vcpu: number, line: number): [string, Said[], string?] {
    const va = draw.address();
    const period = draw.once(2) ? `${1 + draw.below(9999)} ` : '';
    const read = (op: string): Said[] => this.#access(op, va, process, vcpu, line);
    const address = va.toString(16);
    switch (draw.below(6)) {
      case 0: {
        const [code, op] = draw.pick([
          ['0x4', 'R'],
          ['0x6', 'W'],
          ['0x7', 'W'],
          ['0x14', 'X'],
          ['0x16', 'W'],
          ['0x0', 'R'],
        ] as const);
        const where = draw.pick(['user', 'kernel']);
        return [
          `exceptions:page_fault_${where}: address=0x${address} ip=0x401000 error_code=${code}`,
          read(op),
        ];
      }
      case 1: {
        const name = draw.pick(['page-faults:', 'page-faults:u:', 'minor-faults:']);
        const isFetch = draw.once(3);
        return [
          `${period}${name} ${address.padStart(16)} ${isFetch ? address : '401234'}`,
          zeroIsNone(va, () => read(isFetch ? 'X' : 'R')),
          ...none(va),
        ];
      }
      case 2:
        return [
          `${period}cpu/mem-loads,ldlat=30/P: ${address} 401234 |OP LOAD|LVL L1 hit|`,
          zeroIsNone(va, () => read('R')),
          ...none(va),
        ];
      case 3:
        return [`${period}cpu/mem-stores/P: ${address} 401234`, zeroIsNone(va, () => read('W')), ...none(va)];
      case 4:
        return [
          `${period}ibs_op//: ${address} 401234 |OP STORE|LVL L1 hit|`,
          zeroIsNone(va, () => read('W')),
          ...none(va),
        ];
      default:
        return [`${period}cycles: 401000 401234`, [], 'samples of other events'];
    }
  }

  #record(draw: Draw, process: number, vcpu: number, line: number): [string, Said[], string?] {
    const child = draw.pick([100, 200, 300, 400]);
    switch (draw.below(6)) {
      case 0: {
        const [rights, name, how, perm] = draw.pick(MAPPINGS);
        const [va, bytes] = [draw.page(), 1 + draw.below(1 << 20)];
        if (draw.once(5))
          return [
            `PERF_RECORD_MMAP -1/0: [0x${va.toString(16)}(0x1000) @ 0]: x [kernel.kallsyms]`,
            [],
            'mappings of the kernel',
          ];
        const size = 4096 * Math.ceil(bytes / 4096);
        const event = `PERF_RECORD_MMAP2 ${child}/${child}: [0x${va.toString(16)}(0x${bytes.toString(16)}) @ 0 fe:01 260958 0]: ${rights} ${name}`;
        const map = {
          kind: 'map',
          vcpu,
          line,
          va: halves(va),
          bytes: size,
          gfn: null,
          perm,
          how,
          pageSize: null,
        };
        return [event, [...this.#spaces.enter(child, vcpu, line), map]];
      }
      case 1: {
        if (draw.once(2)) return [`PERF_RECORD_COMM: touch:${process}/${process}`, []];
        const says = [...this.#spaces.enter(process, vcpu, line), { kind: 'exec', vcpu, line }];
        return [`PERF_RECORD_COMM exec: touch:${process}/${process}`, says];
      }
      case 2: {
        const parent = draw.pick([100, 200, 300]);
        const tid = draw.once(2) ? child : draw.pick([701, 702]);
        this.#processOf.set(tid, child);
        const event = `PERF_RECORD_FORK(${child}:${tid}):(${parent}:${parent})`;
        if (child === parent) return [event, []];
        const entered = this.#spaces.enter(parent, vcpu, line);
        return [event, [...entered, { kind: 'fork', vcpu, line, child: this.#spaces.name(child) }]];
      }
      case 3: {
        const tid = draw.once(2) ? child : draw.pick([701, 702]);
        this.#processOf.delete(tid);
        const gone = tid === child && this.#spaces.knows(child);
        const says = gone ? [{ kind: 'exit', vcpu, line, as: this.#spaces.name(child) }] : [];
        return [`PERF_RECORD_EXIT(${child}:${tid}):(${child}:${child})`, says];
      }
      case 4:
        return ['PERF_RECORD_LOST lost 7', [], 'notes that records were lost'];
      default:
        return ['PERF_RECORD_SWITCH OUT', [], 'other records of perf'];
    }
  }
}

/** perf prints 0 where a sample has no address. */
const zeroIsNone = (va: bigint, says: () => Said[]): Said[] => (va === 0n ? [] : says());
const none = (va: bigint): [string?] => (va === 0n ? ['samples without an address'] : []);

const task = 'app 9/9 1.000000: ';

export const perfAuthor: AuthoredFormat = {
  head: (draw) =>
    draw.once(2) ? [{ bytes: '# captured on    : Mon' }, { bytes: PROCESSORS }, { bytes: '#' }] : [],
  author: (head): Author => {
    const reporter = new Reporter(head.length > 0);
    return (draw, line) => reporter.line(draw, line);
  },
  bad: [
    'hello',
    'app 9/9 page-faults: 1000',
    `${task}page-faults 1000 2`,
    `${task}page-faults: what 1000`,
    `${task}exceptions:page_fault_user: ip=0x1 error_code=0x4`,
    `${task}page-faults: 800000000000 1`,
    `${task}exceptions:page_fault_user: address=0x1 ip=0x1`,
    `${task}PERF_RECORD_FORK(1:1)`,
    `${task}PERF_RECORD_MMAP2 9/9: [0x1001(0x1000) @ 0]: r-xp /x`,
    `${task}PERF_RECORD_EXIT(1):(1)`,
    `${task}PERF_RECORD_MMAP2 9/9: [0x1000(0x0) @ 0]: r-xp /x`,
    // The last byte is canonical, the first is not.
    `${task}PERF_RECORD_MMAP2 9/9: [0xffff7ffffffff000(0x2000) @ 0]: r-xp /x`,
    `${task}mem-loads: zz 1`,
  ],
  blanks: ['', '  '],
};
