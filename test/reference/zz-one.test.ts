import { it } from 'vitest';
import { differences } from '../helpers/differential.js';
import { randomCase } from '../helpers/random-trace.js';
it('x', () => { for (const s of process.env.S!.split(',').map(Number)) console.log(s, differences(randomCase(s)).slice(0,6)); }, 1e9);
