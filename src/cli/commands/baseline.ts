/** `p2msim baseline`: results that are kept in a repository, and the check that they are still what comes out. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { addBaselineCheck } from './baseline-check.js';
import { addBaselineUpdate } from './baseline-update.js';

export function addBaseline(parent: CommandUnknownOpts, context: Context): void {
  const command = parent
    .command('baseline')
    .summary('keep results in a repository, and check them')
    .description(
      'Keep results in a small file beside the code, and check that they are still what comes out.',
    );
  addBaselineUpdate(command, context);
  addBaselineCheck(command, context);
}
