/**
 * A scenario written down as a p2msim trace (CSV): boot, set-up, measured phases, clean-up.
 *
 * The trace has a scripted guest: its tables, its kernel's loads and stores and what its page-fault handler
 * does are rows. ROI marks hold the measured phases, MARK rows name them where they end. Replayed, it gives
 * the exits of the same scenario in the lab (docs/formats.md says where TLB counts differ).
 */
import { PAGE_BYTES } from '../arch/address.js';
import { ENTRIES, pageHi, pageLo, pageNumberOf, tableIndex } from '../arch/paging.js';
import { encodePte } from '../arch/pte.js';
import { UsageError } from '../errors.js';
import { createBatch, OP_FETCH, OP_READ, OP_WRITE } from '../trace/access.js';
import type { EventDraft, TraceEvent, Word64 } from '../trace/event.js';
import type { CsvColumn } from '../trace/formats/csv-columns.js';
import { CsvWriter } from '../trace/write.js';
import type { Scenario, ScenarioHost, ScenarioParams, ScenarioSuite } from './scenario.js';
import { type AccessKind, type Cr3Tag, type OpSink, SoftMmu } from './soft-mmu.js';

const COLUMNS: readonly CsvColumn[] = ['op', 'va', 'size', 'as', 'pcid', 'gfn', 'level', 'value', 'note'];
const OPS: Readonly<Record<AccessKind, number>> = { read: OP_READ, write: OP_WRITE, fetch: OP_FETCH };
/** Longest access of a trace, in pages. */
const MAX_RUN = 256;
/** Text is handed on in pieces of about this many characters. */
const PIECE = 1 << 20;

const word = (page: number): Word64 => ({ hi: pageHi(page) >>> 0, lo: pageLo(page) });

/** Rows of a trace, gathered into pieces. */
class Rows {
  readonly writer = new CsvWriter(COLUMNS);
  readonly #emit: (text: string) => void;
  readonly #batch = createBatch(1);
  #pending: string[] = [];
  #length = 0;

  constructor(emit: (text: string) => void) {
    this.#emit = emit;
    this.#batch.n = 1;
  }

  text(text: string): void {
    this.#pending.push(text);
    this.#length += text.length;
    if (this.#length >= PIECE) this.flush();
  }

  access(kind: AccessKind, page: number, bytes: number): void {
    const batch = this.#batch;
    batch.op[0] = OPS[kind];
    batch.hi[0] = pageHi(page);
    batch.lo[0] = pageLo(page);
    batch.size[0] = bytes;
    this.text(this.writer.access(batch, 0));
  }

  event(event: EventDraft): void {
    this.text(this.writer.event({ vcpu: 0, line: 0, ...event } as TraceEvent));
  }

  /** A store of entry `index`; where `page` does not pick that entry, one that does stands for it. */
  store(gfn: number, index: number, frame: number, flags: number, level: number, page: number): void {
    const fits = tableIndex(pageHi(page), pageLo(page), level) === index;
    const value = encodePte(frame, flags);
    this.event({ kind: 'ptw', gfn, level: fits ? level : 1, va: word(fits ? page : index), value });
  }

  flush(): void {
    if (this.#length > 0) this.#emit(this.#pending.join(''));
    this.#pending = [];
    this.#length = 0;
  }
}

/** Names of the marks of a run, in order: what tells which stretches are measured. */
class Marks implements OpSink {
  readonly names: (string | null)[] = [];

  access(): void {}
  fault(): void {}
  faultDone(): void {}
  loadEntry(): void {}
  storeEntry(): void {}
  storeData(): void {}
  zeroFrame(): void {}
  copyFrame(): void {}
  invlpg(): void {}
  loadCr3(): void {}
  cpuid(): void {}
  togglePge(): void {}
  dropTranslations(): void {
    throw new UsageError(
      'in this scenario the hypervisor drops all its translations, which a trace cannot say',
      {
        hint: 'run it with `p2msim validate --scenario`, or choose another',
      },
    );
  }
  mark(phase: string | null): void {
    this.names.push(phase);
  }
}

/** Writes every operation as rows. */
class TraceSink implements OpSink {
  readonly #rows: Rows;
  readonly #host: ScenarioHost;
  readonly #marks: readonly (string | null)[];
  #marksPassed = 0;
  #measuring = false;
  /** Writes of consecutive pages during boot, joined into one record. */
  #run = { first: 0, pages: 0 };

  constructor(rows: Rows, host: ScenarioHost, marks: readonly (string | null)[]) {
    this.#rows = rows;
    this.#host = host;
    this.#marks = marks;
    this.#measure();
  }

  /** The warming of memory is over: from here on every access has a row of its own. */
  booted = false;

  access(kind: AccessKind, page: number): void {
    const run = this.#run;
    if (this.booted || kind !== 'write') return this.#flushed().access(kind, page, 1);
    if (run.pages === MAX_RUN || page !== run.first + run.pages) this.#flushed();
    if (run.pages === 0) run.first = page;
    run.pages += 1;
  }

  fault(page: number, present: boolean, write: boolean): void {
    const error = (present ? 1 : 0) + (write ? 2 : 0);
    this.#flushed().event({ kind: 'fault', va: word(page), error });
  }

  faultDone(): void {
    this.#flushed();
  }

  loadEntry(gfn: number): void {
    this.#flushed().access('read', this.#direct(gfn), 1);
  }

  storeEntry(gfn: number, index: number, frame: number, flags: number, level: number, page: number): void {
    this.#flushed().store(gfn, index, frame, flags, level, page);
  }

  storeData(gfn: number, index: number, frame: number, flags: number): void {
    this.#flushed().store(gfn, index, frame, flags, 1, index);
  }

  /** One record for a frame that never held a table: no store to it can be told from the next. */
  zeroFrame(gfn: number, tableBefore: boolean): void {
    if (!tableBefore) return this.#flushed().access('write', this.#direct(gfn), PAGE_BYTES);
    for (let i = 0; i < ENTRIES; i++) this.storeData(gfn, i, 0, 0);
  }

  copyFrame(to: number, from: number): void {
    this.#flushed().access('read', this.#direct(from), PAGE_BYTES);
    this.#rows.access('write', this.#direct(to), PAGE_BYTES);
  }

  invlpg(page: number): void {
    this.#flushed().event({ kind: 'invlpg', va: word(page) });
  }

  loadCr3(root: number, tag: Cr3Tag): void {
    const as = `0x${(root * PAGE_BYTES).toString(16)}`;
    this.#flushed().event({ kind: 'cr3', as, pcid: tag?.id ?? null, noflush: tag?.noflush ?? false });
  }

  cpuid(): void {
    this.#flushed().event({ kind: 'cpuid' });
  }

  togglePge(): void {
    this.#flushed().event({ kind: 'flushall' });
  }

  dropTranslations(): void {
    this.#flushed();
  }

  mark(phase: string | null): void {
    this.#marksPassed += 1;
    if (phase !== null) this.#flushed().event({ kind: 'mark', name: phase });
    this.#measure();
  }

  /** Measured is what ends in a mark with a name. */
  #measure(): void {
    const on = (this.#marks[this.#marksPassed] ?? null) !== null;
    if (on !== this.#measuring) this.#flushed().event({ kind: 'roi', on });
    this.#measuring = on;
  }

  #direct(gfn: number): number {
    return pageNumberOf(this.#host.directMapHi, 0) + gfn;
  }

  /** The rows, with nothing held back. */
  #flushed(): Rows {
    const { first, pages } = this.#run;
    this.#run.pages = 0;
    if (pages > 0) this.#rows.access('write', first, pages * PAGE_BYTES);
    return this.#rows;
  }
}

/** Runs the scenario on a guest of its own. */
function runScenario(
  suite: ScenarioSuite,
  scenario: Scenario,
  params: ScenarioParams,
  sink: OpSink,
  booted: () => void,
): void {
  const mmu = new SoftMmu(suite.bootRoot, sink);
  suite.bootTables(params, (gfn, index, frame, flags) => mmu.place(gfn, index, frame, flags));
  const session = suite.boot(mmu, params);
  booted();
  session.settleHeuristics?.();
  session.run(scenario.name, params);
}

/** Boot tables as stores; the root's entries last, so that none of the stores is to a table in use. */
function writeBootTables(suite: ScenarioSuite, params: ScenarioParams, rows: Rows): void {
  const ofRoot: Parameters<Rows['store']>[] = [];
  suite.bootTables(params, (gfn, index, frame, flags) => {
    if (gfn === suite.bootRoot) ofRoot.push([gfn, index, frame, flags, 1, index]);
    else rows.store(gfn, index, frame, flags, 1, index);
  });
  for (const store of ofRoot) rows.store(...store);
}

/**
 * Writes the trace of a scenario, in pieces. `params` are complete (params.ts).
 * Throws {@link UsageError} for a scenario that a trace cannot hold, before anything is written.
 */
export function writeScenarioTrace(
  suite: ScenarioSuite,
  scenario: Scenario,
  params: ScenarioParams,
  emit: (text: string) => void,
): void {
  const marks = new Marks();
  runScenario(suite, scenario, params, marks, () => undefined);
  const host = suite.host(params);
  const rows = new Rows(emit);
  const words = Object.entries(params).map(([name, value]) => `${name}=${value}`);
  rows.text(`# Scenario ${[`${suite.name}/${scenario.name}`, ...words].join(' ')}\n`);
  rows.text(
    rows.writer.header({
      guestLevels: 4,
      vcpus: 1,
      ram: host.ram * PAGE_BYTES,
      p2m: [],
      features: host.pcid ? ['pcid=on'] : [],
      scripted: { directMapHi: host.directMapHi, root: suite.bootRoot },
    }),
  );
  writeBootTables(suite, params, rows);
  const sink = new TraceSink(rows, host, marks.names);
  runScenario(suite, scenario, params, sink, () => {
    sink.booted = true;
  });
  rows.flush();
}
