/**
 * Traces as text files for the end-to-end rows: where records come from, and files made once per run.
 *
 * sort and cc1 come with p2msim. python, sqlite, matmul and gups are looked for in the folder that P2MSIM_BENCH_TRACES names
 * (NAME.lackey.gz); without it the latter two are generated and the former two are left out.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from './children.mjs';

const SHIPPED = fileURLToPath(new URL('../traces/lackey', import.meta.url));

export function shippedTrace(name) {
  return join(SHIPPED, `${name}.lackey.gz`);
}

/** The source (workers/source.mjs) of trace `name`, or null. */
export function traceSource(name) {
  const folder = process.env.P2MSIM_BENCH_TRACES;
  const given = folder === undefined ? null : join(folder, `${name}.lackey.gz`);
  if (given !== null && existsSync(given)) return given;
  if (existsSync(shippedTrace(name))) return shippedTrace(name);
  return ['matmul', 'gups', 'zipf'].includes(name) ? name : null;
}

/**
 * Text of trace `name` with `n` records, and the same records for the references. Made when first asked for.
 * @param format `lackey` or `csv`
 */
export async function textOf(context, name, format = 'lackey', n = context.records) {
  const stem = join(context.folder, `${name}-${n}`);
  const files = { text: `${stem}.${format}`, binary: `${stem}.records`, n };
  if (!existsSync(files.text)) {
    const worker = new Worker('text', [traceSource(name), String(n), format, files.text, files.binary]);
    await worker.ask({ what: 'ready' });
    worker.close();
  }
  return files;
}
