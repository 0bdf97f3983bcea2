/** A table for people: few metrics unless they are chosen, no digests, no empty columns. */
import { formatValue } from '../../config/keys.js';
import { markdownTable } from '../../report/markdown-table.js';
import { grouped } from '../../report/numbers.js';
import type { Section } from '../../report/section.js';
import { SWEEP_METRICS } from '../../report/sweep-section.js';
import { type PointCell, pointColumns } from '../point-columns.js';
import type { ExportFormat } from './export.js';

/** Facts that say nothing to people, or the same in every row. */
const LEFT_OUT = ['number', 'id', 'trace.sha256', 'version'];

export const markdown = {
  name: 'markdown',
  summary: 'one row a point as a table, the metrics of a sweep',
  extensions: ['.md'],
  async write({ lines }, { metrics }) {
    const all = pointColumns(lines, metrics ?? SWEEP_METRICS.join(','));
    const columns = all.filter(
      ({ name, cells }) => !LEFT_OUT.includes(name) && cells.some((cell) => cell !== null && cell !== 0),
    );
    const isMetric = (name: string): boolean =>
      lines.some(({ result }) => result !== null && name in result.counters);
    const shown = (name: string, cell: PointCell): string => {
      if (cell === null) return '-';
      return typeof cell === 'number' && (isMetric(name) || name.endsWith('.cycles'))
        ? grouped(cell)
        : formatValue(cell);
    };
    const section: Section = {
      title: 'point',
      heads: columns.map(({ name }) => name),
      aligns: columns.map(({ type }) => (type === 'integer' || type === 'number' ? 'right' : 'left')),
      rows: lines.map(({ number }, row) => ({
        depth: 0,
        label: String(number),
        cells: columns.map(({ name, cells }) => shown(name, cells[row] ?? null)),
      })),
    };
    return `${markdownTable(section)}\n`;
  },
} satisfies ExportFormat;
