/** Every malformed file of the formats of other tools: what is read before the mistake, and the exact message. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { xenOperations } from '../../../../src/trace/formats/xen-ops.js';
import { openTrace } from '../../../../src/trace/open.js';
import { openText } from '../../../../src/trace/text-format.js';
import { bytesSource, decode, shortError } from '../../../helpers/traces.js';

/** Accesses and events before the error, and the error without the name of the file. */
type Expected = readonly [accesses: number, message: string];

const DIN_FORMS =
  'expected "label address": 0 read, 1 write, 2 fetch, 3 other, 4 flush, and a hexadecimal address';
const XDIN_FORMS =
  'expected "kind address size": r read, w write, i fetch, m other, c copyback, v invalidate';
const PIN_FORMS = 'expected "0xIP: R 0xADDR", "0xIP: W 0xADDR" or "#eof"';
const RW_FORMS = 'expected "0xADDR R" or "0xADDR W"';
const GEM5_FORMS =
  'expected "[id,]command,address,size,[flags,]tick[,pc]" with command r, w or u and decimal numbers';
const NO_HEX = 'is not a hexadecimal address (1 to 16 digits with or without 0x)';
const NO_MAPPING = 'is not a mapping; expected PID/TID: [0xSTART(0xLENGTH) @ ...]: RIGHTS NAME';
const PERF_FORMS = 'expected "COMMAND PID/TID [CPU] TIME: EVENT: ADDRESS IP" or "... PERF_RECORD_..."';
const NO_CODE = 'is not the address of an instruction (hexadecimal, with a colon behind it)';

const FILES: Readonly<Record<string, Readonly<Record<string, Expected>>>> = {
  din: {
    'bad-hex.din': [1, `2:3: "10g0" ${NO_HEX}`],
    'bad-label.din': [1, `2:1: "5 1000" is not a din record; ${DIN_FORMS}`],
    'long-hex.din': [1, `2:3: "11112222333344445" ${NO_HEX}`],
    'no-access.din': [0, 'no error'],
    'no-address.din': [1, `2:1: "1" is not a din record; ${DIN_FORMS}`],
    'non-canonical.din': [
      0,
      '1:3: "800000000000" is not a canonical 48-bit address: bits 63 to 47 must be equal',
    ],
  },
  xdin: {
    'bad-hex.xdin': [1, `2:3: "0x" ${NO_HEX}`],
    'bad-kind.xdin': [1, `2:1: "x 1000 8" is not an extended din record; ${XDIN_FORMS}`],
    'bad-size.xdin': [1, '2:8: "100001" is not a size; expected hexadecimal bytes from 1 to 100000'],
    'leaves-user-half.xdin': [0, '1:3: 8 bytes from "7ffffffffffc" are not all canonical 48-bit addresses'],
    'missing-size.xdin': [1, '2:7: the size is missing; expected hexadecimal bytes from 1 to 100000'],
    'zero-size.xdin': [1, '2:8: "0" is not a size; expected hexadecimal bytes from 1 to 100000'],
  },
  pinatrace: {
    'bad-code.pinatrace': [1, `2:1: "0x40g000:" ${NO_CODE}`],
    'bad-letter.pinatrace': [1, `2:1: "0x401000: X 0x1000" is not a pinatrace record; ${PIN_FORMS}`],
    'cut-off.pinatrace': [1, `2:1: "0x401000: W" is not a pinatrace record; ${PIN_FORMS}`],
    'no-colon.pinatrace': [1, `2:1: "0x401000" ${NO_CODE}`],
    'non-canonical.pinatrace': [
      0,
      '1:13: "0x1000800000000000" is not a canonical 48-bit address: bits 63 to 47 must be equal',
    ],
    'program-output.pinatrace': [
      2,
      `3:1: "hello from the traced program" is not a pinatrace record; ${PIN_FORMS}`,
    ],
  },
  rw: {
    'bad-hex.rw': [1, `2:1: "0x10x0" ${NO_HEX}`],
    'bad-letter.rw': [1, `2:1: "0x1000 P" is not a memory access; ${RW_FORMS}`],
    'more.rw': [1, `2:1: "0x1000 W 8" is not a memory access; ${RW_FORMS}`],
    'no-letter.rw': [1, `2:1: "0x1000" is not a memory access; ${RW_FORMS}`],
    'non-canonical.rw': [
      1,
      '2:1: "0xfff0000000000000" is not a canonical 48-bit address: bits 63 to 47 must be equal',
    ],
  },
  gem5: {
    'bad-command.gem5': [1, `2:1: "x,4096,64,0,1" is not a packet of gem5; ${GEM5_FORMS}`],
    'beyond-64-bits.gem5': [0, '1:3: "18446744073709551616" is no 64-bit address'],
    'cut-off.gem5': [1, `2:1: "r,4096,6" is not a packet of gem5; ${GEM5_FORMS}`],
    'hexadecimal.gem5': [1, `2:1: "r,0x1000,64,0,1" is not a packet of gem5; ${GEM5_FORMS}`],
    'non-canonical.gem5': [
      0,
      '1:3: "140737488355328" is not a canonical 48-bit address: bits 63 to 47 must be equal',
    ],
    'zero-size.gem5': [1, '2:8: "0" is not a size; expected decimal bytes from 1 to 1048576'],
  },
  champsim: {
    'bad-destination.champsim': [
      4,
      ' byte 128: destination address 1 is 0x0000800000602040; expected a canonical 48-bit address',
    ],
    'bad-flag.champsim': [2, ' byte 64: is_branch and branch_taken are 2 and 0; expected 0 or 1 each'],
    'bad-ip.champsim': [
      2,
      ' byte 64: the instruction pointer is 0x0012000000401001; expected a canonical 48-bit address',
    ],
    'bad-source.champsim': [
      2,
      ' byte 64: source address 1 is 0x120000007ffe1008; expected a canonical 48-bit address',
    ],
    'cut-off.champsim': [
      4,
      ' byte 128: the trace ends within a record: 40 of 64 bytes of record 3 are there',
    ],
  },
  cloudsuite: {
    'bad-flag.cloudsuite': [3, ' byte 96: is_branch and branch_taken are 1 and 7; expected 0 or 1 each'],
    'bad-source.cloudsuite': [
      14,
      ' byte 288: source address 4 is 0x0100000000000000; expected a canonical 48-bit address',
    ],
    'cut-off.cloudsuite': [
      4,
      ' byte 192: the trace ends within a record: 95 of 96 bytes of record 3 are there',
    ],
  },
  drmemtrace: {
    'cut-off.drmemtrace': [
      1,
      ' byte 132: the trace ends within a record: 5 of 12 bytes of record 12 are there',
    ],
    'early-bundle.drmemtrace': [0, ' byte 108: a bundle of instructions before the first instruction'],
    'no-footer.drmemtrace': [14, ' byte 324: the trace ends early: its last record is no footer'],
    'no-size.drmemtrace': [2, ' byte 144: an access of 0 bytes; expected 1 to 65535'],
    'non-canonical.drmemtrace': [
      2,
      ' byte 144: 8 bytes from 0x00007ffffffffffc are not all canonical 48-bit addresses',
    ],
    'second-header.drmemtrace': [2, ' byte 144: a second header; expected one at the beginning only'],
    'unknown-type.drmemtrace': [2, ' byte 144: a record of type 77; expected 0 to 49'],
    'version-9.drmemtrace': [0, ' byte 0: is version 9 of drmemtrace; expected 2 to 7'],
  },
  perf: {
    'bad-fork.perf': [1, '2:37: "(8:8)" is not a process and its parent; expected (PID:TID):(PID:TID)'],
    'bad-mapping.perf': [1, `2:39: "7/7: [0x400000 @ 0 fe:00 1 0]: r--p /usr..." ${NO_MAPPING}`],
    'bad-tracepoint.perf': [
      1,
      '2:49: "address=0x1000" is not a page fault; expected address=0x... ip=0x... error_code=0x...',
    ],
    'no-address.perf': [
      1,
      '2:35: the address of the access is not there: record with -d, and print -F comm,pid,tid,time,event,addr,ip',
    ],
    'non-canonical.perf': [
      1,
      '2:35: "800000000000" is not a canonical 48-bit address: bits 63 to 47 must be equal',
    ],
    'processor.perf': [1, '4:12: processor 2 is beyond the 2 of the header'],
    'program-output.perf': [
      1,
      `2:1: "hello from the traced program" is not a line of perf script; ${PERF_FORMS}`,
    ],
    'unaligned-mapping.perf': [1, `2:39: "7/7: [0x400010(0x1000) @ 0 fe:00 1 0]: r..." ${NO_MAPPING}`],
  },
  'xen-ops': {
    'bad-error.xen-ops': [1, '2:16: "9" is no error from 0 to 3'],
    'bad-hex.xen-ops': [1, '2:14: "0xq" is not a hexadecimal number'],
    'bad-level.xen-ops': [1, '2:14: "5" is no level from 1 to 4'],
    'bad-op.xen-ops': [
      1,
      '2:1: "Q 0x200000" is not an operation; expected R, W, FAULT, IRET, TR, TW, DW, Z, C, INVLPG, CR3, CPUID, CR4, START, END, EXP',
    ],
    'bad-pge.xen-ops': [1, '2:5: "pge=2" is neither pge=0 nor pge=1'],
    'missing-value.xen-ops': [
      1,
      '2:1: "TW 0x1000000 4 0x0 0x0" is not an operation; expected TW entry level va value value',
    ],
    'non-canonical.xen-ops': [
      1,
      '2:3: "0x800000000000" is not a canonical 48-bit address: bits 63 to 47 must be equal',
    ],
    'unaligned.xen-ops': [
      1,
      `2:3: "0x1000008" is no frame's address; expected a multiple of 4096 below 2^40`,
    ],
  },
  oraclegeneral: {
    'cut-off.bin': [3, ' byte 72: the trace ends within a record: 10 of 24 bytes of record 4 are there'],
    'hashed-objects.bin': [
      0,
      ' byte 0: object 11400714819323198485 is no page number below 2^35; expected a trace whose objects are pages',
    ],
    'large-object.bin': [
      1,
      ' byte 24: the request has 1048576 bytes; expected a page at most (4096), in a trace whose objects are pages',
    ],
  },
};

describe.each(Object.entries(FILES))('traces/%s/malformed', (format, files) => {
  const folder = `traces/${format}/malformed`;

  it('has a message on record for each of its files', () => {
    expect(readdirSync(folder).toSorted()).toEqual(Object.keys(files).toSorted());
  });

  it.each(Object.entries(files))('%s', async (name, [accesses, message]) => {
    const path = `${folder}/${name}`;
    const read = DEFAULT_READ_OPTIONS;
    // Without the boot of the measured guest, which is 197,763 records.
    const withoutBoot = async () =>
      openText(bytesSource(readFileSync(path), 65536, path), read, xenOperations(false));
    const { records, error } = await decode(
      format === 'xen-ops' ? withoutBoot : () => openTrace(path, { format, read }),
    );
    expect([records.length, shortError(error).replace(`${name}:`, '')]).toEqual([accesses, message]);
    if (error !== null) expect(error.hint).toBeTruthy();
  });
});
