/** SHA-256 of a text that comes line by line: the digest by which guest tables are compared between modes. */
import { createHash } from 'node:crypto';

/** Characters that are hashed at once: a call of the hash costs more than a line of tables. */
const PIECE = 1 << 16;

/** @param dump calls `emit` for every line, without its line feed */
export function digestOf(dump: (emit: (line: string) => void) => void): string {
  const hash = createHash('sha256');
  let text = '';
  dump((line) => {
    text += `${line}\n`;
    if (text.length < PIECE) return;
    hash.update(text);
    text = '';
  });
  return hash.update(text).digest('hex');
}
