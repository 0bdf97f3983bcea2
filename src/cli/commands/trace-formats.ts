/** `p2msim trace formats`: what can be read. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { FormatListing } from '../../index.js';
import type { Context } from '../context.js';
import { asJson } from '../json-text.js';
import { writeListing } from '../listing-text.js';

/** Of the longest name. */
const NAME_WIDTH = 13;

const ADDRESSES = { virtual: 'virtual', physical: 'physical', source: 'as of its source' } as const;

/** A line of what it is, and one of what its traces say and do not. */
function formatText({ name, summary, addresses, lacks }: FormatListing): string {
  const missing = lacks.length === 0 ? '' : `; cannot say: ${lacks.join(', ')}`;
  return `  ${name.padEnd(NAME_WIDTH)}  ${summary}\n${' '.repeat(NAME_WIDTH + 4)}addresses ${ADDRESSES[addresses]}${missing}\n`;
}

export function addFormats(parent: CommandUnknownOpts, context: Context): void {
  parent
    .command('formats')
    .summary('list trace formats')
    .description('List the trace formats: how they are made, and what their traces say and do not.')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const library = await context.loadLibrary();
      const { formats, ...list } = library.formatList();
      if (json === true) context.stdout.write(asJson({ ...list, formats }));
      else writeListing(formats.map(formatText).join(''), context, library);
    });
}
