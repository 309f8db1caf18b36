/* From the argument FILES to names of pictures. */
#include "files.h"
#include "base/file.h"
#include "output.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LIST_BYTES (256u << 20)

/* Takes name, which is freed with the list. */
static cairn_status add(cli_files *files, char *name)
{
    if (!name)
        return CAIRN_MEMORY;
    if (files->count == files->capacity) {
        size_t capacity = files->capacity ? 2 * files->capacity : 64;
        char **grown = cairn_resize(files->ctx, files->name, capacity, sizeof *grown);
        if (!grown) {
            cairn_free(files->ctx, name);
            return CAIRN_MEMORY;
        }
        files->name = grown;
        files->capacity = capacity;
    }
    files->name[files->count++] = name;
    return CAIRN_OK;
}

/* Links to folders are not followed below the one that was named, so there are no circles. */
static bool is_real_folder(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Adds the pictures right in the folder to files and its sub-folders to `folders`. */
static cairn_status scan_folder(cli_files *files, cli_files *folders, const char *folder)
{
    cairn_ctx *ctx = files->ctx;
    char **names = NULL;
    size_t count = 0;
    cairn_status status = cairn_folder_list(ctx, folder, &names, &count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        char *path = cairn_path_join(ctx, folder, names[i]);
        if (!path)
            status = CAIRN_MEMORY;
        else if (is_real_folder(path))
            status = add(folders, path);
        else if (cairn_picture_name(names[i]))
            status = add(files, path); /* also of formats that are not read: that is told, not passed over */
        else
            cairn_free(ctx, path);
    }
    cairn_names_free(ctx, names, count);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static cairn_status add_folder(cli_call *cli, cli_files *files, const char *folder)
{
    size_t first = files->count;
    cli_files folders = {.ctx = files->ctx};
    cairn_status status = add(&folders, cairn_strdup(files->ctx, folder));
    for (size_t i = 0; status == CAIRN_OK && i < folders.count; i++)
        status = scan_folder(files, &folders, folders.name[i]);
    cairn_cli_files_free(&folders);
    char brief[CLI_NAME_BYTES];
    if (status == CAIRN_OK && files->count == first)
        return cairn_cli_fail(cli, CAIRN_INPUT, "%s: has no pictures (expected .jpg, .jpeg or .png files)",
                              cairn_cli_brief(folder, brief));
    if (status == CAIRN_OK)
        qsort(files->name + first, files->count - first, sizeof *files->name, by_name);
    return status;
}

static cairn_status add_list(cli_files *files, const char *path)
{
    char *text, *rest = NULL;
    cairn_status status = cairn_file_read_text(files->ctx, path, MAX_LIST_BYTES, &text);
    for (char *line = status == CAIRN_OK ? strtok_r(text, "\r\n", &rest) : NULL;
         status == CAIRN_OK && line != NULL; line = strtok_r(NULL, "\r\n", &rest))
        status = add(files, cairn_strdup(files->ctx, line));
    cairn_free(files->ctx, text);
    return status;
}

cairn_status cairn_cli_files_add(cli_call *cli, cli_files *files, const char *argument)
{
    if (argument[0] == '@')
        return add_list(files, argument + 1);
    if (cairn_path_look(argument) == CAIRN_PATH_FOLDER)
        return add_folder(cli, files, argument);
    return add(files, cairn_strdup(files->ctx, argument));
}

void cairn_cli_files_free(cli_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        cairn_free(files->ctx, files->name[i]);
    cairn_free(files->ctx, files->name);
}

cairn_status cairn_cli_read_stdin(cli_call *cli, size_t limit, uint8_t **data, size_t *size)
{
    size_t capacity = 0, used = 0;
    *data = NULL;
    for (;;) {
        if (used == capacity) {
            capacity = capacity ? 2 * capacity : 1u << 16;
            uint8_t *grown = cairn_resize(cli->ctx, *data, capacity, 1);
            if (!grown)
                return CAIRN_MEMORY;
            *data = grown;
        }
        ssize_t got = read(STDIN_FILENO, *data + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cairn_cli_fail(cli, CAIRN_IO, "standard input: cannot be read (%s)",
                                  cairn_errno_text(errno));
        if (got == 0)
            break;
        bool began = used < CAIRN_PICTURE_HEAD && used + (size_t)got >= CAIRN_PICTURE_HEAD;
        used += (size_t)got;
        if (began && cairn_picture_check(cli->ctx, "standard input", *data, used) != CAIRN_OK)
            return CAIRN_INPUT;
        if (used > limit)
            return cairn_cli_fail(cli, CAIRN_INPUT, "standard input: too long (expected at most %zu bytes)",
                                  limit);
    }
    *size = used;
    return CAIRN_OK;
}
