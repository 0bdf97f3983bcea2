/**
 * A generated trace where a path is expected: `gen:NAME,KEY=VALUE,...`. Nothing is stored; the same words give the
 * same trace on every machine.
 */
import { createHash } from 'node:crypto';
import { UsageError } from '../../errors.js';
import { Prng } from '../../util/prng.js';
import type { TraceChunk } from '../access.js';
import { BATCH_CAPACITY } from '../access.js';
import { ChunkBuilder } from '../chunk-builder.js';
import { EMPTY_HEADER } from '../event.js';
import type { OpenOptions, OpenTrace } from '../open.js';
import { Emitter } from './emitter.js';
import { generatedPath, generatedWords } from './generated-path.js';
import type { TraceGenerator } from './generator.js';
import { GENERATORS } from './index.js';
import { type GeneratorParams, generatorParams, paramsOf, valueText } from './params.js';

/** What a report says where it names the format. */
export const GENERATED_FORMAT = 'generated';

/** Opens the trace that `path` specifies. Throws {@link UsageError} for unknown names and bad values. */
export function openGenerated(
  path: string,
  options: Pick<OpenOptions, 'format' | 'read' | 'onWarning'>,
): OpenTrace {
  if (options.format !== undefined && options.format !== GENERATED_FORMAT) {
    throw new UsageError(`--format is '${options.format}', but ${path} is not a file`, {
      hint: 'leave out --format; a file of that name is ./gen:...',
    });
  }
  const [name = '', ...words] = generatedWords(path);
  const generator = GENERATORS.get(name);
  const params = generatorParams(generator, splitWords(path, words));
  const caution = generator.caution(params);
  if (caution !== null) options.onWarning?.(`${path} ${caution}`);
  const vcpus = generator.vcpus(params);
  const text = canonical(generator, params);
  const batchRecords = options.read.batchRecords ?? BATCH_CAPACITY;
  const builder = new ChunkBuilder(batchRecords);
  return {
    path,
    format: GENERATED_FORMAT,
    source: text,
    header: { ...EMPTY_HEADER, vcpus: vcpus === 1 ? null : vcpus },
    virtual: true,
    lacks: [],
    eventless: generator.eventless && params.number('edits') === 0,
    batchRecords,
    totalBytes: null,
    bytesRead: 0,
    skipped: { count: 0, first: null },
    badRecords: [],
    get decoded() {
      return builder.decoded;
    },
    chunks: () => chunksOf(generator, params, builder),
    digest: () => createHash('sha256').update(`${generator.revision} ${text}`).digest('hex'),
    close: async () => undefined,
  };
}

/** All parameters, defaults too, as they would be typed: what the trace is. */
function canonical(generator: TraceGenerator, params: GeneratorParams): string {
  const words = paramsOf(generator).map((param) => {
    const value = param.kind === 'word' ? params.word(param.name) : params.number(param.name);
    return `${param.name}=${valueText(param, value)}`;
  });
  return generatedPath(generator.name, words);
}

function splitWords(path: string, words: readonly string[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const name = word.slice(0, Math.max(0, at));
    if (at <= 0) {
      throw new UsageError(`${path}: found '${word}'; expected NAME=VALUE`, {
        hint: 'for example gen:zipf,footprint=1GiB,accesses=1M',
      });
    }
    if (Object.hasOwn(given, name)) {
      throw new UsageError(
        `${path}: parameter ${name} is given twice: ${given[name]} and ${word.slice(at + 1)}`,
        {
          hint: 'leave out one of the two',
        },
      );
    }
    given[name] = word.slice(at + 1);
  }
  return given;
}

async function* chunksOf(
  generator: TraceGenerator,
  params: GeneratorParams,
  builder: ChunkBuilder,
): AsyncGenerator<TraceChunk> {
  const random = new Prng(params.number('seed'));
  const out = new Emitter(builder, params, random);
  const run = generator.run(out, params, random);
  while (!out.done) {
    run.next();
    if (!builder.empty) yield builder.chunk(0);
    builder.clear();
    // Nothing is waited for here, so that Ctrl-C and SIGTERM would never have their turn.
    await nextTurn();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
