// A disk that says no. Loaded before the C library, it looks at the file that LUNETTE_FAULTS names before each call that
// writes: one fault a line, "PART ERRNO [KEEP]". A call on a file with PART in its path fails with ERRNO; with KEEP, the
// first such write takes so many bytes before. "statfs MAGIC" makes every file system be of that kind.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

static long kept = -1;

static int look(const char *path, long *keep, unsigned long *magic) {
    const char *name = getenv("LUNETTE_FAULTS");
    if (!name) return 0;
    int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int fd = real(name, O_RDONLY);
    if (fd < 0) return 0;
    char text[1024];
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n <= 0) return 0;
    text[n] = 0;
    char *state = 0;
    for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(0, "\n", &state)) {
        char part[256];
        long error = 0, bytes = -1;
        unsigned long kind = 0;
        if (magic && sscanf(line, "statfs %lx", &kind) == 1) *magic = kind;
        if (sscanf(line, "%255s %ld %ld", part, &error, &bytes) >= 2 && path && strstr(path, part)) {
            if (keep) *keep = bytes;
            return (int)error;
        }
    }
    return 0;
}

static int fault(int fd, long *keep) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return look(path, keep, 0);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *from, size_t n) {
    long keep = -1;
    int e = fd > 2 ? fault(fd, &keep) : 0;
    if (!e) return REAL(write)(fd, from, n);
    if (keep > 0 && kept < 0 && (size_t)keep < n) {
        kept = keep;
        return REAL(write)(fd, from, keep);
    }
    errno = e;
    return -1;
}

#define FAIL(fd, call) int e = fault(fd, 0); if (e) { errno = e; return -1; } return call
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) { FAIL(fd, REAL(pwrite)(fd, from, n, at)); }
ssize_t pwrite64(int fd, const void *from, size_t n, off64_t at) { FAIL(fd, REAL(pwrite64)(fd, from, n, at)); }
int fsync(int fd) { FAIL(fd, REAL(fsync)(fd)); }
int fdatasync(int fd) { FAIL(fd, REAL(fdatasync)(fd)); }
int ftruncate(int fd, off_t n) { FAIL(fd, REAL(ftruncate)(fd, n)); }
int ftruncate64(int fd, off64_t n) { FAIL(fd, REAL(ftruncate64)(fd, n)); }

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = va_arg(more, mode_t); \
        va_end(more); \
        int e = (flags & (O_CREAT | O_WRONLY | O_RDWR)) ? look(path, 0, 0) : 0; \
        if (e == EROFS) { errno = e; return -1; } \
        return REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define STATFS(name, type) \
    int name(const char *path, struct type *out) { \
        unsigned long magic = 0; \
        int said = REAL(name)(path, out); \
        look(0, 0, &magic); \
        if (magic) out->f_type = magic; \
        return said; \
    }
STATFS(statfs, statfs)
STATFS(statfs64, statfs64)
