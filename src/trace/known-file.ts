/**
 * Files that are not what a command takes, but something else that p2msim knows: what they are, by their beginning, and which
 * command takes them.
 */
import { fileWord } from '../util/shell-word.js';
import { STDIN_NAME } from './bad-records.js';
import type { ByteSource } from './format.js';
import { SNIFF_BYTES } from './format.js';
import { TRACE_FORMATS } from './formats/index.js';

/** What a file is. */
export interface KnownFile {
  /** `it is a trace (csv)`. */
  readonly what: string;
  /** The commands that take it. */
  readonly use: string;
  /** Of an output of p2msim. */
  readonly schema?: string;
}

/** The start of what `--json` and the batch commands write. */
const OWN_JSON = /^\s*[[{]\s*(?:\{\s*)?"schema":\s*"(p2msim\.[^"]*)"/;
/** Schemas that `diff` and `table` read. */
const SAVED = /^p2msim\.(?:result|compare|sweep|list|baseline|interval|collection)\//;
/** Lines of a results file. */
const BATCH = /^p2msim\.(?:batch|point)\//;
/** A key that only a sweep specification has, at the start of a line of TOML. */
const SPECIFICATION = /^\s*(?:(?:traces|modes|seeds)\s*=\s*\[|\[(?:axes|zip|exclude|points)[\].])/m;

type Head = Pick<ByteSource, 'name' | 'head'>;

/** An output or a specification of p2msim; null: it is neither. */
export function ownFile({ name, head }: Head): KnownFile | null {
  const text = Buffer.from(head).toString('latin1');
  const schema = OWN_JSON.exec(text)?.[1];
  if (schema !== undefined)
    return { what: `it is ${schema}, an output of p2msim`, use: useOf(schema, wordOf(name)), schema };
  if (!SPECIFICATION.test(text)) return null;
  return {
    what: 'it looks like the specification of a sweep',
    use: `\`p2msim sweep ${wordOf(name)}\` runs it; docs/batch.md describes it`,
  };
}

/** The file in a command. */
function wordOf(name: string): string {
  return name === STDIN_NAME ? '-' : fileWord(name);
}

function useOf(schema: string, file: string): string {
  if (SAVED.test(schema))
    return `\`p2msim diff ${file} OTHER\` and \`p2msim table ${file}\` read saved results`;
  if (BATCH.test(schema))
    return `\`p2msim collect ${file}\` and \`p2msim table ${file}\` read the results of a batch`;
  return `\`p2msim schema\` lists what p2msim writes, and docs/json.md which of it is read again`;
}

/** The same, or a trace that one format recognises; `head` may be longer than what formats look at. */
export function knownFile({ name, head }: Head): KnownFile | null {
  const own = ownFile({ name, head: head.subarray(0, SNIFF_BYTES) });
  if (own !== null) return own;
  const [format, other] = TRACE_FORMATS.all().filter(({ sniff }) => sniff(head.subarray(0, SNIFF_BYTES)));
  if (format === undefined || other !== undefined) return null;
  return {
    what: `it is a trace (${format.name})`,
    use: `\`p2msim replay ${wordOf(name)}\` and \`p2msim compare ${wordOf(name)}\` replay it`,
  };
}
