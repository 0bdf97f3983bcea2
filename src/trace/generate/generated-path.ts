/** Where a path is expected, `gen:NAME,KEY=VALUE,...` names a generated trace. */

const PREFIX = 'gen:';

/** True if `path` names a generator and not a file (`./gen:x` is a file). */
export function isGenerated(path: string): boolean {
  return path.startsWith(PREFIX);
}

/** The words of a specification as `gen:NAME,KEY=VALUE`. */
export function generatedPath(name: string, params: readonly string[]): string {
  return [`${PREFIX}${name}`, ...params].join(',');
}

/** The words of `gen:NAME,KEY=VALUE`, the name first; blanks around them mean nothing. */
export function generatedWords(path: string): string[] {
  return path
    .slice(PREFIX.length)
    .split(',')
    .map((word) => word.trim());
}
