/** `p2msim modes`: the ways of translating, and the policies of shadow paging. */
import type { Command } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { nameTable } from '../name-table.js';

export function addModes(program: Command, context: Context): void {
  program
    .command('modes')
    .summary('list modes and shadow policies')
    .description('List the modes of --mode and the policies of --shadow-policy.')
    .action(async () => {
      const library = await context.loadLibrary();
      const policies = nameTable(library.policies.all());
      context.stdout.write(
        `${nameTable(library.backends.all())}\nShadow policies (--shadow-policy):\n${policies}`,
      );
    });
}
