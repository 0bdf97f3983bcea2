/** Opens the trace of a `trace` subcommand from its words. */
import type { OpenTrace } from '../index.js';
import type { Context, Library } from './context.js';
import { type Given, readOptions } from './options.js';
import { checkStdin } from './run-command.js';

/** The trace at `path`, read as the input flags say. */
export async function openInput(
  path: string,
  given: Given,
  context: Context,
  library: Library,
): Promise<OpenTrace> {
  checkStdin([path], context, library);
  const format = given.text('format');
  return library.openTrace(path, { format, read: readOptions(given), stdin: context.stdin });
}
