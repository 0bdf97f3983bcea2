/** `p2msim trace head`: the first records of a trace, as p2msim reads them. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { AccessBatch, HeadListing, HeadRecord, OpenTrace, TraceEvent } from '../../index.js';
import type { Context, TraceTools } from '../context.js';
import { asJson } from '../json-text.js';
import { openInput } from '../open-input.js';
import { Given, addFlags } from '../options.js';

const OPS = ['R', 'W', 'X', 'M'] as const;
const DEFAULT_LINES = 10;
/** Rights, and names of fields that are frame numbers, which a CSV has in hexadecimal. */
const LETTERS: Readonly<Record<string, string>> = { read: 'r', write: 'w', exec: 'x' };
const FRAMES: readonly string[] = ['gfn', 'mfn'];

function accessRecord(batch: AccessBatch, i: number, library: TraceTools): HeadRecord {
  const { hi, lo, op, size, vcpu } = batch;
  return {
    op: OPS[op[i] ?? 0] ?? 'R',
    va: library.formatAddress(hi[i] ?? 0, lo[i] ?? 0),
    size: size[i] ?? 0,
    vcpu: vcpu[i] ?? 0,
  };
}

/** An event without its line number, which says nothing of binary traces. */
function eventRecord(event: TraceEvent, library: TraceTools): HeadRecord {
  const fields = Object.entries(event).filter(([name]) => name !== 'kind' && name !== 'line');
  const shown = fields.map(([name, value]: [string, unknown]) => [name, fieldValue(value, library)]);
  return { event: event.kind, ...Object.fromEntries(shown) };
}

function fieldValue(value: unknown, library: TraceTools): unknown {
  if (typeof value === 'object' && value !== null && 'hi' in value && 'lo' in value) {
    if (typeof value.hi === 'number' && typeof value.lo === 'number')
      return library.formatAddress(value.hi, value.lo);
  }
  return value;
}

/** A record, and the address space in which it is. */
interface Shown {
  readonly record: HeadRecord;
  readonly space: string;
}

/**
 * `R  0x00007f3a1c2d5e10  8 B  vcpu 0`, or an event with its fields: `map  va=0x... bytes=4096 perm=rw  vcpu 0`. Address
 * spaces are named where there is another than the first.
 */
function recordLine({ record, space }: Shown, library: TraceTools): string {
  const where = `vcpu ${String(record.vcpu)}${space === library.INITIAL_AS ? '' : `  as ${space}`}`;
  if (!('event' in record)) return `${record.op}  ${record.va}  ${record.size} B  ${where}\n`;
  const { event, vcpu: _, ...fields } = record;
  const shown = Object.entries(fields).flatMap(([name, value]) => fieldText(name, value));
  return [event, shown.join(' '), where].filter((part) => part !== '').join('  ') + '\n';
}

/** A field as a CSV has it; what is empty there is left out. */
function fieldText(name: string, value: unknown): string[] {
  if (value === null || value === false) return [];
  if (value === true) return [name];
  if (typeof value === 'object' && value !== null && 'read' in value) {
    const letters = Object.entries(value).flatMap(([right, has]) => (has === true ? [LETTERS[right]] : []));
    return [`${name}=${letters.length === 0 ? 'none' : letters.join('')}`];
  }
  if (typeof value === 'number')
    return [`${name}=${FRAMES.includes(name) ? `0x${value.toString(16)}` : value}`];
  return [`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`];
}

/** At most `limit` records, and no more chunks than they take; what comes before access number `skip` is passed over. */
async function headRecords(
  trace: OpenTrace,
  skip: number,
  limit: number,
  library: TraceTools,
): Promise<Shown[]> {
  const records: Shown[] = [];
  const spaces = new library.AddressSpaces();
  const add = (record: HeadRecord, vcpu: number): unknown => records.push({ record, space: spaces.on(vcpu) });
  let position = 0;
  for await (const { accesses, events, eventAt } of trace.chunks()) {
    let next = 0;
    for (let i = Math.max(0, Math.min(accesses.n, skip - position)); i <= accesses.n; i++) {
      for (; next < events.length && (eventAt[next] ?? 0) <= i && records.length < limit; next++) {
        const event = events[next]!;
        // A switch is told in the space that it leaves.
        if (position + (eventAt[next] ?? 0) >= skip) add(eventRecord(event, library), event.vcpu);
        spaces.event(event);
      }
      if (records.length >= limit) return records;
      if (i < accesses.n) add(accessRecord(accesses, i, library), accesses.vcpu[i] ?? 0);
    }
    position += accesses.n;
  }
  if (skip > 0 && position <= skip && records.length === 0) throw library.nothingLeft(trace, position, skip);
  return records;
}

export function addHead(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('head')
    .summary('print the first records')
    .description(
      'Print the first records of a trace as p2msim reads them: accesses and events. --skip counts accesses, and passes over the events before them, too.',
    )
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input')
    .option('-n, --lines <n>', `records to print, events too (default: ${DEFAULT_LINES})`)
    .option('--json', 'print JSON');
  addFlags(command, 'input', 'after');
  command.action(async (path, values) => {
    const library = await context.loadTraceTools();
    const given = new Given(values, library);
    const limit = given.count('lines', DEFAULT_LINES);
    const skip = given.count('skip', 0);
    const trace = await openInput(path, given, context, library);
    try {
      const records = await headRecords(trace, skip, limit, library);
      const text = given.flag('json')
        ? asJson({
            schema: 'p2msim.trace-head/1',
            trace: path,
            skipped: skip,
            records: records.map(({ record }) => record),
          } satisfies HeadListing)
        : records.map((record) => recordLine(record, library)).join('');
      context.stdout.write(text);
      if (records.length === 0 && limit > 0) context.stderr.write(`note: ${trace.path} has no records\n`);
    } finally {
      await trace.close();
    }
  });
}
