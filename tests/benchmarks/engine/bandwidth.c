/* How fast this machine reads memory, in one thread and in several.
 *
 * Compiled by bandwidth.py with -O3 -march=native. For each line with a number of threads on standard
 * input, reads half a gigabyte (far past every cache) five times and prints the median in bytes a
 * second. The loop adds 64-bit words in eight independent chains; the compiler makes the widest
 * vectors of it that the processor has. Memory is asked for in huge pages and ahead of its use, as the
 * engine does it: without, this read less than the engine does (31 against 34 GB/s).
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define WORDS ((size_t)1 << 26)
#define PASSES 5
#define MOST 64
#define LANES 64
#define LINE 8
#define AHEAD 1024 /* words: 8 KiB */
#define HUGE ((size_t)1 << 21)

static uint64_t *memory;

struct part {
    const uint64_t *from;
    size_t count;
    uint64_t sum;
};

static void *read_part(void *argument) {
    struct part *part = argument;
    uint64_t sums[LANES] = {0};
    for (size_t i = 0; i + LANES <= part->count; i += LANES) {
        for (int lane = 0; lane < LANES; lane += LINE)
            __builtin_prefetch(part->from + i + AHEAD + lane); /* past the end it does nothing */
        for (int lane = 0; lane < LANES; lane++) sums[lane] += part->from[i + lane];
    }
    for (int lane = 0; lane < LANES; lane++) part->sum += sums[lane];
    return NULL;
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double pass(int threads) {
    struct part parts[MOST] = {{0}};
    pthread_t others[MOST];
    double start = now();
    for (int n = 0; n < threads; n++) {
        parts[n].count = WORDS / (size_t)threads;
        parts[n].from = memory + (size_t)n * parts[n].count;
        if (n && pthread_create(&others[n], NULL, read_part, &parts[n])) exit(3);
    }
    read_part(&parts[0]);
    for (int n = 1; n < threads; n++) pthread_join(others[n], NULL);
    double seconds = now() - start;
    uint64_t sum = 0;
    for (int n = 0; n < threads; n++) sum += parts[n].sum;
    if (sum == 1) exit(4); /* never: it is there so that the reading cannot be left out */
    return (double)WORDS * sizeof *memory / seconds;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void) {
    int threads;
    memory = aligned_alloc(HUGE, WORDS * sizeof *memory);
    if (!memory) return 2;
    madvise(memory, WORDS * sizeof *memory, MADV_HUGEPAGE); /* as the engine asks for it */
    for (size_t i = 0; i < WORDS; i++) memory[i] = i * 0x9e3779b97f4a7c15u;
    while (scanf("%d", &threads) == 1) {
        double rates[PASSES];
        if (threads < 1 || threads > MOST) return 5;
        for (int n = 0; n < PASSES; n++) rates[n] = pass(threads);
        qsort(rates, PASSES, sizeof *rates, ascending);
        printf("%.0f\n", rates[PASSES / 2]);
        fflush(stdout);
    }
    return 0;
}
