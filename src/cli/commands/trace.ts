/** `p2msim trace ...`: look at a trace, or write one. */
import type { Command } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { examples } from '../help.js';
import { addCapture } from './trace-capture.js';
import { addCheck } from './trace-check.js';
import { addConvert } from './trace-convert.js';
import { addCut } from './trace-cut.js';
import { addFormats } from './trace-formats.js';
import { addGenerate } from './trace-generate.js';
import { addHead } from './trace-head.js';
import { addInfo } from './trace-info.js';
import { addMerge } from './trace-merge.js';
import { addMrc } from './trace-mrc.js';

export function addTrace(program: Command, context: Context): void {
  const trace = program
    .command('trace')
    .summary('look at a trace, or write one')
    .description('Look at a trace without replaying it, or write one.');
  addInfo(trace, context);
  addCheck(trace, context);
  addHead(trace, context);
  addMrc(trace, context);
  addFormats(trace, context);
  addConvert(trace, context);
  addCut(trace, context);
  addMerge(trace, context);
  addGenerate(trace, context);
  addCapture(trace, context);
  trace.addHelpText(
    'after',
    examples(
      ['p2msim trace info app.lackey.gz', 'footprint, page sizes, kinds of access'],
      ['p2msim trace check app.csv', 'every bad record; exit 1 if there is one'],
      ['p2msim trace head app.csv -n 20', 'the first records as p2msim reads them'],
      ['p2msim trace convert app.lackey.gz app.p2mtrace', 'compact, and faster to replay'],
      ['p2msim trace cut app.csv part.csv --skip 1M --limit 10k', 'part of a trace'],
      ['p2msim trace mrc app.lackey.gz --plot', 'misses of TLBs of every size'],
      ['p2msim trace generate --list', 'workloads that can be written as a trace'],
      ['p2msim trace capture -o ls.p2mtrace -- ls -l /', 'the trace of a program'],
    ),
  );
}
