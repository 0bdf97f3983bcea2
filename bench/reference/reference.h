/*
 * What both references share: the records, one move-to-front set, the frame that runs and times passes.
 *
 * A record file is an array of 8-byte page accesses: the low 32 bits of the address, then bits 43..32 of it and the
 * kind of access (0 read, 1 write, 2 fetch, 3 modify) in the top nibble. Usage: NAME FILE [RECORDS]. Each line on
 * standard input makes one pass over the records, state kept, and one line of JSON: seconds of CPU of the pass, counters so far.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

typedef struct {
  uint32_t lo;
  uint32_t rest;
} record;

#define FETCH 2u
#define EMPTY 0xffffffffu
#define INLINE static inline __attribute__((always_inline))

INLINE uint32_t page_of(record r) { return (r.rest << 20) | (r.lo >> 12); }
INLINE uint32_t kind_of(record r) { return r.rest >> 28; }

/* 1 on a hit, else `tag` is entered and the last way dropped; either way it is in front afterwards. */
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

/* Configuration A: L1 of 16 sets x 4, second level of 128 sets x 12, true LRU. */
#define L1_SETS 16
#define L1_WAYS 4
#define L2_SETS 128
#define L2_WAYS 12

static uint32_t l1d[L1_SETS * L1_WAYS], l1i[L1_SETS * L1_WAYS], stlb[L2_SETS * L2_WAYS];
static uint64_t accesses, fetches, l1d_miss, l1i_miss, stlb_miss;

/* What follows a miss in both levels. */
static void walk(uint32_t page);
static void print_counters(void);

INLINE void first_level_miss(uint32_t page, uint64_t *misses) {
  ++*misses;
  if (touch(stlb + (page % L2_SETS) * L2_WAYS, page, L2_WAYS)) return;
  stlb_miss++;
  walk(page);
}

INLINE void replay(const record *records, size_t n, int mixed) {
  for (size_t i = 0; i < n; i++) {
    uint32_t page = page_of(records[i]);
    int fetch = mixed && kind_of(records[i]) == FETCH;
    if (fetch) fetches++;
    uint32_t *l1 = fetch ? l1i : l1d;
    if (!touch(l1 + (page % L1_SETS) * L1_WAYS, page, L1_WAYS))
      first_level_miss(page, fetch ? &l1i_miss : &l1d_miss);
  }
  accesses += n;
}

/* A pass makes no system call, so this is user time; getrusage only counts ticks of that. */
static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static int run(int argc, char **argv) {
  if (argc < 2) return 64;
  int file = open(argv[1], O_RDONLY);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) return 66;
  const record *records = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
  if (records == MAP_FAILED) return 66;
  size_t n = status.st_size / sizeof(record);
  if (argc > 2 && strtoull(argv[2], NULL, 10) < n) n = strtoull(argv[2], NULL, 10);
  memset(l1d, 0xff, sizeof l1d);
  memset(l1i, 0xff, sizeof l1i);
  memset(stlb, 0xff, sizeof stlb);
  int mixed = 0;
  for (size_t i = 0; i < n; i++) mixed |= kind_of(records[i]) == FETCH;
  for (char line[16]; fgets(line, sizeof line, stdin) != NULL;) {
    double start = cpu_seconds();
    if (mixed) replay(records, n, 1);
    else replay(records, n, 0);
    printf("{\"seconds\":%.9f,\"counters\":{", cpu_seconds() - start);
    uint64_t data = accesses - fetches;
    printf("\"accesses\":%lu,\"accesses.fetch\":%lu", accesses, fetches);
    printf(",\"tlb.l1d.hit\":%lu,\"tlb.l1d.miss\":%lu", data - l1d_miss, l1d_miss);
    printf(",\"tlb.l1i.hit\":%lu,\"tlb.l1i.miss\":%lu", fetches - l1i_miss, l1i_miss);
    printf(",\"tlb.stlb.hit\":%lu,\"tlb.stlb.miss\":%lu", l1d_miss + l1i_miss - stlb_miss, stlb_miss);
    print_counters();
    printf("}}\n");
    fflush(stdout);
  }
  return 0;
}
