/**
 * What may stand where the cursor is: the words of a line against the tree of commands, their options and their choices.
 *
 * Shells ask `p2msim complete LINE` (scripts.ts); all that is known about words is here and in choices.ts, once for all shells.
 */
import type { CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import type { FullLibrary } from '../context.js';
import { argumentChoices, type Choices, type KeysOfFlags, NOTHING, optionChoices } from './choices.js';

/** What a shell is told. */
export interface Completion {
  /** Each the whole word as it would be. */
  readonly words: readonly string[];
  /** File names are possible, too. */
  readonly files: boolean;
  /** A word goes on after what is offered: no blank behind it. */
  readonly open: boolean;
}

/** The words of a line up to the cursor, without quotes; the last is the one that is being typed. */
export function splitLine(line: string): string[] {
  const words = [...line.matchAll(/(?:"([^"]*)"?|'([^']*)'?|\\(.)|[^\s"'\\])+/g)].map(([word]) =>
    word.replaceAll(/["']|\\(?=.)/g, ''),
  );
  return line === '' || /\s$/.test(line) ? [...words, ''] : words;
}

/** Where in the tree a line is. */
interface Place {
  readonly command: CommandUnknownOpts;
  /** Option whose value is being typed. */
  readonly option: Option | undefined;
  /** Words that it has already. */
  readonly values: readonly string[];
  /** Words that are neither options nor their values nor names of commands. */
  readonly operands: readonly string[];
  readonly given: ReadonlySet<string>;
}

function optionOf(command: CommandUnknownOpts, word: string): Option | undefined {
  return command.options.find((option) => option.long === word || option.short === word);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** How many words an option takes: those of a sweep are written without `=`. */
function wordsOf(option: Option): number {
  if (!option.variadic) return 1;
  return option.long === '--param' ? 3 : 2;
}

function placeOf(program: CommandUnknownOpts, words: readonly string[]): Place {
  let command = program;
  let option: Option | undefined;
  let values: string[] = [];
  const operands: string[] = [];
  const given = new Set<string>();
  for (const word of words) {
    if (option !== undefined) {
      values.push(word);
      if (values.length === wordsOf(option)) option = undefined;
    } else if (word.startsWith('-') && word !== '-') {
      const found = optionOf(command, word.split('=')[0] ?? word);
      if (found?.long !== undefined && found.long !== null) given.add(found.long);
      if (found !== undefined && takesValue(found) && !word.includes('=')) [option, values] = [found, []];
    } else {
      const inner = operands.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (inner === undefined) operands.push(word);
      else command = inner;
    }
  }
  return { command, option, values, operands, given };
}

/** Names of options that have not been given, or may be given again. */
function optionNames({ command, given }: Place): string[] {
  const all = [...command.options.flatMap(({ long, hidden }) => (hidden || !long ? [] : [long])), '--help'];
  const again = (name: string): boolean => optionOf(command, name)?.parseArg !== undefined;
  return all.filter((name) => !given.has(name) || again(name));
}

function commandNames(command: CommandUnknownOpts): string[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => each.name());
}

/** Choices of a list whose last item is being typed: `native,h` -> `native,hap`; `beside`: files are offered with words that fit. */
function completed(current: string, { words, files, list, open }: Choices, beside = false): Completion {
  const at = list ? current.lastIndexOf(',') + 1 : 0;
  const [before, typed] = [current.slice(0, at), current.slice(at)];
  const taken = new Set(before.split(','));
  const fitting = words.filter((word) => word.startsWith(typed) && !taken.has(word));
  // A file that stands where names do is given as a path: ./my-backend.mjs.
  const path = beside || words.length === 0 || /^[./~]/.test(typed) || (typed !== '' && fitting.length === 0);
  return { words: fitting.map((word) => before + word), files: files && path, open };
}

/** What the line can go on with. */
export function complete(
  line: string,
  program: CommandUnknownOpts,
  keys: KeysOfFlags,
  library: FullLibrary,
): Completion {
  const [, ...words] = splitLine(line);
  const current = words.pop() ?? '';
  const place = placeOf(program, words);
  if (place.option !== undefined)
    return completed(
      current,
      optionChoices(place.command, place.option, current, keys, library, place.values),
    );
  const [name = '', ...rest] = current.split('=');
  if (current.startsWith('--') && rest.length > 0) {
    const option = optionOf(place.command, name);
    const value = rest.join('=');
    const choices =
      option === undefined ? NOTHING : optionChoices(place.command, option, value, keys, library);
    const { words: values, ...more } = completed(value, choices);
    return { ...more, words: values.map((each) => `${name}=${each}`) };
  }
  if (current.startsWith('-') && current !== '-')
    return completed(current, { ...NOTHING, words: optionNames(place) });
  const { commands } = place.command;
  if (commands.length > 0 && place.operands[0] === 'help') {
    const topic = placeOf(place.command, place.operands.slice(1));
    const names = topic.operands.length > 0 ? [] : commandNames(topic.command);
    return completed(current, { ...NOTHING, words: names.filter((name) => name !== 'help') });
  }
  if (commands.length > 0 && place.operands.length === 0)
    return completed(current, { ...NOTHING, words: commandNames(place.command) });
  return completed(current, argumentChoices(place.command, place.operands, current, library), true);
}
