/** `p2msim trace formats`: what can be read. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { nameTable } from '../name-table.js';

export function addFormats(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('formats')
    .summary('list trace formats')
    .description('List the trace formats, in the order in which content is tried against them.')
    .action(async () => {
      const library = await context.loadLibrary();
      const formats = library.formats.all().toSorted((a, b) => a.priority - b.priority);
      context.stdout.write(nameTable(formats));
    });
}
