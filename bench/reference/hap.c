/*
 * Reference B: the TLBs of tlb.c, written for speed, and the two-dimensional walk of docs/model.md 3.2 and 5 behind them.
 *
 * Guest and p2m are real radix tables of 4 levels and 4 KiB leaves; walk caches for the guest (PDE 8 sets x 4, PDPTE
 * 4 x 4, PML4E 1 x 4, entries point at host-physical addresses) and the host (PDE 8 x 4), nested TLB of 32 x 4. The guest is
 * premapped and takes its frames in the order of docs/model.md 7.1, 7.2 and 7.6: that decides which sets are used.
 */
#include "reference.h"

#define EMPTY 0xffffffffu
#define INLINE static inline __attribute__((always_inline))

/* --- TLBs ------------------------------------------------------------------------------------------ */

#define L1_SETS 16
#define L1_WAYS 4
#define L2_SETS 128
#define L2_WAYS 12

static const record *list;
static size_t count;
static uint32_t l1d[L1_SETS * L1_WAYS], l1i[L1_SETS * L1_WAYS], stlb[L2_SETS * L2_WAYS];

static void walk(uint32_t page);

/* 1 on a hit, else `tag` is entered and the last way dropped, in the same pass; either way it is in front afterwards. */
INLINE int touch(uint32_t *set, uint32_t tag, int ways) {
  uint32_t moved = set[0];
  if (moved == tag) return 1;
  for (int way = 1; way < ways; way++) {
    uint32_t here = set[way];
    set[way] = moved;
    if (here == tag) {
      set[0] = tag;
      return 1;
    }
    moved = here;
  }
  set[0] = tag;
  return 0;
}

INLINE void first_level_miss(uint32_t page, uint64_t *misses) {
  ++*misses;
  if (touch(stlb + page % L2_SETS * L2_WAYS, page, L2_WAYS)) return;
  stlb_miss++;
  walk(page);
}

INLINE void replay_list(int mixed) {
  for (size_t i = 0; i < count; i++) {
    uint32_t page = list[i].rest << 20 | list[i].lo >> 12;
    int fetch = mixed && KIND(list[i]) == FETCH;
    if (fetch) fetches++;
    if (!touch((fetch ? l1i : l1d) + page % L1_SETS * L1_WAYS, page, L1_WAYS))
      first_level_miss(page, fetch ? &l1i_miss : &l1d_miss);
  }
  accesses += count;
}

static int any_fetch;

static void replay(void) {
  if (any_fetch) replay_list(1);
  else replay_list(0);
}

/* --- guest and p2m: radix tables ---------------------------------------------------------------------- */

#define ENTRIES 512
/* Most table pages, and address space for them; memory is only used as it is touched. */
#define MAX_TABLES (1u << 18)

typedef uint32_t table[ENTRIES];

static table *guest, *host;
static uint32_t guest_tables, host_tables;
/* Frame of each guest table. */
static uint32_t *frame_of;
static uint8_t *settled;

static uint32_t ram, next_frame = 0x1000;

static void map_host(uint32_t first, uint32_t end) {
  for (uint32_t gfn = first; gfn < end; gfn++) {
    uint32_t at = 0;
    for (int level = 4; level > 1; level--) {
      uint32_t *entry = &host[at][((uint64_t)gfn >> 9 * (level - 1)) % ENTRIES];
      if (*entry == 0) *entry = host_tables++;
      at = *entry;
    }
    host[at][gfn % ENTRIES] = gfn + 1;
  }
}

static uint32_t take(void) {
  while (next_frame + 1 > ram) {
    uint32_t old = ram;
    ram = old == 0 ? 0x40000 : old * 2;
    /* One table of the direct map for each GiB of what is new. */
    if (old != 0) next_frame += (ram - old) >> 18;
    map_host(old, ram);
  }
  return next_frame++;
}

static uint32_t new_guest_table(void) {
  frame_of[guest_tables] = take();
  return guest_tables++;
}

static void *space(size_t bytes) {
  void *memory =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) exit(71);
  return memory;
}

/* Gives the 2 MiB around `page` its tables and all its leaves. */
static void premap(uint32_t page) {
  uint32_t at = 0;
  for (int level = 4; level > 1; level--) {
    uint32_t index = ((uint64_t)page >> 9 * (level - 1)) % ENTRIES;
    if (guest[at][index] == 0) {
      uint32_t made = new_guest_table();
      guest[at][index] = made;
    }
    at = guest[at][index];
  }
  for (int i = 0; i < ENTRIES; i++) guest[at][i] = take();
}

/* --- caches of the walker -------------------------------------------------------------------------- */

#define WAYS 4
typedef struct {
  uint32_t tag[WAYS], table[WAYS];
} entries;

static entries pde[8], pdpte[4], pml4e[1], host_pde[8];
static uint32_t nested_tlb[32 * WAYS];

/* The table of `tag`, moved to the front; or EMPTY. */
INLINE uint32_t find(entries *set, uint32_t tag) {
  int way = 0;
  while (way < WAYS && set->tag[way] != tag) way++;
  if (way == WAYS) return EMPTY;
  uint32_t found = set->table[way];
  for (; way > 0; way--) {
    set->tag[way] = set->tag[way - 1];
    set->table[way] = set->table[way - 1];
  }
  set->tag[0] = tag;
  set->table[0] = found;
  return found;
}

INLINE void enter(entries *set, uint32_t tag, uint32_t table) {
  for (int way = WAYS - 1; way > 0; way--) {
    set->tag[way] = set->tag[way - 1];
    set->table[way] = set->table[way - 1];
  }
  set->tag[0] = tag;
  set->table[0] = table;
}

/* --- the walk ---------------------------------------------------------------------------------------- */

static uint64_t guest_refs[5], host_refs[5], guest_hits[5], host_hits[5], nested_hits, nested_misses;

INLINE void nested_walk(uint32_t gfn) {
  if (touch(nested_tlb + gfn % 32 * WAYS, gfn, WAYS)) {
    nested_hits++;
    return;
  }
  nested_misses++;
  uint32_t at = find(&host_pde[(gfn >> 9) % 8], gfn >> 9);
  if (at != EMPTY) host_hits[2]++;
  else {
    host_hits[0]++;
    at = 0;
    for (int level = 4; level > 1; level--) {
      host_refs[level]++;
      at = host[at][((uint64_t)gfn >> 9 * (level - 1)) % ENTRIES];
    }
    enter(&host_pde[(gfn >> 9) % 8], gfn >> 9, at);
  }
  host_refs[1]++;
  if (host[at][gfn % ENTRIES] == 0) abort();
}

static void walk(uint32_t page) {
  if (!settled[page >> 9]) {
    settled[page >> 9] = 1;
    premap(page);
  }
  int level = 1, hit = 2;
  uint32_t at = find(&pde[(page >> 9) % 8], page >> 9);
  if (at == EMPTY) at = find(&pdpte[(page >> 18) % 4], page >> 18), level = 2, hit = 3;
  if (at == EMPTY) at = find(&pml4e[0], page >> 27), level = 3, hit = 4;
  if (at == EMPTY) at = 0, level = 4, hit = 0;
  guest_hits[hit]++;
  /* Where the first table is in host memory is known, unless it is the root. */
  for (int translated = hit > 0;; level--, translated = 0) {
    if (!translated) {
      nested_walk(frame_of[at]);
      if (level == 1) enter(&pde[(page >> 9) % 8], page >> 9, at);
      else if (level == 2) enter(&pdpte[(page >> 18) % 4], page >> 18, at);
      else if (level == 3) enter(&pml4e[0], page >> 27, at);
    }
    guest_refs[level]++;
    at = guest[at][((uint64_t)page >> 9 * (level - 1)) % ENTRIES];
    if (level == 1) break;
  }
  nested_walk(at);
}

static void print_more(void) {
  uint64_t guest_sum = 0, host_sum = 0;
  for (int level = 1; level <= 4; level++) {
    guest_sum += guest_refs[level];
    host_sum += host_refs[level];
    printf(",\"walk.refs.guest.l%d\":%lu,\"walk.refs.nested.l%d\":%lu", level, guest_refs[level], level,
           host_refs[level]);
    if (level > 1) printf(",\"pwc.guest.l%d.hit\":%lu", level, guest_hits[level]);
  }
  printf(",\"pwc.nested.l2.hit\":%lu,\"pwc.guest.miss\":%lu,\"pwc.nested.miss\":%lu", host_hits[2],
         guest_hits[0], host_hits[0]);
  printf(",\"walk.count\":%lu,\"walk.refs\":%lu", stlb_miss, guest_sum + host_sum);
  printf(",\"walk.refs.guest\":%lu,\"walk.refs.nested\":%lu", guest_sum, host_sum);
  printf(",\"ntlb.hit\":%lu,\"ntlb.miss\":%lu", nested_hits, nested_misses);
}

static void prepare(const record *records, size_t n) {
  list = records;
  count = n;
  for (size_t i = 0; i < n; i++) any_fetch |= KIND(records[i]) == FETCH;
  memset(l1d, 0xff, sizeof l1d);
  memset(l1i, 0xff, sizeof l1i);
  memset(stlb, 0xff, sizeof stlb);
  memset(pde, 0xff, sizeof pde);
  memset(pdpte, 0xff, sizeof pdpte);
  memset(pml4e, 0xff, sizeof pml4e);
  memset(host_pde, 0xff, sizeof host_pde);
  memset(nested_tlb, 0xff, sizeof nested_tlb);
  guest = space(sizeof(table) * MAX_TABLES);
  host = space(sizeof(table) * MAX_TABLES);
  frame_of = space(sizeof(uint32_t) * MAX_TABLES);
  settled = space(1u << 23);
  host_tables = 1;
  /* The kernel's: root, direct map of the first GiB (2 tables), text (2 tables); then the root of the program. */
  for (int i = 0; i < 5; i++) take();
  new_guest_table();
}

int main(int argc, char **argv) { return run(argc, argv); }
