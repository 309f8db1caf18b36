/* Files: reading with limits, atomic and durable writing, logs. */
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A failure of the system. A loop of links is wrong content, not a fault of the machine. */
static cairn_status fail_errno(cairn_ctx *ctx, const char *path, const char *what)
{
    int error = errno;
    return cairn_fail(ctx, error == ELOOP ? CAIRN_INPUT : CAIRN_IO, "%s: %s: %s", path, what,
                      cairn_errno_text(error));
}

const char *cairn_errno_text(int error)
{
    const char *text = strerrordesc_np(error); /* unlike strerror: not translated, and thread-safe */
    return text != NULL ? text : "unknown error";
}

/* ---- reading ---- */

static const char *kind_text(mode_t mode)
{
    return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

cairn_status cairn_file_open(cairn_ctx *ctx, const char *path, cairn_file *file)
{
    *file = (cairn_file){.ctx = ctx, .fd = -1};
    int fd;
    do /* non-blocking: opening a pipe that nobody writes to must not wait */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fail_errno(ctx, path, "cannot open");
    struct stat stat;
    cairn_status status = CAIRN_OK;
    if (fstat(fd, &stat) != 0)
        status = fail_errno(ctx, path, "cannot look at");
    else if (!S_ISREG(stat.st_mode))
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: is %s (expected a file)", path, kind_text(stat.st_mode));
    else if ((file->path = cairn_strdup(ctx, path)) == NULL)
        status = CAIRN_MEMORY;
    if (status != CAIRN_OK) {
        close(fd);
        return status;
    }
    file->fd = fd;
    file->size = (uint64_t)stat.st_size;
    return CAIRN_OK;
}

cairn_status cairn_file_read_at(const cairn_file *file, uint64_t offset, void *data, size_t size)
{
    uint8_t *to = data;
    while (size > 0) {
        ssize_t got = pread(file->fd, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail_errno(file->ctx, file->path, "cannot read");
        if (got == 0)
            return cairn_fail(file->ctx, CAIRN_INPUT, "%s: ends at byte %llu (expected %llu more)",
                              file->path, (unsigned long long)offset, (unsigned long long)size);
        to += got;
        size -= (size_t)got;
        offset += (uint64_t)got;
    }
    return CAIRN_OK;
}

cairn_status cairn_file_share(cairn_ctx *ctx, const cairn_file *file, cairn_file *other)
{
    *other = (cairn_file){.ctx = ctx, .fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0), .size = file->size};
    if (other->fd < 0)
        return fail_errno(ctx, file->path, "cannot open");
    other->path = cairn_strdup(ctx, file->path);
    if (other->path != NULL)
        return CAIRN_OK;
    cairn_file_close(other);
    return CAIRN_MEMORY;
}

void cairn_file_close(cairn_file *file)
{
    if (file->fd >= 0)
        close(file->fd); /* nothing was written: nothing can be lost */
    cairn_free(file->ctx, file->path);
    *file = (cairn_file){.fd = -1};
}

cairn_status cairn_file_read(cairn_ctx *ctx, const char *path, size_t limit, uint8_t **data, size_t *size)
{
    *data = NULL;
    *size = 0;
    cairn_file file;
    cairn_status status = cairn_file_open(ctx, path, &file);
    if (status != CAIRN_OK)
        return status;
    uint8_t *bytes = NULL;
    if (file.size > limit || file.size >= SIZE_MAX) {
        status = cairn_fail(ctx, CAIRN_INPUT, "%s: is too large (expected at most %zu bytes, found %llu)",
                            path, limit, (unsigned long long)file.size);
    } else if ((bytes = cairn_resize(ctx, NULL, (size_t)file.size + 1, 1)) == NULL) {
        status = CAIRN_MEMORY;
    } else if ((status = cairn_file_read_at(&file, 0, bytes, (size_t)file.size)) == CAIRN_OK) {
        bytes[file.size] = '\0';
        *data = bytes;
        *size = (size_t)file.size;
        bytes = NULL;
    }
    cairn_free(ctx, bytes);
    cairn_file_close(&file);
    return status;
}

cairn_status cairn_file_read_text(cairn_ctx *ctx, const char *path, size_t limit, char **text)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* of UTF-8 */
    uint8_t *bytes;
    size_t size;
    cairn_status status = cairn_file_read(ctx, path, limit, &bytes, &size);
    *text = (char *)bytes;
    if (status != CAIRN_OK)
        return status;
    size_t length = strlen(*text);
    if (length == size) {
        if (strncmp(*text, mark, sizeof mark - 1) == 0)
            memmove(*text, *text + sizeof mark - 1, size - (sizeof mark - 1) + 1);
        return CAIRN_OK;
    }
    cairn_free(ctx, bytes);
    *text = NULL;
    return cairn_fail(ctx, CAIRN_INPUT, "%s: NUL at byte %zu (expected text)", path, length);
}

/* ---- writing ---- */

#define TEMPORARY_TRIES 100

struct cairn_writer {
    cairn_ctx *ctx;
    int fd;
    char *path, *temporary;
};

static int write_all(int fd, const void *data, size_t size)
{
    const uint8_t *from = data;
    while (size > 0) {
        ssize_t done = write(fd, from, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -1;
        from += done;
        size -= (size_t)done;
    }
    return 0;
}

int cairn_sync(int fd)
{
    int result;
    do
        result = fsync(fd);
    while (result != 0 && errno == EINTR);
    return result;
}

/* Only a missing or a regular file may be replaced: a link would lose its target, a device its node. */
static cairn_status check_destination(cairn_ctx *ctx, const char *path)
{
    struct stat stat;
    if (lstat(path, &stat) != 0)
        return errno == ENOENT ? CAIRN_OK : fail_errno(ctx, path, "cannot write");
    if (S_ISREG(stat.st_mode))
        return CAIRN_OK;
    return cairn_fail(ctx, CAIRN_IO, "%s: is %s and is not overwritten", path,
                      S_ISLNK(stat.st_mode) ? "a symbolic link" : kind_text(stat.st_mode));
}

/* Creates "<path>.tmp.<pid>", with a number behind it when a killed process of the same id left one. */
static cairn_status create_temporary(cairn_writer *writer)
{
    size_t size = strlen(writer->path) + 48;
    writer->temporary = cairn_alloc(writer->ctx, size, 1);
    if (writer->temporary == NULL)
        return CAIRN_MEMORY;
    int length = snprintf(writer->temporary, size, "%s.tmp.%ld", writer->path, (long)getpid());
    for (int try = 1; try <= TEMPORARY_TRIES; try++) {
        writer->fd = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (writer->fd >= 0)
            return CAIRN_OK;
        if (errno == EEXIST)
            snprintf(writer->temporary + length, size - (size_t)length, ".%d", try);
        else if (errno != EINTR)
            break;
    }
    return fail_errno(writer->ctx, writer->path, "cannot write");
}

static void free_writer(cairn_writer *writer)
{
    cairn_ctx *ctx = writer->ctx;
    cairn_free(ctx, writer->path);
    cairn_free(ctx, writer->temporary);
    cairn_free(ctx, writer);
}

cairn_status cairn_writer_open(cairn_ctx *ctx, const char *path, cairn_writer **result)
{
    *result = NULL;
    cairn_status status = check_destination(ctx, path);
    if (status != CAIRN_OK)
        return status;
    cairn_writer *writer = cairn_alloc(ctx, 1, sizeof *writer);
    if (writer == NULL)
        return CAIRN_MEMORY;
    *writer = (cairn_writer){.ctx = ctx, .fd = -1};
    writer->path = cairn_strdup(ctx, path);
    status = writer->path == NULL ? CAIRN_MEMORY : create_temporary(writer);
    if (status != CAIRN_OK)
        free_writer(writer);
    else
        *result = writer;
    return status;
}

cairn_status cairn_writer_write(cairn_writer *writer, const void *data, size_t size)
{
    if (write_all(writer->fd, data, size) != 0)
        return fail_errno(writer->ctx, writer->path, "cannot write");
    return CAIRN_OK;
}

/* The folder part of a path. NULL: no memory. */
static char *parent_of(cairn_ctx *ctx, const char *path)
{
    char *parent = cairn_strdup(ctx, path);
    if (parent == NULL)
        return NULL;
    size_t end = strlen(parent);
    while (end > 0 && parent[end - 1] != '/')
        end--;
    while (end > 1 && parent[end - 1] == '/')
        end--;
    parent[end] = '\0';
    if (end > 0)
        return parent;
    cairn_free(ctx, parent);
    return cairn_strdup(ctx, ".");
}

static cairn_status sync_parent(cairn_ctx *ctx, const char *path)
{
    char *parent = parent_of(ctx, path);
    cairn_status status = parent == NULL ? CAIRN_MEMORY : cairn_folder_sync(ctx, parent);
    cairn_free(ctx, parent);
    return status;
}

cairn_status cairn_writer_commit(cairn_writer *writer)
{
    cairn_ctx *ctx = writer->ctx;
    cairn_status status = CAIRN_OK;
    if (cairn_sync(writer->fd) != 0) /* never again on this descriptor: the kernel forgets the error */
        status = fail_errno(ctx, writer->path, "cannot make durable");
    if (close(writer->fd) != 0 && status == CAIRN_OK)
        status = fail_errno(ctx, writer->path, "cannot close");
    writer->fd = -1;
    if (status == CAIRN_OK)
        status = check_destination(ctx, writer->path);
    if (status == CAIRN_OK && rename(writer->temporary, writer->path) != 0)
        status = fail_errno(ctx, writer->path, "cannot rename into place");
    if (status != CAIRN_OK)
        unlink(writer->temporary);
    else
        status = sync_parent(ctx, writer->path);
    free_writer(writer);
    return status;
}

void cairn_writer_abort(cairn_writer *writer)
{
    if (writer == NULL)
        return;
    close(writer->fd);
    unlink(writer->temporary);
    free_writer(writer);
}

cairn_status cairn_file_write(cairn_ctx *ctx, const char *path, const void *data, size_t size)
{
    cairn_writer *writer;
    cairn_status status = cairn_writer_open(ctx, path, &writer);
    if (status != CAIRN_OK)
        return status;
    status = cairn_writer_write(writer, data, size);
    if (status == CAIRN_OK)
        return cairn_writer_commit(writer);
    cairn_writer_abort(writer);
    return status;
}

/* Opens a log for writing; O_NOFOLLOW keeps a planted link from leading elsewhere. */
static cairn_status open_log(cairn_ctx *ctx, const char *path, int flags, int *fd)
{
    do
        *fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0666);
    while (*fd < 0 && errno == EINTR);
    if (*fd >= 0)
        return CAIRN_OK;
    return cairn_fail(ctx, CAIRN_IO, "%s: cannot write: %s", path,
                      errno == ELOOP ? "is a symbolic link" : cairn_errno_text(errno));
}

cairn_status cairn_file_append(cairn_ctx *ctx, const char *path, const void *data, size_t size, bool durable)
{
    int fd;
    cairn_status status = open_log(ctx, path, O_CREAT | O_APPEND, &fd);
    if (status != CAIRN_OK)
        return status;
    if (write_all(fd, data, size) != 0 || (durable && cairn_sync(fd) != 0))
        status = fail_errno(ctx, path, "cannot write");
    if (close(fd) != 0 && status == CAIRN_OK)
        status = fail_errno(ctx, path, "cannot close");
    return status;
}

cairn_status cairn_file_truncate(cairn_ctx *ctx, const char *path, uint64_t size)
{
    int fd;
    cairn_status status = open_log(ctx, path, 0, &fd);
    if (status != CAIRN_OK)
        return status;
    int result;
    do
        result = ftruncate(fd, (off_t)size);
    while (result != 0 && errno == EINTR);
    if (result != 0 || cairn_sync(fd) != 0)
        status = fail_errno(ctx, path, "cannot truncate");
    if (close(fd) != 0 && status == CAIRN_OK)
        status = fail_errno(ctx, path, "cannot close");
    return status;
}

cairn_status cairn_file_rename(cairn_ctx *ctx, const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return fail_errno(ctx, to, "cannot rename into place");
    return sync_parent(ctx, to);
}
