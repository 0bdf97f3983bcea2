/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * p2msim capture plugin: sends the accesses and system calls of a program that QEMU's user-mode emulation runs, of its
 * threads and of the processes it starts, to a FIFO, from which `p2msim trace capture` makes a trace.
 *
 * This file alone is under the GNU General Public License, version 2 or (at your option) any later version, because
 * it becomes part of QEMU, which is; the rest of p2msim is not derived from it. It is built on the machine where it
 * runs:  cc -O2 -shared -fPIC -DP2M_API=1 -o plugin.so qemu-plugin.c
 *
 * Records have 16 bytes, little-endian: kind (1 byte), bytes of the access (1), vcpu (2), process (4), address (8).
 * A system call is a record with its number and four more records with six arguments, its result and nothing.
 * Blocks of whole records are written at once, so that those of several processes do not mix (a FIFO takes PIPE_BUF
 * bytes as one). What is buffered is written before each system call: between processes, order is that of calls.
 *
 * A program that is executed would run without QEMU; instead QEMU is executed with it, and this plugin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* What is used of QEMU's plugin interface, declared here so that no header of QEMU is needed. */
typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { NO_REGISTERS = 0, LOADS_AND_STORES = 3 };
struct qemu_info;

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
    void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
    void (*cb)(unsigned int vcpu, void *data), int flags, void *data);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
    void (*cb)(unsigned int vcpu, uint32_t info, uint64_t va, void *data), int flags, int which, void *data);
extern void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id,
    void (*cb)(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
               uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8));
extern void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id,
    void (*cb)(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, int64_t result));
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
    void (*cb)(qemu_plugin_id_t id, void *data), void *data);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
extern unsigned int qemu_plugin_mem_size_shift(uint32_t info);
extern bool qemu_plugin_mem_is_store(uint32_t info);

#ifndef P2M_API
#define P2M_API 1
#endif
/* QEMU looks at it before it loads anything else. */
int qemu_plugin_version = P2M_API;

enum kind { READ = 1, WRITE, FETCH, SYSCALL, FORKED, STARTED };
enum nr {
  NR_MMAP = 9, NR_MPROTECT = 10, NR_MUNMAP = 11, NR_BRK = 12, NR_MREMAP = 25, NR_CLONE = 56, NR_FORK = 57,
  NR_VFORK = 58, NR_EXECVE = 59, NR_EXIT = 60, NR_WAIT4 = 61, NR_EXIT_GROUP = 231
};

struct record {
  uint8_t kind, size;
  uint16_t vcpu;
  uint32_t process;
  uint64_t va;
};

enum { BLOCK = 256, VCPUS = 4096, ARGUMENTS = 6, WORDS = 4096 };

static struct record block[BLOCK]; /* 4096 bytes, which is PIPE_BUF */
static size_t used;
static int lock;
static uint32_t process;
static int out = -1;
static uint64_t pending[VCPUS][ARGUMENTS];

static const char *out_path, *qemu_path, *plugin_path;
static bool fetches, loads = true, stores = true;

static void acquire(void)
{
  while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) { }
}

static void release(void)
{
  __atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
}

/* A high number, which programs do not use for files of their own. */
static void open_out(void)
{
  int fd = open(out_path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  out = fcntl(fd, F_DUPFD_CLOEXEC, 900);
  if (out < 0)
    out = fd;
  else
    close(fd);
  fcntl(out, F_SETPIPE_SZ, 1 << 20);
}

static void write_block(void)
{
  size_t bytes = used * sizeof block[0];
  bool again = true;
  used = 0;
  while (bytes > 0 && out >= 0) {
    ssize_t done = write(out, block, bytes);
    if (done >= 0)
      return; /* at most PIPE_BUF: all or nothing */
    if (errno == EINTR)
      continue;
    if (errno != EBADF || !again)
      return;
    again = false; /* the program closed it */
    open_out();
  }
}

static void put(enum kind kind, size_t size, unsigned int vcpu, uint64_t va)
{
  struct record *r = &block[used++];
  r->kind = kind;
  r->size = size > 255 ? 255 : size;
  r->vcpu = vcpu;
  r->process = process;
  r->va = va;
  if (used == BLOCK)
    write_block();
}

static void on_memory(unsigned int vcpu, uint32_t info, uint64_t va, void *data)
{
  bool store = qemu_plugin_mem_is_store(info);
  (void)data;
  if (!(store ? stores : loads))
    return;
  acquire();
  put(store ? WRITE : READ, (size_t)1 << qemu_plugin_mem_size_shift(info), vcpu, va);
  release();
}

struct instruction {
  uint64_t va;
  size_t size;
};

static void on_fetch(unsigned int vcpu, void *data)
{
  const struct instruction *instruction = data;
  acquire();
  put(FETCH, instruction->size, vcpu, instruction->va);
  release();
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
  size_t n = qemu_plugin_tb_n_insns(tb);
  (void)id;
  for (size_t i = 0; i < n; i++) {
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
    if (fetches) {
      struct instruction *instruction = malloc(sizeof *instruction);
      if (instruction != NULL) {
        instruction->va = qemu_plugin_insn_vaddr(insn);
        instruction->size = qemu_plugin_insn_size(insn);
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_fetch, NO_REGISTERS, instruction);
      }
    }
    if (loads || stores)
      qemu_plugin_register_vcpu_mem_cb(insn, on_memory, NO_REGISTERS, LOADS_AND_STORES, NULL);
  }
}

/* ---- executing a program under QEMU again ---- */

/* Reads the program's memory without a fault if it is not there. */
static bool peek(uint64_t va, void *to, size_t bytes)
{
  struct iovec local = { to, bytes }, remote = { (void *)(uintptr_t)va, bytes };
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)bytes;
}

/* The words of an array of strings, by reference; their number, or -1. */
static int words_of(uint64_t array, char **words, int room)
{
  for (int n = 0; n < room; n++) {
    uint64_t word;
    char first;
    if (!peek(array + 8 * (uint64_t)n, &word, 8))
      return -1;
    if (word == 0)
      return n;
    if (!peek(word, &first, 1))
      return -1;
    words[n] = (char *)(uintptr_t)word;
  }
  return -1;
}

/* What the first bytes of a file say: 'E' an x86-64 program, '#' a script, 0 neither. */
static char sort_of(const char *path, char *head, size_t room)
{
  struct stat status;
  ssize_t got;
  int fd;
  if (access(path, X_OK) != 0 || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
    return 0;
  /* QEMU could not give it the rights of its owner. */
  if (status.st_mode & (S_ISUID | S_ISGID))
    return 0;
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  got = read(fd, head, room - 1);
  close(fd);
  if (got < 20)
    return 0;
  head[got] = 0;
  if (memcmp(head, "\177ELF\2", 5) == 0 && (unsigned char)head[18] == 62)
    return 'E';
  return head[0] == '#' && head[1] == '!' ? '#' : 0;
}

/* Returns only if it cannot be done: then the program runs without QEMU, or the call fails as it would anyway. */
static void execute(uint64_t path_va, uint64_t argv_va, uint64_t envp_va)
{
  static char *given[WORDS], *environment[WORDS + 1], *words[WORDS + 16];
  static char head[256], interpreter_head[256], option[4096 + 64];
  char probe;
  const char *path = (const char *)(uintptr_t)path_va;
  int n = 0, argc, envc;
  char kind, *argument = NULL;
  if (!peek(path_va, &probe, 1))
    return;
  argc = words_of(argv_va, given, WORDS);
  envc = words_of(envp_va, environment, WORDS);
  kind = sort_of(path, head, sizeof head);
  if (argc < 1 || envc < 0 || kind == 0)
    return;
  environment[envc] = NULL;
  snprintf(option, sizeof option, "%s,out=%s,qemu=%s,plugin=%s,fetch=%d,load=%d,store=%d", plugin_path, out_path,
           qemu_path, plugin_path, fetches, loads, stores);
  words[n++] = (char *)qemu_path;
  words[n++] = "-plugin";
  words[n++] = option;
  if (kind == '#') {
    char *rest = head + 2, *end = strchr(head, '\n');
    if (end == NULL)
      return;
    while (end > rest && (end[-1] == ' ' || end[-1] == '\t'))
      end--;
    *end = 0;
    rest += strspn(rest, " \t");
    argument = rest + strcspn(rest, " \t");
    if (*argument != 0) {
      *argument++ = 0;
      argument += strspn(argument, " \t");
    }
    if (sort_of(rest, interpreter_head, sizeof interpreter_head) != 'E')
      return;
    words[n++] = rest;
    if (*argument != 0)
      words[n++] = argument;
    words[n++] = (char *)path;
  } else {
    words[n++] = "-0";
    words[n++] = given[0];
    words[n++] = (char *)path;
  }
  for (int i = 1; i < argc; i++)
    words[n++] = given[i];
  words[n] = NULL;
  execve(qemu_path, words, environment);
}

/* ---- system calls ---- */

static void put_call(int64_t number, unsigned int vcpu, const uint64_t *arguments, int64_t result)
{
  uint64_t rest[8] = { arguments[0], arguments[1], arguments[2], arguments[3],
                       arguments[4], arguments[5], (uint64_t)result, 0 };
  if (used + 5 > BLOCK)
    write_block(); /* the five stay together */
  put(SYSCALL, 0, vcpu, (uint64_t)number);
  for (int i = 0; i < 4; i++) {
    memcpy(&block[used++], &rest[2 * i], 16);
    if (used == BLOCK)
      write_block();
  }
}

static void on_call(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, uint64_t a1, uint64_t a2, uint64_t a3,
                    uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
  uint64_t arguments[ARGUMENTS] = { a1, a2, a3, a4, a5, a6 };
  (void)id, (void)a7, (void)a8;
  if (vcpu < VCPUS)
    memcpy(pending[vcpu], arguments, sizeof arguments);
  acquire();
  if (number == NR_EXIT || number == NR_EXIT_GROUP)
    put_call(number, vcpu, arguments, 0);
  write_block();
  release();
  if (number == NR_EXECVE)
    execute(a1, a2, a3);
}

static void on_return(qemu_plugin_id_t id, unsigned int vcpu, int64_t number, int64_t result)
{
  (void)id;
  if (vcpu >= VCPUS)
    return;
  switch (number) {
  case NR_MMAP:
  case NR_MPROTECT:
  case NR_MUNMAP:
  case NR_BRK:
  case NR_MREMAP:
  case NR_CLONE:
  case NR_FORK:
  case NR_VFORK:
  case NR_WAIT4:
    acquire();
    put_call(number, vcpu, pending[vcpu], result);
    release();
    break;
  default:
    break;
  }
}

static void after_fork(void)
{
  uint32_t parent = process;
  lock = 0;
  used = 0;
  process = (uint32_t)getpid();
  put(FORKED, 0, 0, parent);
  write_block();
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
  (void)id, (void)data;
  acquire();
  write_block();
  release();
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info,
                                                               int argc, char **argv)
{
  (void)info;
  for (int i = 0; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (value == NULL)
      continue;
    *value++ = 0;
    if (strcmp(argv[i], "out") == 0)
      out_path = strdup(value);
    else if (strcmp(argv[i], "qemu") == 0)
      qemu_path = strdup(value);
    else if (strcmp(argv[i], "plugin") == 0)
      plugin_path = strdup(value);
    else if (strcmp(argv[i], "fetch") == 0)
      fetches = atoi(value) != 0;
    else if (strcmp(argv[i], "load") == 0)
      loads = atoi(value) != 0;
    else if (strcmp(argv[i], "store") == 0)
      stores = atoi(value) != 0;
  }
  if (out_path == NULL || qemu_path == NULL || plugin_path == NULL)
    return 1;
  open_out();
  if (out < 0) {
    fprintf(stderr, "p2msim capture plugin: %s cannot be opened: %s\n", out_path, strerror(errno));
    return 1;
  }
  process = (uint32_t)getpid();
  put(STARTED, 0, 0, (uint64_t)getppid());
  write_block();
  pthread_atfork(NULL, NULL, after_fork);
  qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
  qemu_plugin_register_vcpu_syscall_cb(id, on_call);
  qemu_plugin_register_vcpu_syscall_ret_cb(id, on_return);
  qemu_plugin_register_atexit_cb(id, at_exit, NULL);
  return 0;
}
