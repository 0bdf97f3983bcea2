/**
 * What one writes first: the same TLBs and the same two-dimensional walk as reference.c with entry objects in arrays and
 * Maps for tables. The yardstick where there is no C compiler. Counters are equal to p2msim's and to reference.c's.
 */
const WAYS = { l1: 4, stlb: 12, cache: 4 };

class Lru {
  constructor(sets, ways) {
    this.ways = ways;
    this.sets = Array.from({ length: sets }, () => []);
  }

  /** The entry of `tag`, now the most recent; undefined if absent. */
  find(tag) {
    const set = this.sets[tag % this.sets.length];
    const at = set.findIndex((entry) => entry.tag === tag);
    if (at < 0) return undefined;
    const [entry] = set.splice(at, 1);
    set.unshift(entry);
    return entry;
  }

  add(tag, table) {
    const set = this.sets[tag % this.sets.length];
    set.unshift({ tag, table });
    if (set.length > this.ways) set.pop();
  }
}

/**
 * Replays records [lo, hi, op | size << 8] in a row; `root` is the gfn of the guest's root table.
 * Returns the counters by key.
 */
export function naiveReplay(records, root) {
  const c = new Map();
  const count = (key) => c.set(key, (c.get(key) ?? 0) + 1);
  const [l1, stlb] = [new Lru(16, WAYS.l1), new Lru(128, WAYS.stlb)];
  const pwc = [, , new Lru(8, WAYS.cache), new Lru(4, WAYS.cache), new Lru(1, WAYS.cache)];
  const [ntlb, npwc] = [new Lru(32, WAYS.cache), new Lru(8, WAYS.cache)];
  const tables = new Map([[root, new Map()]]);
  const prefix = (page, level) => Math.floor(page / 512 ** (level - 1));
  let nextGfn = root + 1;

  function premap(vpn) {
    let table = root;
    for (let level = 4; level > 1; level--) {
      const entries = tables.get(table);
      const index = prefix(vpn, level) % 512;
      if (!entries.has(index)) {
        const made = nextGfn++;
        entries.set(index, made);
        tables.set(made, new Map());
        if (level === 2) for (let i = 0; i < 512; i++) tables.get(made).set(i, nextGfn++);
      }
      table = entries.get(index);
    }
  }

  function nested(gfn) {
    if (ntlb.find(gfn) !== undefined) return count('ntlb.hit');
    count('ntlb.miss');
    let level = 4;
    if (npwc.find(prefix(gfn, 2)) === undefined) count('pwc.nested.miss');
    else {
      count('pwc.nested.l2.hit');
      level = 1;
    }
    for (; level >= 1; level--) {
      count(`walk.refs.nested.l${level}`);
      if (level === 2) npwc.add(prefix(gfn, 2));
    }
    ntlb.add(gfn);
  }

  function walk(vpn) {
    premap(vpn);
    const level = [2, 3, 4].find((at) => pwc[at].find(prefix(vpn, at)) !== undefined);
    count(level === undefined ? 'pwc.guest.miss' : `pwc.guest.l${level}.hit`);
    let table = level === undefined ? root : pwc[level].find(prefix(vpn, level)).table;
    for (let at = (level ?? 5) - 1; ; at--) {
      if (at !== (level ?? 0) - 1) {
        nested(table);
        if (at < 4) pwc[at + 1].add(prefix(vpn, at + 1), table);
      }
      const frame = tables.get(table).get(prefix(vpn, at) % 512);
      count(`walk.refs.guest.l${at}`);
      if (at === 1) return nested(frame);
      table = frame;
    }
  }

  function access(vpn) {
    count('accesses');
    if (l1.find(vpn) !== undefined) return count('tlb.l1d.hit');
    count('tlb.l1d.miss');
    if (stlb.find(vpn) !== undefined) count('tlb.stlb.hit');
    else {
      count('tlb.stlb.miss');
      walk(vpn);
      stlb.add(vpn);
    }
    l1.add(vpn);
  }

  for (let i = 0; i < records.length; i += 3) {
    const vpn = records[i + 1] * 2 ** 20 + (records[i] >>> 12);
    const last = (records[i] & 0xfff) + (records[i + 2] >>> 8) - 1;
    for (let page = 0; page <= last >>> 12; page++) {
      if (page > 0) count('accesses.crossing');
      access(vpn + page);
    }
  }
  return Object.fromEntries(c);
}
