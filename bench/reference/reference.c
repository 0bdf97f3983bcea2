/*
 * The yardstick of the engine rows: p2msim's TLB and two-dimensional walk in plain C, for one configuration.
 *
 * Own code, written for speed: true LRU by moving entries to the front, look-up and insertion in one pass where the
 * order of events allows it. Geometry: L1 DTLB 16 sets x 4, STLB 128 x 12; walk caches PDE 8 x 4, PDPTE 4 x 4,
 * PML4E 1 x 4; nested TLB 32 x 4; host walk cache PDE 8 x 4. The guest is premapped: a region of 2 MiB gets its tables
 * and 512 frames when it is first walked, in ascending order, as docs/model.md 7 has it. The p2m maps everything 4K.
 *
 *   reference MODE RECORDS ROOT REPEAT
 *
 * MODE `tlb` counts TLB hits and misses only; `hap` walks as well. RECORDS is a file of 12-byte records (lo, hi,
 * op | size << 8, little endian); ROOT is the gfn of the guest's root table, the last frame taken before the trace.
 * Prints CPU seconds of the replay, then the counters by their keys in p2msim.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint32_t u32;
typedef uint64_t u64;

#define L1_WAYS 4
#define STLB_WAYS 12
#define CACHE_WAYS 4
#define NONE 0xffffffffu

struct counters {
  u64 accesses, crossings, l1_hit, l1_miss, stlb_hit, stlb_miss;
  u64 guest[5], nested[5], pwc[5], pwc_miss, npwc, npwc_miss, ntlb_hit, ntlb_miss;
};

static u32 l1[16 * L1_WAYS], stlb[128 * STLB_WAYS];
static u32 pwc_tag[5][8 * CACHE_WAYS], pwc_table[5][8 * CACHE_WAYS];
static u32 ntlb[32 * CACHE_WAYS], npwc_tag[8 * CACHE_WAYS], npwc_table[8 * CACHE_WAYS];
static const u32 pwc_sets[5] = {0, 0, 8, 4, 1};
static struct counters c;

/* One access of an LRU set: 1 if `tag` was there; it is in front afterwards either way. */
static inline int touch(u32 *set, int ways, u32 tag) {
  u32 above = set[0];
  if (above == tag) return 1;
  set[0] = tag;
  for (int way = 1; way < ways; way++) {
    u32 entry = set[way];
    set[way] = above;
    if (entry == tag) return 1;
    above = entry;
  }
  return 0;
}

/* Position of `tag` in a set with payloads, moved to the front; -1 if absent. */
static inline int find(u32 *tags, u32 *payloads, u32 tag) {
  for (int way = 0; way < CACHE_WAYS; way++) {
    if (tags[way] != tag) continue;
    u32 payload = payloads[way];
    for (; way > 0; way--) tags[way] = tags[way - 1], payloads[way] = payloads[way - 1];
    tags[0] = tag, payloads[0] = payload;
    return 0;
  }
  return -1;
}

static inline void insert(u32 *tags, u32 *payloads, u32 tag, u32 payload) {
  memmove(tags + 1, tags, (CACHE_WAYS - 1) * sizeof *tags);
  memmove(payloads + 1, payloads, (CACHE_WAYS - 1) * sizeof *payloads);
  tags[0] = tag, payloads[0] = payload;
}

/* --- Guest tables: 512 frames a table, found by gfn ------------------------------------------- */

static u32 *slot_of, *entries, root, next_gfn, tables;
static size_t table_room;

static u32 new_table(u32 gfn) {
  if (tables == table_room) entries = realloc(entries, (table_room *= 2) * 512 * sizeof *entries);
  memset(entries + (size_t)tables * 512, 0, 512 * sizeof *entries);
  slot_of[gfn] = tables++;
  return gfn;
}

/* Maps the region of `vpn` if nothing is there. */
static void premap(u32 vpn) {
  u32 table = root;
  for (int level = 4; level > 1; level--) {
    size_t at = (size_t)slot_of[table] * 512 + ((vpn >> (9 * (level - 1))) & 511);
    if (entries[at] == 0) {
      u32 made = new_table(next_gfn++);
      entries[at] = made;
      if (level == 2)
        for (int i = 0; i < 512; i++) entries[(size_t)slot_of[made] * 512 + i] = next_gfn++;
    }
    table = entries[at];
  }
}

/* --- The p2m: 4 levels, everything mapped by 4K leaves ----------------------------------------- */

static u32 *p2m, p2m_tables;
static uint8_t *leaves;

static void fill_p2m(u32 ram) {
  p2m = calloc((size_t)(ram / 512 + ram / 262144 + 16) * 512, sizeof *p2m);
  leaves = malloc(ram);
  memset(leaves, 1, ram);
  p2m_tables = 1;
  for (u32 gfn = 0; gfn < ram; gfn += 512) {
    u32 table = 0;
    for (int level = 4; level > 1; level--) {
      u32 *entry = p2m + (size_t)table * 512 + ((gfn >> (9 * (level - 1))) & 511);
      if (*entry == 0) *entry = p2m_tables++;
      table = *entry;
    }
  }
}

static void nested(u32 gfn) {
  if (touch(ntlb + (gfn & 31) * CACHE_WAYS, CACHE_WAYS, gfn)) {
    c.ntlb_hit++;
    return;
  }
  c.ntlb_miss++;
  u32 set = ((gfn >> 9) & 7) * CACHE_WAYS, table = 0;
  int level = 4;
  if (find(npwc_tag + set, npwc_table + set, gfn >> 9) == 0) {
    c.npwc++;
    table = npwc_table[set];
    level = 1;
  } else c.npwc_miss++;
  for (; level > 1; level--) {
    c.nested[level]++;
    table = p2m[(size_t)table * 512 + ((gfn >> (9 * (level - 1))) & 511)];
    if (level == 2) insert(npwc_tag + set, npwc_table + set, gfn >> 9, table);
  }
  c.nested[1]++;
  if (leaves[gfn] != 1) abort();
}

static uint8_t *settled;

static void walk(u32 vpn) {
  if (!settled[vpn >> 9]) settled[vpn >> 9] = 1, premap(vpn);
  int level = 4, hit = 0;
  u32 table = root;
  for (int at = 2; at <= 4 && !hit; at++) {
    u32 tag = vpn >> (9 * (at - 1)), set = (tag & (pwc_sets[at] - 1)) * CACHE_WAYS;
    if (find(pwc_tag[at] + set, pwc_table[at] + set, tag) == 0) {
      hit = at;
      table = pwc_table[at][set];
      c.pwc[at]++;
      level = at - 1;
    }
  }
  if (!hit) c.pwc_miss++;
  int translated = hit > 0;
  for (;; level--) {
    if (!translated) {
      nested(table);
      if (level < 4) {
        u32 tag = vpn >> (9 * level), set = (tag & (pwc_sets[level + 1] - 1)) * CACHE_WAYS;
        insert(pwc_tag[level + 1] + set, pwc_table[level + 1] + set, tag, table);
      }
    }
    translated = 0;
    u32 frame = entries[(size_t)slot_of[table] * 512 + ((vpn >> (9 * (level - 1))) & 511)];
    c.guest[level]++;
    if (level == 1) {
      nested(frame);
      return;
    }
    table = frame;
  }
}

static inline void access_page(u32 vpn, int walks) {
  if (touch(l1 + (vpn & 15) * L1_WAYS, L1_WAYS, vpn)) {
    c.l1_hit++;
    return;
  }
  c.l1_miss++;
  if (touch(stlb + (vpn & 127) * STLB_WAYS, STLB_WAYS, vpn)) {
    c.stlb_hit++;
    return;
  }
  c.stlb_miss++;
  if (walks) walk(vpn);
}

static void replay(const u32 *records, size_t n, int walks) {
  for (size_t i = 0; i < n; i++) {
    u32 lo = records[3 * i], hi = records[3 * i + 1], size = records[3 * i + 2] >> 8;
    u32 vpn = (hi << 20) | (lo >> 12), last = (lo & 0xfff) + size - 1;
    c.accesses++;
    access_page(vpn, walks);
    for (; last > 0xfff; last -= 0x1000) c.accesses++, c.crossings++, access_page(++vpn, walks);
  }
}

static void print(double seconds) {
  printf("{\"seconds\":%.6f,\"counters\":{", seconds);
  printf("\"accesses\":%llu,\"accesses.crossing\":%llu,", (unsigned long long)c.accesses, (unsigned long long)c.crossings);
  printf("\"tlb.l1d.hit\":%llu,\"tlb.l1d.miss\":%llu,", (unsigned long long)c.l1_hit, (unsigned long long)c.l1_miss);
  printf("\"tlb.stlb.hit\":%llu,\"tlb.stlb.miss\":%llu", (unsigned long long)c.stlb_hit, (unsigned long long)c.stlb_miss);
  for (int level = 1; level <= 4; level++)
    printf(",\"walk.refs.guest.l%d\":%llu,\"walk.refs.nested.l%d\":%llu", level, (unsigned long long)c.guest[level], level,
           (unsigned long long)c.nested[level]);
  for (int level = 2; level <= 4; level++) printf(",\"pwc.guest.l%d.hit\":%llu", level, (unsigned long long)c.pwc[level]);
  printf(",\"pwc.guest.miss\":%llu,\"pwc.nested.l2.hit\":%llu,\"pwc.nested.miss\":%llu", (unsigned long long)c.pwc_miss,
         (unsigned long long)c.npwc, (unsigned long long)c.npwc_miss);
  printf(",\"ntlb.hit\":%llu,\"ntlb.miss\":%llu}}\n", (unsigned long long)c.ntlb_hit, (unsigned long long)c.ntlb_miss);
}

/* Frames of guest RAM: enough for what the mixes touch. */
#define RAM (1u << 23)

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int walks = strcmp(argv[1], "hap") == 0, repeat = atoi(argv[4]);
  FILE *file = fopen(argv[2], "rb");
  if (file == NULL) return 3;
  fseek(file, 0, SEEK_END);
  size_t n = (size_t)ftell(file) / 12;
  rewind(file);
  u32 *records = malloc(n * 12);
  if (fread(records, 12, n, file) != n) return 3;
  memset(l1, 0xff, sizeof l1), memset(stlb, 0xff, sizeof stlb), memset(ntlb, 0xff, sizeof ntlb);
  memset(pwc_tag, 0xff, sizeof pwc_tag), memset(npwc_tag, 0xff, sizeof npwc_tag);
  root = (u32)strtoul(argv[3], NULL, 0), next_gfn = root + 1;
  slot_of = calloc(RAM, sizeof *slot_of), settled = calloc(1u << 23, 1);
  table_room = 1 << 15, entries = malloc(table_room * 512 * sizeof *entries);
  new_table(root);
  if (walks) fill_p2m(RAM);
  clock_t start = clock();
  for (int i = 0; i < repeat; i++) replay(records, n, walks);
  print((double)(clock() - start) / CLOCKS_PER_SEC);
  return 0;
}
