/* cairn inspect: what is in a weights file or a run folder. */
#include "base/file.h"
#include "base/json.h"
#include "commands.h"
#include "model.h"
#include "network.h"
#include "output.h"
#include "train/transfer.h"
#include <string.h>

#define MAX_SETTINGS_BYTES (1u << 20)
#define MAX_METRICS_BYTES (64u << 20)
#define NAME_COLUMNS 28
#define KEY_COLUMNS 20
#define MAX_NETWORKS 8

static void put_pair(const char *key, const char *value)
{
    int columns = cairn_cli_columns(key), room = cairn_cli_width(stdout) - KEY_COLUMNS - 3;
    cairn_cli_put(stdout, key, columns > KEY_COLUMNS ? columns : KEY_COLUMNS);
    fputs("  ", stdout);
    columns = cairn_cli_columns(value);
    bool cut = cairn_cli_is_terminal(stdout) && columns > room;
    cairn_cli_put(stdout, value, cut ? room - 3 : columns);
    puts(cut ? "..." : "");
}

/* ---- tensors ---- */

/* The types that occur, in the order of their numbers. */
static void put_types(const cairn_weights *weights)
{
    for (cairn_dtype type = CAIRN_F32; type <= CAIRN_I64; type++) {
        bool found = false;
        for (int i = 0; i < cairn_weights_count(weights) && !found; i++)
            found = cairn_weights_at(weights, i)->dtype == type;
        if (found)
            printf(", %s", cairn_dtype_name(type));
    }
    putchar('\n');
}

static cairn_status put_tensors(const cairn_weights *weights)
{
    int64_t total = 0, bytes = 0;
    char text[96], number[CLI_NUMBER_BYTES], size[CLI_NUMBER_BYTES];
    printf("%-*s  type  %-20s  %12s\n", NAME_COLUMNS, "tensor", "shape", "numbers");
    for (int i = 0; i < cairn_weights_count(weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        int64_t bad, elements = cairn_shape_elements(&tensor->shape);
        cairn_status status = cairn_cli_count_not_finite(tensor, &bad);
        if (status != CAIRN_OK)
            return status;
        int used = 0;
        text[0] = '\0';
        for (int d = 0; d < tensor->shape.rank; d++)
            used += snprintf(text + used, sizeof text - (size_t)used, "%s%lld", d ? " x " : "",
                             (long long)tensor->shape.dim[d]);
        int columns = cairn_cli_columns(tensor->name);
        cairn_cli_put(stdout, tensor->name, columns > NAME_COLUMNS ? columns : NAME_COLUMNS);
        printf("  %-4s  %-20s  %12s", cairn_dtype_name(tensor->dtype), text,
               cairn_cli_count(elements, number));
        if (bad > 0)
            printf("  %lld not finite", (long long)bad);
        putchar('\n');
        total += elements;
        bytes += elements * (int64_t)cairn_dtype_size(tensor->dtype);
    }
    printf("\n%d tensors, %s numbers, %s", cairn_weights_count(weights), cairn_cli_count(total, number),
           cairn_cli_bytes((double)bytes, size));
    put_types(weights);
    return CAIRN_OK;
}

static void put_metadata(const cairn_weights *weights)
{
    for (int i = 0; i < cairn_weights_meta_count(weights); i++) {
        const char *key, *value;
        cairn_weights_meta_at(weights, i, &key, &value);
        put_pair(key, value);
    }
    if (cairn_weights_meta_count(weights) > 0)
        putchar('\n');
}

/* ---- networks ---- */

/* Networks that all tensors belong to; the one that the file names, if they belong to it, is the only one. */
typedef struct guess {
    cairn_recognised found[MAX_NETWORKS];
    int count;
} guess;

/* What does not fit the network that the file names is a warning: a file may be looked at in any state. */
static cairn_status check_named(cli_call *cli, const char *path, const cairn_weights *weights, guess *g)
{
    cli_network network;
    cairn_fit fit = {0};
    char brief[CLI_NAME_BYTES];
    cairn_status status = cairn_cli_network_find(cli, path, weights, NULL, NULL, &network);
    if (status == CAIRN_OK)
        status = cairn_weights_fit(cli->ctx, network.graph, network.model->names, weights, &fit);
    if (status == CAIRN_INPUT) {
        cairn_cli_warn(cli, "%s", *cli->error ? cli->error : cairn_error(cli->ctx));
        *cli->error = '\0';
        status = CAIRN_OK;
    } else if (status == CAIRN_OK && fit.missing + fit.misshapen + fit.extra > 0) {
        cairn_cli_warn(
            cli, "%s: does not fit %s: %d tensors missing, %d of another shape, %d more than it has",
            cairn_cli_brief(path, brief), network.model->name, fit.missing, fit.misshapen, fit.extra);
    } else if (status == CAIRN_OK) {
        g->found[0] = (cairn_recognised){network.model, network.settings.classes};
        g->count = 1;
    }
    cairn_cli_network_free(cli, &network);
    return status;
}

static cairn_status find_networks(cli_call *cli, const char *path, const cairn_weights *weights, guess *g)
{
    *g = (guess){0};
    if (cairn_weights_meta(weights, "cairn.arch"))
        return check_named(cli, path, weights, g);
    cairn_status status = cairn_weights_recognise(cli->ctx, weights, g->found, MAX_NETWORKS, &g->count);
    g->count = g->count < MAX_NETWORKS ? g->count : MAX_NETWORKS;
    return status;
}

static void put_networks(const guess *g)
{
    char text[64 * MAX_NETWORKS];
    int used = 0;
    for (int i = 0; i < g->count; i++)
        used +=
            snprintf(text + used, sizeof text - (size_t)used, "%s%s", i ? ", " : "", g->found[i].model->name);
    if (g->count > 0)
        snprintf(text + used, sizeof text - (size_t)used, " of %d classes", g->found[0].classes);
    put_pair("fits", g->count > 0 ? text : "no network of the zoo as it is");
}

/* ---- files ---- */

static void put_json(const char *path, const char *format, const cairn_weights *weights, const guess *g)
{
    cli_json json = {0};
    int64_t numbers = 0;
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "file", path);
    cairn_cli_json_text(&json, "format", format);
    cairn_cli_json_open(&json, "networks", '[');
    for (int i = 0; i < g->count; i++)
        cairn_cli_json_text(&json, NULL, g->found[i].model->name);
    cairn_cli_json_close(&json);
    cairn_cli_json_open(&json, "tensors", '[');
    for (int i = 0; i < cairn_weights_count(weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        numbers += cairn_shape_elements(&tensor->shape);
        cairn_cli_json_open(&json, NULL, '{');
        cairn_cli_json_text(&json, "name", tensor->name);
        cairn_cli_json_text(&json, "dtype", cairn_dtype_name(tensor->dtype));
        cairn_cli_json_open(&json, "shape", '[');
        for (int d = 0; d < tensor->shape.rank; d++)
            cairn_cli_json_integer(&json, NULL, tensor->shape.dim[d]);
        cairn_cli_json_close(&json);
        cairn_cli_json_close(&json);
    }
    cairn_cli_json_close(&json);
    cairn_cli_json_integer(&json, "numbers", numbers);
    cairn_cli_json_open(&json, "metadata", '{');
    for (int i = 0; i < cairn_weights_meta_count(weights); i++) {
        const char *key, *value;
        cairn_weights_meta_at(weights, i, &key, &value);
        cairn_cli_json_text(&json, key, value);
    }
    cairn_cli_json_close(&json);
    cairn_cli_json_close(&json);
}

/* shown: what the user called it; format: NULL asks the file. */
static cairn_status inspect_file(cli_call *cli, const char *path, const char *shown, const char *format)
{
    cairn_weights *weights = NULL;
    guess g;
    cairn_status status = cairn_weights_load(cli->ctx, path, &weights);
    if (status == CAIRN_OK && !format)
        status = cairn_weights_format(cli->ctx, path, &format);
    if (status == CAIRN_OK)
        status = cairn_cli_check_finite(cli, path, weights);
    if (status == CAIRN_OK)
        status = find_networks(cli, shown, weights, &g);
    if (status == CAIRN_OK && cairn_cli_given(cli, OPTION_JSON)) {
        put_json(shown, format, weights, &g);
    } else if (status == CAIRN_OK) {
        put_pair("file format", format);
        put_networks(&g);
        put_metadata(weights);
        status = put_tensors(weights);
    }
    cairn_weights_destroy(weights);
    return status;
}

/* ---- run folders ---- */

static void put_setting(const char *key, const json_t *value)
{
    char number[CLI_NUMBER_BYTES];
    if (json_is_integer(value))
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
    else
        snprintf(number, sizeof number, "%g", json_number_value(value));
    if (json_is_string(value) && json_string_length(value) > 0)
        put_pair(key, json_string_value(value));
    else if (json_is_boolean(value))
        put_pair(key, json_is_true(value) ? "yes" : "no");
    else if (json_is_number(value))
        put_pair(key, number);
}

/* The settings of a run, a line each. */
static cairn_status put_settings(cli_call *cli, const char *path)
{
    uint8_t *text = NULL;
    size_t size;
    json_t *root = NULL, *value;
    const char *key;
    cairn_status status = cairn_file_read(cli->ctx, path, MAX_SETTINGS_BYTES, &text, &size);
    if (status == CAIRN_OK)
        status = cairn_json_parse(cli->ctx, path, (const char *)text, size, CAIRN_JSON_SMALL_LIMITS, &root);
    json_object_foreach(root, key, value) put_setting(key, value);
    json_decref(root);
    cairn_free(cli->ctx, text);
    return status;
}

/* How far a run came: epochs and the best of them. */
static cairn_status put_progress(cli_call *cli, const char *path)
{
    uint8_t *text = NULL;
    size_t size;
    int epochs = 0, best_epoch = 0;
    double best = -1;
    char line[96];
    if (cairn_path_look(path) == CAIRN_PATH_MISSING) {
        put_pair("epochs done", "none");
        return CAIRN_OK;
    }
    cairn_status status = cairn_file_read(cli->ctx, path, MAX_METRICS_BYTES, &text, &size);
    for (size_t at = 0; status == CAIRN_OK && at < size;) {
        const char *begin = (const char *)text + at;
        size_t length = strcspn(begin, "\n");
        json_t *root = NULL;
        if (begin[length] != '\n')
            break; /* a line that was being written when the run ended */
        status = cairn_json_parse(cli->ctx, path, begin, length, CAIRN_JSON_SMALL_LIMITS, &root);
        double top1 = json_number_value(json_object_get(root, "val_top1"));
        epochs++;
        if (top1 > best) {
            best = top1;
            best_epoch = (int)json_integer_value(json_object_get(root, "epoch"));
        }
        json_decref(root);
        at += length + 1;
    }
    cairn_free(cli->ctx, text);
    if (status != CAIRN_OK)
        return status;
    snprintf(line, sizeof line, "%d", epochs);
    put_pair("epochs done", line);
    snprintf(line, sizeof line, "%.2f %% in epoch %d", best, best_epoch);
    if (epochs > 0)
        put_pair("best top-1", line);
    return CAIRN_OK;
}

static cairn_status inspect_run(cli_call *cli, const char *folder)
{
    cairn_ctx *ctx = cli->ctx;
    char *settings = cairn_path_join(ctx, folder, "args.json");
    char *metrics = cairn_path_join(ctx, folder, "metrics.jsonl");
    char *weights = cairn_weights_file(ctx, folder);
    char brief[CLI_NAME_BYTES];
    cairn_status status = settings && metrics && weights ? CAIRN_OK : CAIRN_MEMORY;
    if (status == CAIRN_OK && cairn_path_look(settings) == CAIRN_PATH_MISSING)
        status = cairn_cli_fail(cli, CAIRN_INPUT, "%s: is no run folder (expected args.json in it)",
                                cairn_cli_brief(folder, brief));
    bool text = !cairn_cli_given(cli, OPTION_JSON);
    if (status == CAIRN_OK && text)
        status = put_settings(cli, settings);
    if (status == CAIRN_OK && text)
        status = put_progress(cli, metrics);
    if (status == CAIRN_OK && text)
        putchar('\n');
    if (status == CAIRN_OK)
        status = inspect_file(cli, weights, folder, "run");
    cairn_free(ctx, settings);
    cairn_free(ctx, metrics);
    cairn_free(ctx, weights);
    return status;
}

static cairn_status run(cli_call *cli)
{
    const char *path = cli->names[0];
    if (cairn_path_look(path) == CAIRN_PATH_FOLDER)
        return inspect_run(cli, path);
    return inspect_file(cli, path, path, NULL);
}

const cli_command cairn_cli_inspect = {
    .name = "inspect",
    .arguments = "FILE",
    .help = "what is in a weights file or a run",
    .text = "FILE is a weights file of any format that can be read, or a run folder. What is told: the "
            "format, the "
            "networks of the zoo that the tensors fit, metadata, and every tensor with its type and shape.",
    .examples = {{"cairn inspect net.safetensors", "tensors and metadata"},
                 {"cairn inspect runs/lenet5-mnist-1", "settings, progress, weights"},
                 {"cairn inspect net.safetensors --strict", "fails if a number is not finite"}},
    .options = {OPTION_STRICT, OPTION_JSON, OPTION_QUIET, OPTION_VERBOSE},
    .min_names = 1,
    .max_names = 1,
    .completion = CLI_COMPLETE_FILES,
    .run = run,
};
