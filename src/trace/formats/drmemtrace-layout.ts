/**
 * Numbers of the offline trace files of DynamoRIO's drmemtrace: kinds of records, markers, bits of the file type.
 * Source: clients/drcachesim/common/trace_entry.h of DynamoRIO (trace_type_t, trace_marker_type_t,
 * offline_file_type_t); docs/formats.md has the record byte by byte.
 */

/** Type (2 bytes), size (2 bytes), address or value (8 bytes), little-endian, packed. */
export const ENTRY_BYTES = 12;
export const SIZE_AT = 2;
export const LOW_AT = 4;
export const HIGH_AT = 8;

/** Versions of the format that are known: 2 to 7. */
export const FIRST_VERSION = 2;
export const LAST_VERSION = 7;

export const READ = 0;
export const WRITE = 1;
export const PREFETCH_FIRST = 2;
export const PREFETCH_LAST = 9;
/** An instruction that is no branch; up to 16 are branches. */
export const INSTR = 10;
export const INSTR_RETURN = 16;
/** Up to eight instructions behind the last one: their number in `size`, their lengths in the value. */
export const INSTR_BUNDLE = 17;
export const FLUSH_FIRST = 18;
export const FLUSH_LAST = 21;
export const THREAD = 22;
export const THREAD_EXIT = 23;
export const PID = 24;
export const HEADER = 25;
export const FOOTER = 26;
export const HARDWARE_PREFETCH = 27;
export const MARKER = 28;
/** A further round of an instruction with a repeat prefix. */
export const INSTR_NO_FETCH = 29;
/** The same if it is where the last instruction was. */
export const INSTR_MAYBE_FETCH = 30;
export const INSTR_SYSENTER = 31;
export const MORE_PREFETCH_FIRST = 32;
export const MORE_PREFETCH_LAST = 46;
export const ENCODING = 47;
export const INSTR_TAKEN_JUMP = 48;
export const INSTR_UNTAKEN_JUMP = 49;
export const LAST_TYPE = 49;

export const MARKER_FILETYPE = 9;

export const FILETYPE_INSTRUCTIONS_ONLY = 0x4;
export const FILETYPE_FILTERED = 0x1 | 0x80 | 0x100;
export const FILETYPE_KERNEL_SYSCALLS = 0x1000;
