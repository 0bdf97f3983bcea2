/**
 * The reference of KVM's shadow paging against numbers derived by hand from rule 9 of docs/model.md: stores to tables, flushes and spaces.
 *
 * Frames are warm (written once through the window) unless a test says otherwise, so that what is counted
 * is the work area's own. N pages, T leaf tables.
 */
import { describe, expect, it } from 'vitest';
import { A, D, gfnOf, make, minus, P, plus, RW, US } from './entry.js';
import { KvmRig, RWAD } from './kvm-rig.js';
import { booted, build, each, inUse } from './kvm-steps.js';

describe('stores to leaf tables', () => {
  it('cost T exits for N entries, and a fill of 8 each after the CR3 load', () => {
    const rig = booted();
    inUse(rig, 1024);
    const frames = rig.frames(1024);
    const remap = (): void => each(1024, (i) => rig.set(rig.page(i), make(frames + i, RWAD)));
    expect(rig.exits(remap)).toEqual({ total: 2, 'pf.unsync': 2 });
    expect(rig.exits(() => rig.load())).toEqual({ total: 1, cr3_write: 1 });
    expect(rig.exits(() => each(1024, (i) => rig.write(rig.page(i)))).total).toBe(128);
  });

  it('cost 1 exit per table and CR3 load, round after round', () => {
    const rig = booted();
    inUse(rig, 1024);
    rig.load();
    const frames = [rig.frame(), rig.frame()];
    const round = (k: number): void => {
      for (const i of [7, 519]) rig.set(rig.page(i), make(frames[k % 2]!, RWAD));
      rig.load();
      for (const i of [7, 519]) rig.write(rig.page(i));
    };
    const exits = rig.exits(() => each(16, round));
    expect(exits).toEqual({ total: 16 * 5, 'pf.unsync': 32, cr3_write: 16, 'pf.fixup': 32 });
  });

  it.each([
    ['W cleared: read-only in place', RW, 0, { total: 64, 'pf.guest': 64 }],
    ['D cleared: read-only in place, a store is a fill', D, 0, { total: 64, 'pf.fixup': 64 }],
    ['A cleared: dropped, and not prefetched', A, 64, {}],
  ])('are seen at the next CR3 load. %s', (_, bit, reads, writes) => {
    const rig = booted();
    inUse(rig, 64);
    each(64, (i) => rig.set(rig.page(i), minus(rig.get(rig.page(i)), bit)));
    rig.load();
    rig.onFault = (vpn) => rig.set(vpn, plus(rig.get(vpn), RW));
    expect(rig.exits(() => each(64, (i) => rig.read(rig.page(i)))).total ?? 0).toBe(reads);
    // The reflected fault has the entry synced; the store that gives W back is the table's first: it
    // becomes unsync, and the write fault that follows makes the entry writable.
    const found = rig.exits(() => each(64, (i) => rig.write(rig.page(i))));
    if (bit === RW)
      expect(found).toEqual({ total: 64 + 1 + 64, 'pf.guest': 64, 'pf.unsync': 1, 'pf.fixup': 64 });
    else expect(found).toEqual(writes);
  });

  it('that give W to N pages without a flush cost N + T', () => {
    const rig = booted();
    build(rig, 256, P + US + A + D);
    each(256, (i) => rig.read(rig.page(i)));
    const exits = rig.exits(() => {
      each(256, (i) => rig.set(rig.page(i), plus(rig.get(rig.page(i)), RW)));
      each(256, (i) => rig.write(rig.page(i)));
    });
    expect(exits).toEqual({ total: 257, 'pf.unsync': 1, 'pf.fixup': 256 });
  });
});

describe('INVLPG', () => {
  it('costs one exit and changes nothing where the table is in sync', () => {
    const rig = booted();
    inUse(rig, 64);
    expect(rig.exits(() => each(64, (i) => rig.invlpg(rig.page(i))))).toEqual({ total: 64, invlpg: 64 });
    expect(rig.exits(() => each(64, (i) => rig.write(rig.page(i))))).toEqual({});
  });

  // N + T for the changes; 6.1 fills the new entry at once, 6.12 leaves it to faults of 8.
  it.each([
    ['kvm', 0],
    ['kvm-6.12', 256 / 8],
  ] as const)('after each of N changes, %s: %i exits at the next touch', (policy, retouch) => {
    const rig = booted(policy);
    inUse(rig, 256);
    const frames = rig.frames(256);
    const changes = rig.exits(() =>
      each(256, (i) => {
        rig.set(rig.page(i), make(frames + i, RWAD));
        rig.invlpg(rig.page(i));
      }),
    );
    expect(changes).toEqual({ total: 257, 'pf.unsync': 1, invlpg: 256 });
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i)))).total ?? 0).toBe(retouch);
  });

  // PTE := new, INVLPG: 2 a page on 6.1, 3 on 6.12. PTE := 0, INVLPG, PTE := new: 3 on both.
  it.each([
    ['kvm', false, 2],
    ['kvm-6.12', false, 3],
    ['kvm', true, 3],
    ['kvm-6.12', true, 3],
  ] as const)('in a COW break, %s, clear first: %s: %i exits a page', (policy, clear, perPage) => {
    const rig = booted(policy);
    inUse(rig, 256);
    each(256, (i) => rig.set(rig.page(i), minus(rig.get(rig.page(i)), RW)));
    rig.load();
    rig.onFault = (vpn) => {
      if (clear) {
        rig.set(vpn, 0);
        rig.invlpg(vpn);
      }
      rig.set(vpn, make(rig.frame(), RWAD));
      if (!clear) rig.invlpg(vpn);
    };
    expect(rig.exits(() => each(256, (i) => rig.write(rig.page(i)))).total).toBe(perPage * 256 + 1);
  });
});

describe('stores to upper tables', () => {
  function linked(n: number): { rig: KvmRig; link: (i: number) => void } {
    const rig = booted();
    rig.set(rig.page(0), make(rig.frame(), RWAD));
    const tables = Array.from({ length: n }, () => rig.table());
    for (const table of tables) rig.store(table, 0, make(rig.frame(), RWAD));
    rig.load();
    rig.write(rig.page(0));
    const link = (i: number): void => rig.set(rig.page((i + 1) * 512), make(tables[i]!, P + RW + US + A), 2);
    return { rig, link };
  }

  it('cost 4 exits in a row, however many: the third zaps the page, the fourth makes it writable', () => {
    const { rig, link } = linked(16);
    expect(rig.exits(() => each(16, link))).toEqual({ total: 4, 'pf.emulate': 3, 'pf.fixup': 1 });
  });

  it('cost 2 exits each when a fill goes through the table in between', () => {
    const { rig, link } = linked(16);
    const exits = rig.exits(() =>
      each(16, (i) => {
        link(i);
        rig.write(rig.page((i + 1) * 512));
      }),
    );
    expect(exits).toEqual({ total: 32, 'pf.emulate': 16, 'pf.fixup': 16 });
  });

  it('are not forgotten by touches that need no fill: N + floor(N/3)', () => {
    const { rig, link } = linked(16);
    const exits = rig.exits(() =>
      each(16, (i) => {
        link(i);
        rig.write(rig.page(0));
      }),
    );
    expect(exits).toEqual({ total: 21, 'pf.emulate': 16, 'pf.fixup': 5 });
  });

  it('free a dead space for T + 12 exits, after which its pages are memory like any other', () => {
    const rig = booted();
    const home = rig.root;
    const dead = rig.newSpace();
    each(1024, (i) => rig.set(rig.page(i), make(rig.frame(), RWAD), 1, dead));
    const tables = [dead, gfnOf(rig.memory.read(dead, 1))];
    tables.push(gfnOf(rig.memory.read(tables[1]!, 0)));
    tables.push(gfnOf(rig.memory.read(tables[2]!, 0)), gfnOf(rig.memory.read(tables[2]!, 1)));
    rig.load(dead);
    each(1024, (i) => rig.write(rig.page(i)));
    rig.load(home);
    const clear = (): void => tables.forEach((gfn) => rig.zero(gfn));
    expect(rig.exits(clear)).toEqual({ total: 14, 'pf.emulate': 9, 'pf.fixup': 3, 'pf.unsync': 2 });
    expect(rig.exits(clear)).toEqual({});
  });

  it('keep their count over a load of the same CR3, and lose it when the root is switched to', () => {
    const rig = booted();
    const home = rig.root;
    const [away, other] = [rig.newSpace(), rig.newSpace()];
    const store = (): void => rig.set(rig.page(0x20000000), 0, 4, home);
    const zaps = (between: number): number => {
      const before = rig.counts.all()['shadow.early_unshadow'] ?? 0;
      rig.load(home);
      // The path of the store goes through the loaded root: its count begins anew, and is 1 after it.
      store();
      rig.load(between);
      rig.load(home);
      rig.load(away);
      each(2, store);
      return (rig.counts.all()['shadow.early_unshadow'] ?? 0) - before;
    };
    expect(zaps(other)).toBe(0);
    expect(zaps(home)).toBe(1);
  });

  it('are what is left for a frame that was an unsync leaf table, once it is loaded as a root', () => {
    const rig = booted();
    inUse(rig, 8);
    const { gfn } = rig.entry(rig.page(0));
    rig.set(rig.page(0), 0);
    expect(rig.kvm.pages.tablesOf(gfn).map((page) => [page.level, page.unsync])).toEqual([[1, true]]);
    rig.store(gfn, 0, rig.memory.read(rig.root, 0));
    rig.load(gfn);
    expect(rig.kvm.pages.tablesOf(gfn).map((page) => [page.level, page.unsync])).toEqual([[4, false]]);
  });
});

describe('spaces', () => {
  function spaces(rig: KvmRig, n: number, pages: number, stride = 1): number[] {
    return Array.from({ length: n }, (_, s) => {
      const root = s === 0 ? rig.root : rig.newSpace();
      each(pages, (i) => rig.set(rig.page(i * stride), make(rig.frame(), RWAD), 1, root));
      return root;
    });
  }

  function use(rig: KvmRig, root: number, pages: number, stride = 1): void {
    rig.load(root);
    each(pages, (i) => rig.write(rig.page(i * stride)));
  }

  it('cost 1 CR3 + 1 window fill + W/8 the first time, 1 CR3 from then on', () => {
    const rig = booted();
    const roots = spaces(rig, 8, 64);
    expect(rig.exits(() => roots.forEach((root) => use(rig, root, 64))).total).toBe(8 + 7 + 64);
    const switches = rig.exits(() => each(32, (k) => use(rig, roots[k % 8]!, 64)));
    expect(switches).toEqual({ total: 32, cr3_write: 32 });
  });

  it('cost 4 shadow pages each', () => {
    const rig = booted();
    const before = rig.kvm.memory()['shadow.pages']!;
    const roots = spaces(rig, 5, 16);
    roots.forEach((root) => use(rig, root, 16));
    // Root, PDPT, PD and leaf; the first has its root already.
    expect(rig.kvm.memory()['shadow.pages']! - before).toBe(5 * 4 - 1);
  });

  it('recycle 20 pages at a time when fewer than 5 are free, the oldest but the kept roots first', () => {
    const rig = booted('kvm', { shadow: { policy: 'kvm', pool: 40, oosSlots: 'auto' } });
    const used = (): number => rig.kvm.memory()['shadow.pages']!;
    const oldest = rig.kvm.pages.pages[1]!;
    rig.set(rig.page(0), make(rig.frame(), RWAD));
    each(40, (i) => rig.set(rig.page(i * 512), make(rig.frame(), RWAD)));
    const root = rig.kvm.pages.vcpus[0]!.root;
    let i = 0;
    while (used() <= 35) rig.read(rig.page(i++ * 512));
    expect(rig.kvm.pages.pages).toContain(oldest);
    const free = 40 - used();
    rig.read(rig.page(i * 512));
    // Zapped until 25 are free; then the fill makes what it needs: the path's three pages are gone too.
    expect(free).toBeLessThan(5);
    expect(rig.kvm.pages.pages).not.toContain(oldest);
    expect(rig.kvm.pages.pages).toContain(root);
    expect(40 - used()).toBeLessThanOrEqual(25 - 1);
    expect(40 - used()).toBeGreaterThanOrEqual(25 - 3);
  });
});
