import { it } from 'vitest';
import { csvOf, differences, shrink, runMachine, runReference } from '../helpers/differential.js';
import { randomCase } from '../helpers/random-trace.js';
it('x', () => {
  for (const s of process.env.S!.split(',').map(Number)) {
    const c = randomCase(s);
    const d0 = differences(c);
    if (!d0.length) {
      console.log(s, 'OK');
      continue;
    }
    const want = process.env.KEY ?? (d0[0]!.startsWith('one of') ? d0[0]! : d0[0]!.split(':')[0]!);
    const f = (x: any) => {
      const d = differences(x);
      return (
        d.length > 0 &&
        (!want || d.some((l) => l.startsWith(want))) &&
        (want.startsWith('one of') || !d[0]!.startsWith('one of'))
      );
    };
    const m = shrink(c, f, Number(process.env.B ?? 400));
    console.log(
      s,
      c.mode,
      JSON.stringify(m.config.guest),
      JSON.stringify(m.config.shadow),
      m.config.vendor,
      'vcpus',
      m.config.vcpus,
      JSON.stringify(m.config.host),
    );
    console.log(csvOf(m));
    console.log(differences(m).join('\n'));
    if (process.env.T) {
      try {
        console.log('REAL', runMachine(m).tables.split('\n').slice(0, 40).join('\n'));
      } catch {}
      console.log('REF', runReference(m).tables.split('\n').slice(0, 40).join('\n'));
    }
  }
}, 1e9);
