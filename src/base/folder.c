/* Folders and paths; the other half of file.h. */
#include "base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static cairn_status fail_folder(cairn_ctx *ctx, const char *path, const char *what)
{
    return cairn_fail(ctx, CAIRN_IO, "%s: %s: %s", path, what, cairn_errno_text(errno));
}

cairn_path_kind cairn_path_look(const char *path)
{
    struct stat entry;
    if (stat(path, &entry) != 0)
        return CAIRN_PATH_MISSING;
    return S_ISREG(entry.st_mode)   ? CAIRN_PATH_FILE
           : S_ISDIR(entry.st_mode) ? CAIRN_PATH_FOLDER
                                    : CAIRN_PATH_OTHER;
}

bool cairn_path_is_link(const char *path)
{
    struct stat entry;
    return lstat(path, &entry) == 0 && S_ISLNK(entry.st_mode);
}

char *cairn_path_join(cairn_ctx *ctx, const char *folder, const char *name)
{
    size_t length = strlen(folder), size;
    if (!cairn_size_add(length, strlen(name), &size) || !cairn_size_add(size, 2, &size))
        return NULL;
    char *path = cairn_alloc(ctx, size, 1);
    if (path != NULL)
        snprintf(path, size, "%s%s%s", folder, length == 0 || folder[length - 1] == '/' ? "" : "/", name);
    return path;
}

cairn_status cairn_path_absolute(cairn_ctx *ctx, const char *path, char **absolute)
{
    char resolved[PATH_MAX];
    *absolute = NULL;
    if (realpath(path, resolved) == NULL)
        return fail_folder(ctx, path, "cannot open");
    *absolute = cairn_strdup(ctx, resolved);
    return *absolute == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

/* One level. A folder that another process makes at the same time is as good. */
static bool make_level(const char *path)
{
    return mkdir(path, 0777) == 0 || (errno == EEXIST && cairn_path_look(path) == CAIRN_PATH_FOLDER);
}

cairn_status cairn_folder_make(cairn_ctx *ctx, const char *path)
{
    if (cairn_path_look(path) == CAIRN_PATH_FOLDER)
        return CAIRN_OK;
    char *levels = cairn_strdup(ctx, path);
    if (levels == NULL)
        return CAIRN_MEMORY;
    cairn_status status = CAIRN_OK;
    for (char *end = levels; status == CAIRN_OK && *end != '\0';) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        char separator = *end;
        *end = '\0';
        if (!make_level(levels))
            status = fail_folder(ctx, path, "cannot make the folder");
        *end = separator;
    }
    cairn_free(ctx, levels);
    return status;
}

cairn_status cairn_folder_sync(cairn_ctx *ctx, const char *path)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return fail_folder(ctx, path, "cannot open the folder");
    cairn_status status = CAIRN_OK;
    if (cairn_sync(fd) != 0 && errno != EINVAL) /* EINVAL: a file system without that notion */
        status = fail_folder(ctx, path, "cannot make the folder durable");
    close(fd);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static cairn_status add_name(cairn_ctx *ctx, char ***names, size_t *count, size_t *capacity, const char *name)
{
    if (*count == *capacity) {
        size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
        char **larger = cairn_resize(ctx, *names, wanted, sizeof *larger);
        if (larger == NULL)
            return CAIRN_MEMORY;
        *names = larger;
        *capacity = wanted;
    }
    char *copy = cairn_strdup(ctx, name);
    if (copy == NULL)
        return CAIRN_MEMORY;
    (*names)[(*count)++] = copy;
    return CAIRN_OK;
}

cairn_status cairn_folder_list(cairn_ctx *ctx, const char *path, char ***names, size_t *count)
{
    *names = NULL;
    *count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL)
        return fail_folder(ctx, path, "cannot list the folder");
    cairn_status status = CAIRN_OK;
    size_t capacity = 0;
    while (status == CAIRN_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0)
                status = fail_folder(ctx, path, "cannot list the folder");
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = add_name(ctx, names, count, &capacity, entry->d_name);
    }
    closedir(folder);
    if (status != CAIRN_OK) {
        cairn_names_free(ctx, *names, *count);
        *names = NULL;
        *count = 0;
    } else if (*count > 0) {
        qsort(*names, *count, sizeof **names, compare_names);
    }
    return status;
}

void cairn_names_free(cairn_ctx *ctx, char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cairn_free(ctx, names[i]);
    cairn_free(ctx, names);
}

static int remove_entry(const char *path, const struct stat *entry, int type, struct FTW *position)
{
    (void)entry;
    (void)position;
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

cairn_status cairn_tree_remove(cairn_ctx *ctx, const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return fail_folder(ctx, path, "cannot remove");
    return CAIRN_OK;
}
