/* The end of a training that diverged: which step, which layer, which pictures. The batch is run once more
 * with every value kept, which costs memory, but only now. */
#include "train/trainer.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define FILES_NAMED 3
#define FILE_TEXT 60
#define WHERE_TEXT 160

#define BF16_EXPONENT 0x7f80u /* all ones in what is not a finite number */

/* Whether number i is finite, as integers always are. */
static bool finite_at(const void *numbers, cairn_dtype dtype, int64_t i)
{
    if (dtype == CAIRN_F32)
        return isfinite(((const float *)numbers)[i]) != 0;
    if (dtype == CAIRN_BF16)
        return (((const uint16_t *)numbers)[i] & BF16_EXPONENT) != BF16_EXPONENT;
    return true;
}

static bool all_finite(const void *numbers, cairn_dtype dtype, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        if (!finite_at(numbers, dtype, i))
            return false;
    return true;
}

/* A value of the plan for n pictures; true also when the plan does not hold it. */
static bool value_is_finite(cairn_plan *plan, const char *name, int n)
{
    cairn_shape shape = cairn_plan_shape(plan, name);
    const void *numbers = cairn_plan_data(plan, name);
    return numbers == NULL || all_finite(numbers, cairn_plan_dtype(plan, name),
                                         cairn_shape_elements(&shape) * (shape.batched ? n : 1));
}

static bool weights_are_bad(const cairn_trainer *t, char where[WHERE_TEXT])
{
    for (int i = 0; i < cairn_weights_count(t->weights); i++) {
        const cairn_tensor *w = cairn_weights_at(t->weights, i);
        if (all_finite(w->data, w->dtype, cairn_shape_elements(&w->shape)))
            continue;
        snprintf(where, WHERE_TEXT, "the weights '%.100s'", w->name);
        return true;
    }
    return false;
}

/* The first layer whose output is not finite, else the last parameter whose gradient is not. */
static void look(const cairn_graph *graph, cairn_plan *plan, int n, char where[WHERE_TEXT])
{
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info node = cairn_node_at(graph, i);
        if (value_is_finite(plan, node.name, n))
            continue;
        snprintf(where, WHERE_TEXT, "the output of layer '%.100s'", node.name);
        return;
    }
    for (int i = cairn_param_count(graph) - 1; i >= 0; i--) {
        char name[300];
        snprintf(name, sizeof name, "%.280s/grad", cairn_param_at(graph, i).name);
        if (value_is_finite(plan, name, n))
            continue;
        snprintf(where, WHERE_TEXT, "the gradient of '%.100s'", cairn_param_at(graph, i).name);
        return;
    }
}

static void copy_input(cairn_trainer *t, cairn_plan *plan, const char *name, size_t width)
{
    cairn_shape shape = cairn_plan_shape(plan, name);
    void *to = cairn_plan_data(plan, name);
    const void *from = cairn_plan_data(t->plan, name);
    if (to != NULL && from != NULL)
        memcpy(to, from, (size_t)cairn_trainer_part(t) * (size_t)cairn_shape_elements(&shape) * width);
}

static cairn_status find_layer(cairn_trainer *t, int n, char where[WHERE_TEXT])
{
    const cairn_config *c = &t->config;
    cairn_model_training training = {.loss = {.smoothing = c->label_smoothing},
                                     .soft = t->ports.targets != NULL,
                                     .gradients_only = true,
                                     .dropout = c->dropout >= 0 ? &c->dropout : NULL};
    cairn_plan_options options = cairn_trainer_plan_options(t);
    options.recompute = false;
    options.keep_all = true;
    bool floats = cairn_augment_needs_floats(&t->augment);
    cairn_graph *graph;
    cairn_plan *plan = NULL;
    cairn_status status =
        cairn_model_graph(t->ctx, c->model, &t->settings, floats ? CAIRN_INPUT_NUMBERS : CAIRN_INPUT_BYTES,
                          t->preprocess.scale, t->preprocess.mean, t->preprocess.std, &training, &graph);
    if (status == CAIRN_OK)
        status = cairn_plan_create(t->ctx, graph, t->weights, NULL, &options, &plan);
    if (status == CAIRN_OK) {
        cairn_run_options run = {
            .n = n, .step = t->state.step, .epoch = (uint32_t)t->state.epoch, .seed = c->seed};
        copy_input(t, plan, "image", floats ? sizeof(float) : 1);
        copy_input(t, plan, "labels", sizeof(int32_t));
        copy_input(t, plan, "targets", sizeof(float));
        copy_input(t, plan, "samples", sizeof(int64_t));
        status = cairn_plan_run(plan, &run);
    }
    if (status == CAIRN_OK)
        look(graph, plan, n, where);
    cairn_plan_destroy(plan);
    cairn_graph_destroy(graph);
    return status;
}

/* Files by their ends, samples of other sets by their numbers. */
static void name_pictures(const cairn_trainer *t, int n, char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < n && i < FILES_NAMED; i++) {
        int64_t sample = t->ports.samples[i];
        const char *file = cairn_dataset_file(t->dataset, CAIRN_TRAIN, sample);
        size_t length = file == NULL ? 0 : strlen(file), skip = length > FILE_TEXT ? length - FILE_TEXT : 0;
        if (file != NULL)
            used += (size_t)snprintf(text + used, size - used, "%s%s%s", i > 0 ? ", " : "",
                                     skip > 0 ? "..." : "", file + skip);
        else
            used +=
                (size_t)snprintf(text + used, size - used, "%ssample %" PRId64, i > 0 ? ", " : "", sample);
    }
    if (n > FILES_NAMED)
        snprintf(text + used, size - used, " and %d more", n - FILES_NAMED);
}

cairn_status cairn_trainer_diverged(cairn_trainer *t, int n)
{
    char where[WHERE_TEXT] = "the loss", pictures[FILES_NAMED * (FILE_TEXT + 32) + 32];
    if (!weights_are_bad(t, where) && find_layer(t, n, where) != CAIRN_OK)
        snprintf(where, sizeof where, "the loss or a gradient");
    name_pictures(t, n, pictures, sizeof pictures);
    return cairn_fail(t->ctx, CAIRN_NUMERIC,
                      "training diverged: %d steps in a row were not finite, the last of them step %" PRId64
                      " of epoch %" PRId64 ", where %s is not, on %s; a lower learning rate may help",
                      CAIRN_BAD_STEPS_ALLOWED, t->state.batch, t->state.epoch + 1, where, pictures);
}
