/** The lists of faults in test/mutation, which run by hand: each fault is still one of a line that is there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

type Fault = readonly [file: string, find: string, replace: string, why: string];

const ROOT = join(import.meta.dirname, '../../..');

/** What a script has; `pattern`: how it looks for `find`, if not letter by letter. */
interface Script {
  readonly FAULTS: readonly Fault[];
  readonly pattern?: (find: string) => RegExp;
}

describe.each(['reader-faults.mjs', 'kernel-faults.mjs', 'spot-check.mjs'])('%s', async (script) => {
  const url = pathToFileURL(join(ROOT, 'test/mutation', script)).href;
  const { FAULTS, pattern = (find) => find } = (await import(url)) as Script;

  it('replaces what is in its file once', () => {
    const stale = FAULTS.filter(
      ([file, find]) => readFileSync(join(ROOT, 'src', file), 'utf8').split(pattern(find)).length !== 2,
    );
    expect(stale).toEqual([]);
  });

  it('has no fault twice', () => {
    const all = FAULTS.map(([file, find, replace]) => [file, find, replace].join('\n'));
    expect(all.filter((fault, i) => all.indexOf(fault) !== i)).toEqual([]);
  });
});
