/**
 * What the documents show of capturing programs, with p2msim, valgrind and perf: every such block is run as docs.test.ts
 * runs the others. A block whose programs are not there is skipped, with the reason.
 */
import { describe, expect, it } from 'vitest';
import { blocksOf, documents, linesOf, scriptOf } from '../helpers/document.js';
import { check, missingFor, Page } from '../helpers/page.js';

const captured = (path: string) =>
  blocksOf(linesOf(path)).filter((block) => scriptOf(block) === 'test:capture');
const PATHS = documents().filter((path) => captured(path).length > 0);

it('there are such blocks', () => {
  expect(PATHS).toEqual(expect.arrayContaining(['README.md', 'docs/capture.md', 'docs/formats.md']));
});

describe.each(PATHS)('%s', (path) => {
  const lines = linesOf(path);
  const page = new Page(lines);
  for (const block of captured(path)) {
    const missing = missingFor(block);
    if (missing.length > 0) console.warn(`skipped: ${path}, line ${block.from + 1}: ${missing.join(', ')}`);
    it.skipIf(missing.length > 0).each(block.commands)('shows what $command prints', (shown) => {
      check(path, lines, page, shown);
    });
  }
});
