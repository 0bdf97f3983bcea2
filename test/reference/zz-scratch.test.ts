import { randomCase } from '/work/main/test/helpers/random-trace.js';
import { ReferenceSimulator } from '/work/main/test/reference/simulator.js';
import { it } from 'vitest';
it('x', () => {
  const from = Number(process.env.FROM ?? 0),
    to = Number(process.env.TO ?? 60);
  let tg = 0,
    tr = 0;
  for (let s = from; s < to; s++) {
    const t0 = performance.now();
    let c;
    try {
      c = randomCase(s);
      const t1 = performance.now();
      const r = new ReferenceSimulator(c.mode, c.config, c.header);
      for (const i of c.items) i.kind === 'access' ? r.access(i.vcpu, i.op, i.va, i.size) : r.event(i.event);
      const k = r.counters();
      const text = r.guestTables();
      const t2 = performance.now();
      tg += t1 - t0;
      tr += t2 - t1;
      if (t2 - t0 > 1000 || process.env.V)
        console.log(
          s,
          c.mode,
          c.items.length,
          'gen',
          (t1 - t0) | 0,
          'run',
          (t2 - t1) | 0,
          k['kernel.accesses'],
          k['vmexit.total'],
          c.config.guest.pageSize,
          c.config.guest.mode,
          c.config.guest.directMap,
          c.config.guest.ram,
        );
    } catch (e) {
      console.log(s, c?.mode, (e as Error).stack?.split('\n').slice(0, 5).join('\n'));
    }
  }
  console.log('gen', tg, 'run', tr);
}, 1e9);
