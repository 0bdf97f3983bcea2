/**
 * `trace capture`, once its words are read: run the program, gather its trace as p2mtrace in a temporary file, then
 * write that in the format that is wanted, with the number of vcpus that the header needs.
 */
import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type {
  Conversion,
  Population,
  Selection,
  TraceChunk,
  TraceFacts,
  TraceWriterFormat,
} from '../../index.js';
import type { Context, FullLibrary } from '../context.js';
import { systemReason } from '../../util/system-reason.js';
import { lossLines } from '../convert-to.js';
import { OutputFile } from '../output-file.js';
import { Channel, type Ending } from './channel.js';
import { buildPlugin, refuseCommas } from './plugin.js';
export { TOOLS } from './tools.js';
import { findTools, type LackeyTools, programWords, type QemuTools, type Tool } from './tools.js';

export interface CaptureRequest {
  readonly program: string;
  readonly args: readonly string[];
  readonly output: string;
  readonly to: TraceWriterFormat;
  readonly tool: Tool;
  readonly selection: Selection;
  /** Kinds of access that are wanted at all, so that others need not be sent. */
  readonly kinds: readonly string[];
  /** Bytes of p2mtrace after which the program is stopped. */
  readonly maxBytes: number;
}

/** What came of a run. */
interface Captured {
  /** What was kept of what the program did. */
  readonly accesses: number;
  readonly events: number;
  /** Why the program was stopped, or null. */
  readonly stopped: string | null;
  readonly ending: Ending;
  /** Processes and vcpus that access memory in what was kept. */
  readonly population: Population;
  /** Vcpus that the program was on; null: the tool tells neither them nor processes apart. */
  readonly vcpus: number | null;
}

/** What came of writing it. */
type Done = Pick<Conversion, 'written' | 'lost'>;

const LACKS = [
  'accesses of the kernel',
  'what system calls read and write',
  'mappings made before the program began',
  'madvise, and memory that processes share',
];

/** Standard output is the program's. */
const OUTPUT_HINT = 'name a file in a folder that exists and may be written to';

/** A stream of chunks, and how many vcpus it is known to be on once it has ended. */
interface Stream {
  readonly facts: TraceFacts;
  readonly chunks: AsyncIterable<TraceChunk>;
  /** Null: they are not told apart. */
  readonly vcpus: () => number | null;
}

function underQemu(
  tools: QemuTools,
  words: readonly string[],
  { kinds }: CaptureRequest,
  channel: Channel,
  context: Context,
  library: FullLibrary,
): Stream {
  refuseCommas(channel.folder, tools.qemu, library);
  const plugin = buildPlugin(tools, channel.folder, context, library);
  const wants = (kind: string): number => (kinds.includes(kind) ? 1 : 0);
  const options = [
    plugin,
    `out=${channel.fifo}`,
    `qemu=${tools.qemu}`,
    `plugin=${plugin}`,
    `fetch=${wants('fetches')}`,
    `load=${wants('loads')}`,
    `store=${wants('stores')}`,
  ];
  const decoder = new library.CaptureDecoder();
  return {
    facts: {
      header: library.EMPTY_HEADER,
      virtual: true,
      lacks: LACKS,
      eventless: false,
      source: 'qemu-user plugin',
    },
    chunks: decoder.chunks(channel.start([tools.qemu, '-plugin', options.join(','), ...words])),
    vcpus: () => decoder.processes.vcpus,
  };
}

async function underLackey(
  { valgrind, instead }: LackeyTools,
  program: readonly string[],
  { selection }: CaptureRequest,
  channel: Channel,
  context: Context,
  library: FullLibrary,
): Promise<Stream> {
  if (instead !== null) context.stderr.write(`warning: ${instead}\n`);
  if (selection.addressSpaces !== null || selection.vcpus !== null) {
    throw new library.UsageError('lackey sees one process and one thread; --process and --vcpu need QEMU', {
      hint: 'install qemu-user and gcc, or leave them out',
    });
  }
  const words = [valgrind, '--tool=lackey', '--trace-mem=yes', `--log-file=${channel.fifo}`, ...program];
  const stdin = channel.start(words);
  const trace = await library
    .openTrace('-', { format: 'lackey', read: library.DEFAULT_READ_OPTIONS, stdin })
    .catch(async (cause: unknown) => {
      // It sent nothing at all: not even its own name.
      throw notStarted(program[0] ?? '', await channel.finish(), cause, library);
    });
  const { header, virtual, lacks, eventless } = trace;
  return {
    facts: { header, virtual, lacks, eventless, source: 'lackey' },
    chunks: trace.chunks(),
    vcpus: () => null,
  };
}

/** Writes the stream to `path` as p2mtrace until it ends or there is enough. */
async function gather(
  { facts, chunks }: Stream,
  path: string,
  { selection, maxBytes }: CaptureRequest,
  library: FullLibrary,
): Promise<Omit<Captured, 'ending' | 'vcpus'>> {
  const fd = openSync(path, 'w');
  let [accesses, events, bytes] = [0, 0, 0];
  let stopped: string | null = null;
  const population = new library.Population();
  try {
    const writer = library.traceWriters.get('p2mtrace').start(facts, (piece) => {
      try {
        for (let done = 0; done < piece.length;) done += writeSync(fd, piece, done);
      } catch (cause) {
        throw noRoom(path, cause, library);
      }
      bytes += piece.length;
    });
    for await (const chunk of library.selectChunks(chunks, selection)) {
      writer.chunk(chunk);
      population.chunk(chunk);
      accesses += chunk.accesses.n;
      events += chunk.events.length;
      if (bytes < maxBytes) continue;
      stopped = '--max-size';
      break;
    }
    writer.end(true);
  } finally {
    closeSync(fd);
  }
  if (accesses >= selection.limit) stopped = '--limit';
  return { accesses, events, stopped, population };
}

/** The folder for temporary files does not take the trace. */
function noRoom(path: string, cause: unknown, library: FullLibrary): Error {
  return new library.UsageError(`${path}: the trace cannot be gathered: ${systemReason(cause)}`, {
    hint: 'TMPDIR names another folder; --max-size or --limit stops the program earlier, --accesses and --range keep less',
    cause,
  });
}

function endedWith({ code, signal }: Ending): string {
  return signal === null ? `exit code ${code}` : signal;
}

/** valgrind ended before there was anything to trace. */
function notStarted(program: string, ending: Ending, cause: unknown, library: FullLibrary): Error {
  const message = `nothing was traced: valgrind ended with ${endedWith(ending)}`;
  return new library.TraceError({ file: program }, message, {
    hint: 'what it said of the program is above',
    cause,
  });
}

const counted = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-US')} ${n === 1 ? one : many}`;

/** What was captured, and how the program ended if that is worth a word. */
function summary(
  request: CaptureRequest,
  size: number,
  { written, lost }: Done,
  { stopped, ending, population, vcpus }: Captured,
): string {
  const parts = [counted(written.accesses, 'record'), counted(written.events, 'event')];
  // A format that loses something has neither processes nor vcpus.
  if (vcpus !== null && lost.size === 0) {
    const processes = counted(population.processes, 'process', 'processes');
    parts.push(`${processes} on ${counted(population.vcpus, 'vcpu')}`);
  }
  const lines = [`${request.output}: ${request.to.name}, ${[...parts, counted(size, 'byte')].join(', ')}`];
  if (stopped !== null) lines.push(`the program was stopped by ${stopped}`);
  else if (ending.signal !== null) lines.push(`the program was ended by ${ending.signal}`);
  else if (ending.code !== 0 && ending.code !== null)
    lines.push(`the program ended with exit code ${ending.code}`);
  return lines.map((line) => `${line}\n`).join('');
}

/** Writes the gathered trace in its final form. */
async function deliver(
  path: string,
  request: CaptureRequest,
  captured: Captured,
  context: Context,
  library: FullLibrary,
): Promise<void> {
  const trace = await library.openTrace(path, { read: library.DEFAULT_READ_OPTIONS });
  const vcpus = captured.vcpus === null || captured.vcpus <= 1 ? null : captured.vcpus;
  const declared = library.viewOf(trace, { header: { ...trace.header, vcpus } });
  const output = new OutputFile(request.output, [], context, library, OUTPUT_HINT);
  let done: Done = { written: captured, lost: new Map() };
  try {
    if (request.to.name === 'p2mtrace' && vcpus === null) {
      // It is what was gathered, to the last byte.
      for await (const piece of createReadStream(path)) output.write(piece as Buffer);
    } else {
      const conversion = await library.convertTrace(declared, request.to, (bytes) => output.write(bytes));
      if (conversion.error !== null) throw conversion.error;
      done = conversion;
    }
    output.commit();
    context.stderr.write(summary(request, output.size, done, captured));
    for (const line of lossLines(request.to, trace, done.lost, library)) context.stderr.write(`${line}\n`);
  } finally {
    output.discard();
    await trace.close();
  }
}

/** Runs the program and writes its trace. */
export async function capture(
  request: CaptureRequest,
  context: Context,
  library: FullLibrary,
): Promise<void> {
  // All that can be wrong is found before anything is built or run.
  new OutputFile(request.output, [], context, library, OUTPUT_HINT).require();
  const words = programWords(request.program, request.args, context.environment, library);
  const tools = findTools(request.tool, context.environment, library);
  const channel = new Channel(tools.mkfifo, context, library);
  // What the program sends is whole only at its end; the handlers of 'exit' stop it and remove what is temporary.
  context.onInterrupt((exitCode) => {
    context.stderr.write(`interrupted: nothing is kept of the capture; ${request.output} is not written\n`);
    process.exit(exitCode);
  });
  try {
    const stream =
      tools.kind === 'qemu'
        ? underQemu(tools, words, request, channel, context, library)
        : await underLackey(tools, words, request, channel, context, library);
    const path = join(channel.folder, 'trace.p2mtrace');
    const gathered = await gather(stream, path, request, library).finally(() => channel.finish());
    const ending = await channel.finish();
    const captured: Captured = { ...gathered, ending, vcpus: stream.vcpus() };
    if (gathered.accesses === 0) throw nothingCaptured(request, captured, library);
    await deliver(path, request, captured, context, library);
  } finally {
    context.onInterrupt(null);
    channel.discard();
  }
}

function nothingCaptured({ program }: CaptureRequest, { ending }: Captured, library: FullLibrary): Error {
  const message = `no access was captured; the program ended with ${endedWith(ending)}`;
  return new library.TraceError({ file: program }, message, {
    hint: 'its own messages are above; are --accesses, --range, --process, --vcpu or --skip too narrow?',
  });
}
