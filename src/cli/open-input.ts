/** Opens the trace of a `trace` subcommand from its words. */
import type { OpenTrace } from '../index.js';
import type { Context, Library, TraceTools } from './context.js';
import { type Given, readOptions } from './options.js';
import { checkStdin, writeWarning } from './run-command.js';
import { partOf } from './selection.js';

/** The trace at `path`, read as the input flags say. */
export async function openInput(
  path: string,
  given: Given,
  context: Context,
  library: Library,
): Promise<OpenTrace> {
  checkStdin([path], context, library);
  const format = given.text('format');
  const onWarning = (text: string): void => writeWarning(text, context);
  return library.openTrace(path, {
    format,
    read: readOptions(given, library),
    stdin: context.stdin,
    onWarning,
  });
}

/** The part of the trace at `path` that `--skip` and `--limit` name. */
export async function openPart(
  path: string,
  given: Given,
  context: Context,
  library: TraceTools,
): Promise<OpenTrace> {
  const part = partOf(given, library);
  const trace = await openInput(path, given, context, library);
  return part.skip === 0 && part.limit === Infinity ? trace : library.partOfTrace(trace, part);
}
