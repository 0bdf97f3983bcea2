/** Where things are in the memory of the scanner, and the bytes and roles it knows; trace/scan-kernel.ts has the same list. */

// Roles of columns, as in trace/text-shape.ts.
export const ROLE_OP: u8 = 0;
export const ROLE_ADDRESS: u8 = 1;
export const ROLE_SIZE: u8 = 2;
export const ROLE_VCPU: u8 = 3;
export const ROLE_SPACE: u8 = 4;
export const ROLE_HEX_SIZE: u8 = 6;
export const ROLE_CODE: u8 = 7;
export const NO_SEPARATOR: i32 = -1;
/** No byte. */
export const NOTHING: i32 = -2;

// Where things are.
export const ROLES: usize = 1024;
export const ENDS: usize = 1152;
export const SPACES: usize = 2048;
export const OPS: usize = 4096;
export const HI: usize = 282624;
export const LO: usize = 315392;
export const SIZE: usize = 348160;
export const OP: usize = 380928;
export const VCPU: usize = 389120;
export const BYTES: usize = 397312;

export const LF: i32 = 10;
export const CR: i32 = 13;
export const SPACE: i32 = 32;
export const QUOTE: i32 = 34;
export const HASH: i32 = 35;
export const ZERO: i32 = 48;
export const COLON: i32 = 58;
/** `0x` as 16 bits in little-endian order. */
export const PREFIX: i32 = 0x7830;
export const MAX_DIGITS: usize = 7;
export const MAX_ACCESS_BYTES: i32 = 1 << 20;
