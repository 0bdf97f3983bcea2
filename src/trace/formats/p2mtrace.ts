/**
 * p2mtrace: p2msim's own compact binary format. All that a CSV can say in a tenth of the bytes and less, decoded
 * several times faster than any text; docs/formats.md is its specification, byte by byte.
 */
import type { TraceChunk } from '../access.js';
import { BATCH_CAPACITY } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { ChunkBuilder } from '../chunk-builder.js';
import type { ByteSource, TraceFormat, TraceStream } from '../format.js';
import { FrameInput } from './p2mtrace-input.js';
import { BLOCK_RECORDS, MAGIC } from './p2mtrace-layout.js';
import { P2mtraceReader, readHeader } from './p2mtrace-reader.js';

/** The bytes can be told from text at the first one. */
function sniff(head: Uint8Array): boolean {
  return head.length >= MAGIC.length && MAGIC.every((value, i) => head[i] === value);
}

/** Chunks of as many whole blocks as fit. When a block is wrong, what came before is delivered first. */
async function* decodeBlocks(
  source: ByteSource,
  input: FrameInput,
  reader: P2mtraceReader,
  out: ChunkBuilder,
): AsyncGenerator<TraceChunk> {
  try {
    for (let more = true; more;) {
      let failure: { readonly error: unknown } | undefined;
      try {
        more = await reader.next();
      } catch (error) {
        failure = { error };
      }
      const full = out.room < BLOCK_RECORDS || out.full;
      if ((full || !more || failure !== undefined) && !out.empty) {
        yield out.chunk(source.bytesRead);
        out.clear();
      }
      if (failure !== undefined) throw failure.error;
    }
  } finally {
    await input.close();
  }
}

async function open(source: ByteSource, options: ReaderOptions): Promise<TraceStream> {
  const input = new FrameInput(source.name, source.chunks()[Symbol.asyncIterator]());
  const { facts, contents } = await readHeader(input);
  const out = new ChunkBuilder(Math.max(options.batchRecords ?? BATCH_CAPACITY, BLOCK_RECORDS));
  const reader = new P2mtraceReader(input, out, options, facts, contents);
  const { header, virtual, lacks, eventless } = facts;
  return {
    header,
    virtual,
    lacks,
    eventless,
    source: facts.source === '' ? undefined : facts.source,
    chunks: () => decodeBlocks(source, input, reader, out),
    get skipped() {
      return reader.bad.skipped;
    },
    get decoded() {
      return out.decoded;
    },
  };
}

export const p2mtrace = {
  name: 'p2mtrace',
  summary: "p2msim's own compact binary format: all that CSV can say; `p2msim trace convert` writes it",
  addresses: 'source',
  lacks: [],
  priority: 5,
  sniff,
  open,
} satisfies TraceFormat;
