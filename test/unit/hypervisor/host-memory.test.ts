import { describe, expect, it } from 'vitest';
import { SIZE_1G, SIZE_2M, SIZE_4K } from '../../../src/arch/paging.js';
import { defaultConfig } from '../../../src/config/defaults.js';
import type { MachineConfig } from '../../../src/config/schema.js';
import { HostMemory } from '../../../src/hypervisor/host-memory.js';

function memoryOf(
  memory: MachineConfig['host']['memory'],
  pageSize: MachineConfig['host']['pageSize'] = '4k',
  sizeWanted?: (gfn: number) => number,
): HostMemory {
  return new HostMemory({ ...defaultConfig('none').host, memory, pageSize }, sizeWanted);
}

/** For each frame: `-` absent, `r` the zero page, `w` a page of its own. */
function states(memory: HostMemory, ...gfns: number[]): string {
  return gfns.map((gfn) => (memory.isWritable(gfn) ? 'w' : memory.isPresent(gfn) ? 'r' : '-')).join('');
}

describe('populated host memory', () => {
  it('is all there and writable, in pages as large as wanted', () => {
    const memory = memoryOf('populated', '1g');
    expect([states(memory, 0, 5, 2 ** 20), memory.bring(5, false), memory.bring(5, true)]).toEqual([
      'www',
      'there',
      'there',
    ]);
    expect(memory.pageSize(5)).toBe(SIZE_1G);
  });
});

describe('unpopulated host memory of 4 KiB pages', () => {
  it('is absent, then the zero page after a read, then a copy after a write', () => {
    const memory = memoryOf('unpopulated');
    expect(states(memory, 7)).toBe('-');
    expect([memory.bring(7, false), states(memory, 7)]).toEqual(['placed', 'r']);
    expect([memory.bring(7, false), states(memory, 7)]).toEqual(['there', 'r']);
    expect([memory.bring(7, true), states(memory, 7)]).toEqual(['copied', 'w']);
    expect([memory.bring(7, true), memory.bring(7, false)]).toEqual(['there', 'there']);
    expect(states(memory, 6, 8)).toBe('--');
  });

  it('is allocated by a first write', () => {
    const memory = memoryOf('unpopulated');
    expect([memory.bring(7, true), states(memory, 6, 7, 8)]).toEqual(['placed', '-w-']);
  });

  it('is what was touched silently', () => {
    const memory = memoryOf('unpopulated');
    memory.touchSilently(3);
    expect([states(memory, 2, 3), memory.bring(3, true)]).toEqual(['-w', 'there']);
  });
});

describe('unpopulated host memory of 2 MiB pages', () => {
  it('comes 2 MiB at a time', () => {
    const memory = memoryOf('unpopulated', '2m');
    expect([memory.bring(512 + 9, true), states(memory, 511, 512, 1023, 1024)]).toEqual(['placed', '-ww-']);
    expect([memory.bring(600, true), memory.pageSize(600)]).toEqual(['there', SIZE_2M]);
  });

  it('is split for good by a write to the huge zero page: one frame is copied', () => {
    const memory = memoryOf('unpopulated', '2m');
    expect([memory.bring(512, false), states(memory, 511, 512, 1023)]).toEqual(['placed', '-rr']);
    expect([memory.bring(700, true), states(memory, 699, 700, 701)]).toEqual(['copied', 'rwr']);
    expect([memory.pageSize(512), memory.pageSize(1024)]).toEqual([SIZE_4K, SIZE_2M]);
    expect([memory.bring(701, false), memory.bring(701, true)]).toEqual(['there', 'copied']);
    expect(states(memory, 512, 700, 701, 1023)).toBe('rwwr');
  });

  it('is of 4 KiB pages where the host cannot put larger ones', () => {
    const memory = memoryOf('unpopulated', '2m', (gfn) => (gfn < 512 ? SIZE_4K : SIZE_2M));
    expect([memory.bring(3, true), memory.bring(515, true)]).toEqual(['placed', 'placed']);
    expect(states(memory, 2, 3, 514)).toBe('-ww');
  });
});
