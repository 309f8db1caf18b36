/* A lock file. The lock proper is flock's, which the kernel releases when the process dies, however it dies;
 * the text inside only tells people who it was. */
#include "base/lock.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100 /* releases by others that may come between opening and locking */

typedef enum attempt { TAKEN, HELD, FAILED, REMOVED } attempt;

static attempt try_once(cairn_lock *lock)
{
    do
        lock->fd = open(lock->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
    while (lock->fd < 0 && errno == EINTR);
    if (lock->fd < 0)
        return FAILED;
    int result;
    do
        result = flock(lock->fd, LOCK_EX | LOCK_NB);
    while (result != 0 && errno == EINTR);
    if (result != 0)
        return errno == EWOULDBLOCK ? HELD : FAILED;
    struct stat opened, named;
    bool same = fstat(lock->fd, &opened) == 0 && lstat(lock->path, &named) == 0 &&
                opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
    return same ? TAKEN : REMOVED;
}

/* The number that the holder wrote; 0: none. */
static long read_holder(const cairn_lock *lock)
{
    char text[32] = "";
    ssize_t size = pread(lock->fd, text, sizeof text - 1, 0);
    long holder = 0;
    for (ssize_t i = 0; i < size && i < 12 && text[i] >= '0' && text[i] <= '9'; i++)
        holder = 10 * holder + (text[i] - '0');
    return holder;
}

static void drop(cairn_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    cairn_free(lock->ctx, lock->path);
    *lock = (cairn_lock){.fd = -1};
}

cairn_status cairn_lock_take(cairn_ctx *ctx, const char *folder, cairn_lock *lock)
{
    *lock = (cairn_lock){.ctx = ctx, .fd = -1};
    lock->path = cairn_path_join(ctx, folder, "lock");
    if (lock->path == NULL)
        return CAIRN_MEMORY;
    attempt outcome = REMOVED;
    for (int i = 0; i < TRIES; i++) {
        outcome = try_once(lock);
        if (outcome != REMOVED)
            break;
        close(lock->fd);
        lock->fd = -1;
    }
    cairn_status status = CAIRN_OK;
    if (outcome == HELD) {
        status = cairn_fail(ctx, CAIRN_IO, "%s: process %ld is at work in this folder", lock->path,
                            read_holder(lock));
    } else if (outcome != TAKEN) {
        status = cairn_fail(ctx, CAIRN_IO, "%s: cannot lock: %s", lock->path, cairn_errno_text(errno));
    } else {
        long stale = read_holder(lock);
        if (stale != 0)
            cairn_log(ctx, CAIRN_LOG_INFO, "%s: was left by process %ld, which has ended", lock->path, stale);
        char text[32];
        int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());
        if (ftruncate(lock->fd, 0) != 0 || pwrite(lock->fd, text, (size_t)size, 0) != size)
            cairn_log(ctx, CAIRN_LOG_DEBUG, "%s: cannot write the process number", lock->path);
    }
    if (status != CAIRN_OK)
        drop(lock);
    return status;
}

void cairn_lock_release(cairn_lock *lock)
{
    if (lock->path == NULL)
        return;
    unlink(lock->path); /* while it is still locked: whoever opened it meanwhile finds it removed and tries
                           again */
    drop(lock);
}
