/* Reading a run folder. */
#include "report/run_record.h"
#include "base/file.h"
#include "base/json.h"
#include <cairn/plan.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define METRICS_LIMIT ((size_t)64 << 20)
#define JSON_LIMIT ((size_t)1 << 20)
#define EVALUATION_BATCH 256

static cairn_status read_file(const cairn_run_record *record, const char *name, size_t limit, char **path,
                              uint8_t **data, size_t *size)
{
    *data = NULL;
    *path = cairn_path_join(record->ctx, record->folder, name);
    return *path ? cairn_file_read(record->ctx, *path, limit, data, size) : CAIRN_MEMORY;
}

static cairn_status read_json(const cairn_run_record *record, const char *name, json_t **root)
{
    char *path;
    uint8_t *data;
    size_t size;
    cairn_status status = read_file(record, name, JSON_LIMIT, &path, &data, &size);
    if (!status)
        status = cairn_json_parse(record->ctx, path, (const char *)data, size, CAIRN_JSON_SMALL_LIMITS, root);
    if (!status && !json_is_object(*root))
        status = cairn_fail(record->ctx, CAIRN_INPUT, "%s: expected an object", path);
    cairn_free(record->ctx, data);
    cairn_free(record->ctx, path);
    return status;
}

/* ---- metrics ---- */

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static cairn_epoch_metrics epoch_of(const json_t *object, int index)
{
    double epoch = number_of(object, "epoch");
    return (cairn_epoch_metrics){
        .epoch = epoch >= 1 && epoch < 1e9 ? (int)epoch : index + 1,
        .loss = number_of(object, "loss"),
        .top1 = number_of(object, "top1"),
        .val_loss = number_of(object, "val_loss"),
        .val_top1 = number_of(object, "val_top1"),
        .val_top5 = number_of(object, "val_top5"),
        .lr = number_of(object, "lr"),
        .seconds = number_of(object, "seconds"),
        .images_per_s = number_of(object, "images_per_s"),
    };
}

/* One object a line. A last line that was cut while it was written is left out. */
static cairn_status parse_metrics(cairn_run_record *record, const char *path, const char *text, size_t size)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    record->epochs = cairn_alloc(record->ctx, lines, sizeof *record->epochs);
    if (!record->epochs)
        return CAIRN_MEMORY;
    for (const char *end; (end = memchr(text, '\n', size)) != NULL;
         size -= (size_t)(end + 1 - text), text = end + 1) {
        json_t *object;
        if (end == text)
            continue;
        cairn_status status =
            cairn_json_parse(record->ctx, path, text, (size_t)(end - text), CAIRN_JSON_SMALL_LIMITS, &object);
        if (status)
            return status;
        record->epochs[record->epoch_count] = epoch_of(object, record->epoch_count);
        record->epoch_count++;
        json_decref(object);
    }
    return CAIRN_OK;
}

static cairn_status read_metrics(cairn_run_record *record)
{
    char *path;
    uint8_t *data;
    size_t size;
    cairn_status status = read_file(record, "metrics.jsonl", METRICS_LIMIT, &path, &data, &size);
    if (!status)
        status = parse_metrics(record, path, (const char *)data, size);
    cairn_free(record->ctx, data);
    cairn_free(record->ctx, path);
    record->best = -1;
    for (int i = 0; i < record->epoch_count; i++)
        if (isfinite(record->epochs[i].val_top1) &&
            (record->best < 0 || record->epochs[i].val_top1 > record->epochs[record->best].val_top1))
            record->best = i;
    return status;
}

/* ---- network and data ---- */

static cairn_status open_network(cairn_run_record *record)
{
    cairn_status status =
        cairn_classifier_open(record->ctx, record->folder, NULL, NULL, EVALUATION_BATCH, &record->classifier);
    if (status)
        return status;
    record->network = cairn_classifier_about(record->classifier);
    return cairn_architecture_read(record->ctx, record->network->graph, CAIRN_DETAIL_STAGES,
                                   &record->architecture);
}

static cairn_status open_data(cairn_run_record *record)
{
    double part = number_of(record->args, "val_split"), seed = number_of(record->args, "seed");
    cairn_dataset_options options = {
        .val_split = isfinite(part) ? (float)part : 0,
        .seed = seed > 0 ? (uint64_t)json_integer_value(json_object_get(record->args, "seed")) : 0};
    cairn_status status =
        cairn_dataset_open(record->ctx, cairn_run_setting(record, "data"), &options, &record->dataset);
    if (status)
        return status;
    record->data = cairn_dataset_about(record->dataset);
    record->split = options.val_split > 0 ? CAIRN_VALIDATION : CAIRN_TEST;
    if (!record->classifier)
        return CAIRN_OK;
    if (record->data->classes != record->network->classes)
        return cairn_fail(record->ctx, CAIRN_INPUT, "%s: classes of the data (expected %d, found %d)",
                          record->data->path, record->network->classes, record->data->classes);
    status = cairn_evaluate(record->ctx, record->classifier, record->dataset, record->split, NULL,
                            &record->evaluation);
    record->evaluated = !status;
    return status;
}

/* Failures but those of memory are said in the report instead. */
static cairn_status forgive(cairn_run_record *record, cairn_status status, char reason[CAIRN_REASON_BYTES])
{
    if (status)
        snprintf(reason, CAIRN_REASON_BYTES, "%s", cairn_error(record->ctx));
    return status == CAIRN_MEMORY ? status : CAIRN_OK;
}

/* What is there but is no run is wrong; what is not there is told when it is read. */
static cairn_status check_folder(const cairn_run_record *record)
{
    char *settings = cairn_path_join(record->ctx, record->folder, "args.json");
    if (!settings)
        return CAIRN_MEMORY;
    bool wrong = cairn_path_look(record->folder) != CAIRN_PATH_MISSING &&
                 cairn_path_look(settings) == CAIRN_PATH_MISSING && !cairn_path_is_link(settings);
    cairn_free(record->ctx, settings);
    return wrong ? cairn_fail(record->ctx, CAIRN_INPUT, "%s: is no run folder (expected args.json in it)",
                              record->folder)
                 : CAIRN_OK;
}

cairn_status cairn_run_record_read(cairn_ctx *ctx, const char *folder, cairn_run_record *record)
{
    char ignored[CAIRN_REASON_BYTES];
    *record = (cairn_run_record){.ctx = ctx, .folder = folder, .best = -1};
    cairn_status status = check_folder(record);
    if (!status)
        status = read_json(record, "args.json", &record->args);
    if (!status)
        status = forgive(record, read_json(record, "env.json", &record->env), ignored);
    if (!status)
        status = forgive(record, read_metrics(record), record->no_metrics);
    if (status)
        cairn_run_record_close(record);
    return status;
}

cairn_status cairn_run_record_open(cairn_ctx *ctx, const char *folder, cairn_run_record *record)
{
    cairn_status status = cairn_run_record_read(ctx, folder, record);
    if (status)
        return status;
    status = forgive(record, open_network(record), record->no_weights);
    if (!status)
        status = forgive(record, open_data(record), record->no_data);
    if (status)
        cairn_run_record_close(record);
    return status;
}

void cairn_run_record_close(cairn_run_record *record)
{
    if (record->evaluated)
        cairn_evaluation_free(record->ctx, &record->evaluation);
    cairn_architecture_free(&record->architecture);
    if (record->dataset)
        cairn_dataset_close(record->dataset);
    if (record->classifier)
        cairn_classifier_close(record->classifier);
    cairn_free(record->ctx, record->epochs);
    json_decref(record->args);
    json_decref(record->env);
    *record = (cairn_run_record){0};
}

const char *cairn_run_setting(const cairn_run_record *record, const char *key)
{
    const char *text = json_string_value(json_object_get(record->args, key));
    return text ? text : "";
}

const char *cairn_run_data_name(const cairn_run_record *record)
{
    const char *path = cairn_run_setting(record, "data"), *slash = strrchr(path, '/');
    return record->data ? record->data->name : slash && slash[1] ? slash + 1 : path;
}
