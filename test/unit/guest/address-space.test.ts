import { describe, expect, it } from 'vitest';
import { AddressSpace } from '../../../src/guest/address-space.js';
import { perm } from '../../helpers/machine.js';

/** `start-end rights` of each mapping. */
function shown(space: AddressSpace): string[] {
  return space.vmas().map((vma) => {
    const rights = `${vma.perm.read ? 'r' : ''}${vma.perm.write ? 'w' : ''}${vma.perm.exec ? 'x' : ''}`;
    return `${vma.start}-${vma.end} ${rights} ${vma.kind}`;
  });
}

function spaceWith(
  ...ranges: readonly (readonly [start: number, end: number, rights: string])[]
): AddressSpace {
  const space = new AddressSpace(1, 'a', 100, 1);
  for (const [start, end, rights] of ranges) space.add({ start, end, perm: perm(rights), kind: 'lazy' });
  return space;
}

describe('mappings of an address space', () => {
  it('are kept in order, whatever the order of MAPs', () => {
    expect(shown(spaceWith([20, 30, 'r'], [0, 5, 'rw'], [10, 12, 'x']))).toEqual([
      '0-5 rw lazy',
      '10-12 x lazy',
      '20-30 r lazy',
    ]);
  });

  it('are found by page, ends not included', () => {
    const space = spaceWith([20, 30, 'r'], [0, 5, 'r'], [10, 12, 'r']);
    const starts = [0, 4, 5, 9, 10, 11, 12, 19, 20, 29, 30].map((page) => space.vmaAt(page)?.start ?? null);
    expect(starts).toEqual([0, 0, null, null, 10, 10, null, null, 20, 20, null]);
  });

  it('meet a range they share a page with', () => {
    const space = spaceWith([10, 20, 'r']);
    const meets = (start: number, end: number): boolean => space.vmaMeets(start, end);
    expect([meets(0, 10), meets(0, 11), meets(19, 30), meets(20, 30), meets(12, 13), meets(0, 90)]).toEqual([
      false,
      true,
      true,
      false,
      true,
      true,
    ]);
  });

  it('are split by a hole in the middle and trimmed at their borders', () => {
    const space = spaceWith([0, 10, 'r'], [10, 20, 'w'], [20, 30, 'x']);
    space.cut(3, 5);
    space.cut(8, 22);
    expect(shown(space)).toEqual(['0-3 r lazy', '5-8 r lazy', '22-30 x lazy']);
  });

  it('give way to a new mapping over them', () => {
    const space = spaceWith([0, 10, 'r'], [4, 6, 'rw']);
    expect(shown(space)).toEqual(['0-4 r lazy', '4-6 rw lazy', '6-10 r lazy']);
  });

  it('change their rights inside a range only, and only where there is one', () => {
    const space = spaceWith([0, 10, 'rw'], [20, 30, 'rw']);
    space.reprotect(5, 25, perm('r'));
    expect(shown(space)).toEqual(['0-5 rw lazy', '5-10 r lazy', '20-25 r lazy', '25-30 rw lazy']);
  });

  it('are copied to a child, with the image and the edited regions', () => {
    const parent = spaceWith([0, 10, 'rw']);
    parent.image = 7;
    parent.markEdited(0, 10);
    const child = new AddressSpace(2, 'b', 200, 9);
    child.inherit(parent);
    parent.cut(0, 5);
    expect([shown(child), child.image, child.isEdited(511), child.isEdited(512)]).toEqual([
      ['0-10 rw lazy'],
      7,
      true,
      false,
    ]);
  });
});

describe('edited regions', () => {
  it('are all regions of 512 pages that a range meets', () => {
    const space = spaceWith();
    space.markEdited(511, 1025);
    const edited = (): number[] => [0, 1, 2, 3, 4, 5].filter((region) => space.isEdited(region * 512 + 7));
    expect(edited()).toEqual([0, 1, 2]);
    space.markEdited(2048, 2560);
    expect(edited()).toEqual([0, 1, 2, 4]);
    // 512 pages from 1536: the gap between the two closes.
    space.markEdited(1536, 2048);
    expect(edited()).toEqual([0, 1, 2, 3, 4]);
  });
});
