/* The one I/O layer: nothing else in the library calls the system for files. Reads refuse anything but
 * regular files and never block; writes appear whole under their name or not at all. Interrupted and
 * short transfers are continued, errors name the path and the reason in English whatever the locale.
 *
 * CAIRN_IO: the system refused (missing, unreadable, disk full). CAIRN_INPUT: the path is there, but is
 * not what was asked for (a folder, a pipe, a link loop, too large, cut while it was read). */
#ifndef CAIRN_FILE_H
#define CAIRN_FILE_H

#include "base/base.h"

/* Text of an errno value: the reason in English. */
const char *cairn_errno_text(int error);

/* ---- reading ---- */

typedef struct cairn_file {
    cairn_ctx *ctx;
    char *path;
    int fd;
    uint64_t size; /* when it was opened */
} cairn_file;

cairn_status cairn_file_open(cairn_ctx *ctx, const char *path, cairn_file *file);
/* Reads exactly size bytes from offset. */
cairn_status cairn_file_read_at(const cairn_file *file, uint64_t offset, void *data, size_t size);
/* The same file once more, whatever its name leads to by now. */
cairn_status cairn_file_share(cairn_ctx *ctx, const cairn_file *file, cairn_file *other);
void cairn_file_close(cairn_file *file);

/* The whole file, at most `limit` bytes, with a NUL behind it that does not count. cairn_free it. */
cairn_status cairn_file_read(cairn_ctx *ctx, const char *path, size_t limit, uint8_t **data, size_t *size);
/* The same for lists that people write: a byte order mark is left out, a NUL inside is CAIRN_INPUT. */
cairn_status cairn_file_read_text(cairn_ctx *ctx, const char *path, size_t limit, char **text);

/* ---- writing ---- */

/* A file being written beside its final place. Its bytes are seen under the name only after commit, which
 * makes them durable first. The destination may be missing or a regular file: links, folders and devices
 * are refused. */
typedef struct cairn_writer cairn_writer;

cairn_status cairn_writer_open(cairn_ctx *ctx, const char *path, cairn_writer **writer);
cairn_status cairn_writer_write(cairn_writer *writer, const void *data, size_t size);
/* Ends the writer, whatever comes of it: on failure the destination is as it was, unless only the folder
 * could not be made durable. */
cairn_status cairn_writer_commit(cairn_writer *writer);
/* Ends the writer and leaves nothing behind. NULL is allowed. */
void cairn_writer_abort(cairn_writer *writer);

cairn_status cairn_file_write(cairn_ctx *ctx, const char *path, const void *data, size_t size);

/* fsync, however often it is interrupted. */
int cairn_sync(int fd);

/* Logs: adds to the end, making the file if need be; durable if asked. Not atomic. */
cairn_status cairn_file_append(cairn_ctx *ctx, const char *path, const void *data, size_t size, bool durable);
cairn_status cairn_file_truncate(cairn_ctx *ctx, const char *path, uint64_t size);

/* Renames without looking at what is there, and makes the folder's change durable. */
cairn_status cairn_file_rename(cairn_ctx *ctx, const char *from, const char *to);

/* ---- folders and paths ---- */

typedef enum cairn_path_kind {
    CAIRN_PATH_MISSING,
    CAIRN_PATH_FILE,
    CAIRN_PATH_FOLDER,
    CAIRN_PATH_OTHER,
} cairn_path_kind;

/* What lies there, links followed; a path that cannot be looked at is missing. */
cairn_path_kind cairn_path_look(const char *path);
bool cairn_path_is_link(const char *path);
/* "folder/name", "name" when folder is empty. cairn_free it. */
char *cairn_path_join(cairn_ctx *ctx, const char *folder, const char *name);
/* Absolute and without links. cairn_free it. */
cairn_status cairn_path_absolute(cairn_ctx *ctx, const char *path, char **absolute);

/* Makes a folder and its parents; one that is there already is fine. */
cairn_status cairn_folder_make(cairn_ctx *ctx, const char *path);
/* Makes changes of a folder's entries durable. */
cairn_status cairn_folder_sync(cairn_ctx *ctx, const char *path);
/* Names in a folder but "." and "..", sorted by bytes. */
cairn_status cairn_folder_list(cairn_ctx *ctx, const char *path, char ***names, size_t *count);
void cairn_names_free(cairn_ctx *ctx, char **names, size_t count);
/* Removes a file or a folder with all that is in it, following no link; missing is fine. */
cairn_status cairn_tree_remove(cairn_ctx *ctx, const char *path);

#endif
