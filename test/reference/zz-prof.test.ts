import { it } from 'vitest';
import { runReference } from '../helpers/differential.js';
import { randomCase } from '../helpers/random-trace.js';
it('x', () => {
  for (let s = 0; s < 60; s++) {
    try {
      runReference(randomCase(s));
    } catch {}
  }
}, 1e9);
