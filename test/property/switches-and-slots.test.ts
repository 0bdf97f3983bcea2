/**
 * guest.switchEvery and shadow.oosSlots: p2msim against the reference simulator on random traces with events, with
 * switches of the guest's own and with other numbers of out-of-sync tables than the policies have; and switches
 * of its own against the same switches written into the trace.
 */
import { describe, expect, it } from 'vitest';
import { differences, runMachine } from '../helpers/differential.js';
import { Rng } from '../helpers/random-config.js';
import { randomCase, type RandomCase, type TraceItem } from '../helpers/random-trace.js';

const CASES = 16;

/** The case with other values of the two keys. */
function varied(seed: number): RandomCase {
  const whole = randomCase(seed);
  const rng = new Rng(seed + 7000);
  const switchEvery = rng.pick([1, 2, 5, 16, 50]);
  const oosSlots = rng.pick([0, 1, 2, 4, 7, 'auto'] as const);
  const { guest, shadow } = whole.config;
  const config = { ...whole.config, guest: { ...guest, switchEvery }, shadow: { ...shadow, oosSlots } };
  // PTW names its table by frame, and the root of the other process shifts frames.
  const items = whole.items.filter((item) => item.kind === 'access' || item.event.kind !== 'ptw');
  return { ...whole, config, items };
}

/** The switches of its own as rows of the trace: away from the space that is loaded, and back to it. */
function written(whole: RandomCase, every: number): RandomCase {
  const items: TraceItem[] = [];
  let records = 0;
  for (const item of whole.items) {
    items.push(item);
    if (item.kind !== 'access' || ++records % every !== 0) continue;
    for (const as of ['<other>', '0']) {
      items.push({ kind: 'event', event: { kind: 'switch', as, noflush: false, vcpu: 0, line: 0 } });
    }
  }
  return { ...whole, items };
}

describe('switches of the guest itself, and out-of-sync slots', () => {
  it('count as in the reference simulator', { timeout: 120_000 }, () => {
    for (let seed = 0; seed < CASES; seed++) expect(differences(varied(seed)), `seed ${seed}`).toEqual([]);
  });

  it('count as the same switches in a trace of one address space', { timeout: 120_000 }, () => {
    for (let seed = 0; seed < CASES; seed++) {
      const found = varied(seed);
      // Without the trace's own events the space that is loaded is always '0'.
      const accesses = found.items
        .filter((item) => item.kind === 'access')
        .map((item) => ({ ...item, vcpu: 0 }));
      const { guest } = found.config;
      const plain = { ...found, config: { ...found.config, vcpus: 1 }, items: accesses };
      const silent = { ...plain, config: { ...plain.config, guest: { ...guest, switchEvery: 0 } } };
      const own = runMachine(plain);
      expect(own, `seed ${seed}`).toEqual(runMachine(written(silent, guest.switchEvery)));
      if (accesses.length > 2 * guest.switchEvery) expect(own.values.get('guest.cr3')).toBeGreaterThan(1);
    }
  });
});
