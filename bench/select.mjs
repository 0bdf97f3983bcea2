/**
 * Which rows `--rows` means: patterns with `*`, joined by commas. Long rows only run where a pattern asks for them.
 */

/**
 * @template {{ readonly id: string, readonly long?: boolean }} Row
 * @param {readonly Row[]} rows
 * @param {string | undefined} patterns
 * @returns {Row[]}
 */
export function chosenRows(rows, patterns) {
  if (patterns === undefined) return rows.filter(({ long }) => long !== true);
  const expressions = patterns.split(',').map(expressionOf);
  const chosen = rows.filter(({ id }) => expressions.some((expression) => expression.test(id)));
  if (chosen.length === 0)
    throw new Error(`no row is called ${patterns}; --list prints the names of all rows`);
  return chosen;
}

/** @param {string} pattern */
function expressionOf(pattern) {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`);
}
