/**
 * The naive replayer over records in memory: BINARY [RECORDS].
 */
import { readFileSync } from 'node:fs';
import { Naive } from '../reference/naive.mjs';
import { serve, userSeconds } from './serve.mjs';

const [binary, count] = process.argv.slice(2);
const bytes = readFileSync(binary);
const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
const end = count === undefined ? words.length : Math.min(words.length, 2 * Number(count));
const naive = new Naive();

function pass() {
  for (let i = 0; i < end; i += 2) {
    const page = (words[i + 1] & 0xfff) * 2 ** 20 + (words[i] >>> 12);
    naive.access(page, words[i + 1] >>> 28 === 2 ? 1 : 0);
  }
}

serve({
  pass: async () => ({ seconds: await userSeconds(pass), accesses: end / 2, counters: naive.counters() }),
});
