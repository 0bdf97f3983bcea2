import { expect, it } from 'vitest';
import type { OpenTrace } from '../../../src/trace/open.js';
import { viewOf } from '../../../src/trace/view.js';

it('a view tells what its trace has come to, and its own things as they are then', () => {
  const trace = { path: 'a', bytesRead: 0, skipped: { count: 0, first: null }, decoded: 1, passedOver: 2 };
  let part = 1;
  const view = viewOf(trace as unknown as OpenTrace, {
    path: 'b',
    get part() {
      return { skipped: part, cutAfter: null };
    },
  });
  Object.assign(trace, { bytesRead: 5, skipped: { count: 6, first: 'x' }, decoded: 7, passedOver: 8 });
  part = 9;
  expect(view).toMatchObject({ path: 'b', bytesRead: 5, decoded: 7, passedOver: 8 });
  expect([view.skipped.count, view.part?.skipped]).toEqual([6, 9]);
});
