/**
 * References per walk in closed form: cold walks, degrees of nesting, what walk caches skip. Exact integers.
 */
import { SIZE_1G, SIZE_NAMES, sizeOfName, type PageSizeName } from '../../arch/paging.js';
import type { MachineConfig } from '../../config/schema.js';
import { createAccessCounters } from '../../counters.js';
import { P2m } from '../../hypervisor/p2m.js';
import { NestingWalk } from '../../mmu/nesting-walk.js';
import type { Machine } from '../../sim/machine.js';
import type { Cell } from '../cell.js';
import { accessPages, AREA, during, lru, machineOf, mapArea } from './machines.js';
import { exact, type Subject } from './rows.js';
import {
  COLD_WALKS,
  COMBINED_SKIPS,
  DEGREES_OF_NESTING,
  GUEST_PHYSICAL_SKIPS,
  ONE_DIMENSION_SKIPS,
  type SkipRow,
} from './tables.js';

const PAGE = AREA + 2 * 512 ** 2 + 3 * 512 + 4;

/** A machine without caches that maps a page of `leaf` which holds {@link PAGE}. */
function mapped(mode: string, leaf: PageSizeName, change: (config: MachineConfig) => void): Machine {
  const machine = machineOf(mode, {
    change: (config) => {
      change(config);
      // A leaf of 1 GiB, the guest's or the host's, fits in the second GiB.
      config.guest.ram = leaf === '1g' || config.host.pageSize === '1g' ? 2048 : 64;
    },
  });
  const size = sizeOfName(leaf);
  const { ram } = machine.parts.guest.allocator;
  mapArea(machine, PAGE - (PAGE % 512 ** size), 1, size, ram / 2);
  return machine;
}

/** References of one more access to the page, which no TLB holds. */
function references(machine: Machine): number {
  return during(machine, () => accessPages(machine, 1, () => PAGE))['walk.refs']!;
}

export function coldWalkCells(): Cell[] {
  const source = 'g (h + 1) + h; 24 references: Bhargava et al., ASPLOS 2008';
  return COLD_WALKS.flatMap(({ levels, leaf, native, host4, host5 }) => {
    const run = (mode: string, hostLevels: 4 | 5, host: PageSizeName): number =>
      references(
        mapped(mode, leaf, (config) => {
          config.guest.levels = levels;
          config.host.levels = hostLevels;
          config.host.pageSize = host;
        }),
      );
    const params = { guestLevels: levels, guest: leaf };
    const subject: Subject = { scenario: 'cold_walk', phase: 'cold', quantity: 'walk.refs', source };
    return [
      exact({ ...subject, mode: 'native', params }, native, run('native', 4, '4k')),
      ...([4, 5] as const).flatMap((hostLevels) =>
        SIZE_NAMES.map((host, i) =>
          exact(
            { ...subject, params: { ...params, hostLevels, host } },
            (hostLevels === 4 ? host4 : host5)[i]!,
            run('hap', hostLevels, host),
          ),
        ),
      ),
    ];
  });
}

/** References of one walk with the lowest `nested` levels nested; null: root pointer and all. */
export function nestingReferences(guest: PageSizeName, host: PageSizeName, nested: number | null): number {
  const machine = mapped('native', guest, (config) => {
    config.host.pageSize = host;
  });
  const space = machine.parts.guest.current[0]!;
  const p2m = new P2m(machine.config.host, [], SIZE_1G);
  p2m.setRam(machine.parts.guest.allocator.ram, true);
  const walker = new NestingWalk(machine.parts.guest, p2m);
  const counters = createAccessCounters();
  const walked = 4 - sizeOfName(guest);
  if (nested === null || nested === walked) walker.walkNested(space, PAGE, nested !== null, counters);
  else {
    walker.cover(space, PAGE, nested);
    walker.walk(space, PAGE, counters);
  }
  return counters.walkRefs;
}

export function nestingCells(): Cell[] {
  const subject: Subject = {
    scenario: 'degree_of_nesting',
    mode: 'agile',
    phase: 'cold',
    quantity: 'walk.refs',
    source: 's + n (1 + h), full: g (h + 1) + h; agile paging, Gandhi et al., ISCA 2016',
  };
  return DEGREES_OF_NESTING.flatMap(({ guest, host, byDegree, full }) => [
    ...byDegree.map((published, nested) =>
      exact(
        { ...subject, params: { guest, host, nested } },
        published,
        nestingReferences(guest, host, nested),
      ),
    ),
    exact(
      { ...subject, params: { guest, host, nested: 'full' } },
      full,
      nestingReferences(guest, host, null),
    ),
  ]);
}

/** A walk cache that holds only the entries by which `skipped` levels are skipped. */
function skipping(skipped: number): Pick<MachineConfig['npwc'], 'l5' | 'l4' | 'l3' | 'l2'> {
  const only = (level: number): MachineConfig['ntlb'] => lru(skipped === level ? 16 : 0);
  return { l5: lru(0), l4: only(1), l3: only(2), l2: only(3) };
}

interface Skips {
  readonly mode: string;
  readonly leaf: PageSizeName;
  readonly guest: number;
  readonly host: number;
  readonly semantics: 'combined' | 'gpa';
  readonly nestedTlb: boolean;
}

/** References of the second walk: the first one filled the caches. */
function warmReferences({ mode, leaf, guest, host, semantics, nestedTlb }: Skips): number {
  const machine = mapped(mode, leaf, (config) => {
    config.pwc = { ...skipping(guest), semantics };
    config.npwc = skipping(host);
    config.ntlb = lru(nestedTlb ? 16 : 0);
  });
  accessPages(machine, 1, () => PAGE);
  return references(machine);
}

function twoDimensions(table: readonly SkipRow[], semantics: 'combined' | 'gpa'): Cell[] {
  const common = { mode: 'hap', leaf: '4k', semantics } as const;
  const subject: Subject = {
    scenario: `walk_cache_${semantics}`,
    quantity: 'walk.refs',
    source:
      semantics === 'combined'
        ? 'combined entries (Intel SDM vol. 3C 28.3.1), as in the DMT simulator (xlab-uiuc/dmt)'
        : 'guest-physical entries: Bhargava et al., ASPLOS 2008',
  };
  return table.flatMap(({ guestSkipped: guest, byHostSkipped, nestedTlb }) => [
    ...byHostSkipped.map((published, host) =>
      exact(
        { ...subject, params: { guestSkipped: guest, hostSkipped: host } },
        published,
        warmReferences({ ...common, guest, host, nestedTlb: false }),
      ),
    ),
    ...(nestedTlb === null
      ? []
      : [
          exact(
            { ...subject, params: { guestSkipped: guest, hostSkipped: 'nested TLB' } },
            nestedTlb,
            warmReferences({ ...common, guest, host: 0, nestedTlb: true }),
          ),
        ]),
  ]);
}

export function walkCacheCells(): Cell[] {
  const subject: Subject = {
    scenario: 'walk_cache_one_dimension',
    quantity: 'walk.refs',
    source: 'Intel SDM vol. 3A 4.10.3: 4 less the levels skipped; a leaf is never cached as a pointer',
  };
  return [
    ...twoDimensions(COMBINED_SKIPS, 'combined'),
    ...twoDimensions(GUEST_PHYSICAL_SKIPS, 'gpa'),
    ...ONE_DIMENSION_SKIPS.flatMap(({ mode, leaf, bySkipped }) =>
      bySkipped.map((published, guest) =>
        exact(
          { ...subject, mode, params: { guest: leaf, skipped: guest } },
          published,
          warmReferences({ mode, leaf, guest, host: 0, semantics: 'combined', nestedTlb: false }),
        ),
      ),
    ),
  ];
}
