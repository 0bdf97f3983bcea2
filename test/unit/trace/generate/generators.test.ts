/** What each generator's accesses and events are, by properties; its first records are in heads.test.ts. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { replay } from '../../../../src/api.js';
import { OP_FETCH, OP_MODIFY, OP_READ, OP_WRITE } from '../../../../src/trace/access.js';
import { treeLevels } from '../../../../src/trace/generate/buffer-pool.js';
import { GENERATORS } from '../../../../src/trace/generate/index.js';
import { BASE, generated } from './generated.js';

describe('every generator', () => {
  const names = GENERATORS.names();

  it.each(names)('%s gives as many accesses as are wanted, and the same ones again', async (name) => {
    const one = await generated(`${name},accesses=20001,footprint=1MiB`);
    expect(one.accesses).toHaveLength(20_001);
    expect(await generated(`${name},accesses=20001,footprint=1MiB`)).toEqual(one);
  });

  it.each(names)('%s does not depend on how it is cut into chunks', async (name) => {
    const spec = `${name},accesses=3000,footprint=128k,edits=100${name === 'mmap-churn' ? ',area=64k' : ''}`;
    expect(await generated(spec, 7)).toEqual(await generated(spec));
  });

  const fixed = ['sequential', 'stride', 'matrix'];
  it.each(names.filter((name) => !fixed.includes(name)))('%s depends on the seed', async (name) => {
    const spec = `${name},accesses=20000,footprint=1MiB`;
    expect(await generated(`${spec},seed=2`)).not.toEqual(await generated(spec));
  });

  it.each(names)('%s with edits clears the A bit of the page accessed last, so often', async (name) => {
    // 30 in a thousand of 2,000 accesses are 60.
    const { records } = await generated(
      `${name},accesses=2000,footprint=128k,area=64k,edits=30`.replace(
        name === 'mmap-churn' ? '' : ',area=64k',
        '',
      ),
    );
    const clears = records.flatMap(({ event }, i) => (event?.kind === 'clear' ? [{ event, i }] : []));
    expect(clears).toHaveLength(60);
    for (const { event, i } of clears) {
      const before = records[i - 1]!.access!;
      expect([event.va.hi * 2 ** 32 + event.va.lo, event.bit]).toEqual([before.va - (before.va % 4096), 'A']);
    }
  });

  it('clears D, which flushes, if edits are to clean', async () => {
    const { records } = await generated('uniform,accesses=10,edits=1000,edit=clean');
    expect(records.filter(({ event }) => event?.kind === 'clear' && event.bit === 'D')).toHaveLength(10);
  });

  it('with edits writes that many table entries more: 40 in 20,000 accesses at 2 in a thousand', async () => {
    const writes = async (words: string): Promise<number> => {
      const { result } = await replay({
        trace: `gen:uniform,accesses=20k,footprint=1MiB${words}`,
        mode: 'native',
      });
      return result.counters['guest.pt.writes']!;
    };
    expect((await writes(',edits=2')) - (await writes(''))).toBe(40);
  });

  it('keeps a footprint of 16 TiB in constant memory', () => {
    // A single bit for each of its 2^32 pages would be 512 MiB; a Node process has some 60 MiB by itself.
    const script = `
      const library = await import(${JSON.stringify(new URL('../../../../lib/index.js', import.meta.url).href)});
      for (const name of library.generators.names()) {
        const words = 'accesses=30k,footprint=16TiB' + (name === 'mmap-churn' ? ',area=1GiB' : '');
        const trace = await library.openTrace('gen:' + name + ',' + words, { read: library.DEFAULT_READ_OPTIONS });
        let accesses = 0;
        for await (const chunk of trace.chunks()) accesses += chunk.accesses.n;
        if (accesses !== 30000) throw new Error(name);
      }
      console.log(process.resourceUsage().maxRSS / 1024);`;
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(Number(stdout)).toBeGreaterThan(1);
    expect(Number(stdout)).toBeLessThan(300);
  }, 60_000);
});

describe('regular patterns', () => {
  it('sequential: 4 KiB in accesses of 8 bytes are 512, of 3 bytes 2,730 of 8 KiB, then from the beginning', async () => {
    const eight = await generated('sequential,accesses=1030,footprint=8k');
    expect(eight.accesses.map(({ va }) => va - BASE)).toEqual(
      Array.from({ length: 1030 }, (_, i) => (i % 1024) * 8),
    );
    const three = await generated('sequential,accesses=2732,footprint=8k,size=3');
    expect(three.accesses.slice(2728).map(({ va }) => va - BASE)).toEqual([8184, 8187, 0, 3]);
  });

  it('stride: multiples modulo the footprint', async () => {
    const { accesses } = await generated('stride,accesses=5,footprint=8k,stride=3000');
    // 3000, 6000, 9000 - 8192 = 808, 3808.
    expect(accesses.map(({ va }) => va - BASE)).toEqual([0, 3000, 6000, 808, 3808]);
  });

  it('matrix: ijk of n x n reads n^2 + 2 n^3 and writes n^2 words', async () => {
    // 3 matrices of 18 x 18 words of 8 bytes are 7,776 bytes of 8,192; of 19 x 19 they would be 8,664.
    const once = 18 ** 2 + 2 * 18 ** 3 + 18 ** 2;
    const { accesses } = await generated(`matrix,footprint=8k,accesses=${once}`);
    const written = accesses.filter(({ op }) => op === OP_WRITE).map(({ va }) => va - BASE);
    const c = 2 * 18 * 18 * 8;
    expect(written).toEqual(Array.from({ length: 324 }, (_, i) => c + i * 8));
  });

  it.each(['ikj', 'blocked'])('matrix: %s reads the words of A and B that ijk reads', async (order) => {
    const touched = async (words: string): Promise<Set<number>> =>
      new Set((await generated(`matrix,footprint=8k,accesses=20k${words}`)).accesses.map(({ va }) => va));
    // One product takes 12,312 accesses or a few more: each order has gone over all 972 words by 20,000.
    expect(await touched(`,order=${order},block=5`)).toEqual(await touched(''));
    expect((await touched('')).size).toBe(3 * 18 * 18);
  });
});

describe('random patterns', () => {
  it('pointer-chase visits every node once before any is visited again', async () => {
    const { accesses } = await generated(
      'pointer-chase,accesses=2000,footprint=64000k,node=64000'.replace('64000k', '64000KiB'),
    );
    // 65,536,000 bytes hold 1,024 nodes of 64,000 bytes.
    const first = accesses.slice(0, 1024).map(({ va }) => va - BASE);
    expect(new Set(first).size).toBe(1024);
    expect(first.every((offset) => offset % 64_000 === 0)).toBe(true);
    expect(accesses.slice(1024).map(({ va }) => va - BASE)).toEqual(first.slice(0, 976));
  });

  it('uniform: each of 64 pages as often as any other', async () => {
    const { accesses } = await generated('uniform,accesses=64k,footprint=256k');
    const found = Array.from({ length: 64 }, () => 0);
    for (const { va } of accesses) found[Math.floor((va - BASE) / 4096)]! += 1;
    // 64,000 / 64 = 1,000 each; chi-square with 63 degrees of freedom, 99.9th percentile: 103.4.
    expect(found.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(103.4);
  });

  it('zipf sorted: page 0 has the share of rank 1', async () => {
    const { accesses } = await generated('zipf,accesses=50k,footprint=400k,skew=1,layout=sorted');
    // 100 pages: H(100) = 5.18738; 50,000 / 5.18738 = 9,639, deviation sqrt(50000 * 0.1928 * 0.8072) = 88.
    const first = accesses.filter(({ va }) => va - BASE < 4096).length;
    expect(Math.abs(first - 9639)).toBeLessThan(5 * 88);
  });

  it('gups: everything loads and stores', async () => {
    const { accesses } = await generated('gups,accesses=500,footprint=8k');
    expect(accesses.every(({ op, size, va }) => op === OP_MODIFY && size === 8 && va % 8 === 0)).toBe(true);
  });

  it('writes: 25 % of 40,000 are 10,000, give or take', async () => {
    const { accesses } = await generated('uniform,accesses=40k,writes=25');
    const stores = accesses.filter(({ op }) => op === OP_WRITE).length;
    // Deviation sqrt(40000 * 1/4 * 3/4) = 87.
    expect(Math.abs(stores - 10_000)).toBeLessThan(5 * 87);
    expect(accesses.filter(({ op }) => op === OP_READ).length).toBe(40_000 - stores);
  });

  it('hash-join: builds every row, then looks up as many rows for each as it should', async () => {
    // 112 KiB / 16 / (1 + 2 + 4) = 1,024 rows: 1,024 pairs of accesses to build, 4,096 to look up.
    const { accesses } = await generated('hash-join,footprint=112k,accesses=10240');
    const build = accesses.slice(0, 2048);
    const updated = build.filter(({ op }) => op === OP_MODIFY).map(({ va }) => va);
    expect([updated.length, new Set(updated).size]).toEqual([1024, 1024]);
    const looked = accesses.slice(2048).filter((_, i) => i % 2 === 1);
    expect(looked.every(({ op, va }) => op === OP_READ && updated.includes(va))).toBe(true);
  });

  it.each([1, 2, 199, 200, 201, 1000, 32_768, 2 ** 33])(
    'a B-tree of %d pages fits them, almost all',
    (pages) => {
      const levels = treeLevels(pages);
      const all = levels.reduce((sum, n) => sum + n, 0);
      expect(levels[0]).toBe(1);
      expect(all).toBeLessThanOrEqual(pages);
      expect(all).toBeGreaterThan(pages - 12);
      for (let i = 1; i < levels.length; i++) expect(Math.ceil(levels[i]! / 200)).toBe(levels[i - 1]);
    },
  );
});

describe('programs with events', () => {
  it('fork-exec: fork, switch, exec, three maps, exit, switch, and in between what was asked for', async () => {
    const { records } = await generated('fork-exec,footprint=8k,cow=3,work=10,accesses=40');
    const text = records
      .map(({ event, access }) => (event === undefined ? String(access!.op) : event.kind))
      .join(' ');
    const [r, w, x] = [OP_READ, OP_WRITE, OP_FETCH];
    const some = `${w} ${w} ${w}`;
    // Set-up: 2 pages. Program: a fetch, heap, a fetch, stack; the stack is read or written.
    const program = `${x} ${w} ${x} [${r}${w}] ${x} ${w} ${x} [${r}${w}] ${x} ${w}`;
    const round = `fork switch ${some} exec map map map ${program} exit switch ${some} ${r}`;
    expect(text).toMatch(new RegExp(`^map ${w} ${w} ${round} ${round} fork switch ${w}`));
  });

  it('mmap-churn: unmaps only what is mapped, and goes over the whole area', async () => {
    const { records } = await generated('mmap-churn,footprint=256k,area=64k,accesses=6400');
    const mapped = new Set<number>();
    let unmaps = 0;
    for (const { event, access } of records) {
      if (event?.kind === 'unmap') {
        unmaps += 1;
        expect(mapped.delete(event.va.lo)).toBe(true);
      } else if (event?.kind === 'map') {
        expect(mapped.has(event.va.lo)).toBe(false);
        mapped.add(event.va.lo);
      } else expect(mapped.has((access!.va % 2 ** 32) - (access!.va % 65_536))).toBe(true);
    }
    // 16 pages, twice: 32 accesses a step, so 200 steps; 4 of them map an area for the first time.
    expect([mapped.size, unmaps]).toEqual([4, 196]);
  });

  it('cow-snapshot: the child reads every page on vcpu 1, and exits', async () => {
    // Set-up 64, pause 100, then 64 x 2 reads of the child in turn with the parent's.
    const { records } = await generated('cow-snapshot,footprint=256k,pause=100,reads=2,accesses=421');
    const kinds = records.flatMap(({ event }) =>
      event === undefined ? [] : [`${event.kind} ${event.vcpu}`],
    );
    expect(kinds).toEqual(['map 0', 'fork 0', 'switch 1', 'exit 1']);
    const child = records.flatMap(({ access }) => (access?.vcpu === 1 ? [access.va - BASE] : []));
    expect(child).toEqual(Array.from({ length: 128 }, (_, i) => i * 2048));
  });

  it('multi-tenant: on each vcpu the next of its tenants after a quantum', async () => {
    const { records } = await generated('multi-tenant,tenants=5,vcpus=2,quantum=10,accesses=70,footprint=8k');
    const switches = records.flatMap(({ event }) =>
      event?.kind === 'switch' ? [`${event.vcpu}:${event.as}`] : [],
    );
    // Vcpu 0 has tenants 0, 2, 4, vcpu 1 has 1, 3; 20 accesses a turn. In turn 0 vcpu 0 is in 0 already.
    expect(switches).toEqual(['1:1', '0:2', '1:3', '0:4', '1:1', '0:0', '1:3']);
  });
});
