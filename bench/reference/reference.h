/*
 * What both references share: records, and the frame that runs and times passes over them.
 *
 * A record file is an array of 8-byte page accesses: the low 32 bits of the address, then bits 43..32 of it and, in the
 * top nibble, the kind of access (0 read, 1 write, 2 fetch, 3 modify). Usage: NAME FILE [RECORDS]. Each line on standard
 * input makes one pass over the records, state kept, and one line of JSON: seconds of CPU of the pass, counters so far.
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
#define KIND(record) ((record).rest >> 28)

static uint64_t accesses, fetches, l1d_miss, l1i_miss, stlb_miss;

/* What a reference defines. */
static void prepare(const record *records, size_t n);
static void replay(void);
static void print_more(void);

/* A pass makes no system call, so this is user time; getrusage only counts ticks of that. */
static double cpu_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec * 1e-9;
}

static void print_pass(double seconds) {
  uint64_t data = accesses - fetches;
  printf("{\"seconds\":%.9f,\"counters\":{", seconds);
  printf("\"accesses\":%lu,\"accesses.fetch\":%lu", accesses, fetches);
  printf(",\"tlb.l1d.hit\":%lu,\"tlb.l1d.miss\":%lu", data - l1d_miss, l1d_miss);
  printf(",\"tlb.l1i.hit\":%lu,\"tlb.l1i.miss\":%lu", fetches - l1i_miss, l1i_miss);
  printf(",\"tlb.stlb.hit\":%lu,\"tlb.stlb.miss\":%lu", l1d_miss + l1i_miss - stlb_miss, stlb_miss);
  print_more();
  printf("}}\n");
  fflush(stdout);
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
  prepare(records, n);
  for (char line[16]; fgets(line, sizeof line, stdin) != NULL;) {
    double start = cpu_seconds();
    replay();
    print_pass(cpu_seconds() - start);
  }
  return 0;
}
