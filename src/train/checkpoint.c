/* Saving, loading and rotating checkpoints. */
#include "train/checkpoint.h"
#include "base/file.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 2
#define PREFIX "step-"
#define TEMPORARY ".tmp"
#define NAME_BYTES 40

enum { MODEL, TRAIN, STATE };
static const char *const files[] = {
    [MODEL] = "model.safetensors", [TRAIN] = "train.safetensors", [STATE] = "state.json"};

/* ---- names ---- */

static void print_name(char name[NAME_BYTES], int64_t step)
{
    snprintf(name, NAME_BYTES, PREFIX "%06" PRId64, step);
}

/* The step of "step-000123"; -1 for any other name. */
static int64_t parse_name(const char *name)
{
    size_t prefix = strlen(PREFIX);
    if (strncmp(name, PREFIX, prefix) != 0)
        return -1;
    const char *digits = name + prefix;
    size_t count = strlen(digits);
    if (count < 6 || count > 18 || strspn(digits, "0123456789") != count || (count > 6 && digits[0] == '0'))
        return -1;
    return strtoll(digits, NULL, 10);
}

static int compare_steps_down(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x < y) - (x > y);
}

/* Steps of the checkpoints in the folder, sound or not, the highest first. cairn_free them. */
static cairn_status list_steps(const cairn_checkpoints *c, int64_t **steps, size_t *count)
{
    char **names;
    size_t name_count;
    *steps = NULL;
    *count = 0;
    cairn_status status = cairn_folder_list(c->ctx, c->folder, &names, &name_count);
    if (status != CAIRN_OK)
        return status;
    *steps = cairn_alloc(c->ctx, name_count, sizeof **steps);
    for (size_t i = 0; *steps != NULL && i < name_count; i++)
        if (parse_name(names[i]) >= 0)
            (*steps)[(*count)++] = parse_name(names[i]);
    cairn_names_free(c->ctx, names, name_count);
    if (*steps == NULL)
        return CAIRN_MEMORY;
    qsort(*steps, *count, sizeof **steps, compare_steps_down);
    return CAIRN_OK;
}

/* The step that "last" or "best" names; -1: none. */
static int64_t read_pointer(const cairn_checkpoints *c, const char *pointer)
{
    char *path = cairn_path_join(c->ctx, c->folder, pointer);
    uint8_t *text = NULL;
    size_t size;
    int64_t step = -1;
    if (path != NULL && cairn_file_read(c->ctx, path, NAME_BYTES, &text, &size) == CAIRN_OK) {
        text[strcspn((char *)text, "\n")] = '\0';
        step = parse_name((char *)text);
    }
    cairn_free(c->ctx, text);
    cairn_free(c->ctx, path);
    return step;
}

static cairn_status write_pointer(const cairn_checkpoints *c, const char *pointer, int64_t step)
{
    char text[NAME_BYTES];
    print_name(text, step);
    strcat(text, "\n");
    char *path = cairn_path_join(c->ctx, c->folder, pointer);
    cairn_status status = path == NULL ? CAIRN_MEMORY : cairn_file_write(c->ctx, path, text, strlen(text));
    cairn_free(c->ctx, path);
    return status;
}

/* ---- removing ---- */

static bool has_manifest(cairn_ctx *ctx, const char *folder)
{
    char *manifest = cairn_path_join(ctx, folder, CAIRN_MANIFEST_NAME);
    bool has =
        manifest != NULL && !cairn_path_is_link(folder) && cairn_path_look(manifest) != CAIRN_PATH_MISSING;
    cairn_free(ctx, manifest);
    return has;
}

/* Manifest first, and durably: what is half removed must not look like a checkpoint. */
static cairn_status remove_checkpoint(cairn_ctx *ctx, const char *path)
{
    cairn_status status = CAIRN_OK;
    if (has_manifest(ctx, path)) {
        char *manifest = cairn_path_join(ctx, path, CAIRN_MANIFEST_NAME);
        status = manifest == NULL ? CAIRN_MEMORY : cairn_tree_remove(ctx, manifest);
        cairn_free(ctx, manifest);
        if (status == CAIRN_OK)
            status = cairn_folder_sync(ctx, path);
    }
    return status == CAIRN_OK ? cairn_tree_remove(ctx, path) : status;
}

static cairn_status remove_step(const cairn_checkpoints *c, int64_t step)
{
    char name[NAME_BYTES];
    print_name(name, step);
    char *path = cairn_path_join(c->ctx, c->folder, name);
    cairn_status status = path == NULL ? CAIRN_MEMORY : remove_checkpoint(c->ctx, path);
    cairn_free(c->ctx, path);
    return status;
}

/* The path of a checkpoint from that of its temporary folder: without the suffix. NULL: no memory. */
static char *final_path(cairn_ctx *ctx, const char *temporary)
{
    char *path = cairn_strdup(ctx, temporary);
    if (path != NULL)
        path[strlen(path) - strlen(TEMPORARY)] = '\0';
    return path;
}

/* An interrupted save that had all but its last rename is finished, whatever else has a temporary name is
 * removed, and so are checkpoints that lost their manifest. */
static cairn_status tidy(const cairn_checkpoints *c, const char *path, const char *name)
{
    size_t length = strlen(name), suffix = strlen(TEMPORARY);
    bool temporary = strstr(name, TEMPORARY) != NULL;
    if (temporary && length > suffix && length < NAME_BYTES &&
        strcmp(name + length - suffix, TEMPORARY) == 0 && has_manifest(c->ctx, path)) {
        char *final = final_path(c->ctx, path);
        if (final == NULL)
            return CAIRN_MEMORY;
        bool finish = !has_manifest(c->ctx, final);
        cairn_status status = finish ? cairn_tree_remove(c->ctx, final) : CAIRN_OK;
        if (finish && status == CAIRN_OK)
            status = cairn_file_rename(c->ctx, path, final);
        cairn_free(c->ctx, final);
        if (finish)
            return status;
    }
    if (!temporary && (parse_name(name) < 0 || has_manifest(c->ctx, path)))
        return CAIRN_OK;
    cairn_log(c->ctx, CAIRN_LOG_INFO, "%s: removed: an interrupted save left it", path);
    return cairn_tree_remove(c->ctx, path);
}

static cairn_status tidy_all(const cairn_checkpoints *c)
{
    char **names;
    size_t count;
    cairn_status status = cairn_folder_list(c->ctx, c->folder, &names, &count);
    for (size_t i = 0; status == CAIRN_OK && i < count; i++) {
        char *path = cairn_path_join(c->ctx, c->folder, names[i]);
        status = path == NULL ? CAIRN_MEMORY : tidy(c, path, names[i]);
        cairn_free(c->ctx, path);
    }
    cairn_names_free(c->ctx, names, count);
    return status;
}

/* Keeps the last ones up to `current` and the best. Later ones were found unsound, or they belong to a future
 * that is being computed again. */
static cairn_status rotate(const cairn_checkpoints *c, int64_t current)
{
    int64_t *steps, best = read_pointer(c, "best");
    size_t count;
    cairn_status status = list_steps(c, &steps, &count);
    for (size_t i = 0, kept = 0; status == CAIRN_OK && i < count; i++) {
        bool keep = steps[i] <= current && kept < KEPT;
        kept += keep;
        if (!keep && (steps[i] != best || steps[i] > current))
            status = remove_step(c, steps[i]);
    }
    cairn_free(c->ctx, steps);
    return status;
}

/* ---- life ---- */

cairn_status cairn_checkpoints_open(cairn_ctx *ctx, const char *run, const cairn_identity *identity,
                                    cairn_checkpoints *c)
{
    *c = (cairn_checkpoints){.ctx = ctx, .identity = *identity};
    c->folder = cairn_path_join(ctx, run, "checkpoints");
    if (c->folder == NULL)
        return CAIRN_MEMORY;
    cairn_status status;
    if (cairn_path_is_link(c->folder))
        status = cairn_fail(ctx, CAIRN_IO, "%s: is a symbolic link (expected a folder)", c->folder);
    else
        status = cairn_folder_make(ctx, c->folder);
    if (status == CAIRN_OK)
        status = tidy_all(c);
    if (status != CAIRN_OK)
        cairn_checkpoints_close(c);
    return status;
}

void cairn_checkpoints_close(cairn_checkpoints *c)
{
    cairn_free(c->ctx, c->folder);
    c->folder = NULL;
}

/* ---- saving ---- */

static cairn_status save_weights(cairn_ctx *ctx, const char *folder, const char *name,
                                 const cairn_weights *weights)
{
    char *path = cairn_path_join(ctx, folder, name);
    cairn_status status = path == NULL ? CAIRN_MEMORY : cairn_weights_save(weights, path);
    cairn_free(ctx, path);
    return status;
}

static cairn_status save_state(cairn_ctx *ctx, const char *folder, const cairn_state *state)
{
    char *path = cairn_path_join(ctx, folder, files[STATE]), *text = cairn_state_print(ctx, state);
    cairn_status status =
        path == NULL || text == NULL ? CAIRN_MEMORY : cairn_file_write(ctx, path, text, strlen(text));
    cairn_free(ctx, path);
    cairn_free(ctx, text);
    return status;
}

/* Everything of a checkpoint, durable, under a temporary name. */
static cairn_status fill(const cairn_checkpoints *c, const char *folder, const cairn_saved *saved)
{
    cairn_ctx *ctx = c->ctx;
    cairn_status status = cairn_folder_make(ctx, folder);
    if (status == CAIRN_OK)
        status = save_weights(ctx, folder, files[MODEL], saved->model);
    if (status == CAIRN_OK)
        status = save_weights(ctx, folder, files[TRAIN], saved->train);
    if (status == CAIRN_OK)
        status = save_state(ctx, folder, &saved->state);
    if (status == CAIRN_OK)
        status = cairn_manifest_write(ctx, folder, &c->identity, files, CAIRN_COUNT(files));
    return status == CAIRN_OK ? cairn_folder_sync(ctx, folder) : status;
}

static cairn_status commit(const cairn_checkpoints *c, const char *temporary, const char *final)
{
    cairn_status status = remove_checkpoint(c->ctx, final); /* an unsound or abandoned one of the same step */
    return status == CAIRN_OK ? cairn_file_rename(c->ctx, temporary, final) : status;
}

/* Removes what a failed save left, without losing the reason of the failure. */
static void clean_up(cairn_ctx *ctx, const char *temporary)
{
    char reason[CAIRN_ERROR_BYTES];
    snprintf(reason, sizeof reason, "%s", cairn_error(ctx));
    if (cairn_tree_remove(ctx, temporary) != CAIRN_OK)
        cairn_log(ctx, CAIRN_LOG_WARNING, "%s", cairn_error(ctx));
    cairn_fail(ctx, CAIRN_IO, "%s", reason);
}

cairn_status cairn_checkpoint_save(const cairn_checkpoints *c, const cairn_saved *saved, bool best)
{
    int64_t step = saved->state.step;
    char name[NAME_BYTES], temporary_name[NAME_BYTES + sizeof TEMPORARY];
    print_name(name, step);
    snprintf(temporary_name, sizeof temporary_name, "%s" TEMPORARY, name);
    char *final = cairn_path_join(c->ctx, c->folder, name);
    char *temporary = cairn_path_join(c->ctx, c->folder, temporary_name);
    cairn_status status =
        final == NULL || temporary == NULL ? CAIRN_MEMORY : cairn_tree_remove(c->ctx, temporary);
    if (status == CAIRN_OK && (status = fill(c, temporary, saved)) == CAIRN_OK)
        status = commit(c, temporary, final);
    if (status == CAIRN_OK)
        status = write_pointer(c, "last", step);
    else if (temporary != NULL)
        clean_up(c->ctx, temporary);
    if (status == CAIRN_OK && best)
        status = write_pointer(c, "best", step);
    if (status == CAIRN_OK)
        status = cairn_manifest_check_sizes(c->ctx, final, files, CAIRN_COUNT(files));
    if (status == CAIRN_OK)
        status = rotate(c, step);
    cairn_free(c->ctx, final);
    cairn_free(c->ctx, temporary);
    return status;
}

/* ---- loading ---- */

void cairn_saved_free(cairn_ctx *ctx, cairn_saved *saved)
{
    cairn_weights_destroy(saved->model);
    cairn_weights_destroy(saved->train);
    cairn_state_free(ctx, &saved->state);
    *saved = (cairn_saved){0};
}

static cairn_status load_weights(cairn_ctx *ctx, const char *folder, const char *name,
                                 cairn_weights **weights)
{
    char *path = cairn_path_join(ctx, folder, name);
    cairn_status status = path == NULL ? CAIRN_MEMORY : cairn_weights_load(ctx, path, weights);
    cairn_free(ctx, path);
    return status;
}

static cairn_status load_state(cairn_ctx *ctx, const char *folder, cairn_state *state)
{
    uint8_t *text = NULL;
    size_t size;
    char *path = cairn_path_join(ctx, folder, files[STATE]);
    cairn_status status =
        path == NULL ? CAIRN_MEMORY : cairn_file_read(ctx, path, CAIRN_STATE_BYTES, &text, &size);
    if (status == CAIRN_OK)
        status = cairn_state_parse(ctx, path, (const char *)text, size, state);
    cairn_free(ctx, text);
    cairn_free(ctx, path);
    return status;
}

static cairn_status load_step(const cairn_checkpoints *c, int64_t step, cairn_saved *saved)
{
    *saved = (cairn_saved){0};
    char name[NAME_BYTES];
    print_name(name, step);
    char *folder = cairn_path_join(c->ctx, c->folder, name);
    if (folder == NULL)
        return CAIRN_MEMORY;
    cairn_status status = cairn_manifest_check(c->ctx, folder, &c->identity, files, CAIRN_COUNT(files));
    if (status == CAIRN_OK)
        status = load_state(c->ctx, folder, &saved->state);
    if (status == CAIRN_OK)
        status = load_weights(c->ctx, folder, files[MODEL], &saved->model);
    if (status == CAIRN_OK)
        status = load_weights(c->ctx, folder, files[TRAIN], &saved->train);
    cairn_free(c->ctx, folder);
    if (status == CAIRN_OK)
        return CAIRN_OK;
    cairn_saved_free(c->ctx, saved);
    return status;
}

/* Moves the step that "last" names to the front. */
static void put_first(int64_t *steps, size_t count, int64_t first)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i] != first)
            continue;
        memmove(steps + 1, steps, i * sizeof *steps);
        steps[0] = first;
        return;
    }
}

cairn_status cairn_checkpoint_load(const cairn_checkpoints *c, cairn_saved *saved, bool *found)
{
    *saved = (cairn_saved){0};
    *found = false;
    int64_t *steps;
    size_t count;
    cairn_status status = list_steps(c, &steps, &count);
    if (status != CAIRN_OK)
        return status;
    put_first(steps, count, read_pointer(c, "last"));
    for (size_t i = 0; i < count && !*found; i++) {
        status = load_step(c, steps[i], saved);
        *found = status == CAIRN_OK;
        if (status == CAIRN_USAGE || status == CAIRN_MEMORY)
            break;
        if (!*found)
            cairn_log(c->ctx, CAIRN_LOG_WARNING, "%s; trying the checkpoint before it", cairn_error(c->ctx));
    }
    cairn_free(c->ctx, steps);
    if (status == CAIRN_OK || status == CAIRN_USAGE || status == CAIRN_MEMORY)
        return status;
    return cairn_fail(c->ctx, CAIRN_INPUT, "%s: no checkpoint is sound", c->folder);
}
