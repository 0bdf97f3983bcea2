/**
 * Mutation spot-check: does a wrong line in the engine turn a test red?
 *
 *   node test/mutation/spot-check.mjs             all mutations
 *   node test/mutation/spot-check.mjs walk-cache  those whose file or reason contains the word
 *   node test/mutation/spot-check.mjs --near      only the unit tests of the mutated folder: a few minutes
 *
 * Not part of `npm test`. Each mutation is one replacement in one file of src/mmu, src/guest or
 * src/hypervisor, made in a copy of the tree in a temporary folder (the working tree is only read).
 * First the unit tests of that folder run; if they stay green, the other unit tests of the engine, the golden
 * tables and the differential test with 60 seeds (`killed*`: only these noticed). Exits 1 if any mutation
 * survived, 2 if tests are red before any mutation or a mutation's line is not there any more.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyTree, isGreen } from './sandbox.mjs';

const NEAR_ONLY = process.argv.includes('--near');

const ENGINE = ['mmu', 'guest', 'hypervisor', 'sim', 'arch', 'util'].map((folder) => `test/unit/${folder}`);
const FAST = [
  'test/golden-tables/scenarios.test.ts',
  'test/golden-tables/table-stores.test.ts',
  'test/property/differential.test.ts',
];
const SLOW = ['test/golden-tables/walks.test.ts'];

/** [file, find, replace, why]: `find` occurs exactly once in src/<file>. */
// prettier-ignore
export const FAULTS = [
  // Set-associative arrays.
  ['mmu/set-assoc.ts', 'if (this.#policy !== LRU ||', 'if (this.#policy > 1 ||', 'fifo becomes lru'],
  ['mmu/set-assoc.ts', 'if (((entries[base]! ^ key) & mask) === 0) {', 'if (((entries[base]! ^ key) & KEY_MASK) === 0) {', 'the scan ignores the right to write'],
  ['mmu/set-assoc.ts', 'if (((first ^ key) & mask) === 0) continue;', 'if (((first ^ key) & KEY_MASK) === 0) continue;', 'the scan of two levels ignores the right to write'],
  ['mmu/set-assoc.ts', 'this.entries[last] = this.#victim;', '', 'an entry taken back leaves a gap'],
  ['mmu/set-assoc.ts', '(from & 1) === 0 ? 1 : 0;', '(from & 1) === 0 ? 0 : 1;', 'plru points at what was used'],
  ['mmu/set-assoc.ts', '- this.#leaves < this.ways ? right', '- this.#leaves <= this.ways ? right', 'plru picks a way that does not exist'],
  ['mmu/set-assoc.ts', 'this.entries[end - 1] = EMPTY;', '', 'a removed entry leaves a double'],
  // TLBs.
  ['mmu/tlb-hierarchy.ts', 'return write && (flags & TLB_W) === 0 ? TLB_REWALK : TLB_HIT;', 'return TLB_HIT;', 'a store needs no right in the first level'],
  ['mmu/tlb-hierarchy.ts', 'level1.fill(page, size, flags, true);', '', 'a second-level hit is not copied up'],
  ['mmu/tlb-hierarchy.ts', 'if ((flags & TLB_G) !== 0) return false;', '', 'global entries are flushed with the rest'],
  ['mmu/tlb-hierarchy.ts', 'return owner === space || owner === KERNEL_SPACE;', 'return owner === space;', 'a flush of one space keeps the kernel pages'],
  ['mmu/page-ids.ts', '(hi | 0) < 0 ? KERNEL_SPACE : space', 'space', 'every space has kernel pages of its own'],
  ['mmu/flush.ts', 'vcpu.tlb.dropNonGlobal(0);', '', 'a switch without flush leaks kernel pages'],
  // Walk caches, data caches.
  ['mmu/walk-cache.ts', 'gfn >>> (9 * (level - 1))', 'gfn >>> (9 * level)', 'host walk-cache tags are one level too wide'],
  ['mmu/walk-cache.ts', 'giants.number[giant]! & (pdpte.sets - 1), giant)', 'giants.number[giant]! & (pdpte.sets - 1), region)', 'level 3 is looked up by the tag of level 2'],
  ['mmu/walk-cache.ts', 'this.writable = (payload & 1) !== 0;', 'this.writable = true;', 'walk-cache hits forget the rights above'],
  ['mmu/walk-cache.ts', 'array.invalidate(set, this.#tag(owner, range, level));', 'if (level > 2) array.invalidate(set, this.#tag(owner, range, level));', 'a fault leaves the level-2 entry'],
  ['mmu/walk-cache.ts', 'this.#ownerOf(tag, level) === owner);', 'this.#ownerOf(tag, level) !== owner);', 'a flush drops the wrong owner'],
  ['mmu/pte-cache.ts', 'index >> 3', 'index >> 4', 'sixteen entries share a line'],
  // Front end and walks.
  ['mmu/front.ts', 'vcpu.tlb.dropPage(page);', '', 'a fault leaves the stale TLB entry'],
  ['mmu/front.ts', 'vcpu.pwc.invalidate(vcpu.space, page);', '', 'a fault leaves stale walk-cache entries'],
  ['mmu/front.ts', 'if (outcome === EMULATED) return;', '', 'an emulated access is retried'],
  ['mmu/page-columns.ts', '((lo & 0xfff) + batch.size[at]! - 1) >>> 12', '((lo & 0xfff) + batch.size[at]!) >>> 12', 'a record that ends at a border crosses it'],
  ['mmu/packer.ts', '((last[slot]! ^ page) & (PAGE | VALID | store)) === 0', '((last[slot]! ^ page) & (PAGE | VALID)) === 0', 'the first store to a page is stripped'],
  ['mmu/block-replay.ts', 'if (disturbed || ((sizes', 'if (((sizes', 'stripping goes on after a fault'],
  ['mmu/native.ts', 'writable &&= (flags & PTE_RW) !== 0;', '', 'native never faults for rights'],
  ['mmu/native.ts', '(writable && (marked & PTE_D) !== 0 ? TLB_W : 0)', '(writable ? TLB_W : 0)', 'a clean page is writable in the TLB'],
  ['mmu/hap.ts', 'let translated = first < guest.levels && combined;', 'let translated = first < guest.levels;', 'a guest-physical entry needs no host walk'],
  ['mmu/hap.ts', 'pwc.insert(vcpu.space, vcpu.page, level + 1, table, writable);', 'pwc.insert(vcpu.space, vcpu.page, level, table, writable);', 'combined entries go to the wrong level'],
  ['mmu/hap.ts', 'translation.size = Math.min(size, host & ~READ_ONLY);', 'translation.size = size;', 'the TLB entry ignores the host leaf'],
  ['mmu/hap.ts', 'vcpu.npwc.invalidate(gfn);', '', 'an EPT violation keeps host walk-cache entries'],
  ['mmu/hap.ts', '(writable && host < READ_ONLY ? TLB_W', '(writable ? TLB_W', 'the TLB lets writes through to the zero page'],
  ['mmu/hap.ts', 'if (why === NOT_WRITABLE) this.#flushAll();', '', 'a copied page leaves its translations in the hardware'],
  ['mmu/nested-walk.ts', 'npwc.insert(gfn, level);', '', 'the host walk cache stays empty'],
  ['mmu/nested-walk.ts', 'return (flags & TLB_W) !== 0 ? size : size | READ_ONLY;', 'return size;', 'the nested TLB hides that a leaf is read-only'],
  ['hypervisor/shadow/invlpg.ts', 'if (d.frames.isOutOfSync(d.pages.back[page]!)) d.pages.setLeaf(', 'd.pages.setLeaf(', 'INVLPG drops in-sync entries too'],
  ['hypervisor/shadow/roots.ts', 'if (roots.length <= 2 * vcpus.length) return;', 'if (roots.length < 2 * vcpus.length) return;', 'L3 pinning ends one root early'],
  ['hypervisor/shadow/roots.ts', 'resyncOwn(d, v);', '', 'a CR3 load resyncs nothing'],
  // Guest.
  ['guest/gfn-allocator.ts', 'this.#free.pop();', 'this.#free.shift();', 'freed frames come back first in, first out'],
  ['guest/gfn-allocator.ts', 'while (first + count > this.ram)', 'while (first + count >= this.ram)', 'the last frame of RAM is never used'],
  ['guest/page-table.ts', '(entries[base | at]! & (PTE_P | PTE_NONE)) === 0) at++;', '(entries[base | at]! & PTE_P) === 0) at++;', 'a table of PROT_NONE leaves counts as empty'],
  ['guest/mappings.ts', 'last.page + pagesOf(last.level - 1) - 1);', 'last.page + pagesOf(last.level - 1));', 'a range flush is one page too long'],
  ['guest/guest.ts', 'last - first + 1 > this.config.flushCeiling', 'last - first + 1 >= this.config.flushCeiling', '33 pages flush everything'],
  ['guest/pcid-slots.ts', 'if (known < 0) this.#next = (this.#next + 1) % SLOTS;', '', 'PCID slots are not taken in turn'],
  ['guest/mappings.ts', 'for (const leaf of gone) guest.dropUsers(leaf.frame, pagesOf(leaf.level - 1));', '', 'unmapped frames are never freed'],
  ['guest/process.ts', 'frame, flags & ~PTE_A);', 'frame, flags);', "a child's entries keep A"],
  ['guest/process.ts', 'flags &= ~PTE_RW;', '', 'fork leaves the parent writable'],
  ['guest/process.ts', 'guest.addUsers(frame, pagesOf(level - 1));', '', 'fork takes no users'],
  ['guest/fault.ts', 'if (guest.users.get(frame) === 1)', 'if (guest.users.get(frame) <= 1)', 'the zero page is made writable in place'],
  ['guest/fault.ts', 'if ((guest.tables.flags(table, index) & (PTE_P | PTE_NONE)) !== 0) continue;', '', 'fault-around maps over what is there'],
  ['guest/fault.ts', 'const first = page - (page % block);', 'const first = page;', 'fault-around is not aligned'],
  ['guest/fault.ts', 'guest.dropUsers(frame, 1);', '', 'a copy leaves the old user'],
  ['guest/address-space.ts', 'else if (vpn >= vma.end)', 'else if (vpn > vma.end)', 'a mapping has one page more'],
  // Hypervisor.
  ['hypervisor/p2m.ts', 'if (end > this.#ram ||', 'if (end >= this.#ram ||', 'the last superpage of RAM is splintered'],
  ['hypervisor/p2m.ts', 'export const MFN_OFFSET = 0x7a000;', 'export const MFN_OFFSET = 0x7a001;', 'out-of-sync slots are one off'],
  ['hypervisor/fill-runs.ts', 'if (!entries.isBacked(at)) return;', '', 'a run of which nothing is there does not end the group'],
  ['hypervisor/p2m-fill.ts', 'this.#p2m.unmap(gfn);', '', 'a copied page keeps its p2m entry'],
  ['hypervisor/fill-runs.ts', 'backed &&= entries.isBacked(at);', 'backed = entries.isBacked(at);', 'a run goes on after an absent page'],
  ['hypervisor/host-memory.ts', 'if (huge) this.#split(regionOf(gfn));', '', 'a huge zero page is not split'],
  ['hypervisor/shadow/pages.ts', '|| (old & SH_RW & ~value) !== 0;', ';', 'a lost right flushes nothing'],
  ['hypervisor/shadow/pages.ts', 'if (page < this.#lowestFree) this.#lowestFree = page;', '', 'page numbers are never used again'],
  ['hypervisor/shadow/pages.ts', 'if (entry >= 0 && this.#up[page] === entry) this.#up[page] = -1;', '', 'an up-pointer outlives its entry'],
  ['hypervisor/shadow/propagate.ts', 'return d.policy.withheldEntries ? SH_WITHHELD : 0;', 'return 0;', 'a withheld entry is empty'],
  ['hypervisor/shadow/propagate.ts', 'const clean = (flags & PTE_RW) === 0 || (flags & PTE_D) === 0;', 'const clean = (flags & PTE_RW) === 0;', 'a clean page is writable in its shadow'],
  ['hypervisor/shadow/propagate.ts', 'if (slot.fixups.includes(at)) return;', '', 'a mapping takes two fixups'],
  ['hypervisor/shadow/oos.ts', 'const target = moves ? (home + 1) % slots.length : home;', 'const target = home;', 'the occupant of a slot never moves'],
  ['hypervisor/shadow/oos.ts', 'if ((entries[i]! & SH_P) === 0) continue;', '', 'a resync fills empty entries'],
  ['hypervisor/shadow/oos.ts', 'd.frames.forbidWrite(gfn);', '', 'a table in sync may be written'],
  ['hypervisor/shadow/oos.ts', 'for (const other of d.vcpus) if (other !== v) resyncOwn(d, other, v);', '', 'resync all forgets the other vcpus'],
  ['hypervisor/shadow/emulate.ts', 'if (wasPresent || isPresent) validate(', 'if (isPresent) validate(', 'an unmapping store leaves the shadow'],
  ['hypervisor/shadow/emulate.ts', 'v.zeroStores = v.lastUnshadowGfn === gfn ? v.zeroStores + 1 : 1;', 'v.zeroStores += 1;', 'stores of zero to several tables unshadow'],
  ['hypervisor/shadow/prefetch.ts', 'Math.min(first + prefetchEntries, ENTRIES)', 'Math.min(first + 1 + prefetchEntries, ENTRIES)', 'prefetch of one more'],
  ['hypervisor/shadow/leaf-shadow.ts', "if (linkedUpper && d.policy.linkSyncs === 'all') resyncAll(d, v);", '', 'a new upper shadow resyncs nothing'],
  ['hypervisor/shadow/fault.ts', 'if (walk.leaf === L1 && d.frames.isOutOfSync(walk.table[L1]!)) updateSnapshot(', 'if (walk.leaf === 9) updateSnapshot(', 'a fill does not reach the snapshot'],
  ['hypervisor/shadow/write-access.ts', 'v.lastWritable = page;', '', 'the last search is not remembered'],
  ['hypervisor/shadow/write-access.ts', 'if (pages.writable(gfn) === 0) return true;', 'return true;', 'the search ends after one shadow'],
  ['hypervisor/shadow/policies/xen.ts', 'oosFixups: 2,', 'oosFixups: 3,', 'three writable mappings of a table'],
  // KVM's shadow pager.
  ['hypervisor/shadow/unsync.ts', 'for (const page of d.pages.shadowsOf(gfn)) d.unsynced.add(page);', 'd.unsynced.add(d.pages.shadowsOf(gfn)[0]);', 'one shadow of a table goes out of sync alone'],
  ['hypervisor/shadow/unsync.ts', 'd.unsynced.delete(page);', '', 'a synced table stays marked'],
  ['hypervisor/shadow/unsync.ts', "if (d.policy.invlpg === 'refill') prefetchEntry(d, page, index);", '', 'INVLPG refills nothing'],
  ['hypervisor/shadow/unsync.ts', 'if ((flags & PTE_P) === 0 || (flags & PTE_A) === 0) return false;', 'if ((flags & PTE_P) === 0) return false;', 'INVLPG counts a refill of an entry with A clear'],
  ['hypervisor/shadow/zap.ts', 'for (const below of unsyncedBelow(d, page)) d.pages.zap(below);', '', 'out-of-sync tables outlive their parent'],
  ['hypervisor/shadow/zap.ts', 'if (parent === top || hangsBelow(d, parent, top)) return true;', 'if (parent === top) return true;', 'only children of the root are synced'],
  ['hypervisor/shadow/reserve.ts', 'const kept = new Set(d.vcpus.flatMap((v) => [v.root, ...v.previous]));', 'const kept = new Set(d.vcpus.map((v) => v.root));', 'roots at hand are recycled'],
  ['hypervisor/shadow/reserve.ts', "if (d.freePages >= wanted) return; if (d.policy.recycle === 'oldest')", "if (d.freePages > wanted) return; if (d.policy.recycle === 'oldest')", 'recycling begins one page early'],
  ['hypervisor/shadow/roots.ts', '.slice(0, d.policy.previousRoots + 1);', '.slice(0, d.policy.previousRoots);', 'the last root at hand is lost'],
  ['hypervisor/shadow/roots.ts', 'const known = v.previous.find((page) => pages.back[page] === space.root);', 'const known = undefined;', 'a root at hand is not used up'],
  ['hypervisor/shadow/leaf-shadow.ts', "if (d.policy.linkSyncs === 'linked') syncBelow(d, v, child);", '', 'stale tables are linked in'],
  ['hypervisor/shadow/leaf-shadow.ts', 'd.pages.rights[entry >> 3] === rights', 'true', 'a splintered shadow of other rights is kept'],
  ['hypervisor/shadow/leaf-shadow.ts', 'if (removeWriteAccess(d, v, gfn)) d.flushAllVcpus();', '', 'a new table can still be written'],
  ['hypervisor/shadow/leaf-shadow.ts', '&& !frames.rangeHasTable(gfn)', '', 'a large entry covers tables'],
  ['hypervisor/shadow/prefetch.ts', 'index - (index % prefetchEntries)', 'index', 'the group begins at the fault'],
  ['hypervisor/shadow/emulate.ts', 'pages.setUpper(page, index, 0);', '', 'an emulated store leaves the entry'],
  ['hypervisor/shadow/emulate.ts', 'return d.floods[page] >= d.policy.unshadowAfter;', 'return d.floods[page] > d.policy.unshadowAfter;', 'the fourth store drops the shadow'],
  ['hypervisor/shadow/fault.ts', 'this.#usePath(v, hi, lo); this.#emulate(', 'this.#emulate(', 'an emulated store is no use of its path'],
  ['hypervisor/shadow/fault.ts', 'if (!sameMarks || old !== entry) prefetch(', 'prefetch(', 'a spurious fault prefetches'],
  ['hypervisor/shadow/fault.ts', 'd.policy.faultRefreshes && this.#walk.forbidden', 'd.policy.faultRefreshes', 'a fault on an absent page refreshes too'],
  ['hypervisor/shadow/reverse-map.ts', 'frame - (frame % FRAMES_OF_2M)', 'frame', 'a large entry maps its first frame alone'],
  ['hypervisor/shadow/table-frames.ts', 'this.#inRange.set(gfn >>> 9, this.#inRange.get(gfn >>> 9) - 1);', '', 'a range keeps its tables for good'],
  ['hypervisor/shadow/guest-walk.ts', 'const clean = (flags & PTE_D) === 0 ? ~RIGHT_W : ALL_RIGHTS;', 'const clean = ALL_RIGHTS;', 'a clean superpage grants stores'],
  ['hypervisor/shadow/guest-walk.ts', 'for (let l = L4; l > level; l--) rights &= rightsOf(this.flags[l]!);', '', 'rights above a table are forgotten'],
  ['hypervisor/shadow/host.ts', "if (d.host.bring(gfn, write) !== 'copied') return 'there';", "d.host.bring(gfn, write); return 'there';", 'the zero page stays mapped'],
  ['hypervisor/shadow/invlpg.ts', '[v.root, ...v.previous]', '[v.root]', 'INVLPG reaches the loaded root alone'],
  ['hypervisor/shadow/entry-marks.ts', 'marks[index]! | A | (write ? D : 0)', 'marks[index]! | A', 'the processor sets no D'],
  ['hypervisor/shadow/entry-marks.ts', 'const value = (accessed ? A : 0) |', 'const value = A |', 'a prefetched entry looks used'],
  ['hypervisor/shadow/propagate.ts', "if (reason === 'sync') return", "if (reason === 'never') return", 'a sync takes the right to store to tables'],
  ['hypervisor/shadow/policies/load.ts', 'const field = Object.hasOwn(fields, name) ?', 'const field = true ?', 'what every object has is a field'],
];

const MUTATIONS = FAULTS.map(([file, find, replace, why]) => ({ file: `src/${file}`, find, replace, why }));

/** `find` as an expression: where it has a space the file may break the line. */
export function pattern(find) {
  const escaped = find.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/\s+/g, '\\s+');
  return new RegExp(escaped, 'g');
}

/** The tests to try in turn: those nearest to the file first, the slowest last. */
function stages(folder, file) {
  const own = [`test/unit/${file.split('/')[1]}`];
  // What the shadow pager does shows in the backend that drives it.
  if (file.includes('/shadow/')) own.push('test/unit/mmu/shadow');
  const others = ENGINE.filter((path) => !own.includes(path));
  const far = NEAR_ONLY ? [] : [[...others, ...FAST], SLOW];
  return [own, ...far].map((tests) =>
    tests.filter((path) => path.endsWith('shadow') || existsSync(join(folder, path))),
  );
}

/** Sets of tests that are green without a mutation. */
const greenBefore = new Set();

/** Throws unless `tests` are green in the unchanged copy; asked once for each set of tests. */
async function checkBaseline(folder, tests) {
  const name = tests.join(' ');
  if (greenBefore.has(name)) return;
  if (!(await isGreen(folder, tests))) throw new Error(`the tests are red before any mutation: ${name}`);
  greenBefore.add(name);
}

/** `killed` or `survived`, and after which stage. */
async function verdictOf(folder, { file, find, replace }) {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const [near, ...far] = stages(folder, file);
  for (const tests of [near, ...far]) {
    if (tests.length === 0) continue;
    await checkBaseline(folder, tests);
    writeFileSync(
      path,
      text.replace(pattern(find), () => replace),
    );
    const green = await isGreen(folder, tests);
    writeFileSync(path, text);
    if (!green) return tests === near ? 'killed' : 'killed*';
  }
  return 'survived';
}

/** Lines of mutations that are not in the file exactly once. */
function outdated(folder, mutations) {
  return mutations.flatMap(({ file, find }) => {
    const found = [...readFileSync(join(folder, file), 'utf8').matchAll(pattern(find))].length;
    return found === 1 ? [] : [`${file}: '${find}' occurs ${found} times, expected 1`];
  });
}

async function main() {
  const word = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? '';
  const chosen = MUTATIONS.filter(({ file, why }) => file.includes(word) || why.includes(word));
  const folder = copyTree();
  try {
    const gone = outdated(folder, chosen);
    if (gone.length > 0) throw new Error(gone.join('\n'));
    let survived = 0;
    for (const [i, mutation] of chosen.entries()) {
      const verdict = await verdictOf(folder, mutation);
      if (verdict === 'survived') survived += 1;
      const file = mutation.file.slice(4);
      console.log(`${String(i + 1).padStart(2)}  ${verdict.padEnd(8)}  ${file.padEnd(34)} ${mutation.why}`);
    }
    console.log(`${chosen.length} mutations, ${chosen.length - survived} killed, ${survived} survived`);
    if (survived > 0) process.exitCode = 1;
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// A test looks at the list alone.
if (process.argv[1] === import.meta.filename) await main();
