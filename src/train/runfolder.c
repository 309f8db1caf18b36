/* The run's folder and the files in it that people read. */
#include "train/runfolder.h"
#include "base/file.h"
#include "base/text.h"
#include "train/environment.h"
#include <stdio.h>
#include <string.h>

#define MAX_SETTINGS ((size_t)1 << 20)
#define CSV_HEADER "epoch,loss,top1,val_loss,val_top1,val_top5,lr,seconds,images_per_s\n"

char *cairn_run_path(const cairn_run_folder *run, const char *name)
{
    return cairn_path_join(run->ctx, run->path, name);
}

/* ---- life ---- */

static cairn_status holds_run(const cairn_run_folder *run, bool *holds)
{
    static const char *const traces[] = {"args.json", "checkpoints", "metrics.jsonl",
                                         "weights/last.safetensors"};
    *holds = false;
    for (size_t i = 0; i < CAIRN_COUNT(traces); i++) {
        char *path = cairn_run_path(run, traces[i]);
        if (path == NULL)
            return CAIRN_MEMORY;
        *holds |= cairn_path_look(path) != CAIRN_PATH_MISSING;
        cairn_free(run->ctx, path);
    }
    return CAIRN_OK;
}

/* "NAME.tmp.123" or "NAME.tmp.123.4", which the writer of a killed process leaves. */
static bool is_temporary(const char *name)
{
    const char *mark = strstr(name, ".tmp.");
    return mark != NULL && mark[5] != '\0' && strspn(mark + 5, "0123456789.") == strlen(mark + 5);
}

static cairn_status tidy(const cairn_run_folder *run, const char *folder)
{
    char **names, *path = cairn_run_path(run, folder);
    size_t count;
    if (path == NULL)
        return CAIRN_MEMORY;
    bool there = cairn_path_look(path) == CAIRN_PATH_FOLDER;
    cairn_status status = there ? cairn_folder_list(run->ctx, path, &names, &count) : CAIRN_OK;
    for (size_t i = 0; there && status == CAIRN_OK && i < count; i++) {
        if (!is_temporary(names[i]))
            continue;
        char *rubbish = cairn_path_join(run->ctx, path, names[i]);
        status = rubbish == NULL ? CAIRN_MEMORY : cairn_tree_remove(run->ctx, rubbish);
        cairn_free(run->ctx, rubbish);
    }
    if (there)
        cairn_names_free(run->ctx, names, count);
    cairn_free(run->ctx, path);
    return status;
}

/* Takes the folder and removes what interrupted writes left in it. */
static cairn_status take(cairn_run_folder *run)
{
    cairn_status status = cairn_lock_take(run->ctx, run->path, &run->lock);
    if (status == CAIRN_OK)
        status = tidy(run, "");
    return status == CAIRN_OK ? tidy(run, "weights") : status;
}

static cairn_status begin(cairn_ctx *ctx, const char *path, cairn_run_folder *run)
{
    *run = (cairn_run_folder){.ctx = ctx, .rows.ctx = ctx, .objects.ctx = ctx};
    run->path = cairn_strdup(ctx, path);
    return run->path == NULL ? CAIRN_MEMORY : CAIRN_OK;
}

cairn_status cairn_run_create(cairn_ctx *ctx, const char *path, cairn_run_folder *run)
{
    bool holds = false;
    cairn_status status = begin(ctx, path, run);
    if (status == CAIRN_OK)
        status = cairn_folder_make(ctx, path);
    if (status == CAIRN_OK)
        status = take(run);
    if (status == CAIRN_OK)
        status = holds_run(run, &holds);
    if (holds)
        status = cairn_fail(ctx, CAIRN_USAGE, "%s: holds a run already (resume it, or choose another folder)",
                            path);
    if (status != CAIRN_OK)
        cairn_run_close(run);
    return status;
}

cairn_status cairn_run_open(cairn_ctx *ctx, const char *path, cairn_run_folder *run)
{
    cairn_status status = begin(ctx, path, run);
    if (status != CAIRN_OK)
        return status;
    char *arguments = cairn_run_path(run, "args.json");
    if (arguments == NULL)
        status = CAIRN_MEMORY;
    else if (cairn_path_look(arguments) == CAIRN_PATH_MISSING)
        status = cairn_fail(ctx, CAIRN_IO, "%s: is not there: no run to resume", arguments);
    else
        status = take(run);
    cairn_free(ctx, arguments);
    if (status != CAIRN_OK)
        cairn_run_close(run);
    return status;
}

void cairn_run_close(cairn_run_folder *run)
{
    if (run->logging) {
        run->ctx->log = run->outer_log;
        run->ctx->log_user = run->outer_user;
    }
    cairn_lock_release(&run->lock);
    if (run->ctx != NULL) {
        cairn_free(run->ctx, run->rows.data);
        cairn_free(run->ctx, run->objects.data);
        cairn_free(run->ctx, run->path);
    }
    *run = (cairn_run_folder){0};
}

/* ---- description ---- */

static cairn_status write_text(const cairn_run_folder *run, const char *name, char *text)
{
    char *path = cairn_run_path(run, name);
    cairn_status status =
        path == NULL || text == NULL ? CAIRN_MEMORY : cairn_file_write(run->ctx, path, text, strlen(text));
    cairn_free(run->ctx, path);
    cairn_free(run->ctx, text);
    return status;
}

static char *print_labels(cairn_ctx *ctx, const cairn_dataset_info *data)
{
    cairn_text text = {.ctx = ctx};
    for (int i = 0; i < data->classes; i++) {
        cairn_text_add(&text, data->labels[i]);
        cairn_text_add(&text, "\n");
    }
    if (!text.failed)
        return text.data;
    cairn_free(ctx, text.data);
    return NULL;
}

cairn_status cairn_run_describe(cairn_run_folder *run, const cairn_config *config,
                                const cairn_dataset_info *data)
{
    cairn_ctx *ctx = run->ctx;
    char *weights = cairn_run_path(run, "weights");
    cairn_status status = weights == NULL ? CAIRN_MEMORY : cairn_folder_make(ctx, weights);
    cairn_free(ctx, weights);
    if (status == CAIRN_OK)
        status = write_text(run, "env.json", cairn_environment_print(ctx));
    if (status == CAIRN_OK)
        status = write_text(run, "labels.txt", print_labels(ctx, data));
    if (status == CAIRN_OK)
        status = write_text(run, "args.json", cairn_config_print(ctx, config, data->path));
    return status;
}

cairn_status cairn_run_config(const cairn_run_folder *run, cairn_config *config)
{
    *config = (cairn_config){0};
    char *path = cairn_run_path(run, "args.json");
    uint8_t *text = NULL;
    size_t size;
    cairn_status status =
        path == NULL ? CAIRN_MEMORY : cairn_file_read(run->ctx, path, MAX_SETTINGS, &text, &size);
    if (status == CAIRN_OK)
        status = cairn_config_parse(run->ctx, path, (const char *)text, size, config);
    cairn_free(run->ctx, text);
    cairn_free(run->ctx, path);
    return status;
}

/* ---- train.log ---- */

/* The error text may be on its way to the user while a line is written, so it is kept. */
void cairn_run_note(const cairn_run_folder *run, const char *line)
{
    char error[CAIRN_ERROR_BYTES];
    memcpy(error, run->ctx->error, sizeof error);
    cairn_text text = {.ctx = run->ctx};
    cairn_text_format(&text, "%s\n", line);
    char *path = cairn_run_path(run, "train.log");
    if (path != NULL && !text.failed)
        (void)cairn_file_append(run->ctx, path, text.data, text.size, false);
    cairn_free(run->ctx, path);
    cairn_free(run->ctx, text.data);
    memcpy(run->ctx->error, error, sizeof error);
}

static void log_to_file(void *user, cairn_log_level level, const char *line)
{
    const cairn_run_folder *run = user;
    if (run->outer_log != NULL)
        run->outer_log(run->outer_user, level, line);
    if (level == CAIRN_LOG_DEBUG)
        return;
    char text[CAIRN_ERROR_BYTES + 16];
    snprintf(text, sizeof text, "%s%s", level == CAIRN_LOG_WARNING ? "warning: " : "", line);
    cairn_run_note(run, text);
}

void cairn_run_log_begin(cairn_run_folder *run)
{
    run->outer_log = run->ctx->log;
    run->outer_user = run->ctx->log_user;
    run->ctx->log = log_to_file;
    run->ctx->log_user = run;
    run->logging = true;
}

/* ---- metrics ---- */

/* Cuts a file to the length that a checkpoint remembers, or makes it when that length is 0. */
static cairn_status cut(const cairn_run_folder *run, const char *name, const char *header, int64_t *bytes)
{
    char *path = cairn_run_path(run, name);
    if (path == NULL)
        return CAIRN_MEMORY;
    cairn_status status;
    if (*bytes == 0) {
        status = cairn_file_write(run->ctx, path, header, strlen(header));
        *bytes = (int64_t)strlen(header);
    } else {
        status = cairn_file_truncate(run->ctx, path, (uint64_t)*bytes);
    }
    cairn_free(run->ctx, path);
    return status;
}

cairn_status cairn_run_cut_metrics(const cairn_run_folder *run, int64_t *results_bytes,
                                   int64_t *metrics_bytes)
{
    cairn_status status = cut(run, "results.csv", CSV_HEADER, results_bytes);
    return status == CAIRN_OK ? cut(run, "metrics.jsonl", "", metrics_bytes) : status;
}

void cairn_run_add_metrics(cairn_run_folder *run, const cairn_epoch_metrics *m)
{
    const struct {
        const char *key;
        double value;
    } columns[] = {{"loss", m->loss},         {"top1", m->top1},
                   {"val_loss", m->val_loss}, {"val_top1", m->val_top1},
                   {"val_top5", m->val_top5}, {"lr", m->lr},
                   {"seconds", m->seconds},   {"images_per_s", m->images_per_s}};
    cairn_text *row = &run->rows, *object = &run->objects;
    cairn_text_format(row, "%d", m->epoch);
    cairn_text_format(object, "{\"epoch\":%d", m->epoch);
    for (size_t i = 0; i < CAIRN_COUNT(columns); i++) {
        cairn_text_add(row, ",");
        cairn_text_number(row, columns[i].value);
        cairn_text_format(object, ",\"%s\":", columns[i].key);
        cairn_text_number(object, columns[i].value);
    }
    cairn_text_add(row, "\n");
    cairn_text_add(object, "}\n");
}

/* Adds to the end that is known, so that the part of a row that a full disk cut off is replaced. */
static cairn_status flush(const cairn_run_folder *run, const char *name, cairn_text *text, int64_t *bytes)
{
    if (text->size == 0)
        return text->failed ? CAIRN_MEMORY : CAIRN_OK;
    char *path = cairn_run_path(run, name);
    cairn_status status = path == NULL || text->failed ? CAIRN_MEMORY : CAIRN_OK;
    if (status == CAIRN_OK)
        status = cairn_file_truncate(run->ctx, path, (uint64_t)*bytes);
    if (status == CAIRN_OK)
        status = cairn_file_append(run->ctx, path, text->data, text->size, true);
    cairn_free(run->ctx, path);
    if (status != CAIRN_OK)
        return status;
    *bytes += (int64_t)text->size;
    text->size = 0;
    return CAIRN_OK;
}

cairn_status cairn_run_flush_metrics(cairn_run_folder *run, int64_t *results_bytes, int64_t *metrics_bytes)
{
    cairn_status status = flush(run, "results.csv", &run->rows, results_bytes);
    return status == CAIRN_OK ? flush(run, "metrics.jsonl", &run->objects, metrics_bytes) : status;
}
