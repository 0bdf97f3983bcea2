import { describe, expect, it } from 'vitest';
import { PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW, PTE_US, TABLE_FLAGS } from '../../../src/arch/pte.js';
import { bareGuest, leafOf, pageOf, va } from '../../helpers/machine.js';

/** Direct map of four levels: 0xffff888000000000 is level-4 index 273. */
const DIRECT = 273;
/** Kernel text: 0xffffffff81000000 is l4 511, l3 510, l2 8. */
const TEXT = va({ l4: 511, l3: 510, l2: 8 });
const KERNEL_LEAF = PTE_P | PTE_RW | PTE_A | PTE_D | PTE_G;

describe('the guest before the trace', () => {
  it('takes its tables in the order of the rule book', () => {
    const { guest } = bareGuest();
    // swapper root, direct map L3 and one L2 for 1 GiB of 2m leaves, text L3 and L2, root of space 0.
    expect(guest.swapper.root).toBe(0x1000);
    expect(guest.current[0]!.root).toBe(0x1005);
    expect([guest.tables.inUse, guest.allocator.take()]).toEqual([6, 0x1006]);
  });

  it('maps all RAM in the direct map and the text, global, dirty, not for users', () => {
    const { guest } = bareGuest();
    const direct = leafOf(guest, guest.current[0]!, va({ l4: DIRECT, l2: 3, l1: 77 }));
    expect([direct.level, direct.frame, direct.flags]).toEqual([2, 3 * 512, KERNEL_LEAF | PTE_PS]);
    const text = leafOf(guest, guest.current[0]!, TEXT);
    expect([text.level, text.frame, text.flags]).toEqual([2, 0x800, KERNEL_LEAF | PTE_PS]);
    expect(guest.tables.flags(0x1000, DIRECT)).toBe(TABLE_FLAGS);
  });

  it.each([
    // 1g: L3 table only. 4k: L3, L2 and 512 L1 tables.
    ['1g', 3, 5],
    ['4k', 1, 5 + 1 + 512],
  ] as const)('maps the direct map with %s leaves when told so', (size, level, tables) => {
    const { guest } = bareGuest((config) => (config.guest.directMap = size));
    const leaf = leafOf(guest, guest.swapper, va({ l4: DIRECT, l2: 3, l1: 77 }));
    expect([leaf.level, leaf.frame]).toEqual([level, level === 3 ? 0 : 3 * 512 + 77]);
    expect(guest.tables.inUse).toBe(tables);
  });

  it('has a table more on each path with five levels', () => {
    const { guest } = bareGuest((config) => (config.guest.levels = 5));
    // swapper; direct map L4, L3, L2; text L4, L3, L2; root of space 0.
    expect(guest.tables.inUse).toBe(8);
    // 0xff11000000000000 is l5 273; text is l5 511, l4 511.
    expect(leafOf(guest, guest.swapper, va({ l5: 273, l2: 1 })).frame).toBe(512);
    expect(leafOf(guest, guest.swapper, va({ l5: 511, l4: 511, l3: 510, l2: 8 })).frame).toBe(0x800);
  });

  it('extends the direct map when RAM doubles, in the same tables', () => {
    const { guest, log } = bareGuest();
    guest.allocator.takeRun(0x20000); // [0x20000, 0x40000): the first GiB is used up
    const frame = guest.allocator.take();
    expect(log.lines).toEqual(['ram 524288']);
    // One more L2 table for the second GiB, which comes before the frame that was asked for.
    expect([guest.tables.inUse, guest.tables.isTable(0x40000), frame]).toEqual([7, true, 0x40001]);
    expect(leafOf(guest, guest.current[0]!, va({ l4: DIRECT, l3: 1, l2: 2 })).frame).toBe(0x40000 + 1024);
  });

  it('leaves no hole in the direct map when one run takes all that RAM grows by', () => {
    const { guest, log } = bareGuest();
    guest.allocator.takeRun(0x40000); // [0x40000, 0x80000)
    guest.allocator.takeRun(0x80000); // the new tables come first, so [0x100000, 0x180000)
    // The tables of the second GiB come from what was free below 0x40000.
    expect(log.lines).toEqual(['ram 524288', 'ram 1048576', 'ram 2097152']);
    for (const l3 of [0, 1, 2, 3, 4, 5, 6, 7]) {
      expect(leafOf(guest, guest.swapper, va({ l4: DIRECT, l3 })).frame).toBe(l3 * 0x40000);
    }
  });
});

describe('address spaces', () => {
  it('named for the first time get a root with the kernel half, silently', () => {
    const { guest, log, counters } = bareGuest();
    const a = guest.space('a');
    expect(guest.space('a')).toBe(a);
    expect(guest.tables.frame(a.root, DIRECT)).toBe(guest.tables.frame(guest.swapper.root, DIRECT));
    expect(guest.tables.flags(a.root, 511)).toBe(TABLE_FLAGS);
    expect([log.lines, counters.tableWrites, counters.framesZeroed]).toEqual([[], 0, 0]);
    expect([guest.spacesMade, guest.knows('a'), guest.knows('b')]).toEqual([2, true, false]);
  });

  it('have different tags, none of them 0', () => {
    const { guest } = bareGuest();
    const ids = [guest.swapper, guest.space('0'), guest.space('a'), guest.space('b')].map(
      (space) => space.id,
    );
    expect(new Set([0, ...ids]).size).toBe(5);
  });
});

describe('switching', () => {
  it('to the loaded space does nothing', () => {
    const { guest, log, counters } = bareGuest();
    guest.switchTo(0, guest.space('0'));
    expect([log.lines, counters.cr3Loads]).toEqual([[], 0]);
  });

  it('without PCID flushes what is not global; a CR3 load of the same value too', () => {
    const { guest, log, counters } = bareGuest();
    guest.switchTo(0, guest.space('a'));
    guest.loadCr3(0, guest.space('a'), true);
    expect(log.lines).toEqual(['cr3 0 a non-global', 'cr3 0 a non-global']);
    expect(counters.cr3Loads).toBe(2);
    expect(guest.current[0]).toBe(guest.space('a'));
  });

  it('with PCID has six slots a vcpu, taken round robin', () => {
    const { guest, log } = bareGuest((config) => {
      config.guest.pcid = true;
      config.vcpus = 2;
    });
    const to = (name: string, vcpu = 0): void => guest.switchTo(vcpu, guest.space(name));
    const id = (name: string): number => guest.space(name).id;
    const flushed: number[] = [];
    guest.port.cr3 = (vcpu, space, flush) => {
      log.lines.push(`${vcpu} ${space.name} ${flush.kind}`);
      if (flush.kind === 'space') flushed.push(flush.id);
    };
    for (const name of ['a', 'b', 'c', 'd', 'e']) to(name); // slots 1 to 5; slot 0 is space 0
    to('a'); // in a slot
    expect(log.lines).toEqual(['0 a none', '0 b none', '0 c none', '0 d none', '0 e none', '0 a none']);
    log.lines.length = 0;
    to('f'); // slot 0: flushes space 0
    to('0'); // slot 1: flushes a
    to('b'); // still in slot 2
    to('a'); // slot 2: flushes b
    expect(log.lines).toEqual(['0 f space', '0 0 space', '0 b none', '0 a space']);
    expect(flushed).toEqual([id('0'), id('a'), id('b')]);
    to('f', 1); // the other vcpu has slots of its own
    expect(log.lines.at(-1)).toBe('1 f none');
  });

  it('by CR3 with PCID flushes the space unless told not to', () => {
    const { guest, log } = bareGuest((config) => (config.guest.pcid = true));
    guest.loadCr3(0, guest.space('a'), false);
    guest.loadCr3(0, guest.space('a'), true);
    expect(log.lines).toEqual(['cr3 0 a space', 'cr3 0 a none']);
  });
});

describe('frames', () => {
  it('are freed when their last user goes', () => {
    const { guest } = bareGuest();
    const take = (): number => guest.takeData(guest.current[0]!, 0);
    const frame = take();
    guest.addUsers(frame, 1);
    guest.dropUsers(frame, 1);
    expect(take()).toBe(frame + 1);
    guest.dropUsers(frame, 1);
    expect(take()).toBe(frame);
  });

  it('without users gain and lose none (page cache, named by MAP)', () => {
    const { guest } = bareGuest();
    guest.addUsers(0x2000, 4);
    guest.dropUsers(0x2000, 4);
    expect(guest.users.get(0x2000)).toBe(0);
    expect(guest.allocator.take()).toBe(0x1006);
  });

  it('of thp come from one aligned run per 2 MiB, which never returns to the free list', () => {
    const { guest } = bareGuest((config) => (config.guest.frames = 'thp'));
    const space = guest.current[0]!;
    const page = pageOf(va({ l2: 1, l1: 5 }));
    expect(guest.takeData(space, page)).toBe(0x1205);
    expect(guest.takeData(space, page + 1)).toBe(0x1206);
    expect(guest.takeData(space, page + 512)).toBe(0x1405);
    guest.dropUsers(0x1205, 1);
    expect(guest.allocator.take()).toBe(0x1600);
    expect(guest.takeData(space, page)).toBe(0x1205);
    // The frame has a user: the page gets a fresh one.
    expect(guest.takeData(space, page)).toBe(0x1601);
    // Tables and copies of other spaces come from elsewhere: runs belong to a space.
    expect(guest.takeData(guest.space('b'), page)).toBe(0x1805);
  });

  it('of the page cache belong to one page of one image', () => {
    const { guest } = bareGuest();
    const a = guest.current[0]!;
    const b = guest.space('b'); // takes 0x1006 for its root
    const frame = guest.cacheFrame(a, 10);
    expect([frame, guest.cacheFrame(a, 10), guest.cacheFrame(a, 11)]).toEqual([0x1007, 0x1007, 0x1008]);
    expect(guest.cacheFrame(b, 10)).toBe(0x1009);
    b.image = a.image;
    expect(guest.cacheFrame(b, 10)).toBe(frame);
  });
});

describe('stores of the kernel', () => {
  it('go through the direct map at 8 bytes an entry', () => {
    const { guest } = bareGuest();
    const at: string[] = [];
    guest.port.access = (vcpu, hi, lo, write) => {
      at.push(`${vcpu} ${(hi >>> 0).toString(16)}:${lo.toString(16)} ${write ? 'W' : 'R'}`);
      return true;
    };
    guest.storeEntry(0, 0x1234, 511, 7, PTE_P);
    guest.readEntry(0, 0x100000, 1); // 4 GiB further on: the upper half moves
    expect(at).toEqual(['0 ffff8880:1234ff8 W', '0 ffff8881:8 R']);
    expect([guest.tables.frame(0x1234, 511), guest.tables.flags(0x1234, 511)]).toEqual([7, PTE_P]);
  });

  it('of a frame being zeroed are 512, however many are batched after a hit', () => {
    const { guest, counters } = bareGuest();
    let single = 0;
    let more = 0;
    guest.port.access = () => ++single === 3; // the third hits
    guest.port.moreHits = (_vcpu, write, n) => (more += write ? n : 0);
    guest.tables.set(0x2000, 500, 9, PTE_P);
    guest.zeroFrame(0, 0x2000);
    expect([single, more, counters.framesZeroed]).toEqual([3, 509, 1]);
    expect(guest.tables.isEmpty(0x2000)).toBe(true);
  });

  it('do not make a data frame a table', () => {
    const { guest } = bareGuest();
    guest.zeroFrame(0, 0x2000);
    expect(guest.tables.isTable(0x2000)).toBe(false);
  });

  it('of a copy are 512 loads of the source, then 512 stores', () => {
    const { guest, counters } = bareGuest();
    const seen: string[] = [];
    guest.port.access = (_vcpu, _hi, lo, write) => {
      seen.push(`${write ? 'W' : 'R'}${lo >>> 12}`);
      return true;
    };
    guest.port.moreHits = (_vcpu, write, n) => seen.push(`${write ? 'W' : 'R'}+${n}`);
    guest.copyFrame(0, 0x30, 0x20);
    expect(seen).toEqual(['R32', 'R+511', 'W48', 'W+511']);
    expect(counters.framesCopied).toBe(1);
  });

  it('that a hypervisor has carried out are not made twice', () => {
    const { guest } = bareGuest();
    guest.port.access = () => {
      guest.tables.set(0x1500, 3, 77, PTE_P);
      guest.pending.applied = true;
      return false;
    };
    guest.storeEntry(0, 0x1500, 3, 5, PTE_P);
    expect(guest.tables.frame(0x1500, 3)).toBe(77);
    expect(guest.pending.active).toBe(false);
  });
});

describe('a premapped region', () => {
  const first = pageOf(va({ l2: 1 }));

  it('gets 512 frames in ascending order after its tables, accessed and dirty', () => {
    const { guest } = bareGuest();
    guest.premap(guest.current[0]!, first + 7);
    // L3 0x1006, L2 0x1007, L1 0x1008, then the frames.
    const leaf = leafOf(guest, guest.current[0]!, va({ l2: 1, l1: 9 }));
    expect([leaf.frame, leaf.flags]).toEqual([0x1009 + 9, PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D]);
    expect(leafOf(guest, guest.current[0]!, va({ l2: 1, l1: 511 })).frame).toBe(0x1009 + 511);
    expect(leafOf(guest, guest.current[0]!, va({ l2: 2 })).flags).toBe(0);
  });

  it('is left alone if the trace edited it', () => {
    const { guest } = bareGuest();
    guest.current[0]!.markEdited(512, 513);
    guest.premap(guest.current[0]!, first);
    expect(leafOf(guest, guest.current[0]!, va({ l2: 1 })).level).toBe(4);
  });

  it('is one leaf over an aligned run with 2m pages', () => {
    const { guest } = bareGuest((config) => (config.guest.pageSize = '2m'));
    guest.premap(guest.current[0]!, first + 7);
    const leaf = leafOf(guest, guest.current[0]!, va({ l2: 1, l1: 9 }));
    expect([leaf.level, leaf.frame]).toEqual([2, 0x1200]);
  });

  it('of the high half is shared by all spaces, without US', () => {
    const { guest } = bareGuest();
    const a = guest.space('a');
    const at = va({ l4: 400, l2: 1, l1: 3 });
    guest.premap(guest.current[0]!, pageOf(at));
    expect(leafOf(guest, a, at)).toEqual(leafOf(guest, guest.current[0]!, at));
    expect(leafOf(guest, a, at).flags).toBe(PTE_P | PTE_RW | PTE_A | PTE_D);
  });

  it('already under a superpage stays as it is', () => {
    const { guest } = bareGuest();
    const at = va({ l4: DIRECT, l2: 1, l1: 3 });
    const before = guest.tables.inUse;
    guest.premap(guest.current[0]!, pageOf(at));
    expect([leafOf(guest, guest.swapper, at).level, guest.tables.inUse]).toEqual([2, before]);
  });
});

describe('the digest of the tables', () => {
  it('does not see A and D, but sees frames and rights', () => {
    const digestWith = (frame: number, flags: number): string => {
      const { guest } = bareGuest();
      guest.mapSilently(guest.current[0]!.root, pageOf(va({ l1: 5 })), 0, frame, flags);
      return guest.digest();
    };
    const plain = digestWith(9, PTE_P | PTE_RW);
    expect(digestWith(9, PTE_P | PTE_RW | PTE_A | PTE_D)).toBe(plain);
    expect(digestWith(10, PTE_P | PTE_RW)).not.toBe(plain);
    expect(digestWith(9, PTE_P)).not.toBe(plain);
  });

  it('lists page, level, frame and rights of every leaf', () => {
    const { guest } = bareGuest();
    guest.mapSilently(guest.current[0]!.root, pageOf(va({ l2: 1, l1: 5 })), 0, 9, PTE_P | PTE_RW | PTE_US);
    // Page 0x205 at level 1, frame 9, RW + US = 6.
    expect(guest.tablesText().split('\n').slice(0, 2)).toEqual(['space 0', '205 1 9 6']);
  });
});
