/**
 * The comments in front of the text of `perf script --header`. A CSV may have the same ones: the line below them tells.
 */
import { looksLikeRow } from './csv-columns.js';

/** Lines that the header of perf script has, near its beginning. */
const LINE = /^# (?:captured on *|hostname |os release |perf version ):/;

/**
 * True if the comments at the beginning are the header of perf script, as far as `text` goes. The head of a file may end within
 * them, however long it is, or within the first line below.
 */
export function hasPerfHeader(text: string): boolean {
  const lines = text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  const first = lines.findIndex((line) => !line.startsWith('#'));
  const comments = first < 0 ? lines : lines.slice(0, first);
  return comments.some((line) => LINE.test(line)) && !looksLikeRow(lines[first] ?? '');
}
