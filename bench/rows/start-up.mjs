/**
 * Start-up rows: `--help` and the replay of 1,000 lines, against a Node process that loads an empty module.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNode, runProgram } from '../children.mjs';
import { textOf } from '../traces.mjs';

function openStart(argsOf) {
  return async (context) => {
    const empty = join(context.folder, 'empty.mjs');
    writeFileSync(empty, '');
    const args = await argsOf(context);
    return {
      baseline: async () => runNode(context, [empty]).user / 1e3,
      subject: async () => runProgram(context, args).user / 1e3,
      close: () => {},
    };
  };
}

export const START_UP_ROWS = [
  {
    id: 'start.help',
    title: '--help over an empty node module',
    target: { floor: 1.6, goal: 1.2, better: 'lower' },
    unit: 'ms',
    repeat: 3,
    sides: ['empty module', '--help'],
    open: openStart(() => ['--help']),
  },
  {
    id: 'start.replay',
    title: 'replay of 1,000 lines over an empty node module',
    target: { floor: 2, goal: 1.5, better: 'lower' },
    unit: 'ms',
    repeat: 3,
    sides: ['empty module', 'replay'],
    open: openStart(async (context) => ['replay', (await textOf(context, 'sort', 'lackey', 1000)).text]),
  },
];
