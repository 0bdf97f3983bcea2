/** `p2msim completion SHELL`: a script for the shell; and `complete LINE`, which the script asks. */
import type { Command } from '@commander-js/extra-typings';
import type { Context } from '../context.js';
import { FLAGS } from '../flags.js';
import { longName } from '../flags/flag.js';
import { examples } from '../help.js';

/** Makes the whole tree of commands, of which completion is a part itself. */
export type MakeProgram = (context: Context) => Command;

export function addCompletion(program: Command, context: Context): void {
  const command = program
    .command('completion')
    .summary('print a completion script for bash, zsh or fish')
    .description(
      'Print a script that completes commands, options and names (modes, presets, formats, metrics, keys) in a shell.',
    )
    .argument('<shell>', 'bash, zsh or fish');
  command.addHelpText(
    'after',
    examples(
      ['eval "$(p2msim completion bash)"', 'in ~/.bashrc'],
      ['eval "$(p2msim completion zsh)"', 'in ~/.zshrc, after compinit'],
      ['p2msim completion fish | source', 'in ~/.config/fish/config.fish'],
    ),
  );
  command.action(async (shell) => {
    const [{ SCRIPTS, SHELLS }, library] = await Promise.all([
      import('../completion/scripts.js'),
      context.loadLibrary(),
    ]);
    const known = SHELLS.find((each) => each === shell);
    if (known === undefined) throw library.unknownName('shell', shell, SHELLS);
    context.stdout.write(SCRIPTS[known]);
  });
}

/** Here, where flags are loaded in any case. */
function keysOfFlags(): ReadonlyMap<string, string> {
  const flags = [...FLAGS.model, ...FLAGS.hardware];
  return new Map(flags.flatMap((flag) => (flag.key === undefined ? [] : [[longName(flag), flag.key]])));
}

export function addComplete(program: Command, context: Context, makeProgram: MakeProgram): void {
  program
    .command('complete', { hidden: true })
    .description('Print what can stand at the end of a line: what completion scripts ask.')
    .argument('<line>', 'the line up to the cursor')
    .action(async (line) => {
      const [{ complete }, library] = await Promise.all([
        import('../completion/words.js'),
        context.loadFullLibrary(),
      ]);
      const { words, files, open } = complete(line, makeProgram(context), keysOfFlags(), library);
      const lines = [...words, ...(files ? [':files'] : []), ...(open ? [':open'] : [])];
      context.stdout.write(lines.map((word) => `${word}\n`).join(''));
    });
}
