import { describe, expect, it } from 'vitest';
import { PLAIN_OPTIONS, type Output, type ReporterOptions } from '../../../src/report/output.js';
import { table } from '../../../src/report/reporters/table.js';
import { createTableMemory } from '../../../src/counters.js';
import { compare, run } from './fixtures.js';

function lines(output: Output, options: Partial<ReporterOptions> = {}): string[] {
  return table.render(output, { ...PLAIN_OPTIONS, ...options }).split('\n');
}

/**
 * The lines from the one that starts with `first` to the next empty one, the gaps between columns
 * narrowed to two blanks: how wide a column is depends on its neighbours.
 */
function block(all: readonly string[], first: string): string[] {
  const start = all.findIndex((line) => line.startsWith(first));
  const end = all.indexOf('', start);
  return all.slice(start, end < 0 ? undefined : end).map((line) => line.replace(/(?<=\S) {2,}/g, '  '));
}

describe('a run in which nothing happened', () => {
  it('says so without ratios', () => {
    const text = lines(run({ trace: { accesses: 0 } }), { columns: 60 });
    expect(text.slice(0, 3)).toEqual([
      'a.csv  csv, 0 records, 1 address space, sha256 01234567',
      'hap  a machine, preset none, config fedcba98',
      '',
    ]);
    expect(block(text, 'Walk references')).toEqual(['Walk references  count  /walk', '  total  0']);
    expect(block(text, 'VMEXITs')).toEqual([
      'VMEXITs  Intel / AMD name  count  share  /1K rec.',
      '  (none)  0',
    ]);
    expect(block(text, 'Estimated cost')).toEqual([
      'Estimated cost  count  each  cycles  /record  share',
      '  total  0',
    ]);
  });
});

describe('a run', () => {
  const hap = run({
    counters: {
      accesses: 1000,
      'tlb.l1d.hit': 900,
      'tlb.l1d.hit.4k': 900,
      'tlb.stlb.hit': 60,
      'tlb.stlb.hit.4k': 60,
      'tlb.stlb.miss': 40,
      'walk.count': 40,
      'walk.refs': 960,
      'walk.refs.guest': 160,
      'walk.refs.nested': 800,
      'pte.l1': 950,
      'pte.mem': 10,
      'kernel.accesses': 512,
    },
    memory: { 'p2m.pages': 515, 'p2m.pages.peak': 515, 'guest.pages': 4, 'guest.pages.peak': 5 },
  });

  it('shares out accesses by TLB level', () => {
    expect(block(lines(hap, { columns: 40 }), 'Translation')).toEqual([
      'Translation  count  share',
      '  L1 DTLB hits  900  90.00%',
      '  STLB hits  60  6.00%',
      '  TLB misses  40  4.00%',
      '  page accesses  1,000  100.00%',
      '  page walks  40',
    ]);
  });

  it('gives references per walk by dimension', () => {
    // 160 / 40 = 4 guest references per walk and 800 / 40 = 20 nested: a cold 4x4 walk makes 24.
    expect(block(lines(hap, { columns: 40 }), 'Walk references')).toEqual([
      'Walk references  count  /walk',
      '  guest tables  160  4.00',
      '  nested (EPT/NPT)  800  20.00',
      '  total  960  24.00',
      '    from L1 cache  950  23.75',
      '    from memory  10  0.25',
    ]);
  });

  it("keeps the guest kernel's accesses on a line of their own", () => {
    expect(block(lines(hap, { columns: 40 }), 'Guest')).toContain('  kernel accesses  512  512.00');
  });

  it('prints memory in pages, size and peak', () => {
    expect(block(lines(hap, { columns: 60 }), 'Memory')).toEqual([
      'Memory  pages  size  peak',
      '  guest page tables  4  16.00 KiB  5',
      '  p2m (EPT/NPT)  515  2.01 MiB  515',
    ]);
  });

  it('adds up the cost and marks assumptions', () => {
    // 60 x 8 + 950 x 4 + 10 x 200 = 480 + 3,800 + 2,000
    expect(block(lines(hap), 'Estimated cost')).toEqual([
      'Estimated cost  count  each  cycles  /record  share',
      '  second-level TLB hits  60  8  480  0.48  7.64%',
      '  walk references, L1 cache  950  4  3,800  3.80  60.51%',
      '  walk references, memory  10  200  2,000  2.00  31.85%',
      '  total  6,280  6.28  100.00%',
    ]);
  });

  it('puts blocks side by side where there is room', () => {
    expect(lines(hap).some((line) => /^Translation .* Guest /.test(line))).toBe(true);
    expect(lines(hap, { columns: 60 }).some((line) => /^Translation .* Guest /.test(line))).toBe(false);
  });

  it('never exceeds 100 columns, even on a wide terminal', () => {
    expect(Math.max(...lines(hap, { columns: 300 }).map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('splits hits by page size once there is more than one', () => {
    const mixed = run({
      counters: { accesses: 10, 'tlb.l1d.hit': 10, 'tlb.l1d.hit.4k': 6, 'tlb.l1d.hit.2m': 4 },
    });
    expect(block(lines(mixed, { columns: 40 }), 'Translation').slice(1, 4)).toEqual([
      '  L1 DTLB hits  10  100.00%',
      '    4K pages  6  60.00%',
      '    2M pages  4  40.00%',
    ]);
  });

  it('tells retries and re-walks from walks after misses', () => {
    const some = run({
      counters: { 'tlb.stlb.miss': 5, 'walk.rewalk': 2, 'walk.retry': 1, 'walk.count': 8 },
    });
    expect(block(lines(some, { columns: 40 }), 'Translation').slice(-4)).toEqual([
      '  page walks  8',
      '    after TLB misses  5',
      '    rights or dirty bit  2',
      '    retries  1',
    ]);
  });
});

describe('VMEXITs', () => {
  it("carry both vendors' names, kinds of page fault and Xen counters; zero rows are hidden", () => {
    const shadow = run({
      mode: 'shadow',
      counters: { 'vmexit.total': 4, 'vmexit.pf': 3, 'vmexit.pf.fixup': 3, 'vmexit.invlpg': 1 },
    });
    expect(block(lines(shadow), 'VMEXITs')).toEqual([
      'VMEXITs  Intel / AMD name  count  share  /1K rec.',
      '  page fault (#PF)  EXCEPTION_NMI 0 / EXCEPTION_PF 0x4e  3  75.00%  3.00',
      '    fix-up (fill)  Xen: shadow_fault_fixed  3  75.00%  3.00',
      '  INVLPG  INVLPG 14 / INVLPG 0x79  1  25.00%  1.00',
      '  total  4  100.00%  4.00',
    ]);
  });

  it("carry KVM's classes where the policy is KVM's", () => {
    const counters = { 'vmexit.total': 1, 'vmexit.pf': 1, 'vmexit.pf.unsync': 1 };
    const text = lines(run({ mode: 'shadow', policy: 'kvm', counters }));
    expect(block(text, 'VMEXITs')).toContain(
      '    table goes out of sync  KVM: ptWriteUnprotected  1  100.00%  1.00',
    );
  });
});

describe('what a report rests on', () => {
  it('is listed below the numbers, wrapped', () => {
    const text = lines(
      run({ manifest: { assumptions: ['guest model: demand', 'word '.repeat(12).trim()] } }),
      {
        columns: 40,
      },
    );
    expect(text.slice(text.indexOf('Assumptions'))).toEqual([
      'Assumptions',
      '  - guest model: demand',
      '  - word word word word word word word',
      '    word word word word word',
      '',
    ]);
  });

  it('names the modes if it is not true of all', () => {
    const text = lines(
      compare([
        run({ mode: 'hap', manifest: { assumptions: ['common', 'p2m eager'] } }),
        run({ mode: 'native', manifest: { assumptions: ['common'] } }),
      ]),
    );
    expect(text.slice(text.indexOf('Assumptions'))).toEqual([
      'Assumptions',
      '  - common',
      '  - hap: p2m eager',
      '',
    ]);
  });

  it('begins with a flag if the run is incomplete', () => {
    expect(lines(run({ manifest: { incomplete: 'a.csv:9: unknown op' } }))[0]).toBe(
      'INCOMPLETE: a.csv:9: unknown op; the numbers cover the 1,000 records before it',
    );
  });
});

describe('a comparison', () => {
  const result = compare([
    run({ mode: 'native', counters: { 'walk.count': 2, 'walk.refs': 8, 'pte.l1': 8 } }),
    run({
      mode: 'hap',
      counters: { 'walk.count': 2, 'walk.refs': 48, 'pte.l1': 48 },
      memory: { 'p2m.pages': 515 },
    }),
    run({
      mode: 'shadow',
      counters: { 'walk.count': 2, 'walk.refs': 8, 'pte.l1': 8, 'vmexit.total': 1, 'vmexit.cr3_write': 1 },
      memory: { 'p2m.pages': 515, 'shadow.pages': 4, 'shadow.pages.peak': 4 },
    }),
  ]);

  it('has a column per mode, dashes for what a mode lacks, and the verdict', () => {
    // native 8 x 4, hap 48 x 4, shadow 8 x 4 + 1200 + 1500; 192 = 32 + 2700 f at f = 0.0593
    expect(lines(result)).toEqual([
      'a.csv  csv, 1,000 records, 1 address space, sha256 01234567',
      'native  a machine, preset none, config fedcba98',
      'hap  a machine, preset none, config fedcba98',
      'shadow  a machine, preset none, config fedcba98',
      '',
      '                                       native       hap     shadow',
      'L1 TLB hits                                 0         0          0',
      'TLB misses                                  0         0          0',
      'page walks                                  2         2          2',
      'walk references                             8        48          8',
      '  per walk                               4.00     24.00       4.00',
      'VMEXITs                                     -         0          1',
      '  write to CR3: CR_ACCESS / CR3_WRITE       -         0          1',
      'guest page faults                           0         0          0',
      'table memory, hypervisor                    -  2.01 MiB   2.03 MiB',
      '  p2m                                       -  2.01 MiB   2.01 MiB',
      '  shadow                                    -         -  16.00 KiB',
      '    peak                                    -         -  16.00 KiB',
      'estimated cycles                           32       192      2,732',
      '  page walks                               32       192         32',
      '  VMEXITs                                   0         0      2,700',
      // All of the exit's figures are assumptions: 32 + 2700 / 2 and 32 + 2 x 2700.
      '  assumed figures halved                   32       192      1,382',
      '  assumed figures doubled                  32       192      5,432',
      '  per record                             0.03      0.19       2.73',
      '  vs native                             1.00x     6.00x     85.38x',
      '',
      'hap is 14.23x cheaper than shadow here: 192 against 2,732 estimated cycles.',
      'shadow pays 2,700 cycles more in exits (1 VMEXIT against 0); hap pays 160 cycles more in page walks',
      '(48 references against 8).',
      'They break even if a VMEXIT cost 0.059x what the cost table says (on average 160 instead of 2,700',
      'cycles with its handler): dearer exits favour hap, cheaper ones shadow.',
      '',
      'cost is a model, not a measurement: counts times cycles, nothing overlaps (p2msim explain cost)',
      '19 of the 26 figures of the cost table are assumptions',
      '',
    ]);
  });

  it('shows chosen metrics only, zeros too', () => {
    const text = lines(result, { metrics: 'walk.refs,vmexit.pf' });
    expect(text.slice(5)).toEqual([
      'metric     native  hap  shadow',
      'walk.refs       8   48       8',
      'vmexit.pf       0    0       0',
      '',
    ]);
  });

  it('shows every metric after the report on request', () => {
    const text = lines(result, { all: true });
    expect(text.some((line) => /^kernel\.pte\.flat +0 +0 +0$/.test(line))).toBe(true);
    expect(text.some((line) => line.startsWith('estimated cycles'))).toBe(true);
  });

  it('cuts a table of many modes into several', () => {
    const many = compare(Array.from({ length: 12 }, (_, i) => run({ mode: `mode-number-${i}` })));
    const text = lines(many);
    expect(text.filter((line) => line.startsWith('page walks')).length).toBeGreaterThan(1);
    expect(Math.max(...text.map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it('colours headings and the verdict only through the given function', () => {
    const text = table.render(result, {
      ...PLAIN_OPTIONS,
      color: (style, word) => `<${style}>${word}</${style}>`,
    });
    expect(text).toContain('<bold>native</bold>');
    expect(text).toContain('<bold>hap is 14.23x cheaper than shadow here');
  });
});

describe('intervals', () => {
  it('are rows of their own', () => {
    const counters = { accesses: 10, 'tlb.stlb.miss': 1, 'walk.refs': 4, 'vmexit.total': 2 };
    const text = lines(
      run({ intervals: [{ from: 0, accesses: 10, counters, memory: createTableMemory() }] }),
    );
    expect(block(text, 'Intervals')).toEqual([
      'Intervals from  records  page accesses  TLB misses  walk refs  VMEXITs  guest faults  miss share',
      '  0  10  10  1  4  2  0  10.00%',
    ]);
  });
});

describe('several traces', () => {
  it('are reported one after the other', () => {
    const text = table.render([run(), run({ trace: { path: 'b.csv' } })], PLAIN_OPTIONS);
    expect(text.match(/^[ab]\.csv/gm)).toEqual(['a.csv', 'b.csv']);
  });
});
