import { randomCase } from '../helpers/random-trace.js';
import { createMachine } from '../../src/sim/machine.js';
import { ReferenceSimulator } from './simulator.js';
import { createBatch } from '../../src/trace/access.js';
import { it } from 'vitest';
const canon = (t: string, levels: number) =>
  t
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => {
      const w = l.split(' ');
      if (w[0] === 'space') return l;
      let v = parseInt(w[0]!, 16);
      if (v >= 512 ** levels / 2) v += 2 ** 52 - 512 ** levels;
      const f = parseInt(w[3]!, 16);
      return [
        v.toString(16),
        w[1],
        w[2],
        ...(f & 2 ? ['RW'] : []),
        ...(f & 4 ? ['US'] : []),
        ...(f & 8 ? ['G'] : []),
      ].join(' ');
    })
    .join('\n');
const norm = (t: string) =>
  t
    .split('\n')
    .map((l) => l.trim().split(/\s+/).join(' '))
    .filter((l) => l !== '')
    .join('\n');
it('x', () => {
  const from = Number(process.env.FROM ?? 0),
    to = Number(process.env.TO ?? 60);
  let bad = 0,
    good = 0,
    tr = 0,
    tm = 0;
  const first: Record<string, number[]> = {};
  for (let s = from; s < to; s++) {
    if (process.env.PMODE && ['native', 'hap', 'shadow'][s % 3] !== process.env.PMODE) continue;
    let c;
    try {
      c = randomCase(s);
    } catch (e) {
      console.log(s, 'gen', (e as Error).message);
      continue;
    }
    const t0 = performance.now();
    let r: any, rm: any, rt: any;
    try {
      r = new ReferenceSimulator(c.mode, c.config, c.header);
      for (const i of c.items) i.kind === 'access' ? r.access(i.vcpu, i.op, i.va, i.size) : r.event(i.event);
    } catch (e) {
      console.log(s, c.mode, 'ref', (e as Error).message);
      continue;
    }
    const t1 = performance.now();
    let m: any;
    try {
      m = createMachine({ mode: c.mode, config: c.config }, c.header);
      const b = createBatch(c.items.length + 1);
      const ev: any[] = [],
        at: number[] = [];
      for (const i of c.items) {
        if (i.kind === 'access') {
          b.hi[b.n] = Number(i.va >> 32n);
          b.lo[b.n] = Number(i.va & 0xffffffffn);
          b.op[b.n] = i.op;
          b.size[b.n] = i.size;
          b.vcpu[b.n] = i.vcpu;
          b.n++;
        } else {
          ev.push(i.event);
          at.push(b.n);
        }
      }
      m.replayChunk({ accesses: b, events: ev, eventAt: at, rawBytes: 0 });
    } catch (e) {
      console.log(s, c.mode, 'real', (e as Error).stack?.split('\n').slice(0, 4).join('|'));
      bad++;
      continue;
    }
    tr += t1 - t0;
    tm += performance.now() - t1;
    const rc = r.counters(),
      mc = m.counters(),
      d: string[] = [];
    for (const k of new Set([...Object.keys(mc), ...Object.keys(rc)]))
      if ((mc[k] ?? 0) !== (rc[k] ?? 0)) d.push(`${k} real ${mc[k]} ref ${rc[k]}`);
    const rmem = r.memory(),
      mmem = m.memory();
    for (const k of Object.keys(rmem))
      if (rmem[k] !== mmem[k]) d.push(`memory.${k} real ${mmem[k]} ref ${rmem[k]}`);
    if (canon(m.guestTables(), c.config.guest.levels) !== norm(r.guestTables())) {
      d.push('tables');
      if (process.env.V) {
        const a = canon(m.guestTables(), c.config.guest.levels).split('\n'),
          b = norm(r.guestTables()).split('\n');
        const i = a.findIndex((l, j) => l !== b[j]);
        console.log(
          a.length,
          b.length,
          'real',
          a.slice(Math.max(0, i - 2), i + 4),
          'ref',
          b.slice(Math.max(0, i - 2), i + 4),
        );
      }
    }
    if (d.length) {
      bad++;
      if (bad < 15)
        console.log(
          s,
          c.mode,
          c.items.length,
          d.length,
          c.config.guest.frames,
          c.config.guest.mode,
          c.config.guest.pageSize,
          c.config.guest.levels,
          '\n   ' + d.slice(0, Number(process.env.K ?? 6)).join('\n   '),
        );
    } else good++;
  }
  console.log('bad', bad, 'good', good, 'ref ms', tr | 0, 'real ms', tm | 0);
}, 1e9);
