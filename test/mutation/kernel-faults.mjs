/**
 * Faults of the kernel that replays plain accesses: is each noticed by the property test that every `npm test` runs?
 *
 *   node test/mutation/kernel-faults.mjs        all faults, some minutes
 *   node test/mutation/kernel-faults.mjs PDE    those whose file or reason contains the word
 *
 * Not part of `npm test`. Exits 1 if any fault survived, 2 if tests are red before any or a fault's line is gone.
 */
import { tryFaults } from './faults.mjs';

const TESTS = ['test/property/replay-kernel.test.ts', 'test/unit/mmu/large-regions.test.ts'];

/** [file, find, replace, why]: `find` occurs exactly once in src/<file>. */
// prettier-ignore
export const FAULTS = [
  // What is plain.
  ['kernels/assembly/plain-walk.ts', '(entry & (P | A | PS)) != (P | A)', '(entry & (P | PS)) != P', 'a PDE without A is taken for plain'],
  ['kernels/assembly/plain-walk.ts', 'isStore ? P | A | RW | D : P | A', 'isStore ? P | A | RW : P | A', 'a store to a page without D is taken for plain'],
  ['kernels/assembly/plain-walk.ts', 'isStore ? P | A | RW | D : P | A', 'isStore ? P | A | RW | D : P', 'a page without A is taken for plain'],
  ['kernels/assembly/plain-walk.ts', 'load<u8>(chunk + (gfn & 0xffff)) == SMALL', 'true', 'p2m leaves are not looked at'],
  ['kernels/assembly/plain-walk.ts', 'payload >>> 1 != table ||', '', 'the table of a PDE is not looked at'],
  ['kernels/assembly/replay.ts', 'if ((key & 1) != 0 && find(first, ways, wanted) >= 0) return false;', '', 'a store without the right in the first level asks the second'],
  // Larger entries, which the kernel does not know.
  ['kernels/assembly/replay.ts', 'if (mayBeLarge(state, key >>> 11)) return false;', '', 'larger entries are not looked for'],
  ['kernels/assembly/replay.ts', 'mayBeLarge(state, key >>> 11)', 'mayBeLarge(state, key >>> 12)', 'the region of another page is looked at'],
  ['mmu/kernel-state.ts', 'large.any ? large.at : 0', '0', 'the kernel is not told of larger entries'],
  ['mmu/tlb-hierarchy.ts', 'if (size !== SIZE_4K) this.large.mark(page, size);', '', 'larger entries are not noted'],
  ['mmu/large-regions.ts', 'if (size === SIZE_1G) this.#everywhere = true;', '', 'entries of 1 GiB are noted as one region'],
  ['mmu/large-regions.ts', '(this.any && this.#arena !== null && this.at === 0)', 'false', 'regions without room are passed over'],
  // Walks from the root.
  ['kernels/assembly/plain-walk.ts', 'entry4 >>> 8 != level3 ||', '', 'the entry of level 4 is not looked at'],
  ['kernels/assembly/plain-walk.ts', 'entry3 >>> 8 != level2 ||', '', 'the entry of level 3 is not looked at'],
  ['kernels/assembly/plain-walk.ts', '|| entry2 >>> 8 != table', '', 'the entry of level 2 is not looked at'],
  ['kernels/assembly/plain-walk.ts', '(entry4 & entry3 & entry2 & (P | A)) != (P | A)', '(entry2 & (P | A)) != (P | A)', 'A is looked at in level 2 alone'],
  ['kernels/assembly/plain-walk.ts', 'const writable = ((entry4 & entry3 & entry2) >> 1) & 1;', 'const writable = (entry2 >> 1) & 1;', 'the right to store is that of level 2 alone'],
  ['kernels/assembly/plain-walk.ts', 'read(state, level3, index3);', '', 'the read of level 3 passes the data caches by'],
  ['mmu/kernel-state.ts', 'words[ROOT_FRAME] = root;', '', 'the root is read as another frame'],
  // What a walk does.
  ['kernels/assembly/plain-walk.ts', 'toFront(pdePayloads, pdeWays, way);', '', 'payloads of PDEs stay behind'],
  ['kernels/assembly/plain-walk.ts', 'more(state + LIVE_PDE)', 'more(state + LIVE_NESTED)', 'entries of the PDE cache are counted elsewhere'],
  ['kernels/assembly/plain-walk.ts', 'level < hit', 'level <= hit', 'the entry that the host walk cache holds is read'],
  ['kernels/assembly/plain-walk.ts', '(leaf >> 6) & 1', '1', 'a page without D may be written'],
  ['kernels/assembly/plain-walk.ts', '<< 24)', '<< 25)', 'high bits of frames are one too high'],
  ['kernels/assembly/plain-walk.ts', '(mfn << 6) | (index >>> 3)', '(mfn << 6) | (index >>> 4)', 'data caches have lines of 128 bytes'],
  // Sets.
  ['kernels/assembly/sets.ts', 'v128.bitselect(v128.load(at - 4), here, upTo)', 'v128.load(at - 4)', 'what is behind a hit moves too'],
  ['kernels/assembly/sets.ts', 'for (at -= 16; at > set; at -= 16) v128.store(at, v128.load(at - 4));', '', 'groups before that of a hit stay'],
  ['kernels/assembly/sets.ts', 'return lost;', 'return 0;', 'new entries are not counted'],
  // What JavaScript makes of it.
  ['mmu/kernel-state.ts', 'this.walks + upper - hits', 'this.walks - hits', 'nested TLB misses of tables are not counted'],
  ['mmu/kernel-state.ts', 'c.guestWalks.add(CACHE_HIT, 2, 1, upper);', '', 'walks from the PDPTE are not counted'],
  ['guest/page-table.ts', 'if (high !== null) (this.#high[slab] = this.#newHigh(slab)).set(high);', '', 'high bits do not move'],
];

// A test looks at the list alone.
if (process.argv[1] === import.meta.filename) await tryFaults(FAULTS, TESTS);
