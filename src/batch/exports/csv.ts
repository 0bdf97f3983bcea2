/** One row a point, one column a fact, swept key or metric; empty where there is no value. */
import { formatValue } from '../../config/keys.js';
import { csvText } from '../../report/csv-text.js';
import { pointColumns } from '../point-columns.js';
import type { ExportFormat } from './export.js';

export const csv = {
  name: 'csv',
  summary: 'one row a point, one column a metric',
  extensions: ['.csv'],
  async write({ lines }, { metrics }) {
    const columns = pointColumns(lines, metrics);
    const rows = lines.map((_, row) =>
      columns.map(({ cells }) => {
        const cell = cells[row] ?? null;
        return cell === null ? '' : formatValue(cell);
      }),
    );
    return csvText([columns.map(({ name }) => name), ...rows]);
  },
} satisfies ExportFormat;
