import { randomCase } from '/work/main/test/helpers/random-trace.js';
import { ReferenceSimulator } from '/work/main/test/reference/simulator.js';
import { it } from 'vitest';
it('x', () => {
  let c;
  try {
    c = randomCase(Number(process.env.S));
  } catch (e) {
    console.log(
      'gen',
      (e as Error).stack,
      (globalThis as any).ITEMS.slice(-25)
        .map((x: any) =>
          x.kind === 'access'
            ? `A ${x.vcpu} ${x.op} ${x.va.toString(16)} ${x.size}`
            : JSON.stringify(x.event),
        )
        .join('\n'),
    );
    throw e;
  }
  const r = new ReferenceSimulator(c.mode, c.config, c.header);
  let n = 0;
  for (const i of c.items) {
    try {
      i.kind === 'access' ? r.access(i.vcpu, i.op, i.va, i.size) : r.event(i.event);
      n++;
    } catch (e) {
      console.log(
        c.mode,
        c.config.guest,
        c.items
          .slice(Math.max(0, n - 30), n + 1)
          .map((x) =>
            x.kind === 'access'
              ? `A ${x.vcpu} ${x.op} ${x.va.toString(16)} ${x.size}`
              : JSON.stringify(x.event),
          )
          .join('\n'),
      );
      if (i.kind === 'access')
        for (let l = 4; l > 0; l--)
          console.log(l, r.entry(i.vcpu, i.va, l), r.entry(i.vcpu, i.va, l)?.value.toString(16));
      throw e;
    }
  }
}, 1e9);
