/** Words as a POSIX shell reads them back. */

/** `word` as it is if nothing in it means anything to a shell, else in single quotes. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command as one would type it. */
export function commandLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
