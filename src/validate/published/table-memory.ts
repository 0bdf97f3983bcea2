/**
 * Table pages: the p2m of a guest whose RAM is all mapped, the toolstack's pool, and what happens beyond it.
 */
import { type PageSizeName, SIZE_1G, SIZE_NAMES } from '../../arch/paging.js';
import { defaultConfig } from '../../config/defaults.js';
import { P2m } from '../../hypervisor/p2m.js';
import { hapPoolPages, shadowPoolPages } from '../../hypervisor/pool.js';
import { OP_WRITE } from '../../trace/access.js';
import type { Cell } from '../cell.js';
import { accessPages, AREA, during, lru, machineOf, mapArea } from './machines.js';
import { exact, holds, type Subject } from './rows.js';
import { P2M_PAGES, POOLS } from './tables.js';

const FRAMES_PER_GIB = 2 ** 18;
const LIBXL = 'Xen tools/libs/light/libxl_create.c, libxl__get_required_paging_memory';

/** Up to so many frames every one is mapped; beyond, one in each 2 MiB, which takes the same tables. */
const EVERY_FRAME = 4 * FRAMES_PER_GIB;

function populated(frames: number, host: PageSizeName): P2m {
  const p2m = new P2m({ ...defaultConfig('none').host, pageSize: host }, [], SIZE_1G);
  p2m.setRam(frames, frames <= EVERY_FRAME);
  if (frames > EVERY_FRAME) for (let gfn = 0; gfn < frames; gfn += 512) p2m.map(gfn);
  return p2m;
}

export function p2mCells(): Cell[] {
  return P2M_PAGES.flatMap(({ gib, pages }) =>
    SIZE_NAMES.map((host, i) => {
      const p2m = populated(gib * FRAMES_PER_GIB, host);
      return exact(
        {
          scenario: 'p2m_memory',
          params: { gib, host },
          phase: 'populated',
          quantity: 'memory.p2m.pages',
          source: 'one page per 512 entries of each level, root included',
        },
        pages[i]!,
        p2m.total,
      );
    }),
  );
}

export function poolCells(): Cell[] {
  return POOLS.flatMap(({ vcpus, gib, hapMib, shadowMib }) => {
    const subject: Subject = {
      scenario: 'pool',
      params: { vcpus, gib },
      phase: 'start',
      quantity: 'memory.pool.pages',
      source: LIBXL,
    };
    const ram = gib * FRAMES_PER_GIB;
    return [
      exact(subject, hapMib * 256, hapPoolPages(vcpus, ram)),
      exact({ ...subject, mode: 'shadow' }, shadowMib * 256, shadowPoolPages(vcpus, ram)),
    ];
  });
}

/** Regions that are touched one after the other, and a pool that cannot hold their shadows. */
const REGIONS = 256;
const SMALL_POOL = 200;

/** Touches a page in each of many regions: each takes an L1 shadow. */
function touchRegions(pool: number | 'auto'): { recycled: number; inUse: number; size: number } {
  const machine = machineOf('shadow', {
    change: (config) => {
      config.host.pageSize = '2m';
      config.guest.ram = 1024;
      config.shadow.pool = pool;
      config.stlb = { ...lru(64, 4), sizes: '4k' };
    },
  });
  mapArea(machine, AREA, REGIONS * 512, 0, 0x10000);
  const counters = during(machine, () => {
    for (let round = 0; round < 2; round++)
      accessPages(machine, REGIONS, (i) => AREA + i * 512 + (i % 512), OP_WRITE);
  });
  const memory = machine.memory();
  return {
    recycled: counters['shadow.prealloc1']! + counters['shadow.prealloc2']!,
    inUse: memory['p2m.pages'] + memory['shadow.pages'] + memory['shadow.other.pages'],
    size: memory['pool.pages'],
  };
}

export function recyclingCells(): Cell[] {
  const subject: Subject = {
    scenario: 'pool_recycling',
    mode: 'shadow',
    quantity: 'holds',
    source: `${LIBXL}; xen/arch/x86/mm/shadow/common.c, _shadow_prealloc`,
  };
  const roomy = touchRegions('auto');
  const tight = touchRegions(SMALL_POOL);
  return [
    holds(
      {
        ...subject,
        params: { pool: 'formula', regions: REGIONS },
        quantity: 'nothing is recycled within the pool',
        remark: `${roomy.inUse} of ${roomy.size} pages used, ${roomy.recycled} recycled`,
      },
      roomy.recycled === 0 && roomy.inUse <= roomy.size,
    ),
    holds(
      {
        ...subject,
        params: { pool: SMALL_POOL, regions: REGIONS },
        quantity: 'over the pool shadows are recycled and use stays within it',
        remark: `${tight.inUse} of ${tight.size} pages used, recycled ${tight.recycled} times`,
      },
      tight.recycled > 0 && tight.inUse <= tight.size,
    ),
  ];
}
