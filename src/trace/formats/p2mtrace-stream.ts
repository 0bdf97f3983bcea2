/** A p2mtrace that is opened: its header, then chunks of whole blocks. */
import type { TraceChunk } from '../access.js';
import { BATCH_CAPACITY } from '../access.js';
import type { ReaderOptions } from '../bad-records.js';
import { ChunkBuilder } from '../chunk-builder.js';
import type { ByteSource, TraceStream } from '../format.js';
import { FrameInput } from './p2mtrace-input.js';
import { BLOCK_RECORDS } from './p2mtrace-layout.js';
import { readHeader } from './p2mtrace-frames.js';
import { P2mtraceReader } from './p2mtrace-reader.js';

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

/** Opens a p2mtrace: reads its header. */
export async function openP2mtrace(source: ByteSource, options: ReaderOptions): Promise<TraceStream> {
  const input = new FrameInput(source.name, source.chunks()[Symbol.asyncIterator]());
  const { facts, contents } = await readHeader(input);
  const out = new ChunkBuilder(Math.max(options.batchRecords ?? BATCH_CAPACITY, BLOCK_RECORDS));
  const reader = new P2mtraceReader(input, out, options, facts, contents);
  const { header, virtual, lacks, assumes = [], eventless } = facts;
  return {
    header,
    virtual,
    lacks,
    assumes: assumes.length === 0 ? undefined : assumes,
    eventless,
    source: facts.source === '' ? undefined : facts.source,
    chunks: () => decodeBlocks(source, input, reader, out),
    get skipped() {
      return reader.bad.skipped;
    },
    get decoded() {
      return out.decoded;
    },
    get passedOver() {
      return reader.passedOver;
    },
  };
}
