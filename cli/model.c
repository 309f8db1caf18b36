/* From the argument MODEL to a network. */
#include "model.h"
#include "base/file.h"
#include "base/text.h"
#include "output.h"
#include "train/classifier.h"
#include <math.h>
#include <string.h>
#include <strings.h>

#define MAX_MODELS 256
#define MAX_PREPROCESS_BYTES (1u << 20)

cairn_status cairn_cli_model_unknown(cli_call *cli, const char *argument)
{
    const char *names[MAX_MODELS], *own, *alias;
    char brief[CLI_NAME_BYTES];
    int count = 0;
    for (int i = 0; i < cairn_model_count() && count < MAX_MODELS; i++)
        names[count++] = cairn_model_at(i)->name;
    for (int i = 0; (alias = cairn_model_alias_at(i, &own)) && count < MAX_MODELS; i++)
        names[count++] = alias;
    const char *nearest = cairn_nearest_name(argument, names, (size_t)count);
    cairn_cli_brief(argument, brief);
    if (nearest)
        return cairn_cli_fail(cli, CAIRN_USAGE, "unknown model '%s' (did you mean '%s'?)", brief, nearest);
    return cairn_cli_fail(cli, CAIRN_USAGE, "unknown model '%s' (cairn models lists all)", brief);
}

/* Options that change the network. */
static cairn_status apply_options(cli_call *cli, cli_model *model)
{
    const cli_value *input = &cli->values[OPTION_INPUT];
    if (input->given) {
        model->settings.h = input->h;
        model->settings.w = input->w;
    }
    model->settings.classes = cairn_cli_int(cli, OPTION_CLASSES, model->settings.classes);
    model->settings.set = cairn_cli_text(cli, OPTION_SET, model->settings.set);
    return cairn_model_check(cli->ctx, model->model, &model->settings);
}

cairn_status cairn_cli_preprocess(cli_call *cli, const char **json, uint8_t **owned)
{
    size_t size;
    *owned = NULL;
    *json = cairn_cli_text(cli, OPTION_PREPROCESS, NULL);
    if (!*json || (*json)[strspn(*json, " \t\r\n")] == '{')
        return CAIRN_OK;
    cairn_status status = cairn_file_read(cli->ctx, *json, MAX_PREPROCESS_BYTES, owned, &size);
    *json = (const char *)*owned;
    return status;
}

/* In pieces, so that it takes no memory to speak of. */
cairn_status cairn_cli_count_not_finite(const cairn_tensor *tensor, int64_t *count)
{
    double values[512];
    int64_t left = cairn_shape_elements(&tensor->shape);
    cairn_tensor piece = {.dtype = tensor->dtype, .shape = {.rank = 1}, .data = tensor->data};
    *count = 0;
    if (tensor->dtype > CAIRN_F16)
        return CAIRN_OK; /* integers */
    for (int64_t size; left > 0; left -= size) {
        size = left < (int64_t)CAIRN_COUNT(values) ? left : (int64_t)CAIRN_COUNT(values);
        piece.shape.dim[0] = size;
        cairn_status status = cairn_tensor_get(&piece, CAIRN_F64, values);
        if (status != CAIRN_OK)
            return status;
        for (int64_t i = 0; i < size; i++)
            *count += !isfinite(values[i]);
        piece.data = (char *)piece.data + (size_t)size * cairn_dtype_size(tensor->dtype);
    }
    return CAIRN_OK;
}

cairn_status cairn_cli_check_finite(cli_call *cli, const char *path, const cairn_weights *weights)
{
    char brief[CLI_NAME_BYTES];
    for (int i = 0; cairn_cli_given(cli, OPTION_STRICT) && i < cairn_weights_count(weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        int64_t bad;
        cairn_status status = cairn_cli_count_not_finite(tensor, &bad);
        if (status != CAIRN_OK)
            return status;
        if (bad > 0)
            return cairn_cli_fail(cli, CAIRN_INPUT,
                                  "%s: tensor '%s' has numbers that are not finite (expected none, "
                                  "found %lld)",
                                  cairn_cli_brief(path, brief), tensor->name, (long long)bad);
    }
    return CAIRN_OK;
}

const char *cairn_cli_foreign_ending(const char *path)
{
    static const char *const endings[] = {".pth", ".pt",   ".th",    ".bin",       ".ckpt",
                                          ".h5",  ".onnx", ".keras", ".caffemodel"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < CAIRN_COUNT(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return endings[i];
    return NULL;
}

/* A file that is missing is asked for too, if its name is one of a file. */
static bool is_path(const char *argument)
{
    return strchr(argument, '/') || cairn_ends_with(argument, ".safetensors") ||
           cairn_cli_foreign_ending(argument) || cairn_path_look(argument) != CAIRN_PATH_MISSING;
}

/* Weights with the network that they name, or that they are bound to. */
static cairn_status open_weights(cli_call *cli, const char *path, const char *name, int batch,
                                 cli_model *model)
{
    const char *preprocess;
    uint8_t *text;
    cairn_status status = cairn_cli_preprocess(cli, &preprocess, &text);
    if (status == CAIRN_OK)
        status = cairn_classifier_open(cli->ctx, path, name, preprocess, batch, &model->classifier);
    cairn_free(cli->ctx, text);
    if (status != CAIRN_OK)
        return status;
    const cairn_classifier_info *info = cairn_classifier_about(model->classifier);
    if (cairn_cli_given(cli, OPTION_STRICT))
        status = cairn_weights_read(cairn_classifier_weights(model->classifier));
    if (status == CAIRN_OK)
        status = cairn_cli_check_finite(cli, info->weights_path, info->weights);
    if (status != CAIRN_OK)
        return status;
    model->model = info->model;
    model->settings = info->settings;
    if (info->default_preprocess && !preprocess)
        cairn_cli_note(cli, "%s says nothing about preprocessing: the default of %s is used",
                       info->weights_path, info->model->name);
    return CAIRN_OK;
}

static cairn_status open_model(cli_call *cli, const char *argument, bool weights_needed, int batch,
                               cli_model *model)
{
    const char *weights = cairn_cli_text(cli, OPTION_WEIGHTS, NULL);
    *model = (cli_model){.argument = argument, .model = cairn_model_find(argument)};
    if (model->model && weights)
        return open_weights(cli, weights, argument, batch, model);
    if (model->model && weights_needed)
        return cairn_cli_fail(cli, CAIRN_USAGE,
                              "%s: is a network without weights (expected a run folder, a weights "
                              "file, or --weights FILE)",
                              argument);
    if (model->model)
        return CAIRN_OK;
    if (weights)
        return cairn_cli_fail(cli, CAIRN_USAGE, "--weights: goes with the name of a network (found '%s')",
                              argument);
    return is_path(argument) ? open_weights(cli, argument, NULL, batch, model)
                             : cairn_cli_model_unknown(cli, argument);
}

cairn_status cairn_cli_model_open(cli_call *cli, const char *argument, cli_model *model)
{
    cairn_status status = open_model(cli, argument, false, 1, model);
    return status != CAIRN_OK ? status : apply_options(cli, model);
}

cairn_dtype cairn_cli_precision(const cli_call *cli)
{
    return strcmp(cairn_cli_text(cli, OPTION_PRECISION, "f32"), "bf16") == 0 ? CAIRN_BF16 : CAIRN_F32;
}

void cairn_cli_precision_note(cli_call *cli)
{
    if (cairn_cli_precision(cli) == CAIRN_BF16 && strcmp(cairn_isa_name(), "avx512bf16") != 0)
        cairn_cli_note(
            cli,
            "cairn: bf16: this processor has no instruction for it and multiplies no faster than in f32");
}

cairn_status cairn_cli_classifier_open(cli_call *cli, const char *argument, int batch, cli_model *model)
{
    cairn_status status = open_model(cli, argument, true, batch, model);
    if (status == CAIRN_OK)
        cairn_classifier_set_precision(model->classifier, cairn_cli_precision(cli));
    return status;
}

void cairn_cli_model_close(cli_model *model)
{
    cairn_classifier_close(model->classifier);
    model->classifier = NULL;
}

cairn_status cairn_cli_model_graph(cli_call *cli, const cli_model *model, bool training, cairn_graph **graph)
{
    const cairn_training_defaults *defaults = &model->model->training;
    cairn_model_training settings = {
        .loss = {.smoothing = defaults->label_smoothing},
        .update = {.momentum = defaults->momentum,
                   .nesterov = defaults->nesterov,
                   .weight_decay = defaults->weight_decay},
    };
    cairn_status status = cairn_model_graph(cli->ctx, model->model, &model->settings, CAIRN_INPUT_NUMBERS, 0,
                                            NULL, NULL, training ? &settings : NULL, graph);
    return status == CAIRN_INPUT ? CAIRN_USAGE : status; /* an option asked for what cannot be built */
}

cli_totals cairn_cli_totals(const cairn_graph *graph)
{
    cli_totals totals = {0};
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info node = cairn_node_at(graph, i);
        totals.params += node.params;
        totals.macs += node.macs;
    }
    for (int i = 0; i < cairn_param_count(graph); i++) {
        cairn_param_info param = cairn_param_at(graph, i);
        totals.buffers += param.trainable ? 0 : cairn_shape_elements(&param.shape);
    }
    return totals;
}
