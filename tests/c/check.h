/* What the C test programs share: counted checks, and nothing else.
 *
 * No framework: a failed check names its file, line and context on stderr and the program goes on, so that one run shows
 * all that is wrong; finish() turns the tally into one line and an exit code. Everything here and in the programs is
 * in the common subset of C11 and C++11, because tests/c_programs.rs compiles each program as both. */
#ifndef CENTRA_TESTS_CHECK_H
#define CENTRA_TESTS_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long checks_made, checks_failed;
static char check_context[256]; /* set by table-driven tests, so that a failure says which row of the table it is */

#define CHECK(condition) check((condition) != 0, __FILE__, __LINE__, #condition)
#define CONTEXT(...) ((void)snprintf(check_context, sizeof check_context, __VA_ARGS__))

static inline void check(int holds, const char *file, int line, const char *condition)
{
    ++checks_made;
    if (holds)
        return;
    if (++checks_failed <= 20)
        fprintf(stderr, "%s:%d: failed: %s%s%s%s\n", file, line, condition, check_context[0] ? " [" : "", check_context,
                check_context[0] ? "]" : "");
}

/* One line for the table of faults in docs/faults.md, where it is asked for: what was wrong, the status due, the function. */
static inline void tell(const char *argument, const char *fault, int32_t status, const char *function)
{
    if (getenv("CENTRA_TESTS_TABLE"))
        printf("%s%s%s|%d|%s\n", argument, fault[0] ? ": " : "", fault, (int)status, function);
}

static inline int finish(const char *name)
{
    if (checks_failed) {
        printf("%s: %lu of %lu checks failed\n", name, checks_failed, checks_made);
        return 1;
    }
    printf("%s: %lu checks passed\n", name, checks_made);
    return 0;
}

/* Memory for `count` things of `size` bytes; a test that cannot have it cannot go on. */
static inline void *get(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory) {
        fprintf(stderr, "out of memory in the test itself\n");
        exit(3);
    }
    return memory;
}

/* Equality to the last bit: == would take -0.0 for +0.0, and the library promises bits. */
static inline int same_bits(const double *a, const double *b, size_t count)
{
    return memcmp(a, b, count * sizeof *a) == 0;
}

static inline int same_labels(const int32_t *a, const int32_t *b, size_t count)
{
    return memcmp(a, b, count * sizeof *a) == 0;
}

/* Numbers for test data (splitmix64); reproducible everywhere, since it is integers only. */
static uint64_t random_state = 1;

static inline uint64_t random_bits(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline size_t random_below(size_t limit)
{
    return (size_t)(random_bits() % limit);
}

#endif
