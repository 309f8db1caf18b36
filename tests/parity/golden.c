/* Comparing one zoo network with its golden file. */
#include "parity/golden.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t mix(uint64_t z)
{
    z ^= z >> 30;
    z *= 0xBF58476D1CE4E5B9u;
    z ^= z >> 27;
    z *= 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static uint64_t name_hash(const char *name)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (; *name != '\0'; name++)
        h = (h ^ (uint8_t)*name) * 0x100000001B3u;
    return h;
}

static double unit_at(uint64_t hash, uint64_t seed, uint64_t index)
{
    uint64_t z = mix(hash + seed * 0x9E3779B97F4A7C15u + (index + 1) * 0xD1342543DE82EF95u);
    return (double)(z >> 40) * 0x1p-23 - 1.0;
}

double golden_unit(const char *name, uint64_t seed, uint64_t index)
{
    return unit_at(name_hash(name), seed, index);
}

uint64_t golden_sample(uint64_t k, uint64_t elements)
{
    return mix(k + 1) % elements;
}

bool golden_parameter(const char *name, const char *kind, double fan_in, uint64_t seed, uint64_t elements,
                      float *values)
{
    float a, s;
    switch (kind[0]) {
    case 'w':
        a = 0, s = (float)sqrt(6.0 / fan_in);
        break;
    case 'd':
        a = 0, s = (float)(0.25 * sqrt(6.0 / fan_in));
        break;
    case 'b':
        a = 0, s = 0.1f;
        break;
    case 'g':
        a = 1, s = 0.1f;
        break;
    case 'r':
        a = 0.25f, s = 0.025f;
        break;
    case 'v':
        a = 1, s = 0.25f;
        break;
    case 'u':
        a = 0, s = 1;
        break;
    default:
        return false;
    }
    uint64_t hash = name_hash(name);
    for (uint64_t i = 0; i < elements; i++)
        values[i] = (float)((double)a + (double)s * unit_at(hash, seed, i));
    return true;
}

/* ---- reading the file ---- */

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static uint64_t seed_of(const json_t *section)
{
    return (uint64_t)json_integer_value(json_object_get(section, "seed"));
}

/* Keras' own layouts are those of memory; the others are those of files. */
static bool in_memory_layout(const char *name)
{
    return strchr(name, '/') != NULL;
}

static cairn_status fill_weights(cairn_weights *weights, const json_t *params, uint64_t seed)
{
    for (size_t i = 0; i < json_array_size(params); i++) {
        const json_t *row = json_array_get(params, i);
        const cairn_tensor *tensor = cairn_weights_at(weights, (int)i);
        const char *name = json_string_value(json_array_get(row, 0));
        uint64_t elements = (uint64_t)cairn_shape_elements(&tensor->shape);
        float *values = malloc(elements * sizeof *values);
        if (values == NULL)
            return CAIRN_MEMORY;
        bool known = golden_parameter(name, json_string_value(json_array_get(row, 2)),
                                      json_number_value(json_array_get(row, 3)), seed, elements, values);
        if (in_memory_layout(name))
            for (uint64_t k = 0; k < elements && tensor->dtype == CAIRN_F64; k++)
                ((double *)tensor->data)[k] = (double)values[k];
        if (in_memory_layout(name) && tensor->dtype == CAIRN_F32)
            memcpy(tensor->data, values, elements * sizeof *values);
        cairn_status status = CAIRN_OK;
        if (!in_memory_layout(name))
            status = cairn_tensor_set(tensor, CAIRN_F32, values);
        free(values);
        if (!known || status != CAIRN_OK)
            return known ? status : CAIRN_INPUT;
    }
    return CAIRN_OK;
}

static void fill_image(cairn_plan *plan, cairn_dtype precision, uint64_t seed, int batch)
{
    cairn_shape shape = cairn_plan_shape(plan, "image");
    uint64_t elements = (uint64_t)cairn_shape_elements(&shape) * (uint64_t)batch;
    void *image = cairn_plan_data(plan, "image");
    uint64_t hash = name_hash("input");
    for (uint64_t i = 0; i < elements; i++) {
        if (precision == CAIRN_F64)
            ((double *)image)[i] = unit_at(hash, seed, i);
        else
            ((float *)image)[i] = (float)unit_at(hash, seed, i);
    }
}

static double value_at(const void *data, cairn_dtype precision, uint64_t index)
{
    return precision == CAIRN_F64 ? ((const double *)data)[index] : (double)((const float *)data)[index];
}

/* ---- inference ---- */

static void compare_logits(const json_t *rows, const void *logits, cairn_dtype precision,
                           golden_result *result)
{
    double worst = 0, largest = 0;
    size_t classes = json_array_size(json_array_get(rows, 0));
    for (size_t n = 0; n < json_array_size(rows); n++)
        for (size_t c = 0; c < classes; c++) {
            double expected = json_number_value(json_array_get(json_array_get(rows, n), c));
            worst = fmax(worst, fabs(value_at(logits, precision, n * classes + c) - expected));
            largest = fmax(largest, fabs(expected));
        }
    result->logits = worst / largest;
}

static cairn_status infer(cairn_ctx *ctx, const cairn_graph *graph, const json_t *net, cairn_dtype precision,
                          golden_result *result)
{
    const json_t *eval = json_object_get(net, "eval");
    cairn_weights *weights = NULL;
    cairn_plan *plan = NULL;
    cairn_plan_options options = {.batch = (int)number(eval, "batch"), .precision = precision};
    cairn_status status = cairn_weights_init(ctx, graph, precision, 0, &weights);
    if (status == CAIRN_OK)
        status = fill_weights(weights, json_object_get(net, "params"), seed_of(eval));
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, graph, weights, NULL, &options, &plan);
    if (status == CAIRN_OK) {
        fill_image(plan, precision, seed_of(eval), options.batch);
        status = cairn_plan_run(plan, NULL);
    }
    if (status == CAIRN_OK)
        compare_logits(json_object_get(eval, "logits"), cairn_plan_data(plan, "logits"), precision, result);
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    return status;
}

/* ---- training ---- */

static void raise_to(double *worst, double value, golden_result *result, const char *name)
{
    if (!(value <= *worst)) { /* a NaN counts as worst */
        *worst = value;
        snprintf(result->worst, sizeof result->worst, "%s", name);
    }
}

/* The gradient in the golden file's layout, as doubles. */
static double *gradient_values(const cairn_plan *plan, const char *ours, const char *theirs,
                               const cairn_tensor *like, cairn_dtype precision)
{
    char name[300];
    snprintf(name, sizeof name, "%s/grad", ours);
    void *data = cairn_plan_data((cairn_plan *)plan, name);
    uint64_t elements = (uint64_t)cairn_shape_elements(&like->shape);
    double *values = malloc(elements * sizeof *values);
    if (values == NULL || data == NULL) {
        free(values);
        return NULL;
    }
    cairn_tensor tensor = *like;
    tensor.data = data;
    tensor.dtype = precision;
    if (in_memory_layout(theirs))
        for (uint64_t i = 0; i < elements; i++)
            values[i] = value_at(data, precision, i);
    else if (cairn_tensor_get(&tensor, CAIRN_F64, values) != CAIRN_OK) {
        free(values);
        return NULL;
    }
    return values;
}

static void compare_gradient(const json_t *row, const double *values, uint64_t elements, uint64_t seed,
                             golden_result *result)
{
    const char *name = json_string_value(json_array_get(row, 0));
    double norm = 0, dot = 0, expected = json_number_value(json_array_get(row, 1));
    char probe[300];
    snprintf(probe, sizeof probe, "%s/probe", name);
    uint64_t hash = name_hash(probe);
    for (uint64_t i = 0; i < elements; i++) {
        norm += values[i] * values[i];
        dot += values[i] * unit_at(hash, seed, i);
    }
    norm = sqrt(norm);
    raise_to(&result->grad_norm, fabs(norm - expected) / expected, result, name);
    raise_to(&result->probe, fabs(dot - json_number_value(json_array_get(row, 2))) / expected, result, name);
    for (uint64_t k = 0; k < 4; k++) {
        double sample = json_number_value(json_array_get(row, 3 + k));
        raise_to(&result->sample, fabs(values[golden_sample(k, elements)] - sample) / expected, result, name);
    }
}

static cairn_status compare_gradients(const json_t *net, const cairn_plan *plan, const cairn_weights *weights,
                                      cairn_dtype precision, golden_result *result)
{
    const json_t *train = json_object_get(net, "train"), *rows = json_object_get(train, "grads");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const cairn_tensor *tensor = cairn_weights_at(weights, (int)i);
        double *values =
            gradient_values(plan, tensor->name, json_string_value(json_array_get(row, 0)), tensor, precision);
        if (values == NULL)
            return CAIRN_FAILURE;
        compare_gradient(row, values, (uint64_t)cairn_shape_elements(&tensor->shape), seed_of(train), result);
        free(values);
    }
    return CAIRN_OK;
}

static cairn_status step(cairn_plan *plan, const json_t *net, const cairn_weights *weights,
                         cairn_dtype precision, golden_result *result)
{
    const json_t *train = json_object_get(net, "train"), *losses = json_object_get(train, "losses");
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; i < json_array_size(losses) && status == CAIRN_OK; i++) {
        cairn_run_options run = {.lr = number(train, "lr"), .step = (int64_t)i};
        status = cairn_plan_run(plan, &run);
        double expected = json_number_value(json_array_get(losses, i));
        double loss = value_at(cairn_plan_data(plan, "loss"), precision, 0);
        double error = fabs(loss - expected) / expected;
        result->losses = error <= result->losses ? result->losses : error;
        if (i == 0 && status == CAIRN_OK)
            status = compare_gradients(net, plan, weights, precision, result);
    }
    return status;
}

static cairn_status train(cairn_ctx *ctx, const cairn_graph *graph, const json_t *net, cairn_dtype precision,
                          golden_result *result)
{
    const json_t *section = json_object_get(net, "train"), *labels = json_object_get(section, "labels");
    cairn_weights *weights = NULL, *state = NULL;
    cairn_plan *plan = NULL;
    cairn_plan_options options = {
        .batch = (int)number(section, "batch"), .precision = precision, .training = true};
    cairn_status status = cairn_weights_init(ctx, graph, precision, 0, &weights);
    if (status == CAIRN_OK)
        status = cairn_weights_create(ctx, &state);
    if (status == CAIRN_OK)
        status = fill_weights(weights, json_object_get(net, "params"), seed_of(section));
    if (status == CAIRN_OK)
        status = cairn_plan_create(ctx, graph, weights, state, &options, &plan);
    if (status == CAIRN_OK) {
        fill_image(plan, precision, seed_of(section), options.batch);
        for (int n = 0; n < options.batch; n++)
            ((int32_t *)cairn_plan_data(plan, "labels"))[n] =
                (int32_t)json_integer_value(json_array_get(labels, (size_t)n));
        status = step(plan, net, weights, precision, result);
    }
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    cairn_weights_destroy(state);
    return status;
}

static void compare_counts(const cairn_graph *graph, const json_t *net, golden_result *result)
{
    int64_t params = 0, macs = 0;
    for (int i = 0; i < cairn_node_count(graph); i++) {
        cairn_node_info info = cairn_node_at(graph, i);
        params += info.params;
        macs += info.macs;
    }
    result->params_equal = params == json_integer_value(json_object_get(net, "params_trainable"));
    result->macs_equal = macs == json_integer_value(json_object_get(net, "macs"));
}

cairn_status golden_compare(cairn_ctx *ctx, const cairn_model *model, const char *set, const json_t *net,
                            cairn_dtype precision, golden_result *result)
{
    const json_t *section = json_object_get(net, "train"), *size = json_object_get(net, "input");
    cairn_model_settings settings = {.h = (int)json_integer_value(json_array_get(size, 0)),
                                     .w = (int)json_integer_value(json_array_get(size, 1)),
                                     .c = (int)json_integer_value(json_array_get(size, 2)),
                                     .classes = (int)number(net, "classes"),
                                     .set = set};
    cairn_model_training training = {
        .sgd = {.momentum = number(section, "momentum"), .weight_decay = number(section, "weight_decay")}};
    cairn_graph *inference = NULL, *learning = NULL;
    *result = (golden_result){.logits = -1, .losses = -1, .grad_norm = -1, .probe = -1, .sample = -1};
    cairn_status status =
        cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, NULL, NULL, NULL, &inference);
    if (status == CAIRN_OK)
        status =
            cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, NULL, NULL, &training, &learning);
    if (status == CAIRN_OK) {
        compare_counts(inference, net, result);
        status = infer(ctx, inference, net, precision, result);
    }
    if (status == CAIRN_OK)
        status = train(ctx, learning, net, precision, result);
    cairn_graph_destroy(inference);
    cairn_graph_destroy(learning);
    return status;
}
