/** Lists for people: as wide as reports are; what is read by programs is JSON. */
import type { Context, Library } from './context.js';
import { outputColumns } from './terminal.js';

/** Writes a list to standard output, within its width. */
export function writeListing(text: string, context: Context, library: Pick<Library, 'fittedText'>): void {
  const columns = outputColumns(context.stdout, context.environment);
  context.stdout.write(library.fittedText(text, columns));
}
