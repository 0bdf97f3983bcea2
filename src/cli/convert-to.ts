/** Writes a trace to a file in some format, and says what was written, from what, and what is lost. */
import type { Conversion, OpenTrace, TraceWriterFormat } from '../index.js';
import type { Context, TraceTools } from './context.js';
import { createProgress } from './progress.js';
import { OutputFile } from './output-file.js';

const counted = (count: number, what: string): string => `${count.toLocaleString('en-US')} ${what}`;

/** What a format has no word for, a line each. */
export function lossLines(
  to: TraceWriterFormat,
  trace: Pick<OpenTrace, 'virtual' | 'lacks' | 'assumes' | 'passedOver'>,
  lost: Conversion['lost'],
  library: TraceTools,
): string[] {
  const { virtual } = trace;
  const words = [...lost].map(([what, n]) => counted(n, what));
  const lines = words.length === 0 ? [] : [`lost, for ${to.name} cannot say it: ${words.join('; ')}`];
  const addresses = virtual ? 'virtual' : 'physical';
  if (to.addresses !== 'source' && to.addresses !== addresses)
    lines.push(`lost: that addresses are ${addresses}`);
  if (to.keepsNotes) return lines;
  const known = library.formats.get(to.name).lacks;
  const notes = [
    ['what the trace cannot say', trace.lacks.filter((what) => !known.includes(what))],
    ['what was assumed', trace.assumes ?? []],
    ['what was passed over', [...(trace.passedOver ?? [])].map(([what, n]) => counted(n, what))],
  ] as const;
  for (const [what, list] of notes) if (list.length > 0) lines.push(`lost: ${what}: ${list.join('; ')}`);
  return lines;
}

/** What was written and from what, and what is not in it. */
function summary(
  [output, size]: readonly [name: string, size: number],
  to: TraceWriterFormat,
  trace: OpenTrace,
  done: Conversion,
  library: TraceTools,
): string {
  const { written, error } = done;
  const from = trace.bytesRead > 0 ? `${trace.format}, ${counted(trace.bytesRead, 'bytes')}` : trace.format;
  const records = `${counted(written.accesses, 'records')}, ${counted(written.events, 'events')}`;
  const name = output === '-' ? 'standard output' : output;
  const lines = [`${name}: ${to.name}, ${records}, ${counted(size, 'bytes')} (from ${from})`];
  lines.push(...lossLines(to, trace, done.lost, library));
  const { count, first } = trace.skipped;
  if (count > 0) lines.push(`bad records dropped: ${count.toLocaleString('en-US')}; the first: ${first}`);
  if (error !== null) lines.push(`${name}: incomplete${to.keepsNotes ? ', as its end says' : ''}`);
  return lines.map((line) => `${line}\n`).join('');
}

/**
 * Opens the trace and writes it to `output`, which must be none of `inputs`. An input error throws after what came before
 * it is there, under a name of its own.
 */
export async function convertTo(
  output: string,
  to: TraceWriterFormat,
  inputs: readonly string[],
  open: () => Promise<OpenTrace>,
  context: Context,
  library: TraceTools,
): Promise<void> {
  const destination = new OutputFile(output, inputs, context, library);
  destination.require();
  const trace = await open();
  const progress = createProgress(context, 'auto', false, inputs.join(', '));
  try {
    const done = await library.convertTrace(
      trace,
      to,
      (bytes) => destination.write(bytes),
      (accesses) => progress.report?.(accesses, trace.bytesRead, trace.totalBytes),
    );
    progress.end();
    // Mappings without an access are no trace: nothing of them is written or kept.
    if (done.error !== null && done.accesses === 0) throw done.error;
    const name = done.error === null ? output : destination.commitPartial();
    if (done.error === null) destination.commit();
    await destination.taken();
    context.stderr.write(summary([name, destination.size], to, trace, done, library));
    if (done.error !== null) throw done.error;
  } finally {
    progress.end();
    destination.discard();
    await trace.close();
  }
}
