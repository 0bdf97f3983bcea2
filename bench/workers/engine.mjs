/**
 * p2msim over records in memory: SOURCE RECORDS MODE [BINARY]. Writes the records for the references to BINARY.
 */
import { writeFileSync } from 'node:fs';
import { toBinary } from '../mixes.mjs';
import { batchesOf, driverOf } from '../product.mjs';
import { serve, userSeconds } from './serve.mjs';
import { sourceRecords } from './source.mjs';

const [source, n, mode, binary] = process.argv.slice(2);
const records = await sourceRecords(source, Number(n));
if (binary !== undefined) writeFileSync(binary, toBinary(records));
const batches = batchesOf(records);
const driver = driverOf(mode);

serve({
  ready: () => ({ ready: true }),
  /** All records once more, on the machine as the last pass left it. */
  pass: async () => {
    const seconds = await userSeconds(() => batches.forEach(driver.feed));
    return { seconds, counters: driver.counters() };
  },
  /** The first records on a fresh machine. */
  check: ({ count }) => {
    const fresh = driverOf(mode);
    for (let i = 0; i < batches.length && i * batches[0].n < count; i++) fresh.feed(batches[i]);
    return { counters: fresh.counters() };
  },
});
