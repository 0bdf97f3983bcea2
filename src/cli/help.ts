/** Pieces of help texts that commands share. */

/** Examples as the last block of a help text: command, then what it is for. */
export function examples(...rows: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...rows.map(([command]) => command.length));
  return `\nExamples:\n${rows.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`).join('\n')}\n`;
}
