/**
 * Faults of readers: is a reader that loses a record, a digit, a last line or an operation caught by the tests that every
 * `npm test` runs, at their default number of cases?
 *
 *   node test/mutation/reader-faults.mjs        all faults
 *   node test/mutation/reader-faults.mjs din    those whose file or reason contains the word
 *
 * Not part of `npm test`. Each fault is one replacement in one file of src/trace or in a kernel, made in a copy of the
 * tree. Only the property tests of readers run, so that what they catch is not owed to an example. Exits 1 if any fault
 * survived, 2 if tests are red before any fault or a fault's line is not there any more.
 */
import { tryFaults } from './faults.mjs';

const TESTS = ['test/property/readers-authored.test.ts', 'test/property/readers-fuzz.test.ts'];

/** [file, find, replace, why]: `find` occurs exactly once in src/<file>. */
// prettier-ignore
export const FAULTS = [
  // What all text formats share.
  ['trace/line-buffer.ts', 'if (this.#filled > this.start) this.append(Uint8Array.of(LF));', '', 'a last line without a break is lost'],
  ['trace/line-buffer.ts', "text.endsWith('\\r') ? text.slice(0, -1) : text", 'text', 'CR stays on a line'],
  ['trace/line-buffer.ts', 'const rest = this.#filled - this.start;', 'const rest = Math.min(this.#filled - this.start, 60);', 'a line over two chunks loses its end'],
  ['trace/line-buffer.ts', 'this.line += 1;', 'this.line += 2;', 'lines are counted twice'],
  // No fault: ` && last.hi >> 31 === va.hi >> 31` left out. Below 2^53 bytes nothing goes from one half to the other.
  ['trace/text-format.ts', 'if (!isCanonical(va.hi, va.lo, LEVELS)) return', 'if (va.hi < 0) return', 'addresses need not be canonical, if the last byte is'],
  ['trace/text-format.ts', 'last !== null && isCanonical(last.hi, last.lo, LEVELS) && last.hi >> 31 === va.hi >> 31', 'last !== null', 'the last byte of an access need not be canonical'],
  ['trace/bad-records.ts', 'this.#count += 1;', '', 'dropped records are not counted'],
  ['trace/scan-kernel.ts', 'this.#takeColumns(this.#records.value);', 'this.#takeColumns(this.#records.value - (this.#records.value > 20 ? 1 : 0));', 'the scanner loses the last of many rows'],
  ['kernels/assembly/scan.ts', 'select<i32>(tens * 10 + ones, tens, two != 0)', 'select<i32>(tens * 10, tens, two != 0)', 'the second digit of a size is lost'],
  ['kernels/assembly/row.ts', 'if (load<i32>(known) != length) return false;', '', 'kernel: address spaces of other lengths are taken for the one at hand'],
  ['kernels/assembly/row.ts', 'Row.vcpu = Row.number;', 'Row.vcpu = Row.number & 1;', 'kernel: vcpu 2 becomes vcpu 0'],
  // csv
  ['trace/formats/csv-columns.ts', "['X', OP_FETCH],", "['X', OP_READ],", 'csv: a fetch becomes a read'],
  ['trace/formats/csv-rows.ts', 'const access = ACCESS_OPS.get(op);', "const access = op === 'M' ? OP_READ : ACCESS_OPS.get(op);", 'csv: M in a row for the slow reader is a read'],
  ['trace/formats/csv-scan.ts', 'this.#rows.row(fieldsOf(text, this.#table.delimiter), line, text);', "if (line % 50 !== 49) this.#rows.row(fieldsOf(text, this.#table.delimiter), line, text);", 'csv: one event in fifty is dropped'],
  ['trace/formats/csv-rows.ts', 'for (const [vcpu, name] of this.#names.entries()) if (name === gone) this.#select(vcpu, null);', '', 'csv: a vcpu stays in a space that has exited'],
  ['trace/formats/csv-reference.ts', 'const fields = records?.[i] ?? splitLine(line.text, delimiter);', 'if (i === 1) continue;\n    const fields = records?.[i] ?? splitLine(line.text, delimiter);', 'csv: the row behind one with a quote is dropped'],
  ['trace/formats/csv-cells.ts', 'value = value * 10 + digit;', 'value = i > 5 ? value : value * 10 + digit;', 'csv: the seventh digit of a number is lost'],
  // lackey
  ['trace/formats/lackey.ts', "' M ': OP_MODIFY,", "' M ': OP_WRITE,", 'lackey: a modify becomes a store'],
  ['trace/formats/lackey.ts', "if (text.trim() === '' || BANNER.test(text)) return;", "if (text.trim() === '' || BANNER.test(text) || text.startsWith(' L')) return;", 'lackey: odd loads are taken for lines of valgrind'],
  ['trace/formats/lackey.ts', 'if (va !== null) records.access(', 'if (va !== null && size !== 1_048_576) records.access(', 'lackey: the largest access is dropped'],
  // din
  ['trace/formats/din.ts', "if (op === undefined) records.passed.add('cache flushes');", "if (op === undefined || records.line % 40 === 39) records.passed.add('cache flushes');", 'din: one odd line in forty becomes a flush'],
  ['trace/formats/din.ts', '0: OP_READ, 1: OP_WRITE, 2: OP_FETCH, 3: OP_READ', '0: OP_READ, 1: OP_WRITE, 2: OP_FETCH, 3: OP_WRITE', 'din: label 3 becomes a write'],
  ['trace/formats/din.ts', 'else records.access(op, va, 1);', 'else if (!text.startsWith(" ")) records.access(op, va, 1);', 'din: indented records are dropped'],
  ['trace/formats/din.ts', "const va = records.address(address, 1, 'with or without 0x');", "const va = records.address({ ...address, text: address.text.slice(0, 15) }, 1, 'with or without 0x');", 'din: the sixteenth character of an address is lost'],
  // xdin
  ['trace/formats/xdin.ts', 'i: OP_FETCH, m: OP_READ', 'i: OP_FETCH, m: OP_FETCH', 'xdin: m becomes a fetch'],
  ['trace/formats/xdin.ts', 'records.size(bytes ?? null, address, 16)', 'records.size(bytes ?? null, address, 10)', 'xdin: sizes are read as decimal'],
  ['trace/formats/xdin.ts', 'records.access(op, va, size);', 'records.access(op, va, Math.min(size, 0xffff));', 'xdin: large sizes are cut'],
  // pinatrace
  ['trace/formats/pinatrace.ts', '{ R: OP_READ, W: OP_WRITE }', '{ R: OP_READ, W: OP_READ }', 'pinatrace: a write becomes a read'],
  ['trace/formats/pinatrace.ts', 'if (va !== null) records.access(op, va, 1);', 'if (va !== null && va.lo !== 0xffffffff) records.access(op, va, 1);', 'pinatrace: the last byte of 4 GiB is dropped'],
  ['trace/formats/pinatrace.ts', '(code.text === END && letter === undefined)', "code.text.startsWith('#')", 'pinatrace: what begins with # is passed over in silence'],
  // rw
  ['trace/formats/rw.ts', '{ R: OP_READ, W: OP_WRITE }', '{ R: OP_WRITE, W: OP_WRITE }', 'rw: a read becomes a write'],
  ['trace/formats/rw.ts', 'if (address === undefined) return;', 'if (address === undefined || letter === undefined) return;', 'rw: a line without a letter is passed over in silence'],
  ['trace/formats/rw.ts', 'if (va !== null) records.access(op, va, 1);', 'if (va !== null) records.access(op, { hi: va.hi & 0xffff, lo: va.lo }, 1);', 'rw: the upper bits of an address are lost'],
  // gem5
  ['trace/formats/gem5.ts', '{ r: OP_READ, w: OP_WRITE }', '{ r: OP_READ, w: OP_READ }', 'gem5: a write becomes a read'],
  ['trace/formats/gem5.ts', 'hi = hi * 10 + Math.floor(lo / 2 ** 32);', 'hi = hi * 10 + (lo > 2 ** 35 ? 1 : 0);', 'gem5: a carry of an address is lost'],
  ['trace/formats/gem5.ts', "if (text.trim() === '') return;", "if (text.trim() === '' || text.startsWith('u')) return;", 'gem5: other packets are not counted'],
  // champsim, cloudsuite
  ['trace/formats/champsim.ts', 'loads: [32, 40, 48, 56], space: -1', 'loads: [32, 40, 48], space: -1', 'champsim: the fourth load is lost'],
  ['trace/formats/champsim.ts', 'this.#addIfAny(OP_WRITE, view, at + stores[i]!);', 'this.#addIfAny(i === 0 ? OP_WRITE : OP_READ, view, at + stores[i]!);', 'champsim, cloudsuite: the second store becomes a load'],
  ['trace/formats/champsim.ts', 'if (view.getUint32(field, true) !== 0 || view.getUint32(field + 4, true) !== 0)', 'if (view.getUint32(field, true) !== 0)', 'champsim, cloudsuite: an address with a lower half of 0 is none'],
  ['trace/formats/champsim.ts', 'view.getUint16(at + space, true)', 'view.getUint8(at + space)', 'cloudsuite: half of the address-space number is lost'],
  ['trace/formats/champsim.ts', 'if (space === this.#space) return;', 'if (space === this.#space || space === 2) return;', 'cloudsuite: switches to one space are lost'],
  ['trace/formats/champsim.ts', 'stores: [24, 32, 40, 48],', 'stores: [24, 32, 40, 40],', 'cloudsuite: the fourth store is the third once more'],
  ['trace/record-format.ts', 'if (this.#held > 0) this.#at = this.#hold(this.#bytes);', 'if (this.#held > 0) { this.#at = this.#hold(this.#bytes); if (this.#held % 16 === 3) this.#held = 0; }', 'records: a record in two chunks is lost'],
  ['trace/record-format.ts', 'if (this.#held > 0) {', 'if (this.#held > 8) {', 'records: a short rest at the end is not reported'],
  // drmemtrace
  ['trace/formats/drmemtrace.ts', 'type === entry.READ ? OP_READ : OP_WRITE', 'type === entry.READ ? OP_WRITE : OP_WRITE', 'drmemtrace: a load becomes a store'],
  ['trace/formats/drmemtrace.ts', 'for (let i = 0; i < count; i++) {\n      const bytes', 'for (let i = 0; i < Math.min(count, 7); i++) {\n      const bytes', 'drmemtrace: the eighth instruction of a bundle is lost'],
  ['trace/formats/drmemtrace.ts', "else if (type === entry.INSTR_NO_FETCH) this.#passed.add('repetitions of an instruction');", '', 'drmemtrace: repetitions are not counted'],
  ['trace/formats/drmemtrace.ts', 'high * 2 ** 32 + view', 'view', 'drmemtrace: the upper half of a process number is lost'],
  ['trace/formats/drmemtrace.ts', 'type === entry.INSTR_SYSENTER || ', '', 'drmemtrace: a fetch of a rare type is lost'],
  // oraclegeneral
  ['trace/formats/oracle-general.ts', '(hi << PAGE_SHIFT) | (lo >>> (32 - PAGE_SHIFT))', '(lo >>> (32 - PAGE_SHIFT))', 'oraclegeneral: the upper bits of an object are lost'],
  ['trace/formats/oracle-general.ts', "if (size === 0) this.#passed.add('requests of size 0');", 'if (size === 0) return null;', 'oraclegeneral: empty requests are not counted'],
  ['trace/formats/oracle-general.ts', 'if (size > PAGE_BYTES) {', 'if (size > 2 * PAGE_BYTES) {', 'oraclegeneral: a request of more than a page is taken'],
  // perf
  ['trace/formats/perf.ts', 'const isWrite = (error & ERROR_WRITE) !== 0;', 'const isWrite = error === 6;', 'perf: a write to a page that is there becomes a read'],
  ['trace/formats/perf.ts', "if (/^0+$/.test(address)) return this.#records.passed.add('samples without an address');", 'if (/^0+$/.test(address)) return;', 'perf: samples without an address are not counted'],
  ['trace/formats/perf.ts', 'this.#processOf.delete(tid);', '', 'perf: a thread outlives its end'],
  ['trace/formats/perf.ts', "how: match[5]?.startsWith('/') === true ? 'file' : 'lazy',", "how: 'lazy',", 'perf: mappings of files become others'],
  ['trace/formats/perf.ts', '/\\|OP STORE/.test(rest.text)', 'false', 'perf: a store by its data source becomes a load'],
  // xen-ops
  ['trace/formats/xen-ops.ts', "op === 'R' ? OP_READ : OP_WRITE", "op === 'R' ? OP_READ : OP_READ", 'xen-ops: a write becomes a read'],
  ['trace/formats/xen-ops.ts', 'for (let i = 0; i < ENTRIES; i++)', 'for (let i = 1; i < ENTRIES; i++)', 'xen-ops: a zeroed table keeps its first entry'],
  ['trace/formats/xen-ops.ts', 'third ?? CODE, fifth ?? CODE', 'third ?? CODE, third ?? CODE', 'xen-ops: an entry gets its address for a value'],
  ['trace/formats/xen-ops.ts', "return this.#event({ kind: 'roi', on: op === 'START' });", "return this.#event({ kind: 'roi', on: true });", 'xen-ops: END begins a region'],
  // p2mtrace
  ['trace/formats/p2mtrace-decode.ts', 'vcpu.fill(id, from + done, from + done + run);', 'vcpu.fill(id, from + done, from + done + run - 1);', 'p2mtrace: the last of a run is on another vcpu'],
  ['trace/formats/p2mtrace-decode.ts', '(kind & 3) << OP_AT', '(kind & 1) << OP_AT', 'p2mtrace: fetches become reads'],
  ['trace/formats/p2mtrace-reader.ts', 'batch.n = from + position;', 'batch.n = from + Math.max(0, position - 1);', 'p2mtrace: an event comes one access early'],
  ['trace/formats/p2mtrace-fields.ts', 'write: (bits & 2) !== 0', 'write: false', 'p2mtrace: the right to write is lost'],
  ['kernels/assembly/unpack.ts', 'store<i32>(SLOT_HI + slot, hi + <i32>crosses);', 'store<i32>(SLOT_HI + slot, hi);', 'p2mtrace: an access over 4 GiB leaves a wrong upper half'],
  ['kernels/assembly/unpack.ts', 'size = load<i32>(p, 1);', 'size = load<u16>(p, 1);', 'p2mtrace: the upper bits of a rare size are lost'],
];

/** Tests of one format where the fault is of one. */
function testsOf(why) {
  const format = /^([a-z0-9-]+): /.exec(why)?.[1] ?? '';
  return ['', 'records', 'kernel'].includes(format) ? [] : ['-t', `reader of ${format}`];
}

// A test looks at the list alone.
if (process.argv[1] === import.meta.filename) await tryFaults(FAULTS, TESTS, testsOf);
