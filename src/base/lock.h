/* Exclusive use of a folder between processes. */
#ifndef CAIRN_LOCK_H
#define CAIRN_LOCK_H

#include "base/base.h"

typedef struct cairn_lock {
    cairn_ctx *ctx;
    char *path; /* NULL: not held */
    int fd;
} cairn_lock;

/* Takes the file "lock" in the folder, with the process's number inside, for as long as the process lives or
 * until cairn_lock_release removes it. A file that a dead process left is taken over, which is logged.
 * CAIRN_IO when another process holds it, naming that process. */
cairn_status cairn_lock_take(cairn_ctx *ctx, const char *folder, cairn_lock *lock);
void cairn_lock_release(cairn_lock *lock);

#endif
