// Runs one SQL statement with the package @duckdb/node-api (found by NODE_PATH) and prints CSV as `duckdb -csv -c` does.
import { createRequire } from 'node:module';

const { DuckDBInstance } = createRequire(import.meta.url)('@duckdb/node-api');
const [sql] = process.argv.slice(2);
const connection = await (await DuckDBInstance.create(':memory:')).connect();
const reader = await connection.runAndReadAll(sql);
const quoted = (value) => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
for (const row of [reader.columnNames(), ...reader.getRows()])
  process.stdout.write(`${row.map((cell) => quoted(cell === null ? '' : String(cell))).join(',')}\n`);
