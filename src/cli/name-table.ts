/** Two columns: names of plugins and their one-line summaries. */
export function nameTable(rows: readonly { readonly name: string; readonly summary: string }[]): string {
  const width = Math.max(...rows.map((row) => row.name.length));
  return rows.map((row) => `  ${row.name.padEnd(width)}  ${row.summary}\n`).join('');
}
