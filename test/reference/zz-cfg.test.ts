import { randomCase } from '../helpers/random-trace.js';
import { it } from 'vitest';
it('x', () => {
  console.log(JSON.stringify(randomCase(Number(process.env.S)).config));
});
