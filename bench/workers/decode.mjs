/**
 * Reads a trace file to its end and looks at each record: HOW PATH, HOW being `p2msim` or `csv-parse`.
 */
import { createReadStream } from 'node:fs';
import { parse } from 'csv-parse';
import { openForBench } from '../product.mjs';
import { serve, userSeconds } from './serve.mjs';

const [how, path] = process.argv.slice(2);

async function ownPass() {
  const trace = await openForBench(path);
  let records = 0;
  for await (const chunk of trace.chunks()) records += chunk.accesses.n;
  await trace.close();
  return records;
}

function csvParsePass() {
  return new Promise((resolve, reject) => {
    let records = 0;
    let sum = 0;
    createReadStream(path)
      .pipe(parse({ columns: true }))
      .on('data', ({ va }) => {
        sum += Number(va);
        records += 1;
      })
      .on('error', reject)
      .on('end', () => resolve(sum > 0 ? records : 0));
  });
}

serve({
  pass: async () => {
    let records = 0;
    const seconds = await userSeconds(async () => {
      records = await (how === 'csv-parse' ? csvParsePass() : ownPass());
    });
    return { seconds, records };
  },
});
