import { describe, expect, it } from 'vitest';
import { gridPoints, valuesOf } from '../../../src/batch/grid.js';
import { readSpec, type Spec } from '../../../src/batch/spec.js';
import { parseDocument } from '../../../src/config/document.js';
import { P2msimError } from '../../../src/errors.js';

async function read(text: string, file = 's.toml'): Promise<Spec> {
  return readSpec(await parseDocument(text, file), ['hap']);
}

/** Points as `mode key=value ...`, with the trace and the name where they tell something. */
async function points(text: string, file?: string): Promise<string[]> {
  const { grid } = await read(text, file);
  return gridPoints(grid).map(({ name, trace, machine }) => {
    const values = Object.entries(valuesOf(machine)).map(([key, value]) => `${key}=${value}`);
    const words = [...(name === null ? [] : [`'${name}'`]), ...(grid.traces.length > 1 ? [trace] : [])];
    return [...words, machine.mode, ...values].join(' ');
  });
}

async function errorOf(text: string): Promise<string> {
  try {
    gridPoints((await read(text)).grid);
  } catch (error) {
    if (error instanceof P2msimError) return error.message;
    throw error;
  }
  return 'nothing was thrown';
}

const TRACE = 'traces = ["a.csv"]\n';

describe('a specification', () => {
  it('crosses axes, the last fastest, then seeds, then modes; traces slowest', async () => {
    const text = `
      traces = ["a.csv", "b.csv"]
      modes = ["hap", "shadow"]
      seeds = [1, 2]
      [axes]
      stlb.entries = [768, 1536]`;
    const wanted = ['a.csv', 'b.csv'].flatMap((trace) =>
      [768, 1536].flatMap((entries) =>
        [1, 2].flatMap((seed) =>
          ['hap', 'shadow'].map((mode) => `${trace} ${mode} stlb.entries=${entries} seed=${seed}`),
        ),
      ),
    );
    expect(await points(text)).toEqual(wanted);
  });

  it('means the same in JSON', async () => {
    const json = { traces: ['a.csv'], axes: { stlb: { entries: [768, 1536] } }, seeds: [3] };
    expect(await points(JSON.stringify(json), 's.json')).toEqual([
      'hap stlb.entries=768 seed=3',
      'hap stlb.entries=1536 seed=3',
    ]);
  });

  it('takes ranges that multiply or add', async () => {
    const text = `${TRACE}[axes]\nl1d.ways = { from = 1, to = 8 }\nvcpus = { from = 1, to = 5, step = "+2" }`;
    const wanted = [1, 2, 4, 8].flatMap((ways) =>
      [1, 3, 5].map((vcpus) => `hap l1d.ways=${ways} vcpus=${vcpus}`),
    );
    expect(await points(text)).toEqual(wanted);
  });

  it('lets keys go together', async () => {
    const text = `${TRACE}[[zip]]\nguest.pageSize = ["4k", "2m"]\nhost.pageSize = ["4k", "2m"]`;
    expect(await points(text)).toEqual([
      'hap guest.pageSize=4k host.pageSize=4k',
      'hap guest.pageSize=2m host.pageSize=2m',
    ]);
  });

  it('leaves out what is excluded: all conditions of a table, any value of a list', async () => {
    const text = `${TRACE}
      modes = ["native", "hap", "shadow"]
      [axes]
      stlb.entries = [768, 1536]
      [[exclude]]
      mode = ["native", "shadow"]
      stlb.entries = 1536
      [[exclude]]
      mode = "hap"
      stlb.entries = 768`;
    expect(await points(text)).toEqual([
      'native stlb.entries=768',
      'shadow stlb.entries=768',
      'hap stlb.entries=1536',
    ]);
  });

  it('has named points after the grid, in every mode or in those of the point', async () => {
    const text = `${TRACE}
      modes = ["hap", "shadow"]
      [axes]
      preset = ["skylake", "zen2"]
      [[points]]
      name = "large"
      stlb.entries = 3072
      mode = "hap"`;
    expect(await points(text)).toEqual([
      'hap preset=skylake',
      'shadow preset=skylake',
      'hap preset=zen2',
      'shadow preset=zen2',
      "'large' hap stlb.entries=3072",
    ]);
  });

  it('may be named points alone', async () => {
    expect(await points(`${TRACE}[[points]]\nname = "as it is"`)).toEqual(["'as it is' hap"]);
  });

  it('has settings of all points, with the line that they come from', async () => {
    const { settings, preset, range } = await read(
      `${TRACE}preset = "zen2"\nwarmup = 100\n[set]\nguest.frames = "scatter"`,
    );
    expect(settings).toEqual([{ key: 'guest.frames', value: 'scatter', origin: 's.toml:5' }]);
    expect([preset, range]).toEqual(['zen2', { skip: null, warmup: 100, limit: null }]);
  });
});

describe('a mistake in a specification', () => {
  it.each([
    ['modes = ["hap"]', "s.toml: 'traces' is missing; expected a list of trace files"],
    ['traces = "a.csv"', "s.toml:1:10: traces is 'a.csv'; expected a list of trace files"],
    ['traces = []', 's.toml:1:10: traces is empty; expected a list of trace files'],
    ['traces = ["a", "a"]', "s.toml:1:16: 'a' is there twice"],
    [`${TRACE}axis = 1`, "s.toml:2:1: unknown name 'axis' (did you mean 'axes'?)"],
    [`${TRACE}[axes]\nstlb.entrys = [1]`, "s.toml:3:1: unknown configuration key 'stlb.entrys'"],
    [
      `${TRACE}[axes]\nstlb.entries = [768, "many"]`,
      "s.toml:3:22: stlb.entries is 'many'; expected an integer",
    ],
    [`${TRACE}[axes]\nstlb.entries = [768, 768]`, 's.toml:3:16: stlb.entries takes the value 768 twice'],
    [
      `${TRACE}[axes]\nstlb.entries = []`,
      's.toml:3:16: axes.stlb.entries is empty; expected a list of values',
    ],
    [
      `${TRACE}[axes]\nstlb.entries = 768`,
      's.toml:3:16: axes.stlb.entries is 768; expected a list of values',
    ],
    [`${TRACE}[axes]\npreset = ["skylak"]`, "s.toml:3:11: unknown preset 'skylak' (did you mean 'skylake'?)"],
    [`${TRACE}[axes]\nl1d.ways = {from = 1, to = 4, step = "2"}`, "s.toml:3:38: the step is '2'"],
    [`${TRACE}[axes]\nl1d.ways = {from = 1}`, "axes.l1d.ways has no 'to'; expected from and to"],
    [`${TRACE}[[zip]]\nl1d.ways = [1, 2]\nseed = [1]`, 'l1d.ways has 2 values and seed 1; expected as many'],
    [
      `${TRACE}seeds = [1]\n[axes]\nseed = [1, 2]`,
      "s.toml:4:1: 'seed' is swept twice, first in line 2; expected it once",
    ],
    [
      `${TRACE}[axes]\nl1d.ways = [1, 2]\n[[zip]]\nl1d.ways = [4]`,
      "s.toml:5:1: 'l1d.ways' is swept twice, first in line 3; expected it once",
    ],
    [
      `${TRACE}[set]\nl1d.ways = 4\n[axes]\nl1d.ways = [1, 2]`,
      "s.toml:3:1: 'l1d.ways' is set here and swept in line 5; expected one of the two",
    ],
    [
      `${TRACE}set = { seed = 4 }\n[[zip]]\nseed = [1, 2]\nl1d.ways = [1, 2]`,
      "s.toml:2:9: 'seed' is set here and swept in line 4; expected one of the two",
    ],
    [
      `${TRACE}preset = "zen2"\n[axes]\npreset = ["zen3"]`,
      "s.toml:2:1: 'preset' is set here and swept in line 4; expected one of the two",
    ],
    [
      `${TRACE}[set]\nstlb.entries = 768\n"STLB.entries" = 1536`,
      "s.toml:4:1: 'stlb.entries' is there twice, first in line 3; expected it once",
    ],
    [
      `${TRACE}[axes]\nl1d.ways = [1, 2]\n[[exclude]]\nl1d.ways = 1\n"l1d.ways" = 2`,
      "s.toml:6:1: 'l1d.ways' is there twice, first in line 5; expected it once",
    ],
    [
      `${TRACE}[[points]]\nname = "x"\nl1d.ways = 1\n"l1d.ways" = 2`,
      "s.toml:5:1: 'l1d.ways' is there twice, first in line 4; expected it once",
    ],
    [`${TRACE}limit = "10k"`, "s.toml:2:9: limit is '10k'; expected a whole number, at least 0"],
    [`${TRACE}[set]\nguest.mode = "premaped"`, "guest.mode is 'premaped' (did you mean 'premapped'?)"],
    [`${TRACE}[[exclude]]\nl1d.ways = 1`, "s.toml:2:3: 'l1d.ways' is not swept; expected one of trace, mode"],
    [`${TRACE}seeds = [1]\n[[exclude]]\nmode = "shadow"`, "mode 'shadow' is not swept; expected one of hap"],
    [`${TRACE}seeds = [1]\n[[exclude]]\nseed = 2`, 's.toml:3:3: excludes no point'],
    [
      `${TRACE}seeds = [1]\n[[exclude]]\nseed = 1`,
      's.toml:3:3: the sweep has no points: all of them are excluded',
    ],
    [`${TRACE}[[points]]\nseed = 1`, "points[0] has no 'name'"],
    [
      `${TRACE}[[points]]\nname = "x"\ntrace = "b.csv"`,
      "s.toml:4:9: unknown trace 'b.csv' (did you mean 'a.csv'?); traces are a.csv",
    ],
    [
      `${TRACE}seeds = [1]\n[[exclude]]\ntrace = ["b.csv"]`,
      "s.toml:4:10: unknown trace 'b.csv' (did you mean 'a.csv'?); traces are a.csv",
    ],
    [
      `${TRACE}seeds = [1]\n[[exclude]]\nmode = "hapx"`,
      "s.toml:4:8: unknown mode 'hapx' (did you mean 'hap'?)",
    ],
    [
      `${TRACE}modes = [\n  "hap", # fine\n  "hapx",\n]`,
      "s.toml:4:3: unknown mode 'hapx' (did you mean 'hap'?); modes are native, hap, shadow",
    ],
    [`${TRACE}[[points]]\nname = "x"\nmode = "hapx"`, "s.toml:4:8: unknown mode 'hapx'"],
    [`${TRACE}[[points]]\nname = "x"\nmodes = ["hap", "hapx"]`, "s.toml:4:17: unknown mode 'hapx'"],
    [
      `${TRACE}[set]\nshadow.policy = "kvmm"`,
      "s.toml:3:17: unknown shadow policy 'kvmm' (did you mean 'kvm'?); shadow policies are",
    ],
    [`${TRACE}[axes]\nshadow.policy = ["xen", "kvmm"]`, "s.toml:3:25: unknown shadow policy 'kvmm'"],
    [`${TRACE}[axes]\nseed = {from = 1, to = 5000, step = "+1"}`, 'the sweep has more than 4096 points'],
  ])('%j is refused with its place and what is expected', async (text, message) => {
    expect(await errorOf(text)).toContain(message);
  });
});
