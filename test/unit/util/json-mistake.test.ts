import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findJsonMistake, jsonSpots, placeOf } from '../../../src/util/json-mistake.js';

function accepted(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('a mistake in JSON', () => {
  it.each([
    ['', 0, 'it breaks off here'],
    ['{"a": 1', 7, 'it breaks off here'],
    ['{"a": "b', 8, 'it breaks off here'],
    ['{"a" 1}', 5, "expected ':', found '1'"],
    ['{a: 1}', 1, "expected a name in double quotes, found 'a'"],
    ['[1, 2,]', 6, "expected a value, found ']'"],
    ['[1 2]', 3, "expected ',' or ']', found '2'"],
    ['[01]', 2, "expected ',' or ']', found '1'"],
    ['1 x', 2, "expected the end, found 'x'"],
    ['["a\nb"]', 1, 'a text that does not end in its line, or with a bad escape'],
  ])('in %j is at %i', (text, offset, reason) => {
    expect(findJsonMistake(text)).toEqual({ offset, reason });
  });

  it('has a line, a column and its line as text', () => {
    expect(placeOf('{\n  "a": }\n', 9)).toEqual({ line: 2, column: 8, excerpt: '  "a": }' });
    expect(placeOf('', 0)).toEqual({ line: 1, column: 1, excerpt: '' });
  });

  it('is found where JSON.parse refuses, and nowhere else', () => {
    const damaged = fc
      .tuple(fc.json(), fc.nat(), fc.nat(2), fc.constantFrom('', ',', '"', '}', ']', '0', '\\', ' ', '\n'))
      .map(([text, at, cut, put]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + put + text.slice(place + cut);
      });
    fc.assert(
      fc.property(damaged, (text) => {
        expect(findJsonMistake(text) === null).toBe(accepted(text));
      }),
      { seed: 1, numRuns: 3000 },
    );
  });
});

describe('the values of JSON', () => {
  it('are found with their names, in order, twice if they are there twice', () => {
    expect(jsonSpots('{"a": [1, true], "a": "x"}')).toEqual([
      { path: [], name: 0, value: 0 },
      { path: ['a'], name: 1, value: 6 },
      { path: ['a', 0], name: 7, value: 7 },
      { path: ['a', 1], name: 10, value: 10 },
      { path: ['a'], name: 17, value: 22 },
    ]);
  });
});
