/** The containers that are opened, by their magic bytes, and those that are known and refused. */
import { TraceError } from '../../errors.js';
import { STDIN_NAME } from '../bad-records.js';
import type { Container } from './container.js';
import { gzip } from './gzip.js';
import { xz } from './xz.js';
import { zip } from './zip.js';
import { zstd } from './zstd.js';

const CONTAINERS: readonly Container[] = [gzip, zstd, xz, zip];

/** Magic bytes, and the command that opens them. */
const REFUSED: readonly {
  readonly name: string;
  readonly magic: readonly number[];
  readonly command: string;
}[] = [
  { name: 'bzip2', magic: [0x42, 0x5a, 0x68], command: 'bzip2 -dc' },
  { name: 'lz4', magic: [0x04, 0x22, 0x4d, 0x18], command: 'lz4 -dc' },
];

function startsWith(first: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((value, i) => first[i] === value);
}

/** The container that a file with these first bytes is, or null: it is plain. Throws for one that is not opened. */
export function containerOf(file: string, first: Uint8Array): Container | null {
  const refused = REFUSED.find(({ magic }) => startsWith(first, magic));
  if (refused === undefined) return CONTAINERS.find(({ magic }) => startsWith(first, magic)) ?? null;
  const argument = file === STDIN_NAME ? '' : ` ${file}`;
  const known = CONTAINERS.map(({ name }) => name).join(', ');
  throw new TraceError({ file }, `the file is compressed with ${refused.name}; expected plain or ${known}`, {
    hint: `decompress it first: \`${refused.command}${argument} | p2msim replay -\``,
  });
}
