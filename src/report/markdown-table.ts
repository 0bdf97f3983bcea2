/** Pieces of GitHub-flavoured Markdown. */
import type { Section } from './section.js';

/** One section as a pipe table; depth is shown by non-breaking spaces. */
export function markdownTable(s: Section): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = ['---', ...s.aligns.map((align) => (align === 'right' ? '---:' : '---'))];
  const rows = s.rows.map((r) => {
    const cells = s.heads.map((_, i) => escaped(r.cells[i] ?? ''));
    return line([`${'&nbsp;&nbsp;'.repeat(r.depth)}${escaped(r.label)}`, ...cells]);
  });
  return [line([escaped(s.title), ...s.heads.map(escaped)]), line(rule), ...rows].join('\n');
}

/** Text that Markdown shows as it is. */
export function escaped(text: string): string {
  return text.replace(/[\\|*_<>`[\]~&]/g, '\\$&').replace(/[\r\n]+/g, ' ');
}
