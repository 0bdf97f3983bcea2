import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../src/errors.js';
import { assertUnreachable, invariant } from '../../../src/util/assert.js';

describe('assertions', () => {
  it('say which promise was broken, as an internal error', () => {
    expect(() => invariant(false, 'writable mappings are counted')).toThrow(InternalError);
    expect(() => invariant(false, 'x')).toThrow('invariant broken: x');
    expect(() => invariant(true, 'x')).not.toThrow();
  });

  it('name the case that a switch forgot', () => {
    expect(() => assertUnreachable({ kind: 'new' } as never)).toThrow('unhandled case {"kind":"new"}');
  });
});
