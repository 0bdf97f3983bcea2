import { it } from 'vitest';
import { differences, runMachine, runReference } from '../helpers/differential.js';
import { randomCase } from '../helpers/random-trace.js';
import { ReferenceSimulator } from './simulator.js';
const w = (v: bigint) => ({ hi: Number(v >> 32n), lo: Number(v & 0xffffffffn) });
it('x', () => {
  const c0 = randomCase(23);
  for (const [names, exits] of [
    [['p2'], 0],
    [['p2', 'p3'], 0],
    [['p2', 'p3', 'p4'], 0],
    [['p2'], 1],
    [['p2', 'p3'], 1],
  ] as const) {
    const items: any[] = [];
    const ev = (e: any) => items.push({ kind: 'event', event: { vcpu: 0, line: 0, ...e } });
    const acc = (va: bigint, op = 0) => items.push({ kind: 'access', vcpu: 0, op, va, size: 1 });
    ev({ kind: 'switch', as: 'p1', noflush: false });
    acc(0x3ffcb568n, 1);
    for (const n of names) ev({ kind: 'switch', as: n, noflush: false });
    if (exits) ev({ kind: 'exit', as: null });
    ev({ kind: 'switch', as: 'p1', noflush: false });
    const o = new ReferenceSimulator('native', c0.config, c0.header);
    for (const i of items) i.kind === 'access' ? o.access(0, i.op, i.va, 1) : o.event(i.event);
    const l3 = o.entry(0, 0x3fe08000n, 3)!;
    for (let k = 0; k < 2; k++) ev({ kind: 'ptw', gfn: l3.gfn, level: 3, va: w(0x3fe08000n), value: w(0n) });
    const m = { ...c0, items };
    const a = runMachine(m),
      b = runReference(m);
    for (const k of [
      'shadow.unshadow',
      'shadow.unshadow_up',
      'shadow.unshadow_bf',
      'shadow.free',
      'memory.shadow.l3.pages',
    ])
      console.log(names.length, exits, k, a.values.get(k) ?? 0, b.values.get(k) ?? 0);
    console.log(differences(m).join('\n'));
  }
}, 1e9);
