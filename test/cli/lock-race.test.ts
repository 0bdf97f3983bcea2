/** The lock of a process that is gone is taken over by one process, however many try at once. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT, scratch } from './run-cli.js';

const RACERS = 5;
const ROUNDS = 120;

function race(folder: string, name: number): Promise<number | null> {
  const module = join(ROOT, 'dist/batch/lock.js');
  const words = [module, folder, String(name), String(ROUNDS), String(RACERS)];
  const child = spawn(process.execPath, [join(ROOT, 'test/helpers/lock-racer.mjs'), ...words], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.once('exit', resolve));
}

it('a lock that was left behind has one new owner in every round of a race', async () => {
  const folder = scratch();
  const codes = await Promise.all(Array.from({ length: RACERS }, (_, i) => race(folder, i + 1)));
  expect(codes).toEqual(Array.from({ length: RACERS }, () => 0));
  const rounds = Array.from({ length: ROUNDS }, (_, i) => join(folder, String(i)));
  const winners = rounds.map(
    (round) => readFileSync(join(round, 'winners'), 'utf8').trim().split('\n').length,
  );
  expect(winners.filter((count) => count !== 1)).toEqual([]);
  // Nothing is left but the lock of the winner.
  const left = rounds.flatMap((round) => readdirSync(round).filter((name) => name.startsWith('r.jsonl.')));
  expect(left).toEqual(rounds.map(() => 'r.jsonl.lock'));
}, 60_000);
