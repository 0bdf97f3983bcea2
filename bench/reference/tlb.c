/* Reference A: two levels of TLBs and nothing behind them. */
#include "reference.h"

static void walk(uint32_t page) { (void)page; }

static void print_counters(void) {}

int main(int argc, char **argv) { return run(argc, argv); }
