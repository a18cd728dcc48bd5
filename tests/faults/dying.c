/* Loaded before the C library (LD_PRELOAD): kills the process at a chosen call that changes files
 * below a chosen place. A write that is cut short ends at a page, as the kernel's own does when a
 * signal comes in the middle of it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define PAGE 4096

static char place[256];
static long left = 0;
static int quarters = 0;

/* From now on, the `at`th call on a path that holds `needle` is the last; of what it was to write,
 * `parts` quarters are written. */
void dying_arm(const char *needle, long at, int parts) {
    strncpy(place, needle, sizeof place - 1);
    left = at;
    quarters = parts;
}

static int last_for_path(const char *path) {
    return left > 0 && strstr(path, place) && --left == 0;
}

static int last_for(int descriptor) {
    char link[64], path[4096];
    if (left <= 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return last_for_path(path);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static size_t cut(off_t start, size_t length) {
    if (quarters >= 4) return length;
    off_t end = start + (off_t)(length / 4 * (size_t)quarters);
    end -= end % PAGE;
    return end > start ? (size_t)(end - start) : 0;
}

ssize_t write(int to, const void *bytes, size_t length) {
    if (last_for(to)) {
        off_t end = lseek(to, 0, SEEK_END);
        REAL(write)(to, bytes, cut(end < 0 ? 0 : end, length));
        die();
    }
    return REAL(write)(to, bytes, length);
}

ssize_t pwrite(int to, const void *bytes, size_t length, off_t at) {
    if (last_for(to)) {
        REAL(pwrite)(to, bytes, cut(at, length), at);
        die();
    }
    return REAL(pwrite)(to, bytes, length, at);
}

ssize_t pwrite64(int to, const void *bytes, size_t length, off64_t at) {
    if (last_for(to)) {
        REAL(pwrite64)(to, bytes, cut(at, length), at);
        die();
    }
    return REAL(pwrite64)(to, bytes, length, at);
}

ssize_t sendfile(int to, int from, off_t *at, size_t length) {
    if (last_for(to)) {
        REAL(sendfile)(to, from, at, length / 4 * (size_t)quarters);
        die();
    }
    return REAL(sendfile)(to, from, at, length);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t length) {
    if (last_for(to)) {
        REAL(sendfile64)(to, from, at, length / 4 * (size_t)quarters);
        die();
    }
    return REAL(sendfile64)(to, from, at, length);
}

/* The rest happens wholly or not at all. */
#define BEFORE_OR_AFTER(due, call) \
    if (due) {                     \
        if (quarters) call;        \
        die();                     \
    }                              \
    return call;

int fsync(int of) { BEFORE_OR_AFTER(last_for(of), REAL(fsync)(of)) }
int fdatasync(int of) { BEFORE_OR_AFTER(last_for(of), REAL(fdatasync)(of)) }
int ftruncate(int of, off_t n) { BEFORE_OR_AFTER(last_for(of), REAL(ftruncate)(of, n)) }
int ftruncate64(int of, off64_t n) { BEFORE_OR_AFTER(last_for(of), REAL(ftruncate64)(of, n)) }
int unlink(const char *path) { BEFORE_OR_AFTER(last_for_path(path), REAL(unlink)(path)) }
int rename(const char *a, const char *b) { BEFORE_OR_AFTER(last_for_path(a), REAL(rename)(a, b)) }
