/**
 * Reads saved results: whatever `--json` or `-r ndjson` wrote, of any version that is known.
 *
 * A new version of a schema gets a line in READERS; the old ones stay, so that old files stay readable.
 */
import { TraceError } from '../../errors.js';
import {
  BATCH_SCHEMA,
  COLLECTION_SCHEMA,
  COMPARE_SCHEMA,
  LIST_SCHEMA,
  POINT_SCHEMA,
  RESULT_SCHEMA,
  SWEEP_SCHEMA,
} from '../result.js';
import type { ByteSource } from '../../trace/format.js';
import { knownFile } from '../../trace/known-file.js';
import { openSource } from '../../trace/source.js';
import { didYouMean } from '../../util/registry.js';
import { BASELINE_SCHEMA, readBaseline } from './baseline.js';
import { withPlace } from './field-place.js';
import { failedNote, failedPoints } from './failed-points.js';
import { Fields } from './fields.js';
import { parseJsonValues } from './json-text.js';
import { readRun, readSlice, values } from './read-run.js';
import { refuseRepeatedKeys } from './repeated-keys.js';
import type { SavedFile, SavedRun, SavedSlice } from './saved-run.js';

type Reader = (value: unknown, file: string, path: string) => readonly SavedRun[];

/** A slice of the run that follows. */
const INTERVAL_SCHEMA = 'p2msim.interval/1';

const one: Reader = (value, file, path) => [readRun(value, file, path)];
const listed =
  (name: string): Reader =>
  (value, file, path) =>
    Fields.of(value, file, path)
      .list(name)
      .map((run, i) => readRun(run, file, `${path === '' ? '' : `${path}.`}${name}[${i}]`));
/** A point of a results file: its result, with the values of its axes; none if it failed. */
const point: Reader = (value, file, path) => {
  const fields = Fields.of(value, file, path);
  const result = fields.raw('result');
  if (result === null) return [];
  const run = readRun(result, file, path === '' ? 'result' : `${path}.result`);
  return [{ ...run, point: values(fields.object('point')) }];
};
/** Points that were collected into one value. */
const collected: Reader = (value, file, path) =>
  Fields.of(value, file, path)
    .list('lines')
    .flatMap((line, i) => point(line, file, `${path === '' ? '' : `${path}.`}lines[${i}]`));
/** Lines of `-r ndjson` beside the results, which have all that matters here. */
const nothing: Reader = () => [];

/** Outputs of several traces. */
const outputs: Reader = (value, file, path) =>
  Fields.of(value, file, path)
    .list('outputs')
    .flatMap((output, i) => readValue(output, file, `${path === '' ? '' : `${path}.`}outputs[${i}]`));

/** Every schema that is read, by its id. */
const READERS: ReadonlyMap<string, Reader> = new Map([
  [RESULT_SCHEMA, one],
  [COMPARE_SCHEMA, listed('results')],
  [SWEEP_SCHEMA, listed('points')],
  [LIST_SCHEMA, outputs],
  [BASELINE_SCHEMA, readBaseline],
  [BATCH_SCHEMA, nothing],
  [POINT_SCHEMA, point],
  [INTERVAL_SCHEMA, nothing],
  [COLLECTION_SCHEMA, collected],
  ['p2msim.verdict/1', nothing],
  ['p2msim.check/1', nothing],
]);

const MEND_BASELINE =
  'delete the line that is wrong, or let `p2msim baseline update TRACE...` write it again';
const MEND_RESULTS = 'delete the one that is wrong, or let p2msim write the results again';

/** Reads the results in the file at `path`, plain or compressed; `-` is `stdin`. Throws {@link TraceError}. */
export async function readSaved(path: string, stdin?: NodeJS.ReadableStream): Promise<SavedFile> {
  const source = await openSource(path, stdin, true, 'saved results');
  try {
    refuseKnown(source);
    const chunks: Buffer[] = [];
    for await (const chunk of source.chunks()) chunks.push(Buffer.from(chunk));
    return parseSaved(Buffer.concat(chunks).toString('utf8'), source.name);
  } finally {
    await source.close();
  }
}

/** What does not begin as JSON does is something else, perhaps something that is known. */
function refuseKnown({ name, head }: Pick<ByteSource, 'name' | 'head'>): void {
  if (/^\s*(?:[[{]|$)/.test(Buffer.from(head).toString('latin1'))) return;
  const known = knownFile({ name, head });
  if (known === null) return;
  throw new TraceError({ file: name }, `is no saved result: ${known.what}`, {
    hint: `${known.use}; with --json that gives a saved result, and \`p2msim diff BASE TRACE\` replays a trace as BASE was`,
  });
}

/** Reads the results in `text`; `file` is its name in messages. Throws {@link TraceError}. */
export function parseSaved(text: string, file: string): SavedFile {
  const parsed = parseJsonValues(text, file);
  const isBaseline = schemaOf(parsed[0]) === BASELINE_SCHEMA;
  refuseRepeatedKeys(text, parsed, file, isBaseline ? MEND_BASELINE : MEND_RESULTS);
  const [only] = parsed;
  const items = parsed.length === 1 && Array.isArray(only) ? (only as unknown[]) : parsed;
  const runs = readItems(items, file, text);
  const failed = failedPoints(items, file);
  if (runs.length === 0) {
    const why = failed === null ? '' : `: ${failedNote(failed)}`;
    throw new TraceError({ file }, `holds no result${why}`);
  }
  return { file, schema: schemaOf(items[0]) ?? '', runs, ...(failed === null ? {} : { failed }) };
}

function readItems(items: readonly unknown[], file: string, text: string): SavedRun[] {
  try {
    return withSlices(items, (item, i) => readValue(item, file, items.length === 1 ? '' : `[${i}]`), file);
  } catch (error) {
    throw withPlace(error, text);
  }
}

/** In -r ndjson the slices of a run are on the lines before it. */
function withSlices(
  items: readonly unknown[],
  read: (item: unknown, i: number) => readonly SavedRun[],
  file: string,
): SavedRun[] {
  let slices: SavedSlice[] = [];
  return items.flatMap((item, i) => {
    if (schemaOf(item) === INTERVAL_SCHEMA) slices.push(readSlice(item, file, `[${i}]`));
    const before = slices;
    const runs = read(item, i);
    if (runs.length > 0) slices = [];
    return runs.map((run) => (run.slices.length > 0 ? run : { ...run, slices: before }));
  });
}

function readValue(value: unknown, file: string, path: string): readonly SavedRun[] {
  const schema = schemaOf(value);
  const reader = schema === undefined ? undefined : READERS.get(schema);
  if (reader !== undefined) return reader(value, file, path);
  throw schema === undefined ? noResult(value, file, path) : unknownSchema(schema, value, file);
}

function schemaOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('schema' in value)) return undefined;
  return typeof value.schema === 'string' ? value.schema : undefined;
}

function noResult(value: unknown, file: string, path: string): TraceError {
  Fields.of(value, file, path);
  return new TraceError({ file }, `is JSON, but not a result of p2msim: it has no "schema"`, {
    hint: 'results are written by `p2msim replay --json`, `compare --json` and `sweep --json`',
  });
}

/** A later version, or something else altogether. */
function unknownSchema(schema: string, value: unknown, file: string): TraceError {
  const known = [...READERS.keys()];
  const family = schema.replace(/\/\d+$/, '');
  const later = known.find((id) => id.startsWith(`${family}/`));
  if (later !== undefined) {
    const by = writtenBy(value);
    return new TraceError({ file }, `schema is "${schema}"${by}; this version reads up to "${later}"`, {
      hint: 'read it with the p2msim that wrote it, or replay the trace with this one',
    });
  }
  const near = didYouMean(schema, known);
  const suggestion = near === undefined ? '' : ` (did you mean "${near}"?)`;
  return new TraceError(
    { file },
    `schema is "${schema}"${suggestion}; expected a result: ${RESULT_SCHEMA}, ${COMPARE_SCHEMA}, ${SWEEP_SCHEMA} or ${BASELINE_SCHEMA}`,
  );
}

function writtenBy(value: unknown): string {
  const tool = typeof value === 'object' && value !== null && 'tool' in value ? value.tool : null;
  const known = typeof tool === 'object' && tool !== null && 'version' in tool;
  return known && typeof tool.version === 'string' ? `, written by p2msim ${tool.version}` : '';
}
