/** Pieces of help texts that commands share, and what `help` followed by words asks for. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';

/** Examples as the last block of a help text: command, then what it is for. */
export function examples(...rows: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...rows.map(([command]) => command.length));
  return `\nExamples:\n${rows.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`).join('\n')}\n`;
}

/**
 * The words of a command line with `help trace mrc` as `trace mrc --help`: commander's own `help` looks at one word only, and is
 * silent about one that it does not know. A word that is no command is left the last, to be refused with a suggestion.
 */
export function withHelpWords(program: CommandUnknownOpts, argv: readonly string[]): readonly string[] {
  const words = argv.filter((word) => !word.startsWith('-'));
  const at = words.indexOf('help');
  const place = at < 0 ? null : descend(program, words.slice(0, at));
  if (place === null || place.rest.length > 0 || place.command.commands.length === 0) return argv;
  const [before, topic] = [words.slice(0, at), words.slice(at + 1)];
  const { command, rest } = descend(place.command, topic);
  const [unknown] = rest;
  if (unknown === undefined || unknown === 'help')
    return [...before, ...topic.slice(0, topic.length - rest.length), '--help'];
  if (command.commands.length > 0) return [...before, ...topic.slice(0, topic.length - rest.length + 1)];
  return command.error(`error: '${command.name()}' has no commands; found '${unknown}'`);
}

/** As far down the tree as `words` name commands, and the words that are left. */
function descend(
  from: CommandUnknownOpts,
  words: readonly string[],
): { readonly command: CommandUnknownOpts; readonly rest: readonly string[] } {
  const [word, ...rest] = words;
  const inner = from.commands.find((each) => each.name() === word);
  return inner === undefined ? { command: from, rest: words } : descend(inner, rest);
}
