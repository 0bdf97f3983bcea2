/**
 * One of several processes that want the same locks at once: `node lock-racer.mjs LOCK_MODULE FOLDER NAME ROUNDS`.
 *
 * In every round the lock is there already, of a process that is gone. All wait for each other, then try; whoever
 * succeeds keeps it, and says so in the file of the round. A short, uneven wait stands between seeing that the other
 * process is gone and taking its lock: there the others get in between.
 */
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [module, folder, name, rounds, racers] = process.argv.slice(2);
const { lockFile } = await import(pathToFileURL(module).href);

const cell = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms) => Atomics.wait(cell, 0, 0, ms);

/** A name of its own for every wait: a seeded generator would do, this is enough to be uneven. */
let state = Number(name) * 7919 + 1;
function uneven() {
  state = (state * 48271) % 2147483647;
  return (state % 4000) / 1000;
}

const owner = {
  host: 'here',
  process: name,
  isAlive: (word) => {
    sleep(uneven());
    return word !== 'gone';
  },
};

for (let round = 0; round < Number(rounds); round++) {
  const place = join(folder, String(round));
  mkdirSync(join(place, 'ready'), { recursive: true });
  const file = join(place, 'r.jsonl');
  if (name === '1') writeFileSync(`${file}.lock`, 'here gone\n');
  writeFileSync(join(place, 'ready', name), '');
  while (readdirSync(join(place, 'ready')).length < Number(racers)) sleep(1);
  // Not all at the same moment: who comes last must not get a lock that is held.
  sleep(uneven());
  try {
    lockFile(file, owner);
    appendFileSync(join(place, 'winners'), `${name}\n`);
  } catch (error) {
    if (!/is writing to it/.test(String(error))) throw error;
  }
}
