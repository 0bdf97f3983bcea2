/**
 * The operations of the guest that was measured on Xen (docs/validation.md), one a line: a scripted guest, whose page
 * tables, kernel and fault handler are in the trace. `EXP` names an experiment, `START` and `END` hold what was measured.
 *
 * A trace begins with that guest's boot, which is not in the file: its tables, and a write to each page of its direct
 * map. After each CR3 load comes the fetch of the next instruction, which is not printed either. A zeroed frame that
 * never held a table, and a copied one, are one access of 4,096 bytes. docs/formats.md has all lines.
 */
import { addressOfVpn, type AddressHalves, PAGE_BYTES, parseHex } from '../../arch/address.js';
import { ENTRIES, tableIndex } from '../../arch/paging.js';
import { encodePte, PTE_A, PTE_D, PTE_P, PTE_RW, PTE_US, TABLE_FLAGS } from '../../arch/pte.js';
import { OP_FETCH, OP_READ, OP_WRITE } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { badRecord, quoted } from '../bad-records.js';
import type { EventDraft, TraceEvent, TraceHeader, Word64 } from '../event.js';
import type { ByteSource, TraceFormat } from '../format.js';
import type { Field, TextFormat, TextRecords } from '../text-format.js';
import { fieldsOf, type LineReader, looksLike, openText } from '../text-format.js';

const LACKS = ['instruction fetches but those after CR3 loads'] as const;
const ASSUMES = [
  'the trace begins with the boot of the measured guest: its tables, and a write to each page of its direct map',
] as const;

/** Frames: 1 GiB of memory, of which the kernel window maps 768 MiB; the root and the tables below it. */
const RAM = 1 << 18;
const MAPPED = 0x30000;
const ROOT = 0x800;
const DIRECT_MAP_HI = 0xffff8800;
/** Slots of the root that hold the kernel window: code and stack, and the direct map. */
const KERNEL_SLOTS = [0, 272] as const;
/** Where the guest's code is. */
const CODE: AddressHalves = { hi: 0, lo: 0x200000 };
const LEAF = PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D;
/** Pages of an access of the boot: the longest there is. */
const RUN = 256;
/** Physical addresses of the guest are below 2^40. */
const PHYSICAL_HI = 1 << 8;

const HEADER: TraceHeader = {
  guestLevels: 4,
  vcpus: 1,
  ram: RAM * PAGE_BYTES,
  p2m: [],
  features: [],
  scripted: { directMapHi: DIRECT_MAP_HI, root: ROOT },
};

/** Arguments of each line, by their kind; `*`: anything. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  R: ['va'],
  W: ['va'],
  FAULT: ['va', 'error'],
  IRET: [],
  TR: ['entry', 'value'],
  TW: ['entry', 'level', 'va', 'value', 'value'],
  DW: ['entry', 'value'],
  Z: ['frame'],
  C: ['frame', 'frame'],
  INVLPG: ['va'],
  CR3: ['frame'],
  CPUID: [],
  CR4: ['pge'],
  START: [],
  END: [],
  EXP: ['*'],
};

class Operations {
  readonly #records: TextRecords;
  /** Frames that were stored to as tables. */
  readonly #tables = new Set<number>();
  /** Next step of the boot. */
  #step = 0;
  readonly #boots: boolean;

  constructor(records: TextRecords, boots: boolean) {
    this.#records = records;
    this.#boots = boots;
  }

  /** Adds the guest's boot, as much as fits; true once it is complete. The root's entries come after all others. */
  boot(): boolean {
    const { out } = this.#records;
    const tables = MAPPED + MAPPED / ENTRIES;
    const stores = tables + 1 + KERNEL_SLOTS.length;
    const steps = this.#boots ? stores + MAPPED / RUN : 0;
    for (; this.#step < steps && !out.full; this.#step++) {
      const step = this.#step;
      if (step < MAPPED) this.#place(ROOT + 3 + Math.floor(step / ENTRIES), step % ENTRIES, step, LEAF);
      else if (step < tables) this.#place(ROOT + 2, step - MAPPED, ROOT + 3 + step - MAPPED, TABLE_FLAGS);
      else if (step === tables) this.#place(ROOT + 1, 0, ROOT + 2, TABLE_FLAGS);
      else if (step < stores) this.#place(ROOT, KERNEL_SLOTS[step - tables - 1] ?? 0, ROOT + 1, TABLE_FLAGS);
      else this.#direct(OP_WRITE, (step - stores) * RUN, RUN * PAGE_BYTES);
    }
    return this.#step >= steps;
  }

  line(text: string): void {
    const [op, ...found] = fieldsOf(text);
    if (op === undefined) return;
    const form = FORMS[op.text];
    if (form === undefined || (form[0] !== '*' && form.length !== found.length)) {
      const forms = form === undefined ? Object.keys(FORMS).join(', ') : [op.text, ...form].join(' ');
      this.#records.noRecord('an operation', forms);
      return;
    }
    const words = form[0] === '*' ? [] : found.map((field, i) => this.#word(field, form[i] ?? ''));
    if (words.every((word) => word !== null)) this.#carryOut(op.text, words, text);
  }

  /** An argument; null once it has been reported. */
  #word(field: Field, kind: string): AddressHalves | null {
    if (kind === 'va') return this.#records.address(field, 1, 'with 0x');
    if (kind === 'pge') {
      const on = /^pge=([01])$/.exec(field.text)?.[1];
      if (on !== undefined) return { hi: 0, lo: Number(on) };
      return this.#records.report(field, `${quoted(field.text)} is neither pge=0 nor pge=1`);
    }
    const word = parseHex(field.text);
    if (kind === 'level' || kind === 'error') {
      const [least, most] = kind === 'level' ? [1, 4] : [0, 3];
      const digit = /^\d$/.test(field.text) ? Number(field.text) : -1;
      if (digit >= least && digit <= most) return { hi: 0, lo: digit };
      return this.#records.report(field, `${quoted(field.text)} is no ${kind} from ${least} to ${most}`);
    }
    if (word === null)
      return this.#records.report(field, `${quoted(field.text)} is not a hexadecimal number`);
    if (kind === 'value') return word;
    const unit = kind === 'frame' ? PAGE_BYTES : 8;
    if (word.hi < PHYSICAL_HI && word.lo % unit === 0) return word;
    const expected = `expected a multiple of ${unit} below 2^40`;
    return this.#records.report(field, `${quoted(field.text)} is no ${kind}'s address; ${expected}`);
  }

  #carryOut(op: string, words: readonly (AddressHalves | null)[], text: string): void {
    const [first = CODE, second, third, , fifth] = words.map((word) => word ?? CODE);
    switch (op) {
      case 'R':
      case 'W':
        return this.#records.access(op === 'R' ? OP_READ : OP_WRITE, first, 1);
      case 'FAULT':
        return this.#event({ kind: 'fault', va: first, error: second?.lo ?? 0 });
      case 'TR':
        return this.#records.access(OP_READ, directOf(first), 8);
      case 'TW':
        return this.#store(first, second?.lo ?? 1, third ?? CODE, fifth ?? CODE);
      case 'DW':
        return this.#store(first, 0, CODE, second ?? CODE);
      case 'Z':
        return this.#zero(frameOf(first));
      case 'C':
        this.#direct(OP_READ, frameOf(second ?? CODE), PAGE_BYTES);
        return this.#direct(OP_WRITE, frameOf(first), PAGE_BYTES);
      case 'INVLPG':
        return this.#event({ kind: 'invlpg', va: first });
      case 'CR3':
        return this.#root(frameOf(first));
      case 'CPUID':
        return this.#event({ kind: 'cpuid' });
      case 'CR4':
        // PGE on again: the flush was that it went off.
        return first.lo === 0 ? this.#event({ kind: 'flushall' }) : undefined;
      case 'START':
      case 'END':
        return this.#event({ kind: 'roi', on: op === 'START' });
      case 'EXP':
        return this.#event({ kind: 'mark', name: text.trim() });
      default:
      // IRET: the handler is over, which its next access says, too.
    }
  }

  #root(frame: number): void {
    const as = `0x${(frame * PAGE_BYTES).toString(16)}`;
    this.#event({ kind: 'cr3', as, pcid: null, noflush: false });
    this.#records.access(OP_FETCH, CODE, 1);
  }

  #zero(frame: number): void {
    if (!this.#tables.has(frame)) return this.#direct(OP_WRITE, frame, PAGE_BYTES);
    for (let i = 0; i < ENTRIES; i++) this.#ptw(frame, i, 1, null, { hi: 0, lo: 0 });
  }

  /** A store of 8 bytes through the direct map; level 0: it is data. */
  #store(gpa: AddressHalves, level: number, va: Word64, value: Word64): void {
    const frame = frameOf(gpa);
    const index = (gpa.lo % PAGE_BYTES) / 8;
    this.#tables.add(frame);
    const fits = level > 0 && tableIndex(va.hi, va.lo, level) === index;
    this.#ptw(frame, index, fits ? level : 1, fits ? va : null, value);
  }

  #place(frame: number, index: number, to: number, flags: number): void {
    this.#tables.add(frame);
    this.#ptw(frame, index, 1, null, encodePte(to, flags));
  }

  /** `va` null: any address that picks the entry in a table of level 1 stands for it. */
  #ptw(gfn: number, index: number, level: number, va: Word64 | null, value: Word64): void {
    this.#event({ kind: 'ptw', gfn, level, va: va ?? { hi: 0, lo: index * PAGE_BYTES }, value });
  }

  #direct(op: number, frame: number, bytes: number): void {
    const { hi, lo } = addressOfVpn(frame);
    this.#records.access(op, { hi: (DIRECT_MAP_HI + hi) >>> 0, lo }, bytes);
  }

  #event(event: EventDraft): void {
    this.#records.out.event({ vcpu: 0, line: this.#records.line, ...event } as TraceEvent);
  }
}

function frameOf({ hi, lo }: AddressHalves): number {
  return hi * (2 ** 32 / PAGE_BYTES) + Math.floor(lo / PAGE_BYTES);
}

function directOf({ hi, lo }: AddressHalves): AddressHalves {
  return { hi: (DIRECT_MAP_HI + hi) >>> 0, lo };
}

/** `boots`: with what is not in the file. */
export function xenOperations(boots: boolean): TextFormat {
  let operations: Operations;
  return {
    shape: null,
    lines: (records): LineReader => {
      operations = new Operations(records, boots);
      return (text) => operations.line(text);
    },
    before: () => operations.boot(),
    header: HEADER,
    virtual: true,
    lacks: LACKS,
    assumes: ASSUMES,
    eventless: false,
  };
}

const ROW =
  /^(?:[RW] 0x[0-9a-f]+|TR 0x[0-9a-f]+ (?:0x)?[0-9a-f]+|TW 0x[0-9a-f]+ [1-4] 0x[0-9a-f]+ 0x[0-9a-f]+ 0x[0-9a-f]+|(?:Z|CR3|INVLPG) 0x[0-9a-f]+|(?:C|DW) 0x[0-9a-f]+ 0x[0-9a-f]+|FAULT 0x[0-9a-f]+ [0-3]|IRET|CPUID|CR4 pge=[01]|START|END)\s*$|^EXP \d+ /;

/** What does not begin with an operation gets no boot before its first bad record: there would be accesses that it has not. */
function refuseOther({ name, head }: ByteSource): void {
  const lines = Buffer.from(head).toString('latin1').split('\n');
  const at = lines.findIndex((line) => line.trim() !== '');
  const text = lines[at] ?? '';
  const [word] = fieldsOf(text.trimEnd());
  if (word !== undefined && Object.hasOwn(FORMS, word.text)) return;
  const field = {
    line: Math.max(0, at) + 1,
    column: word?.column ?? 1,
    span: text.trim().length,
    text: text.trimEnd(),
  };
  const found = word === undefined ? 'there is no line' : `${quoted(field.text)} is not an operation`;
  throw badRecord(name, field, `${found}; expected ${Object.keys(FORMS).join(', ')}`);
}

export const xenOps = {
  name: 'xen-ops',
  summary: 'operations of the guest that was measured on Xen: R, W, TW, CR3, EXP, ... (text)',
  addresses: 'virtual',
  lacks: LACKS,
  assumes: ASSUMES,
  priority: 50,
  sniff: (head: Uint8Array) => looksLike(head, ROW),
  open: async (source: ByteSource, options: ReaderOptions) => {
    refuseOther(source);
    return openText(source, options, xenOperations(true));
  },
} satisfies TraceFormat;
