/**
 * The command tree. Declares words and help only; every action loads what it needs when it runs.
 */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { addBaseline } from './commands/baseline.js';
import { addCollect } from './commands/collect.js';
import { addCompare } from './commands/compare.js';
import { addComplete, addCompletion } from './commands/completion.js';
import { addDiff } from './commands/diff.js';
import { addExperiments } from './commands/experiments.js';
import { addExplain } from './commands/explain.js';
import { addModes } from './commands/modes.js';
import { addPresets } from './commands/presets.js';
import { addReplay } from './commands/replay.js';
import { addSchema } from './commands/schema.js';
import { addSweep } from './commands/sweep.js';
import { addTable } from './commands/table.js';
import { addTrace } from './commands/trace.js';
import { addValidate } from './commands/validate.js';
import { addWalk } from './commands/walk.js';
import type { Context } from './context.js';
import { examples } from './help.js';

type Add = (program: Command, context: Context) => void;

/** In the order of `--help`. */
const COMMANDS: readonly (readonly [name: string, add: Add])[] = [
  ['replay', addReplay],
  ['compare', addCompare],
  ['diff', addDiff],
  ['baseline', addBaseline],
  ['sweep', addSweep],
  ['experiments', addExperiments],
  ['collect', addCollect],
  ['table', addTable],
  ['walk', addWalk],
  ['validate', addValidate],
  ['explain', addExplain],
  ['trace', addTrace],
  ['presets', addPresets],
  ['modes', addModes],
  ['schema', addSchema],
  ['completion', addCompletion],
  ['complete', (program, context) => addComplete(program, context, tree)],
];

/** Every command, for completion. */
function tree(context: Context): Command {
  return createProgram({ ...context, argv: [] }, '');
}

/** The command that the first word names; all of them if it names none, for help and for suggestions. */
function wanted(argv: readonly string[]): typeof COMMANDS {
  const word = argv.find((each) => !each.startsWith('-'));
  const named = COMMANDS.filter(([name]) => name === word);
  return named.length > 0 ? named : COMMANDS;
}

/** An option that other commands have is no slip of the hand for one that looks like it. */
function withOwners(text: string, context: Context): string {
  const [unknown = '', option] = /^error: unknown option '(-[^']*)'/.exec(text) ?? [];
  const [first, second, ...words] = context.argv;
  if (option !== undefined && first === 'trace' && second === 'capture' && !words.includes('--'))
    return `${unknown}; if it is the program's, put -- before the program: trace capture -o FILE -- PROGRAM ${option}\n`;
  const parameter =
    first === 'trace' && second === 'generate' ? words.find((word) => /^\w+=/.test(word)) : undefined;
  if (parameter !== undefined && text.startsWith('error: too many arguments'))
    return `error: '${parameter}' is no word of trace generate; parameters are given by --param ${parameter}\n`;
  const owners = option === undefined ? [] : commandsWith(option, tree(context));
  if (option === undefined || owners.length === 0) return text;
  return `error: ${option} is no option of this command; it is one of ${owners.join(', ')}\n`;
}

/** Names of the commands that have an option: `sweep`, `trace cut`. */
function commandsWith(
  option: string,
  { commands }: Pick<CommandUnknownOpts, 'commands'>,
  before = '',
): string[] {
  return commands.flatMap((command) => {
    const name = `${before}${command.name()}`;
    const own = command.options.some(({ long }) => long === option) ? [name] : [];
    return [...own, ...commandsWith(option, command, `${name} `)];
  });
}

/** Builds the program; `version` is asked for only when it is printed. */
export function createProgram(context: Context, version: string): Command {
  const program = new Command('p2msim')
    .description('What do native, HAP (EPT/NPT) and shadow paging cost on a real memory trace?')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help for the command')
    .exitOverride()
    .showHelpAfterError('hint: add --help to see what is accepted')
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: (text, write) => write(withOwners(text, context)),
    });
  program.option('--debug', 'print stacks with errors');
  for (const [, add] of wanted(context.argv)) add(program, context);
  program.addHelpText(
    'after',
    examples(
      ['p2msim compare app.lackey.gz', 'native, hap and shadow side by side'],
      ['p2msim replay app.csv -m shadow --json', 'one mode, every counter'],
      ['p2msim diff base.json head.json', 'what changed between two results'],
      ['p2msim sweep app.csv -L stlb.entries 768,1536', 'many configurations'],
      ['p2msim walk app.csv --at 1000 -m hap', 'one access, step by step'],
      ['p2msim explain vmexit.pf.fixup', 'what a number means'],
      ['p2msim validate', 'the model against real Xen and real KVM'],
    ),
  );
  return program;
}
