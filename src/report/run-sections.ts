/**
 * One run as sections of rows: translation, walk references, walk caches, guest, memory.
 *
 * Rows that do not apply or never happened are left out; ratios are computed here from two counts
 * that are both shown. Exits and costs are in exit-sections.ts and cost-section.ts.
 */
import type { TableMemory } from '../counters.js';
import { grouped, pageSize, per, percent } from './numbers.js';
import type { RunResult } from './result.js';
import { labelled, labelledSection, type RowLabel } from './row-labels.js';
import type { Section, SectionRow } from './section.js';

/** A counter of a run; one that the backend does not keep is 0. */
export function counter(run: RunResult, key: string): number {
  return run.counters[key] ?? 0;
}

const SIZES = ['4k', '2m', '1g'] as const;
const SIZE_LABELS = { '4k': '4K pages', '2m': '2M pages', '1g': '1G pages' } as const;
const PWC_LEVELS = [5, 4, 3, 2] as const;

/** TLB hits by level (and by page size where several are seen), misses, walks. */
export function translationSection(run: RunResult): Section {
  const n = (key: string): number => counter(run, key);
  const total = n('accesses');
  const line = (depth: number, label: RowLabel, key: string): SectionRow =>
    labelled(depth, label, grouped(n(key)), percent(n(key), total));
  const hits = (label: RowLabel, tlb: string): SectionRow[] => [
    line(1, label, `tlb.${tlb}.hit`),
    ...sizeRows(run, tlb).map(([size, key]) => line(2, size, key)),
  ];
  const fetches = n('accesses.fetch') > 0;
  const optional = (label: RowLabel, key: string): SectionRow[] => (n(key) > 0 ? [line(2, label, key)] : []);
  return labelledSection(
    'Translation',
    ['count', 'share'],
    [
      ...hits('L1 DTLB hits', 'l1d'),
      ...(fetches ? hits('L1 ITLB hits', 'l1i') : []),
      ...(n('tlb.stlb.hit') > 0 ? hits('STLB hits', 'stlb') : []),
      line(1, 'TLB misses', 'tlb.stlb.miss'),
      labelled(1, 'page accesses', grouped(total), percent(total, total)),
      ...optional('page crossings', 'accesses.crossing'),
      labelled(1, 'page walks', grouped(n('walk.count'))),
      ...walkParts(run),
    ],
  );
}

/** Page sizes of the entries hit, where a run sees more than one. */
function sizeRows(run: RunResult, tlb: string): [size: RowLabel, key: string][] {
  const levels = ['l1d', 'l1i', 'stlb'];
  const seen = SIZES.filter((size) => levels.some((level) => counter(run, `tlb.${level}.hit.${size}`) > 0));
  if (seen.length < 2) return [];
  return seen
    .map((size): [RowLabel, string] => [SIZE_LABELS[size], `tlb.${tlb}.hit.${size}`])
    .filter(([, key]) => counter(run, key) > 0);
}

function walkParts(run: RunResult): SectionRow[] {
  const parts = [
    ['after TLB misses', 'tlb.stlb.miss'],
    ['rights or dirty bit', 'walk.rewalk'],
    ['retries', 'walk.retry'],
  ] as const;
  const shown = parts.filter(([, key]) => counter(run, key) > 0);
  return shown.length < 2 ? [] : shown.map(([label, key]) => labelled(2, label, grouped(counter(run, key))));
}

/** Walk references by dimension, per walk, and by the cache that served them. */
export function walkSection(run: RunResult): Section {
  const n = (key: string): number => counter(run, key);
  const walks = n('walk.count');
  const refs = n('walk.refs');
  const line = (depth: number, label: RowLabel, key: string): SectionRow[] =>
    n(key) > 0 ? [labelled(depth, label, grouped(n(key)), per(n(key), walks))] : [];
  return labelledSection(
    'Walk references',
    ['count', '/walk'],
    [
      ...line(1, run.mode === 'native' ? 'page tables' : 'guest tables', 'walk.refs.guest'),
      ...line(1, 'nested (EPT/NPT)', 'walk.refs.nested'),
      ...line(1, 'shadow tables', 'walk.refs.shadow'),
      labelled(1, 'total', grouped(refs), per(refs, walks)),
      ...line(2, 'from L1 cache', 'pte.l1'),
      ...line(2, 'from L2 cache', 'pte.l2'),
      ...line(2, 'from LLC', 'pte.llc'),
      ...line(2, 'from memory', 'pte.mem'),
      ...line(2, 'charged flat', 'pte.flat'),
    ],
  );
}

const PWC_LABELS = { 5: 'L5 (PML5E)', 4: 'L4 (PML4E)', 3: 'L3 (PDPTE)', 2: 'L2 (PDE)' } as const;

/** Hits of the page-walk caches of both dimensions and of the nested TLB; empty rows if there are none. */
export function walkCacheSection(run: RunResult): Section {
  const n = (key: string): number => counter(run, key);
  const cache = (label: RowLabel, prefix: string): SectionRow[] => {
    const levels = PWC_LEVELS.filter((level) => n(`${prefix}.l${level}.hit`) > 0);
    const hits = levels.reduce((sum, level) => sum + n(`${prefix}.l${level}.hit`), 0);
    if (hits + n(`${prefix}.miss`) === 0) return [];
    const whole = hits + n(`${prefix}.miss`);
    return [
      labelled(1, label, grouped(hits), percent(hits, whole)),
      ...levels.map((level) => {
        const key = `${prefix}.l${level}.hit`;
        return labelled(2, PWC_LABELS[level], grouped(n(key)), percent(n(key), whole));
      }),
      labelled(2, 'misses', grouped(n(`${prefix}.miss`)), percent(n(`${prefix}.miss`), whole)),
    ];
  };
  const nested = n('ntlb.hit') + n('ntlb.miss');
  return labelledSection(
    'Walk caches',
    ['count', 'share'],
    [
      ...cache(run.mode === 'hap' ? 'guest PWC hits' : 'PWC hits', 'pwc.guest'),
      ...cache('host PWC hits', 'pwc.nested'),
      ...(n('ntlb.hit') > 0
        ? [labelled(1, 'nested TLB hits', grouped(n('ntlb.hit')), percent(n('ntlb.hit'), nested))]
        : []),
    ],
  );
}

/** What the guest did: faults by kind, table edits, and its kernel's own accesses. */
export function guestSection(run: RunResult): Section {
  const perThousand = (key: string): string => per(counter(run, key) * 1000, run.manifest.trace.accesses);
  const line = (depth: number, label: RowLabel, key: string): SectionRow[] =>
    counter(run, key) > 0 ? [labelled(depth, label, grouped(counter(run, key)), perThousand(key))] : [];
  return labelledSection(
    'Guest',
    ['count', '/1K rec.'],
    [
      labelled(1, 'page faults', grouped(counter(run, 'guest.faults')), perThousand('guest.faults')),
      ...line(2, 'demand', 'guest.faults.demand'),
      ...line(2, 'copy on write', 'guest.faults.cow'),
      ...line(2, 'file', 'guest.faults.file'),
      ...line(2, 'forbidden', 'guest.faults.bad'),
      ...line(1, 'table entry stores', 'guest.pt.writes'),
      ...line(1, 'CR3 loads', 'guest.cr3'),
      ...line(1, 'INVLPG', 'guest.invlpg'),
      ...line(1, 'full TLB flushes', 'guest.flush.full'),
      ...line(1, 'frames zeroed', 'guest.frames.zeroed'),
      ...line(1, 'frames copied', 'guest.frames.copied'),
      ...line(1, 'kernel accesses', 'kernel.accesses'),
      ...line(2, 'TLB misses', 'kernel.tlb.stlb.miss'),
      ...line(2, 'page walks', 'kernel.walk.count'),
      ...line(2, 'walk references', 'kernel.walk.refs'),
    ],
  );
}

/** Label, key of the pages in use, key of the peak. */
type MemoryLine = readonly [depth: number, label: RowLabel, now: keyof TableMemory, peak?: keyof TableMemory];

const MEMORY_LINES: readonly MemoryLine[] = [
  [1, 'guest page tables', 'guest.pages', 'guest.pages.peak'],
  [1, 'p2m', 'p2m.pages', 'p2m.pages.peak'],
  [1, 'shadow', 'shadow.pages', 'shadow.pages.peak'],
  [2, 'L4', 'shadow.l4.pages'],
  [2, 'L3', 'shadow.l3.pages'],
  [2, 'L2', 'shadow.l2.pages'],
  [2, 'L1', 'shadow.l1.pages'],
  [2, 'superpages (fl1)', 'shadow.fl1.pages'],
  [1, 'snapshots, monitors', 'shadow.other.pages'],
  [1, 'pool, reserved', 'pool.pages'],
  [2, 'free', 'pool.free.pages'],
  [1, 'guest RAM', 'ram.pages'],
];

/** Pages and size, now and at the peak, of every kind of table. */
export function memorySection(run: RunResult): Section {
  const rows = MEMORY_LINES.filter(
    ([, , now, peak]) => run.memory[now] > 0 || (peak && run.memory[peak] > 0),
  ).flatMap(([depth, label, now, peak]) => [
    labelled(
      depth,
      label === 'p2m' && run.mode === 'hap' ? 'p2m (EPT/NPT)' : label,
      grouped(run.memory[now]),
      pageSize(run.memory[now]),
      peak === undefined ? '' : grouped(run.memory[peak]),
    ),
    ...(now === 'pool.free.pages' ? monitorRow(run) : []),
  ]);
  return labelledSection('Memory', ['pages', 'size', 'peak'], rows);
}

/** HAP: what of the pool is neither p2m nor free. Under shadow paging it is counted with the snapshots. */
function monitorRow({ mode, memory }: RunResult): SectionRow[] {
  const pages = memory['pool.pages'] - memory['pool.free.pages'] - memory['p2m.pages'];
  return mode === 'hap' && pages > 0
    ? [labelled(2, 'monitor tables', grouped(pages), pageSize(pages), '')]
    : [];
}
