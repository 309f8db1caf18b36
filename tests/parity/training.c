/* Comparing training steps with the golden file: gradients and running statistics of the first, losses of
 * all. */
#include "parity/compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A NaN counts as worst. */
static bool raise_to(double *worst, double value)
{
    bool raised = !(value <= *worst);
    *worst = raised ? value : *worst;
    return raised;
}

/* Numbers that lie like `like`, as doubles in the golden file's layout. Keras' own layouts are those of
 * memory; the others are those of files. */
static double *golden_order(const void *data, const char *theirs, const cairn_tensor *like,
                            cairn_dtype precision)
{
    uint64_t elements = (uint64_t)cairn_shape_elements(&like->shape);
    double *values = data == NULL ? NULL : malloc(elements * sizeof *values);
    if (values == NULL)
        return NULL;
    cairn_tensor tensor = *like;
    tensor.data = (void *)data;
    tensor.dtype = precision;
    size_t length = strlen(theirs);
    if (length > 7 && strcmp(theirs + length - 7, "/kernel") == 0) {
        for (uint64_t i = 0; i < elements; i++)
            values[i] = golden_value_at(data, precision, i);
    } else if (cairn_tensor_get(&tensor, CAIRN_F64, values) != CAIRN_OK) {
        free(values);
        return NULL;
    }
    return values;
}

static void compare_gradient(const json_t *row, const double *values, uint64_t elements, uint64_t seed,
                             double largest, golden_result *result)
{
    const char *name = json_string_value(json_array_get(row, 0));
    double norm = 0, dot = 0, expected = item(row, 1), scale = expected > 0 ? expected : largest;
    char probe[300];
    snprintf(probe, sizeof probe, "%s/probe", name);
    uint64_t hash = golden_hash(probe);
    for (uint64_t i = 0; i < elements; i++) {
        norm += values[i] * values[i];
        dot += values[i] * golden_unit(hash, seed, i);
    }
    norm = sqrt(norm);
    bool raised = raise_to(&result->grad_norm, fabs(norm - expected) / scale);
    raised |= raise_to(&result->probe, fabs(dot - item(row, 2)) / scale);
    for (uint64_t k = 0; k < 4; k++)
        raised |=
            raise_to(&result->sample, fabs(values[golden_sample(k, elements)] - item(row, 3 + k)) / scale);
    if (raised)
        snprintf(result->worst, sizeof result->worst, "%s", name);
}

/* The number of a golden parameter; -1: there is none of that name. */
static int golden_index(const comparison *c, const char *name)
{
    const json_t *params = json_object_get(c->net, "params");
    for (size_t i = 0; i < json_array_size(params); i++)
        if (strcmp(json_string_value(json_array_get(json_array_get(params, i), 0)), name) == 0)
            return (int)i;
    return -1;
}

static cairn_status compare_gradients(const comparison *c, cairn_plan *plan, const cairn_weights *weights,
                                      const int *ours)
{
    const json_t *train = json_object_get(c->net, "train"), *rows = json_object_get(train, "grads");
    double largest = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        largest = fmax(largest, item(json_array_get(rows, i), 1));
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_array_get(row, 0));
        int index = golden_index(c, name);
        const cairn_tensor *tensor =
            index < 0 || ours[index] < 0 ? NULL : cairn_weights_at(weights, ours[index]);
        char gradient[300];
        snprintf(gradient, sizeof gradient, "%s/grad", tensor == NULL ? "" : tensor->name);
        double *values =
            tensor == NULL ? NULL : golden_order(cairn_plan_data(plan, gradient), name, tensor, c->precision);
        if (values == NULL) {
            snprintf(c->result->worst, sizeof c->result->worst, "%s: no gradient", name);
            return CAIRN_FAILURE;
        }
        compare_gradient(row, values, (uint64_t)cairn_shape_elements(&tensor->shape), seed_of(train), largest,
                         c->result);
        free(values);
    }
    return CAIRN_OK;
}

static void compare_stats(const comparison *c, const cairn_weights *weights, const int *ours)
{
    const json_t *rows = json_object_get(json_object_get(c->net, "train"), "stats");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = json_string_value(json_array_get(row, 0));
        int index = golden_index(c, name);
        if (index < 0 || ours[index] < 0) {
            c->result->stats = (double)NAN;
            return;
        }
        const cairn_tensor *tensor = cairn_weights_at(weights, ours[index]);
        uint64_t elements = (uint64_t)cairn_shape_elements(&tensor->shape);
        double sum = 0, expected = item(row, 1);
        for (uint64_t k = 0; k < elements; k++)
            sum += golden_value_at(tensor->data, c->precision, k) *
                   golden_value_at(tensor->data, c->precision, k);
        bool raised = raise_to(&c->result->stats, fabs(sqrt(sum) - expected) / expected);
        for (uint64_t k = 0; k < 4; k++) {
            double value = golden_value_at(tensor->data, c->precision, golden_sample(k, elements));
            raised |= raise_to(&c->result->stats, fabs(value - item(row, 2 + k)) / expected);
        }
        if (raised)
            snprintf(c->result->worst_stat, sizeof c->result->worst_stat, "%s", name);
    }
}

/* The loss before each of a few steps and after them; gradients and statistics too, unless `ours` is NULL. */
static cairn_status run_steps(const comparison *c, const golden_training *t, const int *ours, double *losses)
{
    const json_t *train = json_object_get(c->net, "train");
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; i < json_array_size(json_object_get(train, "losses")) && i < 4; i++) {
        cairn_run_options run = {.lr = number(train, "lr"), .step = (int64_t)i};
        status = cairn_plan_run(t->plan, &run);
        losses[i] = golden_value_at(cairn_plan_data(t->plan, "loss"), c->precision, 0);
        if (status == CAIRN_OK && i == 0 && ours != NULL) {
            status = compare_gradients(c, t->plan, t->weights, ours);
            compare_stats(c, t->weights, ours);
        }
        if (status != CAIRN_OK)
            return status;
    }
    return status;
}

void golden_end_training(golden_training *t)
{
    cairn_plan_destroy(t->plan);
    cairn_weights_destroy(t->weights);
    cairn_weights_destroy(t->state);
}

cairn_status golden_start_training(const comparison *c, const cairn_graph *graph, bool keep_all,
                                   golden_training *t)
{
    const json_t *section = json_object_get(c->net, "train"), *labels = json_object_get(section, "labels");
    cairn_plan_options options = {.batch = (int)number(section, "batch"),
                                  .precision = c->precision,
                                  .training = true,
                                  .no_dropout = true,
                                  .exact = c->exact,
                                  .keep_all = keep_all};
    *t = (golden_training){0};
    cairn_status status = cairn_weights_create(c->ctx, &t->state);
    if (status == CAIRN_OK)
        status = golden_bind(c, graph, seed_of(section), false, &t->weights);
    if (status == CAIRN_OK)
        status = cairn_plan_create(c->ctx, graph, t->weights, t->state, &options, &t->plan);
    if (status != CAIRN_OK)
        return status;
    golden_fill_image(t->plan, c->precision, seed_of(section), options.batch);
    for (int n = 0; n < options.batch; n++)
        ((int32_t *)cairn_plan_data(t->plan, "labels"))[n] =
            (int32_t)json_integer_value(json_array_get(labels, (size_t)n));
    return CAIRN_OK;
}

/* Each weight by one rounding up or down. */
static void shake(const cairn_weights *weights, double rounding)
{
    uint64_t hash = golden_hash("shake");
    for (int i = 0; i < cairn_weights_count(weights); i++) {
        const cairn_tensor *tensor = cairn_weights_at(weights, i);
        double *values = tensor->dtype == CAIRN_F64 ? tensor->data : NULL;
        for (uint64_t k = 0; values != NULL && k < (uint64_t)cairn_shape_elements(&tensor->shape); k++)
            values[k] *= 1 + copysign(rounding, golden_unit(hash, (uint64_t)i, k));
    }
}

/* The losses of the steps in double, from weights shaken by that rounding; 0: as they are. */
static cairn_status run_exactly(const comparison *c, const cairn_graph *graph, double rounding,
                                double losses[4])
{
    comparison exact = *c;
    exact.precision = CAIRN_F64;
    golden_training t = {0};
    cairn_status status = golden_start_training(&exact, graph, false, &t);
    if (status == CAIRN_OK) {
        shake(t.weights, rounding);
        status = run_steps(&exact, &t, NULL, losses);
    }
    golden_end_training(&t);
    return status;
}

/* Steps multiply what rounding leaves; how much, the same steps in double from weights shaken by one rounding
 * of the precision at hand show. They are set against our own steps in double, not against the golden losses:
 * wrong steps would be excused by their own error. */
static cairn_status measure_rounding(const comparison *c, const cairn_graph *graph)
{
    double shaken[4] = {0}, still[4] = {0};
    cairn_status status = run_exactly(c, graph, 0, still);
    if (status == CAIRN_OK)
        status = run_exactly(c, graph, c->precision == CAIRN_F64 ? 0x1p-52 : 0x1p-24, shaken);
    for (int i = 0; i < 4; i++)
        c->result->rounding[i] = fabs(shaken[i] - still[i]);
    return status;
}

cairn_status golden_train(const comparison *c, const cairn_graph *graph)
{
    const json_t *expected = json_object_get(json_object_get(c->net, "train"), "losses");
    golden_training t = {0};
    double losses[4] = {0};
    bool apart = false;
    int *ours = golden_trace_names(c, graph);
    cairn_status status = ours == NULL ? CAIRN_FAILURE : golden_start_training(c, graph, false, &t);
    if (status == CAIRN_OK)
        status = run_steps(c, &t, ours, losses);
    for (size_t i = 0; i < 4 && i < json_array_size(expected); i++) {
        c->result->expected[i] = item(expected, i);
        c->result->losses[i] = fabs(losses[i] - c->result->expected[i]);
        apart |=
            !(c->result->losses[i] <= c->limits->loss + c->limits->loss_relative[i] * c->result->expected[i]);
    }
    golden_end_training(&t);
    free(ours);
    if (status == CAIRN_OK && apart)
        status = measure_rounding(c, graph);
    return status;
}
