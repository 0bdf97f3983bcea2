import { it } from 'vitest';
import { differences, runMachine, runReference } from '../helpers/differential.js';
import { randomCase } from '../helpers/random-trace.js';
it('x', () => {
  for (const s of [222, 487]) {
  const c0 = randomCase(s);
  const m = {...c0, items: [{kind:'access' as const, vcpu:0, op:0 as const, va:0x4001f21dn, size:1}]};
  const a = runMachine(m), b = runReference(m);
  console.log(differences(m).join('\n'));
  for (const k of ['memory.ram.pages','memory.guest.pages','memory.guest.pages.peak', 'memory.p2m.pages']) console.log(k, a.values.get(k), b.values.get(k));
  console.log(a.tables.split('\n').slice(0,3), b.tables.split('\n').slice(0,3), a.tables.split('\n').length, b.tables.split('\n').length);
  }
}, 1e9);
