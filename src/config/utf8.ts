/** The text of a file that people write: UTF-8, and nothing else, for what is read wrongly is not seen in a message. */
import { readFileSync } from 'node:fs';
import { ConfigError } from '../errors.js';

/** Reads the file at `path`. Throws {@link ConfigError} with line and column of what is no UTF-8, and what the system does. */
export function readText(path: string): string {
  const bytes = readFileSync(path);
  const text = bytes.toString('utf8');
  const at = firstDifference(bytes, Buffer.from(text, 'utf8'));
  if (at === null) return text;
  const before = bytes.subarray(0, at).toString('utf8').split('\n');
  const column = (before.at(-1)?.length ?? 0) + 1;
  const byte = (bytes[at] ?? 0).toString(16).padStart(2, '0');
  const from = isUtf16(bytes) ? 'UTF-16' : 'LATIN1';
  throw new ConfigError(
    `${path}:${before.length}:${column}: byte 0x${byte} is not UTF-8; expected text in UTF-8`,
    {
      hint: `save it as UTF-8, for example \`iconv -f ${from} -t UTF-8 ${path}\``,
    },
  );
}

/** Where the bytes are not those of their own text; null if they are. */
function firstDifference(bytes: Uint8Array, again: Uint8Array): number | null {
  if (Buffer.compare(bytes, again) === 0) return null;
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at += 1;
  return at;
}

/** By its byte order mark. */
function isUtf16([first, second]: Uint8Array): boolean {
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
}
