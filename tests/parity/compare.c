/* Comparing one zoo network with its golden file: the weights are made under the names and in the layouts of
 * the library that the numbers come from, and reach the graph as any such file would. */
#include "parity/compare.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static double item(const json_t *array, size_t index)
{
    return json_number_value(json_array_get(array, index));
}

static uint64_t seed_of(const json_t *section)
{
    return (uint64_t)json_integer_value(json_object_get(section, "seed"));
}

/* ---- weights ---- */

static cairn_shape shape_of(const json_t *row)
{
    const json_t *dims = json_array_get(row, 1);
    cairn_shape shape = {.rank = (int)json_array_size(dims)};
    for (int i = 0; i < shape.rank && i < CAIRN_MAX_RANK; i++)
        shape.dim[i] = json_integer_value(json_array_get(dims, (size_t)i));
    return shape;
}

/* The parameters as their library would store them: values by the formula, or their own number instead. */
static cairn_status make_file(const comparison *c, uint64_t seed, bool numbered, cairn_weights **file)
{
    const json_t *params = json_object_get(c->net, "params");
    cairn_status status = cairn_weights_create(c->ctx, file);
    for (size_t i = 0; i < json_array_size(params) && status == CAIRN_OK; i++) {
        const json_t *row = json_array_get(params, i);
        const char *name = json_string_value(json_array_get(row, 0));
        cairn_shape shape = shape_of(row);
        const cairn_tensor *tensor;
        status = cairn_weights_add(*file, name, CAIRN_F32, CAIRN_LAYOUT_PLAIN, &shape, &tensor);
        uint64_t elements = (uint64_t)cairn_shape_elements(&shape);
        for (uint64_t k = 0; k < elements && numbered && status == CAIRN_OK; k++)
            ((float *)tensor->data)[k] = (float)i;
        if (status == CAIRN_OK && !numbered &&
            !golden_parameter(name, json_string_value(json_array_get(row, 2)), item(row, 3), seed, elements,
                              tensor->data))
            status = CAIRN_INPUT;
    }
    return status;
}

static cairn_status bind(const comparison *c, const cairn_graph *graph, uint64_t seed, bool numbered,
                         cairn_weights **weights)
{
    cairn_weights *file = NULL;
    cairn_status status = make_file(c, seed, numbered, &file);
    if (status == CAIRN_OK)
        status = cairn_weights_bind_as(c->ctx, graph, c->model->names, file,
                                       numbered ? CAIRN_F32 : c->precision, weights);
    cairn_weights_destroy(file);
    return status;
}

/* Which of our tensors each golden parameter became, as indices of the bound container; -1: none. */
static int *trace_names(const comparison *c, const cairn_graph *graph)
{
    size_t count = json_array_size(json_object_get(c->net, "params"));
    int *ours = malloc((count + 1) * sizeof *ours);
    cairn_weights *numbered = NULL;
    if (ours == NULL || bind(c, graph, 0, true, &numbered) != CAIRN_OK) {
        free(ours);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        ours[i] = -1;
    for (int i = 0; i < cairn_weights_count(numbered); i++) {
        const cairn_tensor *tensor = cairn_weights_at(numbered, i);
        /* the connection table of LeNet's C3 does not touch what is stored */
        ours[(size_t)((const float *)tensor->data)[0]] = i;
    }
    cairn_weights_destroy(numbered);
    return ours;
}

/* ---- inputs ---- */

static void fill_image(cairn_plan *plan, cairn_dtype precision, uint64_t seed, int batch)
{
    cairn_shape shape = cairn_plan_shape(plan, "image");
    uint64_t elements = (uint64_t)cairn_shape_elements(&shape) * (uint64_t)batch;
    void *image = cairn_plan_data(plan, "image");
    uint64_t hash = golden_hash("input");
    for (uint64_t i = 0; i < elements; i++) {
        if (precision == CAIRN_F64)
            ((double *)image)[i] = golden_unit(hash, seed, i);
        else
            ((float *)image)[i] = (float)golden_unit(hash, seed, i);
    }
}

static double value_at(const void *data, cairn_dtype precision, uint64_t index)
{
    return precision == CAIRN_F64 ? ((const double *)data)[index] : (double)((const float *)data)[index];
}

/* ---- inference ---- */

static void compare_logits(const comparison *c, cairn_plan *plan, const char *name)
{
    const json_t *rows = json_object_get(json_object_get(c->net, "eval"), name);
    const void *logits = cairn_plan_data(plan, name);
    double worst = 0, largest = 0;
    size_t classes = json_array_size(json_array_get(rows, 0));
    if (rows == NULL)
        return;
    for (size_t n = 0; n < json_array_size(rows); n++)
        for (size_t k = 0; k < classes; k++) {
            double expected = item(json_array_get(rows, n), k);
            double found = logits == NULL ? (double)NAN : value_at(logits, c->precision, n * classes + k);
            double difference = fabs(found - expected);
            worst = difference <= worst ? worst : difference;
            largest = fmax(largest, fabs(expected));
        }
    if (!(worst / largest <= c->result->logits))
        c->result->logits = worst / largest;
}

/* The first row of the golden layer table that our layer of the same name contradicts. */
static void find_divergence(const comparison *c, cairn_plan *plan, int batch)
{
    const json_t *layers = json_object_get(c->net, "layers");
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *row = json_array_get(layers, i);
        const char *name = json_string_value(json_array_get(row, 0));
        const void *data = cairn_plan_data(plan, name);
        cairn_shape shape = cairn_plan_shape(plan, name);
        uint64_t elements = (uint64_t)cairn_shape_elements(&shape) * (uint64_t)batch;
        double sum = 0;
        for (uint64_t k = 0; data != NULL && k < elements; k++)
            sum += value_at(data, c->precision, k) * value_at(data, c->precision, k);
        double norm = sqrt(sum), expected = item(row, 7);
        if (data != NULL && !(fabs(norm - expected) <= 1e-4 * expected)) {
            snprintf(c->result->layer, sizeof c->result->layer, "%s: norm %.6g, expected %.6g", name, norm,
                     expected);
            return;
        }
    }
}

static cairn_status infer(const comparison *c, const cairn_graph *graph, bool keep_all)
{
    const json_t *eval = json_object_get(c->net, "eval");
    cairn_weights *weights = NULL;
    cairn_plan *plan = NULL;
    cairn_plan_options options = {
        .batch = (int)number(eval, "batch"), .precision = c->precision, .keep_all = keep_all};
    cairn_status status = bind(c, graph, seed_of(eval), false, &weights);
    if (status == CAIRN_OK)
        status = cairn_plan_create(c->ctx, graph, weights, NULL, &options, &plan);
    if (status == CAIRN_OK) {
        fill_image(plan, c->precision, seed_of(eval), options.batch);
        status = cairn_plan_run(plan, NULL);
    }
    static const char *const outputs[] = {"logits", "aux1_logits", "aux2_logits"};
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs && status == CAIRN_OK && !keep_all; i++)
        compare_logits(c, plan, outputs[i]);
    if (status == CAIRN_OK && keep_all)
        find_divergence(c, plan, options.batch);
    cairn_plan_destroy(plan);
    cairn_weights_destroy(weights);
    return status;
}

/* ---- training ---- */

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
            values[i] = value_at(data, precision, i);
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
            sum += value_at(tensor->data, c->precision, k) * value_at(tensor->data, c->precision, k);
        bool raised = raise_to(&c->result->stats, fabs(sqrt(sum) - expected) / expected);
        for (uint64_t k = 0; k < 4; k++) {
            double value = value_at(tensor->data, c->precision, golden_sample(k, elements));
            raised |= raise_to(&c->result->stats, fabs(value - item(row, 2 + k)) / expected);
        }
        if (raised)
            snprintf(c->result->worst_stat, sizeof c->result->worst_stat, "%s", name);
    }
}

static cairn_status step(const comparison *c, cairn_plan *plan, const cairn_weights *weights, const int *ours)
{
    const json_t *train = json_object_get(c->net, "train"), *losses = json_object_get(train, "losses");
    cairn_status status = CAIRN_OK;
    for (size_t i = 0; i < json_array_size(losses) && i < 4 && status == CAIRN_OK; i++) {
        cairn_run_options run = {.lr = number(train, "lr"), .step = (int64_t)i};
        status = cairn_plan_run(plan, &run);
        c->result->expected[i] = item(losses, i);
        c->result->losses[i] =
            fabs(value_at(cairn_plan_data(plan, "loss"), c->precision, 0) - c->result->expected[i]);
        if (i == 0 && status == CAIRN_OK) {
            status = compare_gradients(c, plan, weights, ours);
            compare_stats(c, weights, ours);
        }
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
                                  .keep_all = keep_all};
    *t = (golden_training){0};
    cairn_status status = cairn_weights_create(c->ctx, &t->state);
    if (status == CAIRN_OK)
        status = bind(c, graph, seed_of(section), false, &t->weights);
    if (status == CAIRN_OK)
        status = cairn_plan_create(c->ctx, graph, t->weights, t->state, &options, &t->plan);
    if (status != CAIRN_OK)
        return status;
    fill_image(t->plan, c->precision, seed_of(section), options.batch);
    for (int n = 0; n < options.batch; n++)
        ((int32_t *)cairn_plan_data(t->plan, "labels"))[n] =
            (int32_t)json_integer_value(json_array_get(labels, (size_t)n));
    return CAIRN_OK;
}

static cairn_status train(const comparison *c, const cairn_graph *graph)
{
    golden_training t = {0};
    int *ours = trace_names(c, graph);
    cairn_status status = ours == NULL ? CAIRN_FAILURE : golden_start_training(c, graph, false, &t);
    if (status == CAIRN_OK)
        status = step(c, t.plan, t.weights, ours);
    golden_end_training(&t);
    free(ours);
    return status;
}

/* ---- all of it ---- */

/* Parameters with the heads that the golden network has, work without them. */
static cairn_status compare_counts(const comparison *c, cairn_model_settings settings)
{
    golden_result *r = c->result;
    for (int heads = 0; heads < 2; heads++) {
        cairn_graph *graph;
        settings.heads = heads == 1;
        cairn_status status =
            cairn_model_graph(c->ctx, c->model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph);
        if (status != CAIRN_OK)
            return status;
        r->params = 0;
        for (int i = 0; i < cairn_node_count(graph); i++) {
            cairn_node_info info = cairn_node_at(graph, i);
            r->params += info.params;
            r->macs += heads == 0 ? info.macs : 0;
        }
        int64_t macs = json_integer_value(json_object_get(c->net, "macs"));
        r->macs_equal |= r->macs == macs;
        if (heads == 1 && !r->macs_equal) { /* the tutorial's three outputs are all counted */
            int64_t all = 0;
            for (int i = 0; i < cairn_node_count(graph); i++)
                all += cairn_node_at(graph, i).macs;
            r->macs_equal = all == macs;
        }
        cairn_graph_destroy(graph);
    }
    r->params_equal = r->params == json_integer_value(json_object_get(c->net, "params_trainable"));
    return CAIRN_OK;
}

static void set_size(cairn_model_settings *settings, const json_t *size)
{
    settings->h = (int)json_integer_value(json_array_get(size, 0));
    settings->w = (int)json_integer_value(json_array_get(size, 1));
    settings->c = (int)json_integer_value(json_array_get(size, 2));
}

cairn_status golden_compare(cairn_ctx *ctx, const cairn_model *model, const char *set, const json_t *net,
                            cairn_dtype precision, golden_result *result)
{
    const json_t *section = json_object_get(net, "train");
    cairn_model_settings settings = {.classes = (int)number(net, "classes"), .set = set, .heads = true};
    comparison c = {ctx, model, net, precision, result};
    *result = (golden_result){.logits = -1, .grad_norm = -1, .probe = -1, .sample = -1, .stats = -1};
    set_size(&settings, json_object_get(net, "input"));
    cairn_status status = compare_counts(&c, settings);
    cairn_graph *graph = NULL;
    if (status == CAIRN_OK)
        status = cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, NULL, &graph);
    if (status == CAIRN_OK)
        status = infer(&c, graph, false);
    if (status == CAIRN_OK && !(result->logits <= 1e-3))
        status = infer(&c, graph, true);
    cairn_graph_destroy(graph);
    graph = NULL;
    if (status != CAIRN_OK || !json_is_object(section))
        return status;
    cairn_model_training training = {
        .sgd = {.momentum = number(section, "momentum"), .weight_decay = number(section, "weight_decay")}};
    set_size(&settings, json_object_get(section, "input"));
    status = cairn_model_graph(ctx, model, &settings, CAIRN_INPUT_NUMBERS, 0, NULL, NULL, &training, &graph);
    if (status == CAIRN_OK)
        status = train(&c, graph);
    bool apart = !(fmax(result->grad_norm, result->probe) <= 1e-4);
    if (status == CAIRN_OK && precision == CAIRN_F32 && apart)
        status = golden_find_kinks(&c, graph);
    cairn_graph_destroy(graph);
    return status;
}
