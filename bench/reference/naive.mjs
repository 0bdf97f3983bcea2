/**
 * The baseline where there is no C compiler: what one writes first. Entries are objects with the time of their last
 * use, tables are Maps. Same algorithm and same counters as hap.c; one call of `access` for each page access.
 */
class Cache {
  constructor(sets, ways) {
    const entry = () => ({ tag: -1, table: null, used: 0 });
    this.sets = Array.from({ length: sets }, () => Array.from({ length: ways }, entry));
    this.time = 0;
  }
  find(tag) {
    for (const entry of this.sets[tag % this.sets.length]) {
      if (entry.tag !== tag) continue;
      entry.used = ++this.time;
      return entry;
    }
    return null;
  }
  enter(tag, table) {
    const entries = this.sets[tag % this.sets.length];
    let oldest = entries[0];
    for (const entry of entries) if (entry.used < oldest.used) oldest = entry;
    Object.assign(oldest, { tag, table, used: ++this.time });
  }
}

const SPANS = [0, 1, 512, 512 ** 2, 512 ** 3];
const part = (page, level) => Math.floor(page / SPANS[level]);

export class Naive {
  l1 = [new Cache(16, 4), new Cache(16, 4)];
  stlb = new Cache(128, 12);
  pwc = [null, null, new Cache(8, 4), new Cache(4, 4), new Cache(1, 4)];
  hostPde = new Cache(8, 4);
  ntlb = new Cache(32, 4);
  settled = new Set();
  host = new Map();
  /** By kind (data, fetch), by level; index 0: a walk cache's miss. */
  c = { hit: [0, 0], miss: [0, 0], stlbHit: 0, walks: 0, guest: [0, 0, 0, 0, 0], nested: [0, 0, 0, 0, 0] };
  hits = { guest: [0, 0, 0, 0, 0], nested: [0, 0, 0], ntlb: [0, 0] };
  nextFrame = 0x1005;
  ram = 0x40000;
  root = { frame: this.take(), entries: new Map() };

  take() {
    for (; this.nextFrame + 1 > this.ram; this.ram *= 2) this.nextFrame += this.ram / 0x40000;
    return this.nextFrame++;
  }
  premap(page) {
    let table = this.root;
    for (let level = 4; level > 1; level--) {
      const index = part(page, level) % 512;
      if (!table.entries.has(index)) table.entries.set(index, { frame: this.take(), entries: new Map() });
      table = table.entries.get(index);
    }
    for (let i = 0; i < 512; i++) table.entries.set(i, { frame: this.take() });
  }
  access(page, fetch) {
    if (this.l1[fetch].find(page) !== null) return void this.c.hit[fetch]++;
    this.c.miss[fetch]++;
    if (this.stlb.find(page) !== null) this.c.stlbHit++;
    else {
      this.walk(page);
      this.stlb.enter(page, null);
    }
    this.l1[fetch].enter(page, null);
  }
  walk(page) {
    this.c.walks++;
    if (!this.settled.has(part(page, 2))) {
      this.settled.add(part(page, 2));
      this.premap(page);
    }
    let hit = 2;
    let known = null;
    while (hit <= 4 && (known = this.pwc[hit].find(part(page, hit))) === null) hit++;
    this.hits.guest[known === null ? 0 : hit]++;
    let table = known === null ? this.root : known.table;
    for (let level = hit - 1; level > 0; level--) {
      if (level < hit - 1 || known === null) {
        this.translate(table.frame);
        if (level < 4) this.pwc[level + 1].enter(part(page, level + 1), table);
      }
      this.c.guest[level]++;
      table = table.entries.get(part(page, level) % 512);
    }
    this.translate(table.frame);
  }
  translate(gfn) {
    const cached = this.ntlb.find(gfn) !== null;
    this.hits.ntlb[cached ? 1 : 0]++;
    if (cached) return;
    const known = this.hostPde.find(part(gfn, 2));
    this.hits.nested[known === null ? 0 : 2]++;
    let table = known === null ? this.host : known.table;
    for (let level = known === null ? 4 : 1; level > 0; level--) {
      this.c.nested[level]++;
      const index = part(gfn, level) % 512;
      if (!table.has(index)) table.set(index, level > 1 ? new Map() : { mfn: gfn + 0x7a000 });
      table = table.get(index);
      if (level === 2) this.hostPde.enter(part(gfn, 2), table);
    }
    this.ntlb.enter(gfn, null);
  }

  counters() {
    const { c, hits } = this;
    const sum = (values) => values.reduce((a, b) => a + b, 0);
    const out = { accesses: sum(c.hit) + sum(c.miss), 'accesses.fetch': c.hit[1] + c.miss[1] };
    Object.assign(out, { 'tlb.l1d.hit': c.hit[0], 'tlb.l1d.miss': c.miss[0] });
    Object.assign(out, { 'tlb.l1i.hit': c.hit[1], 'tlb.l1i.miss': c.miss[1] });
    Object.assign(out, { 'tlb.stlb.hit': c.stlbHit, 'tlb.stlb.miss': c.walks, 'walk.count': c.walks });
    for (const level of [1, 2, 3, 4]) {
      out[`walk.refs.guest.l${level}`] = c.guest[level];
      out[`walk.refs.nested.l${level}`] = c.nested[level];
      if (level > 1) out[`pwc.guest.l${level}.hit`] = hits.guest[level];
    }
    Object.assign(out, { 'walk.refs.guest': sum(c.guest), 'walk.refs.nested': sum(c.nested) });
    Object.assign(out, { 'walk.refs': sum(c.guest) + sum(c.nested) });
    Object.assign(out, { 'pwc.guest.miss': hits.guest[0], 'pwc.nested.l2.hit': hits.nested[2] });
    Object.assign(out, { 'pwc.nested.miss': hits.nested[0] });
    return Object.assign(out, { 'ntlb.hit': hits.ntlb[1], 'ntlb.miss': hits.ntlb[0] });
  }
}
