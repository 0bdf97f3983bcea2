/** The operations of the guest that was measured on Xen: each line, and that a replay takes the exits that Xen took. */
import { describe, expect, it } from 'vitest';
import { replay } from '../../../../src/api.js';
import { DEFAULT_READ_OPTIONS } from '../../../../src/trace/format.js';
import { xenOperations } from '../../../../src/trace/formats/xen-ops.js';
import { openText } from '../../../../src/trace/text-format.js';
import { bytesSource, decode } from '../../../helpers/traces.js';

const read = async (text: string) => {
  const { records, error } = await decode(async () =>
    openText(bytesSource(Buffer.from(text)), DEFAULT_READ_OPTIONS, xenOperations(false)),
  );
  expect(error).toBeNull();
  return records;
};

/** Address in the direct map. */
const direct = (gpa: number): string => `0x${(0xffff880000000000n + BigInt(gpa)).toString(16)}`;
const at = { vcpu: 0, line: 1 };

describe('an operation of the guest on Xen', () => {
  it.each([
    ['R 0x8000001000', ['R 0x0000008000001000 1 0']],
    ['W 0x8000001000', ['W 0x0000008000001000 1 0']],
    ['TR 0x1000880 0', [`R ${direct(0x1000880)} 8 0`]],
    // Slot 272 of the root is 0x880 / 8.
    [
      'TW 0x1000880 4 0xffff880000000000 0x0 0x801067',
      [
        {
          kind: 'ptw',
          ...at,
          gfn: 0x1000,
          level: 4,
          va: { hi: 0xffff8800, lo: 0 },
          value: { hi: 0, lo: 0x801067 },
        },
      ],
    ],
    // Entry 3 of a frame of data: any address that picks it in a table of level 1 stands for it.
    [
      'DW 0xc000018 0x1234500000067',
      [
        {
          kind: 'ptw',
          ...at,
          gfn: 0xc000,
          level: 1,
          va: { hi: 0, lo: 0x3000 },
          value: { hi: 0x12345, lo: 0x67 },
        },
      ],
    ],
    ['Z 0xc000000', [`W ${direct(0xc000000)} 4096 0`]],
    ['C 0xc001000 0xc000000', [`R ${direct(0xc000000)} 4096 0`, `W ${direct(0xc001000)} 4096 0`]],
    ['INVLPG 0x8000001000', [{ kind: 'invlpg', ...at, va: { hi: 0x80, lo: 0x1000 } }]],
    [
      'CR3 0x1000000',
      [{ kind: 'cr3', ...at, as: '0x1000000', pcid: null, noflush: false }, 'X 0x0000000000200000 1 0'],
    ],
    ['CPUID', [{ kind: 'cpuid', ...at }]],
    ['CR4 pge=0\nCR4 pge=1', [{ kind: 'flushall', ...at }]],
    ['FAULT 0x8000001000 2', [{ kind: 'fault', ...at, va: { hi: 0x80, lo: 0x1000 }, error: 2 }]],
    ['IRET', []],
    ['EXP 2 cpuid n=100', [{ kind: 'mark', ...at, name: 'EXP 2 cpuid n=100' }]],
    ['START', [{ kind: 'roi', ...at, on: true }]],
    ['END', [{ kind: 'roi', ...at, on: false }]],
  ])('is what the machine can replay: %s', async (text, records) => {
    expect(await read(`${text}\n`)).toEqual(records);
  });

  it('zeroes a frame that held a table entry by entry', async () => {
    const records = await read('TW 0x1000880 4 0xffff880000000000 0x0 0x801067\nZ 0x1000000\n');
    expect(records.length).toBe(1 + 512);
    expect(records[512]).toEqual({
      kind: 'ptw',
      vcpu: 0,
      line: 2,
      gfn: 0x1000,
      level: 1,
      va: { hi: 0, lo: 511 * 4096 },
      value: { hi: 0, lo: 0 },
    });
  });
});

describe('the first six experiments on Xen', () => {
  it('take the exits that were measured under shadow paging', async () => {
    // Measured: 100 CPUID; 64 page faults of sparse_touch; 8 CR3 loads and 15 page faults of context_switch.
    const { result } = await replay({
      trace: 'traces/xen-ops/first-experiments.xen-ops',
      mode: 'shadow',
      preset: 'none',
      settings: [{ key: 'vendor', value: 'amd', origin: 'test' }],
    });
    const exits = Object.entries(result.counters).filter(
      ([key, count]) => /^vmexit\.[^.]+$/.test(key) && count > 0,
    );
    expect(Object.fromEntries(exits)).toEqual({
      'vmexit.total': 187,
      'vmexit.cpuid': 100,
      'vmexit.cr3_write': 8,
      'vmexit.pf': 64 + 15,
    });
  });
});
