/** Saved results and traces are told apart by their first bytes. */
import { statSync } from 'node:fs';
import { openSource } from '../../trace/source.js';

/**
 * True if the file at `path` can only be a saved result: JSON begins with a brace or a bracket, no trace does. A pipe
 * can be read only once, so that its contents are what `pipe` says; a file of nothing is what `empty` says.
 */
export async function looksSaved(path: string, pipe: boolean, empty = true): Promise<boolean> {
  const file = statSync(path, { throwIfNoEntry: false });
  // What is not there is reported by the one who opens it, after all that can be wrong without it.
  if (file === undefined) return false;
  if (!file.isFile() && !file.isDirectory()) return pipe;
  const source = await openSource(path, undefined, true, 'a trace or saved results');
  try {
    const text = Buffer.from(source.head).toString('latin1').trimStart();
    return text === '' ? empty : text.startsWith('{') || text.startsWith('[');
  } finally {
    await source.close();
  }
}
