/**
 * Feeds a machine generated batches, one at a time, none kept: MODE KIND COUNT [STEP].
 *
 * KIND `pages`: one store to each of COUNT pages in a row; `local`: COUNT accesses within 24 MiB, nearly all of them hits,
 * with stripping as in a replay. Prints one line of JSON every STEP accesses and one at the end.
 */
import { BATCH_CAPACITY, createBatch } from '../../dist/trace/access.js';
import { driverOf } from '../product.mjs';
import { ENGINE_SETTINGS } from '../settings.mjs';

const [mode, kind, countText, stepText] = process.argv.slice(2);
const count = Number(countText);
const step = stepText === undefined ? Infinity : Number(stepText);
// Without a bound, or the pool would drop shadow pages.
const settings = [...ENGINE_SETTINGS, 'shadow.pool=0'];
const { feed, counters } = driverOf(mode, { settings });
const batch = createBatch();
batch.size.fill(8);

/** From 64 GiB upwards. */
function nextPages(from) {
  for (let i = 0; i < batch.n; i++) {
    const page = 0x1000000 + from + i;
    batch.hi[i] = page >>> 20;
    batch.lo[i] = page << 12;
    batch.op[i] = 1;
  }
}

/** Three streams of 8-byte steps, each round and round its 8 MiB. */
function nextLocal(from) {
  for (let i = 0; i < batch.n; i++) {
    const at = from + i;
    const stream = at % 3;
    batch.hi[i] = 0x10;
    batch.lo[i] = stream * 0x800000 + ((((at / 3) | 0) * 8) & 0x7fffff);
    batch.op[i] = stream === 0 ? 1 : 0;
  }
}

function report(accesses) {
  const { user } = process.cpuUsage();
  const line = { accesses, seconds: user / 1e6, rss: process.memoryUsage.rss() };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

let reported = 0;
for (let done = 0; done < count; done += batch.n) {
  batch.n = Math.min(BATCH_CAPACITY, count - done);
  if (kind === 'pages') nextPages(done);
  else nextLocal(done);
  feed(batch);
  if (done + batch.n - reported >= step) report((reported = done + batch.n));
}
const accesses = counters()['accesses'];
if (accesses !== count) throw new Error(`${accesses} accesses were counted, not ${count}`);
if (reported !== count) report(count);
