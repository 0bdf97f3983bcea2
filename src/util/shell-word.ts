/** Words as a POSIX shell reads them back. */

/** `word` as it is if nothing in it means anything to a shell, else in single quotes. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The name of a file as an argument: no option, whatever it begins with. `-` is standard input. */
export function fileWord(name: string): string {
  return shellWord(name.startsWith('-') && name !== '-' ? `./${name}` : name);
}

/** A command as one would type it. */
export function commandLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
