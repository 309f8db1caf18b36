/* cairn predict: what is in these pictures? Files are read and classified a batch at a time; one that cannot
 * be read is told and left out. */
#include "base/base.h"
#include "commands.h"
#include "files.h"
#include "model.h"
#include "output.h"
#include "tune.h"
#include <string.h>

#define DEFAULT_BATCH 32
#define MAX_ANSWERS 5
#define MAX_PICTURE_BYTES (512u << 20)
#define BAR_COLUMNS 30

typedef struct prediction {
    cli_call *cli;
    cli_model model;
    cli_files files;
    cairn_tuning *tuning; /* NULL: kernels by the model */
    int batch, classes;
    size_t picture_bytes; /* of one input */
    uint8_t *pixels;      /* batch inputs */
    float *logits;        /* batch x classes */
    size_t *waiting;      /* files whose pictures are in the batch */
    int filled;
    size_t failed;
    cairn_status first_failure;
    bool hinted;
} prediction;

/* ---- one picture ---- */

/* A border that is lighter than the whole picture means dark ink on a light ground. */
static bool is_dark_on_light(const cairn_picture *picture)
{
    int64_t sum = 0, border = 0, border_count = 0;
    int64_t row = (int64_t)picture->w * picture->c, count = row * picture->h;
    for (int64_t i = 0; i < count; i++) {
        int64_t y = i / row, x = i % row / picture->c;
        sum += picture->data[i];
        if (y == 0 || y == picture->h - 1 || x == 0 || x == picture->w - 1) {
            border += picture->data[i];
            border_count++;
        }
    }
    double border_mean = (double)border / (double)border_count;
    return border_mean > (double)sum / (double)count && border_mean > 127;
}

/* Networks whose training pictures were mostly dark and grey expect light on dark. */
static void hint(prediction *p, const char *name, const cairn_picture *picture)
{
    const cairn_preprocess *preprocess = cairn_classifier_about(p->model.classifier)->preprocess;
    if (p->hinted || cairn_cli_given(p->cli, OPTION_INVERT) || cairn_cli_given(p->cli, OPTION_QUIET) ||
        preprocess->channels != 1 || preprocess->mean[0] >= 0.5f || !is_dark_on_light(picture))
        return;
    char brief[CLI_NAME_BYTES];
    p->hinted = true;
    cairn_cli_note(p->cli,
                   "cairn: hint: %s is dark on light, but the network expects light on dark; try --invert",
                   cairn_cli_brief(name, brief));
}

/* The chain as it is used here: people's pictures are turned as their cameras say, whatever the training did.
 */
static cairn_preprocess chain_of(const prediction *p)
{
    cairn_preprocess chain = *cairn_classifier_about(p->model.classifier)->preprocess;
    chain.exif = strcmp(cairn_cli_text(p->cli, OPTION_EXIF, "on"), "on") == 0;
    return chain;
}

static cairn_status decode(prediction *p, const char *name, cairn_picture *picture)
{
    cairn_ctx *ctx = p->cli->ctx;
    cairn_preprocess chain = chain_of(p);
    cairn_decode_options options = {.channels = chain.channels, .exif = chain.exif};
    if (strcmp(name, "-") != 0)
        return cairn_picture_load(ctx, name, &options, picture);
    uint8_t *bytes;
    size_t size;
    cairn_status status = cairn_cli_read_stdin(p->cli, MAX_PICTURE_BYTES, &bytes, &size);
    if (status == CAIRN_OK)
        status = cairn_picture_decode(ctx, "standard input", bytes, size, &options, picture);
    cairn_free(ctx, bytes);
    return status;
}

/* The pixels that enter the network, as a picture: red, green, blue whatever the network's order is. */
static cairn_status show_input(prediction *p, const char *path, cairn_picture *input)
{
    cairn_preprocess chain = chain_of(p);
    size_t size = (size_t)input->h * (size_t)input->w * 3;
    for (size_t i = 0; chain.bgr && input->c == 3 && i < size; i += 3) {
        uint8_t blue = input->data[i];
        input->data[i] = input->data[i + 2];
        input->data[i + 2] = blue;
    }
    char *text;
    cairn_status status = cairn_preprocess_to_json(p->cli->ctx, &chain, &text);
    if (status == CAIRN_OK)
        status = cairn_cli_write_png(p->cli, path, input);
    if (status == CAIRN_OK)
        cairn_cli_note(p->cli, "preprocessing: %s", text);
    cairn_text_free(p->cli->ctx, text);
    return status;
}

/* Reads one file into the next place of the batch. */
static cairn_status read_picture(prediction *p, const char *name)
{
    cairn_ctx *ctx = p->cli->ctx;
    cairn_picture picture = {0}, input = {0};
    cairn_status status = decode(p, name, &picture);
    if (status == CAIRN_OK)
        hint(p, name, &picture);
    size_t bytes = (size_t)picture.h * (size_t)picture.w * (size_t)picture.c;
    for (size_t i = 0; cairn_cli_given(p->cli, OPTION_INVERT) && i < bytes; i++)
        picture.data[i] = (uint8_t)(255 - picture.data[i]);
    char brief[CLI_NAME_BYTES];
    if (status == CAIRN_OK)
        status = cairn_classifier_input(p->model.classifier, cairn_cli_brief(name, brief), &picture, &input);
    if (status == CAIRN_OK)
        memcpy(p->pixels + (size_t)p->filled * p->picture_bytes, input.data, p->picture_bytes);
    const char *show = cairn_cli_text(p->cli, OPTION_SHOW_INPUT, NULL);
    if (status == CAIRN_OK && show)
        status = show_input(p, show, &input);
    cairn_picture_free(ctx, &picture);
    cairn_picture_free(ctx, &input);
    return status;
}

/* ---- answers ---- */

static void put_text(const char *name, const cairn_class_score *best, int count)
{
    char bar[CLI_BAR_BYTES];
    int columns = 0;
    for (int i = 0; i < count; i++) {
        int needed = cairn_cli_columns(best[i].label);
        columns = needed > columns ? needed : columns;
    }
    columns = columns > 32 ? 32 : columns;
    cairn_cli_put(stdout, name, cairn_cli_columns(name));
    putchar('\n');
    for (int i = 0; i < count; i++) {
        fputs("  ", stdout);
        cairn_cli_put(stdout, best[i].label, columns);
        printf("  %6.2f %%", 100 * (double)best[i].prob);
        if (cairn_cli_is_terminal(stdout))
            printf("  %s", cairn_cli_bar((double)best[i].prob, BAR_COLUMNS, bar));
        putchar('\n');
    }
}

static void put_json(const char *name, const cairn_class_score *best, int count)
{
    cli_json json = {0};
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "file", name);
    cairn_cli_json_open(&json, "top", '[');
    for (int i = 0; i < count; i++) {
        cairn_cli_json_open(&json, NULL, '{');
        cairn_cli_json_integer(&json, "index", best[i].index);
        cairn_cli_json_text(&json, "label", best[i].label);
        cairn_cli_json_float(&json, "prob", best[i].prob);
        cairn_cli_json_float(&json, "logit", best[i].logit);
        cairn_cli_json_close(&json);
    }
    cairn_cli_json_close(&json);
    cairn_cli_json_close(&json);
}

/* Notes a file that failed; the only one of a call is told by its end. */
static void note_failure(prediction *p, const char *name, cairn_status status)
{
    const char *text = *p->cli->error ? p->cli->error : cairn_error(p->cli->ctx);
    p->first_failure = p->failed++ == 0 ? status : p->first_failure;
    if (cairn_cli_given(p->cli, OPTION_JSON)) {
        cli_json json = {0};
        cairn_cli_json_open(&json, NULL, '{');
        cairn_cli_json_text(&json, "file", name);
        cairn_cli_json_text(&json, "error", text);
        cairn_cli_json_close(&json);
    }
    if (p->files.count > 1) {
        cairn_cli_error(p->cli, text);
        *p->cli->error = '\0';
    }
}

/* Classifies the batch and prints the answers. */
static cairn_status flush_batch(prediction *p)
{
    if (p->filled == 0)
        return CAIRN_OK;
    cairn_status status = cairn_classifier_prepare(p->model.classifier);
    if (status == CAIRN_OK)
        status = cairn_classifier_run(p->model.classifier, p->filled, p->pixels, p->logits);
    for (int i = 0; status == CAIRN_OK && i < p->filled; i++) {
        cairn_class_score best[MAX_ANSWERS];
        int count = cairn_classifier_best(p->model.classifier, p->logits + (size_t)i * (size_t)p->classes,
                                          MAX_ANSWERS, best);
        const char *name = p->files.name[p->waiting[i]];
        (cairn_cli_given(p->cli, OPTION_JSON) ? put_json : put_text)(name, best, count);
    }
    p->filled = 0;
    return status;
}

/* ---- the verb ---- */

static cairn_status collect(prediction *p)
{
    cli_call *cli = p->cli;
    p->files.ctx = cli->ctx;
    for (int i = 1; i < cli->count; i++) {
        cairn_status status = cairn_cli_files_add(cli, &p->files, cli->names[i]);
        if (status != CAIRN_OK)
            return status;
    }
    if (p->files.count == 0)
        return cairn_cli_fail(cli, CAIRN_INPUT, "predict: the list names no pictures");
    const char *show = cairn_cli_text(cli, OPTION_SHOW_INPUT, NULL);
    if (show && p->files.count > 1)
        return cairn_cli_fail(cli, CAIRN_USAGE, "--show-input: goes with one picture (found %zu)",
                              p->files.count);
    return show ? cairn_cli_check_output(cli, show, p->files.name[0]) : CAIRN_OK;
}

static cairn_status prepare(prediction *p)
{
    cli_call *cli = p->cli;
    int wanted = cairn_cli_int(cli, OPTION_BATCH, DEFAULT_BATCH);
    p->batch = p->files.count < (size_t)wanted ? (int)p->files.count : wanted;
    cairn_status status = cairn_cli_classifier_open(cli, cli->names[0], p->batch, &p->model);
    if (status != CAIRN_OK)
        return status;
    status = cairn_cli_tune_open(cli, &p->tuning);
    if (status != CAIRN_OK)
        return status;
    cairn_classifier_set_tuning(p->model.classifier, p->tuning);
    const cairn_model_settings *s = &p->model.settings;
    p->classes = cairn_classifier_about(p->model.classifier)->classes;
    p->picture_bytes = (size_t)s->h * (size_t)s->w * (size_t)s->c;
    p->pixels = cairn_alloc(cli->ctx, (size_t)p->batch, p->picture_bytes);
    p->logits = cairn_alloc(cli->ctx, (size_t)p->batch * (size_t)p->classes, sizeof *p->logits);
    p->waiting = cairn_alloc(cli->ctx, (size_t)p->batch, sizeof *p->waiting);
    return p->pixels && p->logits && p->waiting ? CAIRN_OK : CAIRN_MEMORY;
}

static cairn_status predict_all(prediction *p)
{
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; status == CAIRN_OK && i < p->files.count; i++) {
        cairn_status read = read_picture(p, p->files.name[i]);
        if (read == CAIRN_OK)
            p->waiting[p->filled++] = i;
        else if (read == CAIRN_MEMORY)
            return read;
        if (read != CAIRN_OK || p->filled == p->batch || i + 1 == p->files.count)
            status = flush_batch(p); /* answers and errors come in the order of the files */
        if (read != CAIRN_OK)
            note_failure(p, p->files.name[i], read);
    }
    if (status == CAIRN_OK && p->failed < p->files.count)
        cairn_cli_precision_note(p->cli);
    if (status != CAIRN_OK || p->failed == 0)
        return status;
    if (p->files.count > 1)
        cairn_cli_note(p->cli, "%zu of %zu files failed", p->failed, p->files.count);
    if (p->failed < p->files.count)
        return CAIRN_PARTIAL;
    if (p->files.count > 1)
        return cairn_cli_fail(p->cli, p->first_failure, "predict: none of %zu files could be read",
                              p->files.count);
    return p->first_failure;
}

/* How kernels were chosen, after all answers: with --json as a line of its own. */
static void tell_tuning(prediction *p)
{
    cli_json json = {0};
    if (!p->tuning)
        return;
    cairn_cli_tune_keep(p->cli, p->tuning);
    if (!cairn_cli_given(p->cli, OPTION_JSON)) {
        cairn_cli_start(p->cli);
        if (!cairn_cli_given(p->cli, OPTION_QUIET))
            cairn_cli_tune_text(stderr, p->tuning);
        return;
    }
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_tune_json(&json, p->tuning);
    cairn_cli_json_close(&json);
}

static cairn_status run(cli_call *cli)
{
    prediction p = {.cli = cli};
    cairn_status status = collect(&p);
    if (status == CAIRN_OK)
        status = prepare(&p);
    if (status == CAIRN_OK)
        status = predict_all(&p);
    if (status == CAIRN_OK || status == CAIRN_PARTIAL)
        tell_tuning(&p);
    cairn_free(cli->ctx, p.pixels);
    cairn_free(cli->ctx, p.logits);
    cairn_free(cli->ctx, p.waiting);
    cairn_cli_model_close(&p.model);
    cairn_tuning_close(p.tuning);
    cairn_cli_files_free(&p.files);
    return status;
}

const cli_command cairn_cli_predict = {
    .name = "predict",
    .arguments = "MODEL FILES...",
    .help = "what is in these pictures?",
    .text = "FILES are JPEG or PNG pictures of any size, folders (read with all below them), - for a picture "
            "on standard "
            "input, or @list.txt, a file with a name a line. When some files fail the rest is done and the "
            "exit code is 8.",
    .examples = {{"cairn predict runs/lenet5-mnist-1 seven.png", "the five best answers"},
                 {"cairn predict runs/lenet5-mnist-1 scans/ --json", "all pictures, as JSON lines"},
                 {"cairn predict runs/lenet5-mnist-1 ink.jpg --invert", "black ink on white paper"}},
    .options = {OPTION_WEIGHTS, OPTION_PREPROCESS, OPTION_PRECISION, OPTION_INVERT, OPTION_EXIF,
                OPTION_SHOW_INPUT, OPTION_STRICT, OPTION_TUNE, OPTION_BATCH, OPTION_THREADS, OPTION_JSON,
                OPTION_QUIET, OPTION_VERBOSE},
    .min_names = 2,
    .max_names = -1,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
