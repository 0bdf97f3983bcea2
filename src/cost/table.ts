/**
 * The default cost table, and how a user's file changes it.
 *
 * Latencies of page-table reads are those of a published nested-paging simulator; the transition is
 * set between two published round trips; what handlers cost nobody has published per path, so those
 * rows say `assumption`. Cycles are those of a core at about 3 GHz.
 *
 * Not modelled: overlap of walks with other work, writes of accessed and dirty bits, cache pollution
 * by exits, shootdown interrupts, and the guest kernel's own instructions (equal in every mode).
 */
import { FieldMistake } from '../config/field-mistake.js';
import { didYouMean } from '../util/registry.js';
import type { CostGroup, CostRow, CostTable } from './types.js';

/** Schema id of a file given with `--cost`. */
export const COST_SCHEMA = 'p2msim.cost/1';

const DMT = 'DMT nested-paging simulator (github.com/xlab-uiuc/dmt), Formula.cs';
const GUESS = 'assumption: no per-path figure is published;';

/** The trace's own accesses and the guest kernel's. */
const bothOrigins = (...keys: readonly string[]): readonly string[] => [
  ...keys,
  ...keys.map((key) => `kernel.${key}`),
];

function row(
  term: string,
  counters: readonly string[],
  cyclesEach: number,
  group: CostGroup,
  what: string,
  source: string,
): CostRow {
  return { term, counters, cyclesEach, group, what, source };
}

const GUEST_PWC = [5, 4, 3, 2].map((level) => `pwc.guest.l${level}.hit`);
const NESTED_PWC = [5, 4, 3, 2].map((level) => `pwc.nested.l${level}.hit`);

/** The table used when no `--cost` file is given. Term, counters, cycles, group, what, source. */
// prettier-ignore
export const DEFAULT_COST_TABLE: CostTable = {
  name: 'default',
  rows: [
    row('tlb.stlb', bothOrigins('tlb.stlb.hit'), 8, 'tlb', 'second-level TLB hits', 'ChampSim default configuration: STLB latency 8'),
    row('walk.ref.l1', bothOrigins('pte.l1'), 4, 'walk', 'walk references, L1 cache', DMT),
    row('walk.ref.l2', bothOrigins('pte.l2'), 14, 'walk', 'walk references, L2 cache', DMT),
    row('walk.ref.llc', bothOrigins('pte.llc'), 54, 'walk', 'walk references, last-level cache', DMT),
    row('walk.ref.mem', bothOrigins('pte.mem'), 200, 'walk', 'walk references, memory', DMT),
    row('walk.ref.flat', bothOrigins('pte.flat'), 30, 'walk', 'walk references, flat charge', 'assumption: one charge per reference, of the size of Sniper nehalem.cfg, which takes 30 cycles per walk'),
    row('walk.pwc', bothOrigins(...GUEST_PWC), 1, 'walk', 'page-walk cache hits', DMT),
    row('walk.npwc', bothOrigins(...NESTED_PWC), 1, 'walk', 'host page-walk cache hits', DMT),
    row('walk.ntlb', bothOrigins('ntlb.hit'), 1, 'walk', 'nested TLB hits', 'assumption: the same as a page-walk cache hit'),
    row('exit.transition', ['vmexit.total'], 1200, 'exit', 'VMEXIT and VM entry, any reason', 'assumption between published round trips: 1009 cycles on Nehalem (Agesen et al., USENIX ATC 2012, table 1) and about 1360 on AMD (LKML 2020-12)'),
    row('exit.pf.guest', ['vmexit.pf.guest'], 800, 'exit', 'guest faults reflected', `${GUESS} software walk and injection`),
    row('exit.pf.fixup', ['vmexit.pf.fixup'], 2000, 'exit', 'shadow fix-ups', `${GUESS} lock, guest walk, shadow look-up, entry write`),
    row('exit.pf.unsync', ['vmexit.pf.unsync'], 2500, 'exit', 'guest tables let out of sync', `${GUESS} a fix-up and a 4 KiB snapshot`),
    row('exit.pf.emulate', ['shadow.emulate'], 3500, 'exit', 'table stores emulated', `${GUESS} instruction decode and entry validation`),
    row('exit.pf.emulate_fast', ['shadow.emulate_fast'], 2500, 'exit', 'table stores emulated, fast path', `${GUESS} decode and validation without the guest walk`),
    row('exit.pf.mmio', ['vmexit.pf.mmio'], 20000, 'exit', 'device accesses under shadow paging', `${GUESS} hand-over to a device model in another domain`),
    row('exit.cr3_write', ['vmexit.cr3_write'], 1500, 'exit', 'CR3 writes handled', `${GUESS} root look-up and flush`),
    row('exit.invlpg', ['vmexit.invlpg'], 700, 'exit', 'INVLPG handled', `${GUESS} one shadow entry and a hardware invalidation`),
    row('exit.npf', ['vmexit.npf'], 2000, 'exit', 'EPT violations / NPFs handled', `${GUESS} p2m look-up and entry write`),
    row('exit.ept_misconfig', ['vmexit.ept_misconfig'], 2500, 'exit', 'p2m entries recalculated', `${GUESS} touches the 512 entries of a table`),
    row('exit.mmio', ['vmexit.mmio'], 20000, 'exit', 'device accesses under HAP', `${GUESS} hand-over to a device model in another domain`),
    row('exit.pml_full', ['vmexit.pml_full'], 1200, 'exit', 'page-modification logs drained', `${GUESS} without the per-entry work`),
    row('hypervisor.prefetch', ['shadow.prefetch'], 40, 'hypervisor', 'shadow entries prefetched', `${GUESS} one entry read and written`),
    row('hypervisor.resync', ['shadow.resync'], 1500, 'hypervisor', 'out-of-sync tables resynced', `${GUESS} compares 512 entries with the snapshot`),
    row('hypervisor.scan', ['shadow.bf_entries'], 2, 'hypervisor', 'entries read by mapping searches', `${GUESS} a sequential read of an 8-byte entry`),
    row('hypervisor.free', ['shadow.free'], 300, 'hypervisor', 'shadow pages freed', `${GUESS} unhashing and dropping references`),
  ],
};

/** Terms of the table that rest on nothing published, with their sources. */
export function listAssumptions(table: CostTable): string[] {
  return table.rows
    .filter((r) => isAssumption(r.source))
    .map((r) => `${r.term} = ${r.cyclesEach} cycles: ${r.source}`);
}

/** True for a source that admits that nothing was published. */
export function isAssumption(source: string): boolean {
  return source.startsWith('assumption');
}

/**
 * The default table with the rows of a user's file in place of its own.
 *
 * `json` is the parsed file: `{"schema": "p2msim.cost/1", "rows": {"exit.transition": {"cycles":
 * 1500, "source": "..."}}}`. A row without `source` is marked as the file's assumption. Throws
 * a {@link FieldMistake} naming `name` and the row.
 */
export function loadCostTable(json: unknown, name: string): CostTable {
  const file = object(json, name, [], 'an object');
  if (file['schema'] !== COST_SCHEMA) {
    throw new FieldMistake(
      name,
      ['schema'],
      `schema is ${quote(file['schema'])}, expected "${COST_SCHEMA}"`,
      {
        hint: `start the file with {"schema": "${COST_SCHEMA}", "rows": {...}}`,
      },
    );
  }
  refuseOtherKeys(file, ['schema', 'rows'], name, []);
  const changes = object(file['rows'], name, ['rows'], 'an object of terms');
  for (const term of Object.keys(changes)) checkTerm(term, name);
  const rows = DEFAULT_COST_TABLE.rows.map((r) =>
    Object.hasOwn(changes, r.term) ? changed(r, changes[r.term], name) : r,
  );
  return { name, rows };
}

function changed(r: CostRow, value: unknown, name: string): CostRow {
  const path = ['rows', r.term];
  const change = object(value, name, path, 'an object with cycles and source');
  refuseOtherKeys(change, ['cycles', 'source'], name, path);
  const wrong = (field: string, expected: string): FieldMistake => {
    const said = `${field} is ${quote(change[field])}, expected ${expected}`;
    return new FieldMistake(name, [...path, field], `${wordsOf(path)}${said}`);
  };
  const cycles = change['cycles'];
  if (typeof cycles !== 'number' || !Number.isSafeInteger(cycles) || cycles < 0) {
    throw wrong('cycles', 'a whole number, at least 0');
  }
  const source = change['source'] ?? `assumption of ${name}`;
  if (typeof source !== 'string' || source === '') throw wrong('source', 'where the figure comes from');
  return { ...r, cyclesEach: cycles, source };
}

function checkTerm(term: string, name: string): void {
  const known = DEFAULT_COST_TABLE.rows.map((r) => r.term);
  if (known.includes(term)) return;
  const near = didYouMean(term, known);
  const suggestion = near === undefined ? '' : ` (did you mean '${near}'?)`;
  const said = `unknown cost term '${term}'${suggestion}; terms are ${known.join(', ')}`;
  throw new FieldMistake(name, ['rows', term], said, { at: 'name', hint: 'p2msim explain cost' });
}

function object(
  value: unknown,
  name: string,
  path: readonly string[],
  expected: string,
): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new FieldMistake(name, path, `${wordsOf(path)}found ${quote(value)}, expected ${expected}`);
}

function refuseOtherKeys(
  value: Record<string, unknown>,
  known: readonly string[],
  name: string,
  path: readonly string[],
): void {
  const other = Object.keys(value).find((key) => !known.includes(key));
  if (other === undefined) return;
  const said = `${wordsOf(path)}unknown key '${other}', expected ${known.join(' and ')}`;
  throw new FieldMistake(name, [...path, other], said, { at: 'name' });
}

/** `rows["walk.pwc"]: `; nothing for the file itself. */
function wordsOf([first, term]: readonly string[]): string {
  if (first === undefined) return '';
  return term === undefined ? `${first}: ` : `${first}["${term}"]: `;
}

function quote(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value);
}
