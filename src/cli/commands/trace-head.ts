/** `p2msim trace head`: the first records of a trace, as p2msim reads them. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { AccessBatch, OpenTrace, TraceEvent } from '../../index.js';
import type { Context, Library } from '../context.js';
import { openInput } from '../open-input.js';
import { Given, addFlags } from '../options.js';

const OPS = ['R', 'W', 'X', 'M'] as const;
const DEFAULT_LINES = 10;

/** `R  0x00007f3a1c2d5e10  8 B  vcpu 0`. */
function accessLine(batch: AccessBatch, i: number, library: Library): string {
  const { hi, lo, op, size, vcpu } = batch;
  return `${OPS[op[i] ?? 0] ?? '?'}  ${library.formatAddress(hi[i] ?? 0, lo[i] ?? 0)}  ${size[i]} B  vcpu ${vcpu[i]}`;
}

/** Events print as their fields: `map  {"va":"0x...","bytes":4096}`. */
function eventLine(event: TraceEvent, library: Library): string {
  const fields = Object.entries(event).filter(([name]) => name !== 'kind' && name !== 'line');
  const shown = fields.map(([name, value]: [string, unknown]) => `${name}=${fieldText(value, library)}`);
  return `${event.kind}  ${shown.join(' ')}`;
}

function fieldText(value: unknown, library: Library): string {
  if (typeof value === 'object' && value !== null && 'hi' in value && 'lo' in value) {
    if (typeof value.hi === 'number' && typeof value.lo === 'number')
      return library.formatAddress(value.hi, value.lo);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

async function headLines(trace: OpenTrace, limit: number, library: Library): Promise<string[]> {
  const lines: string[] = [];
  for await (const { accesses, events, eventAt } of trace.chunks()) {
    let next = 0;
    for (let i = 0; i <= accesses.n && lines.length < limit; i++) {
      for (; next < events.length && (eventAt[next] ?? 0) <= i && lines.length < limit; next++) {
        const event = events[next];
        if (event !== undefined) lines.push(eventLine(event, library));
      }
      if (i < accesses.n && lines.length < limit) lines.push(accessLine(accesses, i, library));
    }
    if (lines.length >= limit) break;
  }
  return lines;
}

export function addHead(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('head')
    .summary('print the first records')
    .description('Print the first records of a trace as p2msim reads them.')
    .argument('<trace>', 'trace file, plain or compressed, or - for standard input')
    .option('-n, --lines <n>', `records to print (default: ${DEFAULT_LINES})`);
  addFlags(command, 'input');
  command.action(async (path, values) => {
    const library = await context.loadLibrary();
    const given = new Given(values, library);
    const limit = given.count('lines', DEFAULT_LINES);
    const trace = await openInput(path, given, context, library);
    try {
      const lines = await headLines(trace, limit, library);
      context.stdout.write(lines.map((line) => `${line}\n`).join(''));
    } finally {
      await trace.close();
    }
  });
}
