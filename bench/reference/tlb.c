/*
 * Reference A: two levels of TLBs and nothing behind them, as one writes it without an eye on speed: 16-byte records with a
 * full address and a size, a look-up, then the move to the front.
 *
 * L1 of 16 sets x 4 for data and for fetches, second level of 128 sets x 12, true LRU.
 */
#include "reference.h"

typedef struct {
  uint64_t address;
  uint32_t size, kind;
} access;

static access *list;
static size_t count;
static uint64_t l1d[16 * 4], l1i[16 * 4], stlb[128 * 12];

/* 1 on a hit, else `tag` is entered and the last way dropped; either way it is in front afterwards. */
static inline int touch(uint64_t *set, uint64_t tag, int ways) {
  int way = 0;
  while (way < ways && set[way] != tag) way++;
  int hit = way < ways;
  if (!hit) way = ways - 1;
  memmove(set + 1, set, way * sizeof *set);
  set[0] = tag;
  return hit;
}

static void prepare(const record *records, size_t n) {
  list = malloc(n * sizeof *list);
  count = n;
  for (size_t i = 0; i < n; i++) {
    list[i].address = (uint64_t)(records[i].rest & 0xfff) << 32 | records[i].lo;
    list[i].size = 1;
    list[i].kind = KIND(records[i]);
  }
  memset(l1d, 0xff, sizeof l1d);
  memset(l1i, 0xff, sizeof l1i);
  memset(stlb, 0xff, sizeof stlb);
}

static void replay(void) {
  for (size_t i = 0; i < count; i++) {
    int fetch = list[i].kind == FETCH;
    uint64_t last = (list[i].address + list[i].size - 1) >> 12;
    for (uint64_t page = list[i].address >> 12; page <= last; page++) {
      accesses++;
      fetches += fetch;
      if (touch((fetch ? l1i : l1d) + page % 16 * 4, page, 4)) continue;
      if (fetch) l1i_miss++;
      else l1d_miss++;
      if (!touch(stlb + page % 128 * 12, page, 12)) stlb_miss++;
    }
  }
}

static void print_more(void) {}

int main(int argc, char **argv) { return run(argc, argv); }
