/** The containers that are opened, one line each by their magic bytes, and those that are known and refused. */
import { TraceError } from '../../errors.js';
import { STDIN_NAME } from '../bad-records.js';
import type { Container } from './container.js';

const CONTAINERS: readonly Container[] = [
  { name: 'gzip', magic: [0x1f, 0x8b], load: async () => (await import('./gzip.js')).openGzip },
  { name: 'zstd', magic: [0x28, 0xb5, 0x2f, 0xfd], load: async () => (await import('./zstd.js')).openZstd },
  {
    name: 'xz',
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
    load: async () => (await import('./xz.js')).openXz,
  },
  { name: 'zip', magic: [0x50, 0x4b, 0x03, 0x04], load: async () => (await import('./zip.js')).openZip },
];

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
