/* cairn eval: how well trained weights classify a data set. */
#include "base/text.h"
#include "commands.h"
#include "model.h"
#include "output.h"
#include "tune.h"
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BATCH 32
#define MANY_CLASSES 50
#define LABEL_COLUMNS 14
#define CELL_COLUMNS 6

typedef struct class_counts {
    int64_t images, right, answered;
} class_counts;

static class_counts count_class(const cairn_evaluation *e, int class)
{
    class_counts counts = {.right = e->confusion[(size_t) class * (size_t)e->classes + (size_t) class]};
    for (int other = 0; other < e->classes; other++) {
        counts.images += e->confusion[(size_t) class * (size_t)e->classes + (size_t)other];
        counts.answered += e->confusion[(size_t)other * (size_t)e->classes + (size_t) class];
    }
    return counts;
}

static void put_share(int64_t part, int64_t whole)
{
    if (whole > 0)
        printf("  %7.2f %%", 100.0 * (double)part / (double)whole);
    else
        printf("  %9s", "-");
}

static void put_classes(const cairn_evaluation *e, const char *const *labels)
{
    printf("\n%-*s   images     recall  precision         F1\n", LABEL_COLUMNS, "class");
    for (int i = 0; i < e->classes; i++) {
        class_counts c = count_class(e, i);
        if (c.images == 0 && e->classes > MANY_CLASSES)
            continue; /* a part of ImageNet's classes */
        cairn_cli_put(stdout, labels[i], LABEL_COLUMNS);
        printf("  %7lld", (long long)c.images);
        put_share(c.right, c.images);
        put_share(c.right, c.answered);
        put_share(2 * c.right, c.images + c.answered);
        putchar('\n');
    }
}

/* Rows are the truth, columns the answers; left out when it does not fit into the terminal. */
static void put_confusion(const cairn_evaluation *e, const char *const *labels)
{
    int width = cairn_cli_width(stdout);
    if (LABEL_COLUMNS + e->classes * CELL_COLUMNS > (width > 80 ? width : 80))
        return;
    printf("\n%-*s", LABEL_COLUMNS, "truth, answer");
    for (int i = 0; i < e->classes; i++) {
        putchar(' ');
        int columns = cairn_cli_columns(labels[i]);
        cairn_cli_put(stdout, labels[i], columns < CELL_COLUMNS - 1 ? 1 - CELL_COLUMNS : CELL_COLUMNS - 1);
    }
    putchar('\n');
    for (int i = 0; i < e->classes; i++) {
        cairn_cli_put(stdout, labels[i], LABEL_COLUMNS);
        for (int j = 0; j < e->classes; j++) {
            int64_t count = e->confusion[(size_t)i * (size_t)e->classes + (size_t)j];
            if (count)
                printf("%*lld", CELL_COLUMNS, (long long)count);
            else
                printf("%*s", CELL_COLUMNS, ".");
        }
        putchar('\n');
    }
}

static void put_text(const cli_model *model, const cairn_dataset_info *data, const cairn_evaluation *e)
{
    char images[CLI_NUMBER_BYTES], rate[CLI_NUMBER_BYTES];
    const cairn_classifier_info *info = cairn_classifier_about(model->classifier);
    bool unnamed = cairn_names_are_numbers(info->labels, info->classes);
    const char *const *labels = unnamed ? data->labels : info->labels;
    printf("%s on %s, %s test images\n\n", model->argument, data->name, cairn_cli_count(e->images, images));
    printf("top-1  %6.2f %%\ntop-5  %6.2f %%\nloss   %8.4f\ntime   %6.2f s, %s images/s\n", e->top1, e->top5,
           e->loss, e->seconds, cairn_cli_short(e->seconds > 0 ? (double)e->images / e->seconds : 0, rate));
    if (e->failed)
        printf("failed %6lld\n", (long long)e->failed);
    put_classes(e, labels);
    put_confusion(e, labels);
}

static void put_json(const cli_model *model, const cairn_dataset_info *data, const cairn_evaluation *e,
                     const cairn_tuning *tuning)
{
    cli_json json = {0};
    cairn_cli_json_open(&json, NULL, '{');
    cairn_cli_json_text(&json, "model", model->model->name);
    cairn_cli_json_text(&json, "data", data->name);
    cairn_cli_json_integer(&json, "images", e->images);
    cairn_cli_json_integer(&json, "failed", e->failed);
    cairn_cli_json_real(&json, "top1", e->top1);
    cairn_cli_json_real(&json, "top5", e->top5);
    cairn_cli_json_real(&json, "loss", e->loss);
    cairn_cli_json_real(&json, "seconds", e->seconds);
    cairn_cli_tune_json(&json, tuning);
    cairn_cli_json_close(&json);
}

/* "256,384,512" */
static cairn_status read_scales(cli_call *cli, cairn_evaluate_options *options)
{
    const char *at = cairn_cli_text(cli, OPTION_SCALES, NULL);
    while (at && *at) {
        size_t length = strspn(at, "0123456789");
        if (length == 0 || length > 4 || (at[length] && at[length] != ',') ||
            options->scale_count == CAIRN_MAX_SCALES)
            return cairn_cli_fail(
                cli, CAIRN_USAGE,
                "--scales: expected up to %d short sides with commas between, found '%.40s'",
                CAIRN_MAX_SCALES, at);
        options->scales[options->scale_count++] = atoi(at);
        at += length + (at[length] == ',');
    }
    return CAIRN_OK;
}

static cairn_status read_views(cli_call *cli, cairn_evaluate_options *options)
{
    const char *views = cairn_cli_text(cli, OPTION_VIEWS, "single");
    if (strcmp(views, "ten-crop") == 0)
        options->views = CAIRN_VIEW_TEN_CROP;
    if (strcmp(views, "multi-scale") == 0)
        options->views = CAIRN_VIEW_MULTI_SCALE;
    else if (cairn_cli_given(cli, OPTION_SCALES))
        return cairn_cli_fail(cli, CAIRN_USAGE, "--scales: goes with --views multi-scale");
    return read_scales(cli, options);
}

static cairn_status open_data(cli_call *cli, const cli_model *model, cairn_dataset **dataset)
{
    const cairn_classifier_info *info = cairn_classifier_about(model->classifier);
    cairn_dataset_options options = {
        .classes = info->classes,
        .class_names = info->labels,
        .class_ids = info->label_ids,
        .natural_order = strcmp(cairn_cli_text(cli, OPTION_CLASS_ORDER, "byte"), "natural") == 0};
    return cairn_dataset_open(cli->ctx, cli->names[1], &options, dataset);
}

/* What was decided for the user: the chain that pictures went through, and the classes. */
static cairn_status put_notes(cli_call *cli, const cli_model *model, const cairn_dataset_info *data)
{
    const cairn_classifier_info *info = cairn_classifier_about(model->classifier);
    char *text;
    cairn_status status = cairn_preprocess_to_json(cli->ctx, info->preprocess, &text);
    if (status != CAIRN_OK)
        return status;
    cairn_cli_note(cli, "preprocessing: %s", text);
    cairn_cli_precision_note(cli);
    cairn_text_free(cli->ctx, text);
    if (cairn_cli_given(cli, OPTION_PREPROCESS) && !info->default_preprocess)
        cairn_cli_note(cli, "--preprocess overrides what %s says", info->weights_path);
    if (data->mapped)
        cairn_cli_note(cli, "%s: the classes are those of the weights, by name", data->name);
    return CAIRN_OK;
}

static cairn_status run(cli_call *cli)
{
    cli_model model = {0};
    cairn_dataset *dataset = NULL;
    cairn_tuning *tuning = NULL;
    cairn_evaluation evaluation = {0};
    cairn_evaluate_options options = {.last = true};
    int batch = cairn_cli_int(cli, OPTION_BATCH, DEFAULT_BATCH);
    cairn_status status = read_views(cli, &options);
    if (status == CAIRN_OK)
        status = cairn_cli_classifier_open(cli, cli->names[0], batch, &model);
    const char *exif = cairn_cli_text(cli, OPTION_EXIF, NULL);
    if (status == CAIRN_OK && exif)
        cairn_classifier_set_exif(model.classifier, strcmp(exif, "on") == 0);
    if (status == CAIRN_OK)
        status = open_data(cli, &model, &dataset);
    if (status == CAIRN_OK)
        status = cairn_cli_tune_open(cli, &tuning);
    if (status == CAIRN_OK)
        cairn_classifier_set_tuning(model.classifier, tuning);
    if (status == CAIRN_OK)
        status = cairn_evaluate(cli->ctx, model.classifier, dataset, CAIRN_TEST, &options, &evaluation);
    cairn_cli_tune_keep(cli, tuning);
    if (status == CAIRN_OK)
        status = put_notes(cli, &model, cairn_dataset_about(dataset));
    if (status == CAIRN_OK) {
        const cairn_dataset_info *data = cairn_dataset_about(dataset);
        if (cairn_cli_given(cli, OPTION_JSON))
            put_json(&model, data, &evaluation, tuning);
        else
            put_text(&model, data, &evaluation);
        if (!cairn_cli_given(cli, OPTION_JSON))
            cairn_cli_tune_text(stdout, tuning);
        status = evaluation.failed > 0 ? CAIRN_PARTIAL : CAIRN_OK;
    }
    cairn_evaluation_free(cli->ctx, &evaluation);
    cairn_dataset_close(dataset);
    cairn_cli_model_close(&model);
    cairn_tuning_close(tuning);
    return status;
}

const cli_command cairn_cli_eval = {
    .name = "eval",
    .arguments = "MODEL DATA",
    .help = "how well trained weights do on a data set",
    .text =
        "MODEL is a run folder (its best weights), a weights file, or a network's name with --weights. "
        "The set's test "
        "part is classified. DATA is a known set, or a folder of IDX files, of CIFAR binaries, or of "
        "pictures: "
        "a folder for each class, whose names may be the weights' labels or ImageNet identifiers; files "
        "called "
        "n01440764_tench.jpg; or files and val.txt. Pictures that cannot be read are named and counted, and "
        "the exit code is 8.\n\n"
        "--views ten-crop averages softmax over four corners, centre and their mirror images (AlexNet's "
        "paper), multi-scale over the whole picture at several scales and mirrored, with dense layers as "
        "convolutions (VGG's paper).",
    .examples = {{"cairn eval runs/lenet5-mnist-1 mnist", "accuracy, classes, confusions"},
                 {"cairn eval resnet50.safetensors imagenet/val", "ImageNet's validation set"},
                 {"cairn eval lenet5 mnist --weights w.safetensors --json", "for programs"}},
    .options = {OPTION_WEIGHTS, OPTION_PREPROCESS, OPTION_PRECISION, OPTION_VIEWS, OPTION_SCALES, OPTION_EXIF,
                OPTION_CLASS_ORDER, OPTION_STRICT, OPTION_TUNE, OPTION_BATCH, OPTION_THREADS, OPTION_JSON,
                OPTION_QUIET, OPTION_VERBOSE},
    .min_names = 2,
    .max_names = 2,
    .completion = CLI_COMPLETE_MODELS,
    .run = run,
};
